// Decoding of *.test.yaml: { base: {...}, tests: [{ name, claims, facts, request, at, expect, reason, role }] }.
#include "policy/test_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "issuer/profile.h"
#include "policy/target.h"

namespace watchword::policy {
namespace {

using yaml::Decoder;
using yaml::Node;
using yaml::Type;

// What `base` and each test may say about who asks and when.
struct Setting {
  std::string issuer = "gitlab";
  issuer::ProfileName profile = issuer::ProfileName::gitlab;
  std::string kind = "service";  // of a generic issuer's principal
  Json claims = Json::object();
  Json facts = Json::array();
  std::optional<Time> at;
};

class TestDecoder {
 public:
  explicit TestDecoder(Decoder& decoder) : decoder_(decoder) {}

  std::vector<TestCase> decode(const Node& root) {
    std::vector<TestCase> out;
    yaml::Object fields(decoder_, root, "test file", {"base", "tests"});
    Setting base;
    if (const Node* node = fields.find("base"); node != nullptr) {
      yaml::Object base_fields(decoder_, *node, "base", {"issuer", "profile", "kind", "claims", "facts", "at"});
      read(base_fields, base);
    }
    const Node* tests = fields.require("tests");
    const auto* items = tests == nullptr ? nullptr : decoder_.list(*tests);
    if (items == nullptr) return out;
    for (const Node& item : *items) out.push_back(test(item, base));
    return out;
  }

 private:
  void read(yaml::Object& fields, Setting& out) {
    fields.read("issuer", out.issuer);
    fields.read<issuer::ProfileName>(
        "profile", out.profile, {{"gitlab", issuer::ProfileName::gitlab}, {"generic", issuer::ProfileName::generic}});
    fields.read<std::string>("kind", out.kind, {{"job", "job"}, {"service", "service"}, {"person", "person"}});
    if (const Node* at = fields.find("at"); at != nullptr) out.at = decoder_.time(*at);
    if (const Node* claims = fields.find("claims"); claims != nullptr)
      if (const auto* entries = decoder_.object(*claims); entries != nullptr)
        for (const auto& [key, node] : *entries) out.claims.set(key.text, json(node));
    if (const Node* facts = fields.find("facts"); facts != nullptr)
      if (const auto* list = decoder_.list(*facts); list != nullptr)
        for (const Node& item : *list) out.facts.push(json(item));
  }

  Json json(const Node& node) {
    auto value = yaml::to_json(node);
    if (value) return *std::move(value);
    decoder_.refuse(node.at, value.error().found, value.error().expected);
    return {};
  }

  TestCase test(const Node& node, const Setting& base) {
    TestCase out;
    out.where = decoder_.where(node.at);
    yaml::Object fields(decoder_, node, "test",
                        {"name", "issuer", "profile", "kind", "claims", "without", "facts", "at", "request", "expect",
                         "reason", "role"});
    if (const Node* name = fields.require("name"); name != nullptr) {
      fields.read("name", out.name);
      if (!out.name.empty() && !names_.insert(out.name).second)
        decoder_.refuse(name->at, fmt::format("the test '{}' a second time", out.name), "a name of its own");
    }
    Setting setting = base;
    std::vector<std::string> without;
    fields.read("without", without);
    Json kept = Json::object();
    for (const auto& [key, value] : *setting.claims.members())
      if (std::ranges::find(without, key) == without.end()) kept.set(key, value);
    setting.claims = std::move(kept);
    read(fields, setting);
    if (const Node* request = fields.require("request"); request != nullptr) read_request(*request, out);
    read_expectation(fields, out);
    set_scene(node, setting, out);
    return out;
  }

  void read_request(const Node& node, TestCase& out) {
    yaml::Object fields(decoder_, node, "request",
                        {"resource", "action", "host", "method", "path", "grpc", "websocket"});
    fields.read("resource", out.resource);
    fields.read("action", out.action);
    fields.read("host", out.host);
    fields.read("method", out.method);
    fields.read("path", out.path);
    const auto count = [&](std::initializer_list<std::string_view> keys) {
      return std::ranges::count_if(keys, [&](std::string_view key) { return fields.find(key) != nullptr; });
    };
    const auto named = count({"resource", "action"}), plain = count({"method", "path"}),
               other = count({"grpc", "websocket"});
    const bool one =
        (named == 2 && plain + other == 0) || (plain == 2 && named + other == 0) || (other == 1 && named + plain == 0);
    if (node.type == Type::object && !one)
      decoder_.refuse(node.at, "another set of fields",
                      "resource and action; or method and path, grpc, or websocket, with the host");
    if (const Node* grpc = fields.find("grpc"); grpc != nullptr) read_grpc(*grpc, out);
    if (fields.find("websocket") != nullptr) {
      fields.read("websocket", out.path);
      out.method = "GET";
      out.protocol = "websocket";
    }
  }

  void read_grpc(const Node& node, TestCase& out) {
    const auto text = decoder_.string(node);
    const auto path = text ? grpc_path(*text) : std::nullopt;
    if (text && !path)
      decoder_.refuse(node.at, fmt::format("'{}'", *text), "one method, such as acme.billing.v1.Billing/Get");
    out.method = "POST";
    out.path = path.value_or("");
  }

  void read_expectation(yaml::Object& fields, TestCase& out) {
    fields.require("expect");
    fields.read<Outcome>("expect", out.expect,
                         {{"allow", Outcome::allow}, {"deny", Outcome::deny}, {"error", Outcome::error}});
    fields.read("role", out.role);
    const Node* reason = fields.find("reason");
    if (reason == nullptr) return;
    out.reason = decoder_.string(*reason) ? reason_from_name(reason->text) : std::nullopt;
    if (!out.reason && reason->type == Type::string) {
      std::vector<std::string> words;
      for (const Reason one : all_reasons()) words.emplace_back(name(one));
      decoder_.refuse_word(reason->at, "the reason", reason->text, words);
    }
    if (out.expect == Outcome::allow)
      decoder_.refuse(reason->at, "a reason with 'expect: allow'", "'deny' or 'error', or no reason");
  }

  void set_scene(const Node& node, const Setting& setting, TestCase& out) {
    const std::int64_t* issued = setting.claims.find_integer("iat");
    out.at = setting.at.value_or(from_unix(issued == nullptr ? 0 : *issued));
    issuer::MachineMapping machine;
    machine.kind = setting.kind == "job" ? issuer::Kind::job : issuer::Kind::service;
    issuer::Profile profile{setting.profile, std::move(machine)};
    if (setting.kind == "person") profile.mapping = issuer::PersonMapping{};
    const Node* claims = node.find("claims");
    auto principal = issuer::imagine_principal(setting.claims, setting.issuer, profile);
    if (principal)
      out.principal = *std::move(principal);
    else
      decoder_.refuse(claims == nullptr ? node.at : claims->at, principal.error().found, principal.error().expected,
                      "write the claims as the issuer's tokens have them; shared ones can stand in 'base'");
    const Node* facts = node.find("facts");
    auto table = context::TableFacts::from_json(setting.facts, out.at);
    if (table)
      out.facts = *std::move(table);
    else
      decoder_.refuse(facts == nullptr ? node.at : facts->at, table.error().where + ": " + table.error().found,
                      table.error().expected, table.error().fix);
  }

  Decoder& decoder_;
  std::set<std::string> names_;
};

}  // namespace

std::vector<TestCase> decode_tests(Decoder& decoder, const Node& root) { return TestDecoder(decoder).decode(root); }

}  // namespace watchword::policy
