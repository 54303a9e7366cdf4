// watchword reasons [NAME]
#include "base/reason_help.h"
#include "base/text.h"
#include "cli/commands.h"

namespace watchword::cli {
namespace {

Json json_of(Reason reason) {
  const auto& text = describe(reason);
  Json causes = Json::array();
  for (const auto cause : help_for(reason).causes) causes.push(cause);
  return Json::object({{"reason", text.name},
                       {"meaning", text.meaning},
                       {"causes", std::move(causes)},
                       {"fix", text.fix},
                       {"example", example_of(reason)}});
}

void print_short(Reason reason, const Output& out) {
  const auto& text = describe(reason);
  out.line(out.strong(text.name) + "\n  " + std::string(text.meaning) + "\n  fix: " + std::string(text.fix));
}

void print_whole(Reason reason, const Output& out) {
  const auto& text = describe(reason);
  out.line(out.strong(text.name));
  out.line("  means    " + std::string(text.meaning));
  int number = 0;
  for (const auto cause : help_for(reason).causes) {
    ++number;
    out.line((number == 1 ? "  causes   " : "           ") + std::to_string(number) + ". " + std::string(cause));
  }
  out.line("  fix      " + std::string(text.fix));
  out.line("  example  " + example_of(reason));
}

Error no_such_reason(const std::string& name) {
  std::vector<std::string> names;
  for (const auto reason : all_reasons()) names.emplace_back(describe(reason).name);
  const auto near = nearest(name, names);
  return {Reason::usage_invalid,
          name,
          "the name of a reason",
          {},
          near ? "did you mean '" + *near + "'?" : "'watchword reasons' lists them all"};
}

}  // namespace

int reasons(const std::string& wanted, const Output& out) {
  if (!wanted.empty()) {
    const auto reason = reason_from_name(wanted);
    if (!reason) return out.error(no_such_reason(wanted));
    if (out.json())
      out.value(json_of(*reason));
    else
      print_whole(*reason, out);
    return kOk;
  }
  Json list = Json::array();
  for (const auto reason : all_reasons()) {
    list.push(json_of(reason));
    if (!out.json()) print_short(reason, out);
  }
  if (out.json()) out.value(list);
  return kOk;
}

}  // namespace watchword::cli
