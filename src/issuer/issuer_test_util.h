// What the tests of issuer/ share: a clock for several threads, a network made of a table, verified tokens.
#pragma once

#include <atomic>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "http/fetch.h"
#include "issuer/key_source.h"
#include "jose/jwt.h"
#include "support/mint.h"

namespace watchword::issuer {

inline constexpr Time kNow{std::chrono::seconds(1'790'000'000)};
inline const std::string kDiscovery = "https://gitlab.example.com/.well-known/openid-configuration";
inline const std::string kKeys = "https://gitlab.example.com/oauth/discovery/keys";

class TestClock final : public Clock {
 public:
  Time now() const override { return Time(Duration(now_.load())); }
  void advance(Duration by) { now_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_{kNow.time_since_epoch().count()};
};

// Answers by URL, counts questions, and holds them back while the gate is shut.
class FakeNetwork final : public http::Fetcher {
 public:
  Result<http::FetchReply> send(const http::FetchRequest& request, const http::FetchOptions&) override {
    const std::string& url = request.url;
    std::unique_lock lock(mutex_);
    ++asked_[url];
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    const auto found = replies_.find(url);
    if (found != replies_.end()) return found->second;
    return fail(Reason::issuer_unavailable, "Could not connect to server", {}, url);
  }

  void set(const std::string& url, http::FetchReply reply) {
    const std::lock_guard lock(mutex_);
    replies_.insert_or_assign(url, std::move(reply));
  }
  void set_json(const std::string& url, std::string body) {
    set(url, {.status = 200, .content_type = "application/json", .max_age = std::nullopt, .body = std::move(body)});
  }
  // A GitLab at https://gitlab.example.com that publishes `keys`.
  void publish(const std::string& keys) {
    set_json(kDiscovery, Json::object({{"issuer", testing::kIssuerUrl}, {"jwks_uri", kKeys}}).dump());
    set_json(kKeys, keys);
  }
  void go_down() {
    const std::lock_guard lock(mutex_);
    replies_.clear();
  }
  void gate(bool open) {
    const std::lock_guard lock(mutex_);
    open_ = open;
    changed_.notify_all();
  }
  void wait_until_asked(const std::string& url, int times) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return asked_[url] >= times; });
  }
  int asked(const std::string& url) {
    const std::lock_guard lock(mutex_);
    return asked_[url];
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, http::FetchReply> replies_;
  std::map<std::string, int> asked_;
  bool open_ = true;
};

// Asks for a fetch and waits for what comes of it.
inline void refetch(KeySource& source) {
  std::promise<void> done;
  source.refetch([&] { done.set_value(); });
  done.get_future().wait();
}

inline jose::Expectations expectations(std::string issuer = std::string(testing::kIssuerUrl)) {
  return {.issuer = std::move(issuer),
          .audiences = {std::string(testing::kAudience)},
          .algorithms = {crypto::Algorithm::eddsa, crypto::Algorithm::es256},
          .types = {"jwt", ""},
          .skew = std::chrono::seconds(60),
          .max_age = std::nullopt};
}

inline const testing::Issuer& test_issuer() {
  static const testing::Issuer issuer = testing::Issuer::make(crypto::Algorithm::eddsa);
  return issuer;
}

// The claims as the verifier hands them on: minted and verified by the issuer that they name.
inline jose::VerifiedToken verified(Json claims) {
  if (claims.find("iss") == nullptr) claims.set("iss", testing::kIssuerUrl);
  claims.set("aud", testing::kAudience).set("exp", to_unix(kNow) + 3600);
  const auto verifier = jose::Verifier::make(expectations(*claims.find_string("iss")));
  auto token = jose::UnverifiedToken::parse(test_issuer().mint(claims));
  return verifier->verify(std::move(*token), test_issuer().keys(), kNow).value();
}

inline std::string outcome(const Status& status) { return status ? "ok" : std::string(name(status.error().reason)); }
template <class T>
std::string outcome(const Result<T>& result) {
  return result ? "ok" : std::string(name(result.error().reason));
}

}  // namespace watchword::issuer
