#include "context/facts.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace watchword::context {
namespace {

// What conditions can ask for (policy/cel/context_functions.h).
const std::array<std::string, 8> kNames{"merged",      "reverted",        "mr",         "protected",
                                        "job_running", "pipeline_status", "deployment", "frozen"};

std::unexpected<Error> wrong(std::size_t index, std::string found, std::string expected) {
  return fail(Reason::config_invalid, std::move(found), std::move(expected), "facts[" + std::to_string(index) + "]");
}

Status check_keys(const Json::Object& entry, std::size_t index) {
  static const std::array<std::string, 5> kKeys{"fact", "issuer", "project", "arguments", "value"};
  for (const auto& [key, value] : entry) {
    if (std::ranges::find(kKeys, key) != kKeys.end()) continue;
    auto refusal = wrong(index, "the key '" + key + "'", "fact, issuer, project, arguments or value");
    if (const auto meant = nearest(key, kKeys)) refusal.error().fix = "write '" + *meant + "'";
    return refusal;
  }
  return {};
}

Status check_name(const std::string& name, std::size_t index) {
  if (name.empty()) return wrong(index, "an entry without 'fact'", "the fact's name, such as merged");
  if (std::ranges::find(kNames, name) != kNames.end()) return {};
  auto refusal = wrong(index, "the fact '" + name + "'", "a fact that conditions can ask for");
  if (const auto meant = nearest(name, kNames)) refusal.error().fix = "write '" + *meant + "'";
  return refusal;
}

// A string that is not empty; empty when the key is absent.
Result<std::string> text(const Json& entry, std::string_view key, std::size_t index) {
  const Json* value = entry.find(key);
  if (value == nullptr) return std::string();
  if (value->string() == nullptr || value->string()->empty())
    return wrong(index, "'" + std::string(key) + "' of type " + std::string(value->type_name()),
                 "a string that is not empty");
  return *value->string();
}

bool fits(const std::string& wanted, std::string_view asked) { return wanted.empty() || wanted == asked; }

}  // namespace

Result<TableFacts> TableFacts::from_json(const Json& document, Time at) {
  const Json::Array* entries = document.array_items();
  if (entries == nullptr)
    return fail(Reason::config_invalid, "facts of type " + std::string(document.type_name()), "a list of facts",
                "facts");
  TableFacts facts;
  for (std::size_t i = 0; i < entries->size(); ++i) {
    const Json& entry = (*entries)[i];
    if (entry.members() == nullptr) return wrong(i, "an entry of type " + std::string(entry.type_name()), "an object");
    WW_CHECK(check_keys(*entry.members(), i));
    Row row;
    WW_TRY(row.name, text(entry, "fact", i));
    WW_TRY(row.issuer, text(entry, "issuer", i));
    WW_TRY(row.project, text(entry, "project", i));
    if (row.name.starts_with("context.")) row.name.erase(0, std::string_view("context.").size());
    WW_CHECK(check_name(row.name, i));
    if (const Json* arguments = entry.find("arguments")) row.arguments = *arguments;
    if (!row.arguments.is_null() && row.arguments.members() == nullptr)
      return wrong(i, "arguments of type " + std::string(row.arguments.type_name()), "an object by parameter name");
    const Json* value = entry.find("value");
    if (value == nullptr) return wrong(i, "an entry without 'value'", "what is true, or leave out the whole entry");
    row.fact = {*value, "test", at};
    facts.rows_.push_back(std::move(row));
  }
  facts.rows_.push_back({{}, {}, "frozen", {}, {false, "test", at}});  // always known, as in a gate
  return facts;
}

std::optional<Fact> TableFacts::find(const Scope& scope, std::string_view name, const Json& arguments) const {
  const auto answers = [&](const Row& row) {
    return row.name == name && fits(row.issuer, scope.issuer) && fits(row.project, scope.project) &&
           (row.arguments.is_null() || row.arguments == arguments);
  };
  const auto row = std::ranges::find_if(rows_, answers);
  if (row == rows_.end()) return std::nullopt;
  return row->fact;
}

}  // namespace watchword::context
