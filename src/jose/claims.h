// The claims that the verifier itself checks (RFC 7519 4.1), one function each. Internal to jose/.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "jose/jwt.h"

namespace watchword::jose {

// NumericDate: seconds since 1970, with or without a fraction, up to the year 9999. Empty when the claim is absent.
Result<std::optional<Time>> numeric_date(const Json& claims, std::string_view name);

Status check_issuer(const Json& claims, const Expectations& expected, Time now);
Status check_audience(const Json& claims, const Expectations& expected, Time now);
Status check_expiry(const Json& claims, const Expectations& expected, Time now);
Status check_not_before(const Json& claims, const Expectations& expected, Time now);
Status check_issued(const Json& claims, const Expectations& expected, Time now);
Status check_age(const Json& claims, const Expectations& expected, Time now);
Status check_subject(const Json& claims, const Expectations& expected, Time now);  // a string where it is there

struct ClaimCheck {
  std::string_view name;   // as in Check::name
  std::string_view claim;  // what it reads
  Status (*check)(const Json&, const Expectations&, Time);
};
// In the order in which they are made.
std::span<const ClaimCheck> claim_checks();

// "'a', 'b' and 3 more", cut to a length that a log line bears.
std::string listed(std::span<const std::string_view> words);

}  // namespace watchword::jose
