// Where an issuer's keys come from: discovery and a key set over https, or a file or inline document (air-gapped).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "http/fetch.h"
#include "jose/jwk.h"

namespace watchword::issuer {

struct KeySourceConfig {
  std::string issuer_name, issuer_url;
  // At most one of these three; none: discovery (OpenID Connect Discovery 1.0) at issuer_url.
  std::string jwks_file;    // read again at each refresh; no network is used
  std::string jwks_inline;  // the document itself; never changes
  std::string jwks_uri;     // skips discovery
  http::FetchOptions fetch;
  Duration refresh = std::chrono::minutes(10);  // at most; a shorter Cache-Control max-age is honoured down to 1 min
  Duration keep_during_outage = std::chrono::hours(24);  // since the last good fetch; then issuer_unavailable
  Duration refetch_interval = std::chrono::seconds(10);  // at most one fetch for unknown kids in this time
};

// config_invalid: two sources, a URL that is neither https nor, where allowed, http towards a loopback address, an
// issuer URL with a query (it could not be discovered), times that are not positive.
Status check(const KeySourceConfig& config);

// What a question that needs the issuer's present keys is answered with while `trouble` lasts: issuer_unavailable, or
// key_set_invalid where that is the trouble. Never the trouble's own reason, which would blame whoever asks.
Error cannot_tell(std::string_view issuer_name, const Error& trouble);

// One background thread per source keeps the keys fresh (none for inline keys, which do not change). Any thread may
// ask.
//
// Each good fetch replaces the whole set: a key that the issuer withdrew is gone, even when that was the last one,
// which counts as trouble (key_set_invalid). A failed one keeps the keys in hand, is tried again after 1 s, 2 s, 4 s
// and so on up to a minute, and is told by trouble(), the log and the metric
// watchword_issuer_key_fetches{issuer,result}. Times are measured by `clock` and by the steady clock, and the longer of
// the two counts, so that a clock that is set back or forth neither keeps old keys alive nor stops the refresh.
class KeySource {
 public:
  // `config` has passed check(). A file or inline document is read at once; the first fetch of the others has begun.
  // `clock` is read by the thread too (except for inline keys): ManualClock is not made for that.
  static std::unique_ptr<KeySource> make(KeySourceConfig config, http::Fetcher& fetcher, const Clock& clock,
                                         Metrics& metrics);
  // Stops the thread, waiting for a fetch in flight (at most twice fetch.total_time), then calls every `done` that
  // waits.
  virtual ~KeySource() = default;
  // The keys in hand; never waits. issuer_unavailable when there are none, or none fresh enough; key_set_invalid when
  // there are none because what was published or configured cannot be used.
  virtual Result<std::shared_ptr<const jose::KeySet>> current() const = 0;
  // For an unknown kid: one fetch serves all that wait, at most one in refetch_interval. `done` is called once, from
  // the source's thread (or at once, when no fetch is due), whatever came of it; then ask current() again.
  virtual void refetch(std::move_only_function<void()> done) = 0;
  // How far the issuer's clock was from ours at the last good fetch, as far as its answer told; positive: ahead.
  virtual Duration clock_ahead() const = 0;
  virtual std::optional<Error> trouble() const = 0;  // why the last fetch failed, for readyz and doctor
};

}  // namespace watchword::issuer
