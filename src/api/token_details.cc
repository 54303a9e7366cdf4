#include "api/token_details.h"

#include "access/resource_place.h"
#include "policy/tcp_resource.h"

namespace watchword::api {
namespace {

std::string_view name(policy::Outcome outcome) {
  switch (outcome) {
    case policy::Outcome::allow:
      return "allow";
    case policy::Outcome::deny:
      return "deny";
    case policy::Outcome::error:
      break;
  }
  return "error";
}

Json decision_of(const access::Explained& explained) {
  const auto& [permission, decision] = explained;
  auto json = Json::object(
      {{"permission", permission.resource + "/" + permission.action}, {"decision", name(decision.outcome)}});
  const auto add = [&](std::string_view key, std::string_view value) {
    if (!value.empty()) json.set(key, value);
  };
  add("role", decision.role);
  add("rule", decision.rule);
  if (!decision.refusal) return json;
  add("reason", watchword::name(decision.refusal->reason));
  add("found", decision.refusal->found);
  add("expected", decision.refusal->expected);
  add("fix", fix_of(*decision.refusal));
  return json;
}

}  // namespace

Json places_of(const std::vector<const policy::Resource*>& resources, std::string_view gateway_url) {
  auto places = Json::array();
  for (const auto* resource : resources) {
    const auto* http = resource->http();
    const auto* tcp = resource->tcp();
    auto place = Json::object({{"name", resource->name()},
                               {"kind", http ? policy::name(http->kind) : std::string_view("tcp")},
                               {"url", access::url_of(*resource, gateway_url)}});
    if (tcp) place.set("port", int{tcp->port});
    places.push(std::move(place));
  }
  return places;
}

Json decisions_of(const std::vector<access::Explained>& explained) {
  auto decisions = Json::array();
  for (const auto& one : explained) decisions.push(decision_of(one));
  return decisions;
}

}  // namespace watchword::api
