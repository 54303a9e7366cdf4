#include "base/result.h"

#include "base/text.h"

namespace watchword {

std::string_view fix_of(const Error& error) { return error.fix.empty() ? describe(error.reason).fix : error.fix; }

std::string to_string(const Error& error) {
  std::string out;
  if (!error.where.empty()) out += printable(error.where) + ": ";
  out += name(error.reason);
  if (!error.found.empty()) out += ": found " + printable(error.found);
  if (!error.expected.empty()) out += (error.found.empty() ? ": expected " : ", expected ") + printable(error.expected);
  return out;
}

}  // namespace watchword
