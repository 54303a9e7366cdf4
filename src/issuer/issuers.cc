#include "issuer/issuers.h"

#include <algorithm>
#include <functional>
#include <unordered_map>

#include "jose/slip.h"
#include "net/loop.h"

namespace watchword::issuer {
namespace {

constexpr std::size_t kQuoted = 200;  // bytes of a hostile iss that an error repeats

struct Trusted {
  std::string name;
  Profile profile;
  jose::Verifier verifier;
  std::unique_ptr<KeySource> keys;
};

struct Done {};
using Fetched = net::Delivery<Done>;

struct TextHash : std::hash<std::string_view> {
  using is_transparent = void;
};

Status check_mapping(const Profile& profile) {
  const auto* machine = std::get_if<MachineMapping>(&profile.mapping);
  if (machine == nullptr || machine->kind == Kind::job || machine->kind == Kind::service) return {};
  return fail(Reason::config_invalid, "a machine mapping of kind " + std::string(name(machine->kind)),
              "job or service");
}

Result<Trusted> trust(IssuerConfig config, http::Fetcher& fetcher, const Clock& clock, Metrics& metrics) {
  if (config.name.empty()) return fail(Reason::config_invalid, "an issuer without a name", "a name such as gitlab");
  config.keys.issuer_name = config.name;
  config.keys.issuer_url = config.expectations.issuer;
  WW_CHECK(check_mapping(config.profile));
  WW_TRY(jose::Verifier verifier, jose::Verifier::make(std::move(config.expectations)));
  WW_CHECK(check(config.keys));
  return Trusted{std::move(config.name), std::move(config.profile), std::move(verifier),
                 KeySource::make(std::move(config.keys), fetcher, clock, metrics)};
}

// A fetch may bring what is missing.
bool may_be_mended(const Error& error) {
  return error.reason == Reason::key_unknown || error.reason == Reason::issuer_unavailable ||
         error.reason == Reason::key_set_invalid;
}

// A time that does not fit is told with what sets the two clocks apart.
Error with_clock(Error error, Duration ahead) {
  constexpr auto kNotable = std::chrono::seconds(5);
  constexpr Reason kByTime[] = {Reason::token_expired, Reason::token_not_yet_valid, Reason::token_issued_in_future,
                                Reason::token_too_old};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(std::chrono::abs(ahead));
  if (std::ranges::find(kByTime, error.reason) == std::end(kByTime) || seconds < kNotable) return error;
  error.found += ", while the issuer's clock is " + std::to_string(seconds.count()) + "s " +
                 (ahead > Duration::zero() ? "ahead" : "behind");
  return error;
}

class TrustedIssuers final : public Issuers {
 public:
  explicit TrustedIssuers(const Clock& clock) : clock_(clock) {}

  Status add(Trusted issuer) {
    const auto same_name = [&](const auto& other) { return other->name == issuer.name; };
    if (std::ranges::any_of(all_, same_name)) return fail(Reason::config_invalid, "two issuers of this name", "one");
    auto& added = *all_.emplace_back(std::make_unique<Trusted>(std::move(issuer)));
    const std::string& url = added.verifier.expectations().issuer;
    if (!by_url_.try_emplace(url, &added).second)
      return fail(Reason::config_invalid, "two issuers with the url " + url,
                  "one: a token's iss decides alone what it is mapped to");
    return {};
  }

  net::Task<Result<Principal>> authenticate(std::string_view text) override {
    WW_CO_TRY(jose::UnverifiedToken token, jose::UnverifiedToken::parse(text));
    WW_CO_TRY(const Trusted* issuer, find(token.issuer_hint()));
    Result<Principal> first = verify(*issuer, std::move(token));
    if (first || !may_be_mended(first.error())) co_return first;

    const auto fetched = std::make_shared<Fetched>();
    issuer->keys->refetch([fetched] { fetched->deliver({}); });
    co_await *fetched;
    WW_CO_TRY(token, jose::UnverifiedToken::parse(text));  // verifying consumes a token
    Result<Principal> second = verify(*issuer, std::move(token));
    if (!second && second.error().reason == Reason::key_unknown)
      if (const auto trouble = issuer->keys->trouble()) co_return std::unexpected(cannot_tell(issuer->name, *trouble));
    co_return second;
  }

  Result<Principal> authenticate_with_keys_in_hand(std::string_view text) const override {
    WW_TRY(jose::UnverifiedToken token, jose::UnverifiedToken::parse(text));
    WW_TRY(const Trusted* issuer, find(token.issuer_hint()));
    return verify(*issuer, std::move(token));
  }

  std::vector<Health> health() const override {
    std::vector<Health> all;
    for (const auto& issuer : all_)
      all.push_back({issuer->name, issuer->keys->current().has_value(), issuer->keys->trouble()});
    return all;
  }

 private:
  Result<const Trusted*> find(std::string_view url) const {
    if (url.empty()) return fail(Reason::claim_missing, "no iss", "the issuer's URL");
    const auto found = by_url_.find(url);
    if (found != by_url_.end()) return found->second;
    for (const auto& issuer : all_) {
      const std::string& own = issuer->verifier.expectations().issuer;
      if (const auto what = jose::only_difference(url, own); !what.empty())
        return fail(Reason::issuer_unknown, "'" + std::string(url.substr(0, kQuoted)) + "'",
                    "'" + own + "': all but " + std::string(what) + " is the same");
    }
    return fail(Reason::issuer_unknown, "'" + std::string(url.substr(0, kQuoted)) + "'",
                "the url of a configured issuer, to the letter");
  }

  Result<Principal> verify(const Trusted& issuer, jose::UnverifiedToken token) const {
    WW_TRY(const auto keys, issuer.keys->current());
    Result<jose::VerifiedToken> verified = issuer.verifier.verify(std::move(token), *keys, clock_.now());
    if (!verified) return std::unexpected(with_clock(std::move(verified).error(), issuer.keys->clock_ahead()));
    return map(*std::move(verified), issuer.name, issuer.profile);
  }

  const Clock& clock_;
  std::vector<std::unique_ptr<Trusted>> all_;
  std::unordered_map<std::string, const Trusted*, TextHash, std::equal_to<>> by_url_;
};

}  // namespace

Result<std::unique_ptr<Issuers>> Issuers::make(std::vector<IssuerConfig> configs, http::Fetcher& fetcher,
                                               const Clock& clock, Metrics& metrics) {
  auto issuers = std::make_unique<TrustedIssuers>(clock);
  for (IssuerConfig& config : configs) {
    const std::string name = config.name;
    const auto named = [&](Error error) {
      if (error.where.empty()) error.where = "issuer " + name;
      return std::unexpected(std::move(error));
    };
    Result<Trusted> issuer = trust(std::move(config), fetcher, clock, metrics);
    if (!issuer) return named(std::move(issuer).error());
    if (Status added = issuers->add(std::move(*issuer)); !added) return named(std::move(added).error());
  }
  return std::unique_ptr<Issuers>(std::move(issuers));
}

}  // namespace watchword::issuer
