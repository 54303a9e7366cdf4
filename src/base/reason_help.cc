#include "base/reason_help.h"

#include <array>
#include <vector>

#include "base/result.h"

namespace watchword {
namespace {

constexpr std::size_t kMostCauses = 4;

struct Entry {
  Reason reason;
  std::string_view found, expected;
  std::array<std::string_view, kMostCauses> causes;  // empty ones are none
};

constexpr Entry kEntries[] = {
#define HELP(name, found, expected, ...) Entry{Reason::name, found, expected, {__VA_ARGS__}},
#include "base/reason_help.def"
#undef HELP
};

using Table = std::vector<ReasonHelp>;

Table table() {
  Table out(all_reasons().size());
  for (const Entry& entry : kEntries) {
    std::size_t count = 0;
    while (count < kMostCauses && !entry.causes[count].empty()) ++count;
    out[static_cast<std::size_t>(entry.reason)] = {entry.found, entry.expected,
                                                   std::span<const std::string_view>(entry.causes.data(), count)};
  }
  return out;
}

}  // namespace

const ReasonHelp& help_for(Reason reason) {
  static const Table kTable = table();
  return kTable[static_cast<std::size_t>(reason)];
}

std::string example_of(Reason reason) {
  const ReasonHelp& help = help_for(reason);
  return to_string(Error{reason, std::string(help.found), std::string(help.expected), {}, {}});
}

}  // namespace watchword
