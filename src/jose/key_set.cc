// JWK sets (RFC 7517 5).
#include <algorithm>

#include "jose/jwk.h"

namespace watchword::jose {
namespace {

// A published key with its certificate chain stays well below this; a set of many keys has no reason for more.
constexpr std::size_t kMaxBytesPerKey = 4096;
constexpr std::size_t kMaxDepth = 8;

std::unexpected<Error> unusable(std::string found, std::string expected) {
  return fail(Reason::key_set_invalid, std::move(found), std::move(expected));
}

void sort_by_kid(std::vector<Jwk>& keys) { std::ranges::sort(keys, {}, &Jwk::kid); }

}  // namespace

Result<KeySet> KeySet::parse(std::string_view document, std::size_t max_keys) {
  const JsonLimits limits{std::max(JsonLimits{}.max_bytes, max_keys * kMaxBytesPerKey), kMaxDepth};
  const Result<Json> json = parse_json(document, limits);
  if (!json) return unusable(json.error().found, json.error().expected);
  const Json* list = json->find("keys");
  if (list == nullptr || list->array_items() == nullptr)
    return unusable(list == nullptr ? "a document without 'keys'" : "'keys' of type " + std::string(list->type_name()),
                    "{\"keys\": [...]} (RFC 7517 5)");
  if (list->array_items()->size() > max_keys)
    return unusable(std::to_string(list->array_items()->size()) + " keys", "at most " + std::to_string(max_keys));

  KeySet set;
  for (const Json& item : *list->array_items()) {
    if (item.members() == nullptr) return unusable("a key of type " + std::string(item.type_name()), "an object");
    Result<Jwk> key = parse_jwk(item);
    if (key)
      set.keys_.push_back(std::move(*key));
    else
      ++set.skipped_;
  }
  sort_by_kid(set.keys_);
  const auto twice = std::ranges::adjacent_find(
      set.keys_, [](const Jwk& a, const Jwk& b) { return !a.kid.empty() && a.kid == b.kid; });
  if (twice != set.keys_.end()) return unusable("two keys with the kid '" + twice->kid + "'", "each kid once");
  return set;
}

KeySet KeySet::of(std::vector<Jwk> keys) {
  KeySet set;
  set.keys_ = std::move(keys);
  sort_by_kid(set.keys_);
  return set;
}

const Jwk* KeySet::find(std::string_view kid) const {
  if (kid.empty()) return nullptr;
  const auto at = std::ranges::lower_bound(keys_, kid, {}, [](const Jwk& key) { return std::string_view(key.kid); });
  return at != keys_.end() && at->kid == kid ? &*at : nullptr;
}

}  // namespace watchword::jose
