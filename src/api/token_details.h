// What the token endpoint tells a job beside its token: where its resources are, and what the door says of its
// permissions.
#pragma once

#include <string_view>
#include <vector>

#include "access/explained.h"
#include "base/json.h"
#include "policy/policy.h"

namespace watchword::api {

// [{name, kind, url, port?}], in their order. kind is that of the policy, or "tcp"; `port`, only there, is what CONNECT
// names. `gateway_url`: an origin.
Json places_of(const std::vector<const policy::Resource*>& resources, std::string_view gateway_url);

// [{permission, decision, role?, rule?, reason?, found?, expected?, fix?}]. For verified callers only.
Json decisions_of(const std::vector<access::Explained>& explained);

}  // namespace watchword::api
