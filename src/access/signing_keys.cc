#include "access/signing_keys.h"

#include <algorithm>

#include "access/sealed_keys.h"
#include "audit/entry.h"
#include "base/log.h"
#include "jose/jws.h"

namespace watchword::access {
namespace {

constexpr std::string_view kPurpose = "tokens";
constexpr std::string_view kNext = "next", kActive = "active", kRetiring = "retiring";

}  // namespace

struct SigningKeys::Held {
  store::KeyRow row;
  std::shared_ptr<const crypto::PrivateKey> key;
  crypto::Algorithm algorithm{};
};

SigningKeys::SigningKeys(store::Store& store, const crypto::SealingKey& sealing, SigningConfig config, Random& random)
    : store_(store), sealing_(sealing), config_(config), random_(random) {}

Result<std::unique_ptr<SigningKeys>> SigningKeys::open(store::Store& store, const crypto::SealingKey& sealing,
                                                       SigningConfig config, const Clock& clock, Random& random) {
  std::unique_ptr<SigningKeys> keys(new SigningKeys(store, sealing, config, random));
  WW_TRY(auto rows, store.keys());
  for (auto& row : rows) {
    if (row.purpose != kPurpose) continue;
    WW_TRY(auto key, unseal_key(row, sealing));
    auto algorithm = crypto::algorithm_from_name(row.algorithm);
    if (!algorithm) return fail(Reason::key_invalid, row.algorithm, "a signing algorithm", "key " + row.kid);
    keys->held_.push_back(
        std::make_shared<Held>(Held{row, std::make_shared<const crypto::PrivateKey>(std::move(key)), *algorithm}));
  }
  WW_CHECK(keys->tick(clock.now()));
  return keys;
}

std::shared_ptr<SigningKeys::Held> SigningKeys::find_state(std::string_view state) const {
  auto found = std::ranges::find_if(held_, [&](const auto& held) { return held->row.state == state; });
  return found == held_.end() ? nullptr : *found;
}

Result<std::shared_ptr<SigningKeys::Held>> SigningKeys::make(std::string_view state, Time activates, Time now) {
  WW_TRY(auto key, crypto::PrivateKey::generate(key_type_for(config_.algorithm)));
  auto held = std::make_shared<Held>();
  held->algorithm = config_.algorithm;
  held->row = seal_key(key, kPurpose, config_.algorithm, sealing_, random_);
  held->row.state = state;
  held->row.created = now;
  held->row.activates = activates;
  held->row.expires = activates + config_.rotate_every + config_.longest_token;
  held->key = std::make_shared<const crypto::PrivateKey>(std::move(key));
  WW_CHECK(save(*held, "made", "", now));
  held_.push_back(held);
  changed_ = true;
  return held;
}

Status SigningKeys::tick(Time now) {
  std::lock_guard lock(mutex_);
  auto advanced = advance(now);
  if (changed_) publish();  // also what was done before a later step failed
  return advanced;
}

Status SigningKeys::advance(Time now) {
  auto active = find_state(kActive);
  if (!active) {
    WW_CHECK(make(kActive, now, now));
    active = find_state(kActive);
  }
  auto due = active->row.activates + config_.rotate_every;
  if (!find_state(kNext) && now >= due - config_.publish_ahead)
    WW_CHECK(make(kNext, std::max(due, now + config_.publish_ahead), now));
  if (auto next = find_state(kNext); next && now >= next->row.activates) WW_CHECK(promote(*active, *next, "", now));
  for (const auto& held : std::vector(held_))
    if (held->row.state == kRetiring && now >= held->row.expires) WW_CHECK(drop(*held, "", now));
  return {};
}

Status SigningKeys::promote(Held& active, Held& next, std::string_view why, Time now) {
  auto before_active = active.row, before_next = next.row;
  active.row.state = kRetiring;
  active.row.expires = now + config_.longest_token;
  next.row.state = kActive;
  next.row.activates = now;
  next.row.expires = now + config_.rotate_every + config_.longest_token;
  store::Batch batch;
  batch.changes.push_back(store::PutKey{active.row});
  batch.changes.push_back(store::PutKey{next.row});
  batch.entries.push_back(audit::to_canonical(key_entry(next.row, "activated", why, now, random_)));
  auto written = store_.commit_and_wait(std::move(batch));
  if (!written) {
    active.row = before_active;
    next.row = before_next;
    return std::unexpected(std::move(written).error());
  }
  changed_ = true;
  return {};
}

Status SigningKeys::save(const Held& held, std::string_view change, std::string_view why, Time now) {
  store::Batch batch;
  batch.changes.push_back(store::PutKey{held.row});
  batch.entries.push_back(audit::to_canonical(key_entry(held.row, change, why, now, random_)));
  WW_CHECK(store_.commit_and_wait(std::move(batch)));
  return {};
}

Status SigningKeys::drop(const Held& held, std::string_view why, Time now) {
  store::Batch batch;
  batch.changes.push_back(store::DropKey{held.row.kid});
  batch.entries.push_back(audit::to_canonical(key_entry(held.row, "retired", why, now, random_)));
  WW_CHECK(store_.commit_and_wait(std::move(batch)));
  std::erase_if(held_, [&](const auto& kept) { return kept.get() == &held; });
  changed_ = true;
  return {};
}

void SigningKeys::publish() {
  auto ring = std::make_shared<KeyRing>();
  std::vector<jose::Jwk> keys;
  Json published = Json::array();
  for (const auto& held : held_) {
    keys.push_back({held->row.kid, held->algorithm, held->key->public_key()});
    published.push(jose::to_json(held->key->public_key(), held->row.kid, held->algorithm));
    if (held->row.state != kActive) continue;
    ring->kid = held->row.kid;
    ring->algorithm = held->algorithm;
    ring->active = held->key;
  }
  ring->verify_with = jose::KeySet::of(std::move(keys));
  ring->jwks = Json::object({{"keys", std::move(published)}}).dump();
  ring_.set(std::move(ring));
  changed_ = false;
}

std::vector<SigningKeys::Info> SigningKeys::list() const {
  std::lock_guard lock(mutex_);
  std::vector<Info> all;
  for (const auto& held : held_) {
    const auto& row = held->row;
    all.push_back({row.kid, row.algorithm, row.state, row.created, row.activates, row.expires});
  }
  return all;
}

Status SigningKeys::rotate(std::string_view why, Time now) {
  std::lock_guard lock(mutex_);
  auto next = find_state(kNext);
  if (!next) {
    WW_TRY(next, make(kNext, now, now));
  }
  WW_CHECK(promote(*find_state(kActive), *next, why, now));
  publish();
  return {};
}

Status SigningKeys::retire(std::string_view kid, std::string_view why, Time now) {
  std::lock_guard lock(mutex_);
  auto found = std::ranges::find_if(held_, [&](const auto& held) { return held->row.kid == kid; });
  if (found == held_.end()) return fail(Reason::not_found, std::string(kid), "the kid of a signing key");
  if ((*found)->row.state == kActive)
    return fail(Reason::request_invalid, "the active key", "a key that does not sign; rotate first");
  WW_CHECK(drop(**found, why, now));
  publish();
  return {};
}

}  // namespace watchword::access
