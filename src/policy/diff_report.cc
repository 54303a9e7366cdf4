#include "policy/diff_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"

namespace watchword::policy {
namespace {

constexpr std::size_t kMostOfCell = 1000;  // bytes

std::string cell(std::string_view text) {
  const auto left_out = text.size() - std::min(text.size(), kMostOfCell);
  return as_markdown_code(text.substr(0, kMostOfCell)) +
         (left_out > 0 ? fmt::format(" and {} bytes more", left_out) : "");
}

std::string row(const Change& change) {
  return fmt::format("| {} | {} | {} | {} | {} |\n", effect_of(change), cell(change.who),
                     cell(fmt::format("{}", fmt::join(change.permissions, ", "))), cell(change.what),
                     cell(change.where));
}

std::string sample(const Change& change, std::size_t number) {
  const Scene& scene = *change.sample;
  return fmt::format("| {} | {} | {} | {} | {} | {} |\n", number, cell(scene.claims.dump()), cell(scene.facts.dump()),
                     cell(to_rfc3339(scene.at)), in_words(*change.before), in_words(*change.after));
}

}  // namespace

std::string effect_of(const Change& change) {
  if (!change.grants && !change.takes) return "rights unchanged";
  const std::string verb = change.grants && change.takes ? "change" : (change.grants ? "grant" : "take");
  return change.shown ? verb + "s" : "may " + verb;
}

std::string summary_of(const PolicyDiff& diff) {
  if (!diff.grants() && !diff.takes()) return "no change of rights";
  const auto count = [&](bool grants, bool takes, bool shown) {
    return std::ranges::count_if(diff.changes, [&](const Change& change) {
      return change.shown == shown && ((grants && change.grants) || (takes && change.takes));
    });
  };
  std::vector<std::string> parts;
  if (const auto n = count(true, false, true)) parts.push_back(fmt::format("grants {}", n));
  if (const auto n = count(false, true, true)) parts.push_back(fmt::format("takes {}", n));
  if (const auto n = count(true, true, false)) parts.push_back(fmt::format("may change {}", n));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string in_words(const Answer& answer) {
  if (answer.outcome == Outcome::allow) return "allowed";
  return fmt::format("{} ({})", answer.outcome == Outcome::deny ? "denied" : "error", name(answer.reason));
}

std::string as_markdown_code(std::string_view text) {
  if (text.empty()) return "";
  std::string out = "<code>";
  for (const char c : printable(text)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == ' ' || c == '-' || c == '/' || c == ',';
    if (plain)
      out += c;
    else
      out += fmt::format("&#{};", byte);
  }
  return out + "</code>";
}

std::string markdown(const PolicyDiff& diff) {
  std::string out = fmt::format("**Watchword policy: {}**\n", summary_of(diff));
  if (diff.changes.empty()) return out;
  out += "\n| effect | whom | permissions | what | where |\n|---|---|---|---|---|\n";
  std::size_t shown = 0;
  for (; shown < std::min(diff.changes.size(), kMostRows) && out.size() < kMostBytes / 2; ++shown)
    out += row(diff.changes[shown]);
  if (shown < diff.changes.size())
    out += fmt::format("\n{} more changes are left out; `--json` has all of them.\n", diff.changes.size() - shown);
  if (diff.exhausted) out += "\nSo much differs that not all of it was tried thoroughly.\n";
  std::string samples;
  for (std::size_t i = 0; i < shown && out.size() + samples.size() < kMostBytes; ++i)
    if (diff.changes[i].sample) samples += sample(diff.changes[i], i + 1);
  if (samples.empty()) return out;
  return out + "\n<details><summary>Samples: somebody for whom the answer changes</summary>\n\n" +
         "| row | claims | facts | at | before | after |\n|---|---|---|---|---|---|\n" + samples + "\n</details>\n";
}

}  // namespace watchword::policy
