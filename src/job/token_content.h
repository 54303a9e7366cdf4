// What a token says, believed or not.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"

namespace watchword::job {

// The claims of a token that nobody has verified, for inspect, explain and doctor, which never give access.
struct UnverifiedContent {
  Json header, claims;
};
Result<UnverifiedContent> open_unverified(const Secret& token);

}  // namespace watchword::job
