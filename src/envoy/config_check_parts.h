// The pieces of the configuration check, for config_check*.cc only.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace watchword::envoy {

class Findings {
 public:
  void add(std::string where, std::string found, std::string expected, std::string fix = {}) {
    errors_.push_back(
        {Reason::config_invalid, std::move(found), std::move(expected), std::move(where), std::move(fix)});
  }
  std::vector<Error> take() { return std::move(errors_); }

 private:
  std::vector<Error> errors_;
};

const Json* at(const Json& json, std::initializer_list<std::string_view> path);  // null when any step is absent
const Json::Array& items(const Json* list);                                      // empty when it is none
bool is_true(const Json* value);
bool is_enum(const Json* value, std::string_view name, int number);  // proto3 JSON has both forms
bool is_type(const Json& config, std::string_view message);          // by the last word of "@type"
std::string name_of(const Json& item);                               // its name, or "without a name"
bool is_server_error(const Json* code);                              // type.v3.StatusCode, 5xx
bool only_here(const Json* address);                                 // core.v3.Address: Unix socket or loopback

using Clusters = std::map<std::string, const Json*, std::less<>>;

void check_manager(const Json& manager, const Clusters& clusters, const std::string& where, Findings& findings);
// `guards`: the names of the filters that no route may switch off; `authorization` is the one of them that asks.
void check_routes(const Json& manager, const std::string& authorization, const std::vector<std::string>& guards,
                  const Clusters& clusters, const std::string& where, Findings& findings);
void check_ext_proc(const Json& filter, const Json& config, const std::string& where, Findings& findings);
bool only_names_resource(const Json& overrides);                                    // of ExtProcPerRoute
std::vector<std::string> metadata_of(const Json& overrides, std::string_view key);  // each value
void check_authorization_cluster(const std::string& name, const Clusters& clusters, const std::string& where,
                                 Findings& findings);
void check_upstream_tls(const Json& cluster, Findings& findings);
// Filters that act once a request has been decided on, and may change it: in the manager behind the one that asks, and
// of a cluster.
void check_later_filters(const Json& manager, const Json* asks, const std::string& where, Findings& findings);
void check_upstream_filters(const Json& cluster, Findings& findings);

}  // namespace watchword::envoy
