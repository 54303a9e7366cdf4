#include "api/router.h"

#include <algorithm>

#include "api/guarded_writer.h"
#include "http/problem.h"

namespace watchword::api {
namespace {

// A GET answers HEAD too (RFC 9110 9.3.2); the codec leaves the body out.
bool answers(std::string_view route, std::string_view method) {
  return route == method || (route == "GET" && method == "HEAD");
}

}  // namespace

void Router::add(std::string_view method, std::string path, Function function) {
  Route route{std::string(method), std::move(function)};
  if (!path.ends_with('/')) {
    exact_[std::move(path)].push_back(std::move(route));
    return;
  }
  auto known = std::ranges::find(prefixes_, path, [](const auto& prefix) { return prefix.first; });
  if (known == prefixes_.end()) known = prefixes_.emplace(known, std::move(path), std::vector<Route>());
  known->second.push_back(std::move(route));
}

const std::vector<Router::Route>* Router::find(std::string_view path) const {
  if (auto found = exact_.find(std::string(path)); found != exact_.end()) return &found->second;
  const std::vector<Route>* longest = nullptr;
  std::size_t length = 0;
  for (const auto& [prefix, routes] : prefixes_) {
    if (prefix.size() < length || !path.starts_with(prefix)) continue;
    length = prefix.size();
    longest = &routes;
  }
  return longest;
}

net::Task<void> Router::handle(http::Exchange& exchange) {
  GuardedWriter reply(exchange.reply, exchange.request.scheme);
  http::Exchange guarded{exchange.request, exchange.body, reply, exchange.peer};
  const auto& method = exchange.request.method;
  if (exchange.request.wants_tunnel()) {  // an endpoint's 200 would grant it
    Error error{Reason::upgrade_unsupported, {}, {}, {}, {}};
    static_cast<void>(co_await http::send_problem(reply, http::status_of(error.reason), http::problem(error, false)));
    co_return;
  }
  const auto* routes = find(exchange.request.path());
  if (!routes) {
    Error error{Reason::not_found, {}, {}, {}, {}};
    static_cast<void>(co_await http::send_problem(reply, 404, http::problem(error, false)));
    co_return;
  }
  auto route = std::ranges::find_if(*routes, [&](const Route& candidate) { return answers(candidate.method, method); });
  if (route != routes->end()) co_return co_await route->function(guarded);

  std::string allow;
  for (const auto& candidate : *routes)
    allow += (allow.empty() ? "" : ", ") + candidate.method + (candidate.method == "GET" ? ", HEAD" : "");
  Error error{Reason::method_not_allowed, {}, {}, {}, {}};
  static_cast<void>(
      co_await http::send_problem(reply, 405, http::problem(error, false), {{"allow", std::move(allow)}}));
}

std::vector<std::pair<std::string, std::string>> Router::routes() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& [path, routes] : exact_)
    for (const auto& route : routes) all.emplace_back(route.method, path);
  for (const auto& [path, routes] : prefixes_)
    for (const auto& route : routes) all.emplace_back(route.method, path);
  std::ranges::sort(all);
  return all;
}

}  // namespace watchword::api
