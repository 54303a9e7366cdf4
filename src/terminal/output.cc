#include "terminal/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/encoding.h"
#include "base/text.h"

namespace watchword::terminal {
namespace {

bool colourful() {
  static const bool answer = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  return answer;
}

std::string paint(std::string_view code, std::string_view text) {
  if (!colourful()) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

void print(FILE* file, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), file);
  std::fputc('\n', file);
  std::fflush(file);
}

}  // namespace

int exit_code(Reason reason) {
  if (reason == Reason::usage_invalid) return kUsage;
  if (reason == Reason::condition_failed) return kInvalid;  // the policy's trouble, not the gate's
  switch (describe(reason).kind) {
    case ReasonKind::unauthenticated:
    case ReasonKind::denied:
    case ReasonKind::not_found:
      return kDenied;
    case ReasonKind::invalid:
    case ReasonKind::config:
      return kInvalid;
    case ReasonKind::corrupt:
      return kCorrupt;
    case ReasonKind::unavailable:
    case ReasonKind::upstream:
    case ReasonKind::upstream_timeout:
    case ReasonKind::error:
      return kFailed;
  }
  std::unreachable();
}

Json to_json(const Error& error) {
  auto json = Json::object(
      {{"reason", name(error.reason)}, {"meaning", describe(error.reason).meaning}, {"fix", fix_of(error)}});
  if (!error.found.empty()) json.set("found", error.found);
  if (!error.expected.empty()) json.set("expected", error.expected);
  if (!error.where.empty()) json.set("where", error.where);
  return json;
}

void Output::line(std::string_view text) const { print(stdout, text); }

std::string pretty_for_terminal(const Json& value) {
  const std::string text = value.pretty();
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const auto [code, length] = first_utf8_character(rest);
    const auto character = rest.substr(0, length);
    // What printable() would change stands inside a string, except the writer's own line ends.
    if (character == "\n" || printable(character) == character)
      out += character;
    else if (code <= 0xffff)
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(code));
    else
      out +=
          fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + ((code - 0x10000u) >> 10), 0xdc00 + ((code - 0x10000u) & 0x3ff));
    rest.remove_prefix(length);
  }
  return out;
}

void Output::value(const Json& value) const { print(stdout, json_ ? value.dump() : pretty_for_terminal(value)); }

int Output::error(const Error& error) const {
  if (json_) {
    print(stderr, to_json(error).dump());
    return exit_code(error.reason);
  }
  std::string text = error.where.empty() ? "" : printable(error.where) + ": ";
  text += std::string(name(error.reason)) + ": " + std::string(describe(error.reason).meaning);
  if (!error.found.empty()) text += "\n  found     " + printable(error.found);
  if (!error.expected.empty()) text += "\n  expected  " + printable(error.expected);
  text += "\n  fix       " + printable(fix_of(error));
  print(stderr, text);
  return exit_code(error.reason);
}

int Output::errors(const std::vector<Error>& errors) const {
  int code = kOk;
  for (const auto& failure : errors) code = error(failure);
  return code;
}

std::string Output::good(std::string_view text) const { return paint("32", text); }
std::string Output::bad(std::string_view text) const { return paint("31", text); }
std::string Output::strong(std::string_view text) const { return paint("1", text); }

}  // namespace watchword::terminal
