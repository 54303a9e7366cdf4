// One attempt to get an issuer's keys, from wherever its configuration says. Internal to issuer/.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "http/fetch.h"
#include "issuer/key_source.h"
#include "jose/jwk.h"

namespace watchword::issuer {

struct FetchedKeys {
  jose::KeySet keys;
  std::optional<std::chrono::seconds> max_age;  // Cache-Control of the key set
  std::optional<Time> date = {};                // the issuer's clock when it answered, where it says so
};

// OpenID Connect Discovery 1.0, 4.1: a slash at the issuer's end is not doubled.
std::string discovery_url(std::string_view issuer_url);

// Blocks. issuer_unavailable: not reached, another status than 200, no JSON, no usable jwks_uri. issuer_mismatch: the
// document names another issuer (Discovery 4.3). key_set_invalid: what jose::KeySet::parse refuses. file_unreadable:
// jwks_file. A set without a single usable key is no error here: its issuer has withdrawn the keys it had.
Result<FetchedKeys> fetch_keys(const KeySourceConfig& config, http::Fetcher& fetcher);

}  // namespace watchword::issuer
