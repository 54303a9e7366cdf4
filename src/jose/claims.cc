#include "jose/claims.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "jose/slip.h"

namespace watchword::jose {
namespace {

constexpr double kLastSecond = 253402300799;  // the end of the year 9999
constexpr std::size_t kQuoted = 200;
constexpr std::size_t kListed = 5;

std::string quoted(std::string_view text) {
  return "'" + std::string(text.substr(0, kQuoted)) + (text.size() > kQuoted ? "...'" : "'");
}

std::unexpected<Error> wrong_type(std::string_view name, const Json& value, std::string expected) {
  return fail(Reason::claim_invalid, std::string(name) + " is of type " + std::string(value.type_name()),
              std::move(expected));
}

Error issuer_mismatch(std::string_view found, const std::string& expected) {
  Error error{Reason::issuer_mismatch, quoted(found), quoted(expected), {}, {}};
  if (const auto what = only_difference(found, expected); !what.empty())
    error.fix = "make the issuer's 'url' and its iss claim equal: all but " + std::string(what) + " is";
  return error;
}

std::string in_seconds(Duration duration) { return to_string(std::chrono::floor<std::chrono::seconds>(duration)); }

std::string with_skew(const std::string& rule, const Expectations& expected) {
  return rule + " (a skew of " + to_string(expected.skew) + " is allowed)";
}

}  // namespace

std::string listed(std::span<const std::string_view> words) {
  std::string out;
  for (std::size_t i = 0; i < std::min(words.size(), kListed); ++i) out += (i == 0 ? "" : ", ") + quoted(words[i]);
  if (words.size() > kListed) out += " and " + std::to_string(words.size() - kListed) + " more";
  return out;
}

Result<std::optional<Time>> numeric_date(const Json& claims, std::string_view name) {
  const Json* value = claims.find(name);
  if (value == nullptr) return std::nullopt;
  double seconds = -1;
  if (value->integer() != nullptr)
    seconds = static_cast<double>(*value->integer());
  else if (value->number() != nullptr)
    seconds = *value->number();
  else
    return wrong_type(name, *value, "a number of seconds since 1970");
  if (seconds < 0 || seconds > kLastSecond)
    return fail(Reason::claim_invalid, std::string(name) + " is " + value->dump().substr(0, kQuoted),
                "seconds since 1970, before the year 10000");
  return Time(Duration(static_cast<std::int64_t>(std::floor(seconds * 1e6))));
}

Result<std::vector<std::string_view>> audiences_of(const Json& claims) {
  const Json* aud = claims.find("aud");
  if (aud == nullptr) return fail(Reason::audience_missing, "no aud", "the audience that the token is for");
  if (aud->string() != nullptr) return std::vector<std::string_view>{*aud->string()};
  if (aud->array_items() == nullptr) return wrong_type("aud", *aud, "a string or a list of strings");
  if (aud->array_items()->empty()) return fail(Reason::audience_missing, "an empty list", "at least one audience");
  std::vector<std::string_view> audiences;
  for (const Json& item : *aud->array_items()) {
    if (item.string() == nullptr) return wrong_type("an entry of aud", item, "a string");
    audiences.push_back(*item.string());
  }
  return audiences;
}

Status check_issuer(const Json& claims, const Expectations& expected, Time) {
  const Json* iss = claims.find("iss");
  if (iss == nullptr) return fail(Reason::claim_missing, "no iss", quoted(expected.issuer));
  if (iss->string() == nullptr) return wrong_type("iss", *iss, "a string");
  if (*iss->string() != expected.issuer) return std::unexpected(issuer_mismatch(*iss->string(), expected.issuer));
  return {};
}

Status check_audience(const Json& claims, const Expectations& expected, Time) {
  WW_TRY(const auto audiences, audiences_of(claims));
  if (std::ranges::find_first_of(audiences, expected.audiences) != audiences.end()) return {};
  const std::vector<std::string_view> wanted(expected.audiences.begin(), expected.audiences.end());
  Error error{Reason::audience_mismatch, listed(audiences), listed(wanted), {}, {}};
  if (wanted.size() == 1) error.fix = "set 'aud: " + expected.audiences.front() + "' under id_tokens in the CI job";
  for (const std::string_view found : audiences)
    for (const std::string& right : expected.audiences)
      if (const auto what = only_difference(found, right); !what.empty())
        error.fix =
            "set 'aud: " + right + "' under id_tokens in the CI job: all but " + std::string(what) + " is right";
  return std::unexpected(std::move(error));
}

Status check_expiry(const Json& claims, const Expectations& expected, Time now) {
  WW_TRY(const auto expires, numeric_date(claims, "exp"));
  if (!expires) return fail(Reason::expiry_missing, "no exp", "the time at which the token ends");
  if (now < *expires + expected.skew) return {};
  return fail(Reason::token_expired, "expired at " + to_rfc3339(*expires) + ", " + in_seconds(now - *expires) + " ago",
              with_skew("a token that is still valid", expected));
}

Status check_not_before(const Json& claims, const Expectations& expected, Time now) {
  WW_TRY(const auto start, numeric_date(claims, "nbf"));
  if (!start || *start <= now + expected.skew) return {};
  return fail(Reason::token_not_yet_valid, "valid from " + to_rfc3339(*start) + ", in " + in_seconds(*start - now),
              with_skew("a token that is valid now", expected));
}

Status check_issued(const Json& claims, const Expectations& expected, Time now) {
  WW_TRY(const auto issued, numeric_date(claims, "iat"));
  if (!issued || *issued <= now + expected.skew) return {};
  return fail(Reason::token_issued_in_future, "issued at " + to_rfc3339(*issued) + ", in " + in_seconds(*issued - now),
              with_skew("an iat in the past", expected));
}

Status check_age(const Json& claims, const Expectations& expected, Time now) {
  if (!expected.max_age) return {};
  WW_TRY(const auto issued, numeric_date(claims, "iat"));
  if (!issued) return fail(Reason::claim_missing, "no iat", "the time of issue, as the token's age is limited");
  if (now < *issued + *expected.max_age + expected.skew) return {};
  return fail(Reason::token_too_old, "issued at " + to_rfc3339(*issued) + ", " + in_seconds(now - *issued) + " ago",
              with_skew("at most " + to_string(*expected.max_age) + " ago", expected));
}

Status check_subject(const Json& claims, const Expectations&, Time) {
  const Json* subject = claims.find("sub");
  if (subject != nullptr && subject->string() == nullptr) return wrong_type("sub", *subject, "a string");
  return {};
}

std::span<const ClaimCheck> claim_checks() {
  static constexpr std::array<ClaimCheck, 7> kChecks{{{"issuer", "iss", check_issuer},
                                                      {"audience", "aud", check_audience},
                                                      {"expiry", "exp", check_expiry},
                                                      {"not before", "nbf", check_not_before},
                                                      {"issued", "iat", check_issued},
                                                      {"age", "iat", check_age},
                                                      {"subject", "sub", check_subject}}};
  return kChecks;
}

}  // namespace watchword::jose
