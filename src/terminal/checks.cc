#include "terminal/checks.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace watchword::terminal {
namespace {

void show(const CheckResult& check, const Output& out) {
  constexpr std::size_t kColumn = 28;
  auto name = printable(check.name);
  name += std::string(name.size() < kColumn ? kColumn - name.size() : 1, ' ');
  if (!check.trouble) return out.line(out.good("good  ") + name + printable(check.detail));
  const Error& error = *check.trouble;
  out.line(out.bad("bad   ") + name + printable(to_string(error)));
  out.line("      fix  " + printable(fix_of(error)));
}

}  // namespace

int show_checks(const Checks& checks, const Output& out) {
  const bool healthy = std::ranges::none_of(checks, [](const CheckResult& one) { return one.trouble.has_value(); });
  Json list = Json::array();
  for (const auto& check : checks) {
    if (!out.json()) show(check, out);
    auto json = Json::object({{"check", check.name}, {"good", !check.trouble}});
    if (!check.detail.empty()) json.set("detail", check.detail);
    if (check.trouble) json.set("failure", to_json(*check.trouble));
    list.push(std::move(json));
  }
  if (out.json()) out.value(Json::object({{"healthy", healthy}, {"checks", std::move(list)}}));
  return healthy ? kOk : kDenied;
}

}  // namespace watchword::terminal
