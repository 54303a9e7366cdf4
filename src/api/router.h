// Paths of the API and what answers them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "http/handler.h"

namespace watchword::api {

// Exact paths, or a prefix that ends in '/' (the longest wins), compared with the path as it was sent: no second
// spelling of a path reaches an endpoint. 404 and 405 (with Allow) are problem+json. A GET answers HEAD too. Every
// answer says nosniff, and no-store unless its endpoint says otherwise. Immutable once it serves.
class Router final : public http::Handler {
 public:
  using Function = std::function<net::Task<void>(http::Exchange&)>;
  void add(std::string_view method, std::string path, Function function);
  net::Task<void> handle(http::Exchange& exchange) override;
  std::vector<std::pair<std::string, std::string>> routes() const;  // method and path, sorted

 private:
  struct Route {
    std::string method;
    Function function;
  };
  const std::vector<Route>* find(std::string_view path) const;
  std::unordered_map<std::string, std::vector<Route>> exact_;
  std::vector<std::pair<std::string, std::vector<Route>>> prefixes_;
};

}  // namespace watchword::api
