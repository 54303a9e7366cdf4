// GET /api/v1/context: how the gate hears of its jobs' CI systems, and how it asks them.
#include <algorithm>
#include <tuple>

#include "api/admin.h"
#include "api/reply.h"

namespace watchword::api {
namespace {

constexpr std::size_t kMostProjects = 1000;

std::int64_t number(auto value) { return static_cast<std::int64_t>(value); }

Json error_json(const Error& error) {
  auto json = Json::object({{"reason", name(error.reason)}, {"fix", fix_of(error)}});
  for (const auto& [key, value] :
       {std::pair("found", &error.found), {"expected", &error.expected}, {"where", &error.where}})
    if (!value->empty()) json.set(key, *value);
  return json;
}

Json project_json(const ContextHealth::Project& project) {
  auto json = Json::object({{"id", project.id}, {"sessions", number(project.sessions)}, {"silent", project.silent}});
  if (!project.path.empty()) json.set("path", project.path);
  if (project.last_event) json.set("last_event", to_rfc3339(*project.last_event));
  return json;
}

Json api_json(const ContextHealth& health) {
  auto json = Json::object({{"asked", health.asked}});
  if (health.last_answer) json.set("last_answer", to_rfc3339(*health.last_answer));
  if (health.trouble) json.set("trouble", error_json(*health.trouble));
  return json;
}

// Those that matter first: silent ones, then with most sessions, then last heard of.
Json hooks_json(ContextHealth health) {
  auto json = Json::object({{"accepted", health.heard}, {"disagreeing", number(health.disagreeing)}});
  const auto order = [](const ContextHealth::Project& one) {
    return std::tuple(one.silent, one.sessions, one.last_event);
  };
  std::ranges::sort(health.projects, std::ranges::greater{}, order);
  const auto last = std::ranges::max_element(health.projects, {}, &ContextHealth::Project::last_event);
  if (last != health.projects.end() && last->last_event) json.set("last_event", to_rfc3339(*last->last_event));
  json.set("silent", number(std::ranges::count_if(health.projects, &ContextHealth::Project::silent)));
  json.set("known", number(health.projects.size()));
  Json list = Json::array();
  for (const auto& project : health.projects)
    if (list.array_items()->size() < kMostProjects) list.push(project_json(project));
  json.set("projects", std::move(list));
  return json;
}

}  // namespace

void add_context_admin(Router& router, std::function<std::vector<ContextHealth>()> context) {
  add_for_admin(router, "GET", "/api/v1/context", [context = std::move(context)](http::Exchange& exchange) {
    Json issuers = Json::array();
    for (auto& health : context()) {
      auto json = Json::object({{"issuer", health.issuer}, {"api", api_json(health)}});
      issuers.push(std::move(json.set("hooks", hooks_json(std::move(health)))));
    }
    return send_json(exchange, 200, Json::object({{"issuers", std::move(issuers)}}));
  });
}

}  // namespace watchword::api
