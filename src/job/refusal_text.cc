#include "job/refusal_text.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/text.h"

namespace watchword::job {
namespace {

constexpr std::size_t kMostDecisions = 200;
constexpr std::size_t kColumn = 10;

constexpr std::string_view kRed = "31", kGreen = "32", kYellow = "33";

std::string paint(std::string_view text, std::string_view code, LogStyle style) {
  if (!style.colour) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::string part(const Json& body, std::string_view key) { return printable(body.string_or(key, "")); }

std::string line(std::string_view label, const std::string& text, std::size_t indent = 2) {
  if (text.empty()) return {};
  std::string out(indent, ' ');
  out += label;
  out.append(label.size() < kColumn ? kColumn - label.size() : 1, ' ');
  return out + text + "\n";
}

// Only an answer of "no" is a denial; a job that reads its log must not take an outage for one.
std::string_view headline(Reason reason) {
  switch (describe(reason).kind) {
    case ReasonKind::unauthenticated:
    case ReasonKind::denied:
    case ReasonKind::not_found:
      return "denied";
    case ReasonKind::invalid:
    case ReasonKind::config:
      return "refused: the request is wrong";
    case ReasonKind::unavailable:
    case ReasonKind::upstream:
    case ReasonKind::upstream_timeout:
    case ReasonKind::error:
    case ReasonKind::corrupt:
      return "no answer: the gate cannot decide now";
  }
  std::unreachable();
}

std::string rule_of(const Json& body) {
  auto text = part(body, "rule");
  const auto role = part(body, "role");
  if (!role.empty()) text += (text.empty() ? "role " : "  role ") + role;
  return text;
}

// The one part of a rule that failed, where all others fit.
// Nothing where that is the rule that was told, and all that it wants.
std::string nearest_of(const Json& body) {
  const auto* nearest = body.find("nearest");
  if (nearest == nullptr || part(*nearest, "part").empty()) return {};
  if (rule_of(*nearest) == rule_of(body) && part(*nearest, "expected") == part(body, "expected")) return {};
  return rule_of(*nearest) + "  but for " + part(*nearest, "part") + ": found " + part(*nearest, "found") +
         ", expected " + part(*nearest, "expected");
}

// GitLab takes letters, digits, '_', '.' and '-' in the name of a section.
std::string section_name(const Json& body) {
  std::string name = "watchword_refusal_";
  for (const char c : body.string_or("record", ""))
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) name += c;
  return name.substr(0, 64);
}

std::string marker(std::string_view what, const std::string& section, Time now) {
  return "\x1b[0Ksection_" + std::string(what) + ":" + std::to_string(to_unix(now)) + ":" + section + "\r\x1b[0K";
}

std::string painted(std::string_view decision, LogStyle style) {
  if (decision == "allow") return paint(decision, kGreen, style);
  return paint(printable(decision), decision == "deny" ? kRed : kYellow, style);
}

std::string decision_text(const Json& item, std::size_t widest, LogStyle style) {
  constexpr std::size_t kIndent = 6;
  const auto permission = part(item, "permission");
  const auto decision = item.string_or("decision", "");
  std::string out = "    " + permission + std::string(widest - std::min(widest, permission.size()) + 2, ' ');
  out += painted(decision, style);
  if (const auto rule = rule_of(item); !rule.empty()) out += "  " + rule;
  out += "\n";
  if (decision == "allow") return out;
  for (const std::string_view key : {"reason", "found", "expected", "fix"}) out += line(key, part(item, key), kIndent);
  return out;
}

}  // namespace

LogStyle LogStyle::of(FILE* stream) {
  const char* gitlab = std::getenv("GITLAB_CI");
  const bool in_gitlab = gitlab != nullptr && std::string_view(gitlab) == "true";
  const bool terminal = ::isatty(::fileno(stream)) == 1;
  return {.colour = (terminal || in_gitlab) && std::getenv("NO_COLOR") == nullptr, .section = in_gitlab};
}

std::string decisions_text(const Reply& reply, LogStyle style) {
  const auto* list = reply.body.find("decisions");
  const auto* items = list == nullptr ? nullptr : list->array_items();
  if (items == nullptr || items->empty()) return {};
  const auto shown = std::min(items->size(), kMostDecisions);
  std::size_t widest = 0;
  for (std::size_t i = 0; i < shown; ++i) widest = std::max(widest, part((*items)[i], "permission").size());
  std::string out = "  evaluated\n";
  for (std::size_t i = 0; i < shown; ++i) out += decision_text((*items)[i], widest, style);
  if (shown < items->size()) out += "    and " + std::to_string(items->size() - shown) + " more\n";
  return out;
}

std::string refusal_text(const Reply& reply, std::string_view asked, LogStyle style, Time now) {
  const auto& body = reply.body;
  const auto error = error_from(reply);
  const auto section = section_name(body);
  std::string out = style.section ? marker("start", section, now) : "";
  out += paint(headline(error.reason), kRed, style);
  if (!asked.empty()) out += ": " + printable(asked);
  if (const auto record = part(body, "record"); !record.empty()) out += "  (record " + record + ")";
  out += "\n";
  out += line("reason", std::string(name(error.reason)) + ": " + std::string(describe(error.reason).meaning));
  out += line("found", printable(error.found));
  out += line("expected", printable(error.expected));
  out += line("you are", part(body, "you_are"));
  out += line("rule", rule_of(body));
  out += line("nearest", nearest_of(body));
  out += line("fix", printable(fix_of(error)));
  out += decisions_text(reply, style);
  if (style.section) out += marker("end", section, now) + "\n";
  return out;
}

}  // namespace watchword::job
