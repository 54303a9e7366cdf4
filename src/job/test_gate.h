// A gate's token endpoint for tests: answers what it is told to, in turn, and keeps what it was asked.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "http/test_server.h"
#include "http/uri.h"
#include "job/access.h"

namespace watchword::job {

struct Asked {
  std::string path;
  http::Headers headers;
  http::Form form;

  std::string field(std::string_view name) const {
    const auto* value = http::find(form, name);
    return value == nullptr ? "" : *value;
  }
  std::string header(std::string_view name) const {
    const auto* value = headers.find(name);
    return value == nullptr ? "" : *value;
  }
  // The claims of its proof, unverified: access/job_proof_test.cc verifies.
  Json proof() const {
    const auto text = header("dpop");
    const auto first = text.find('.');
    const auto payload = from_base64url(text.substr(first + 1, text.rfind('.') - first - 1));
    return parse_json(payload.value_or("")).value_or(Json());
  }
};

struct TestAnswer {
  int status = 200;
  Json body = Json::object();
  http::Headers headers = {};
};

class TestGate {
 public:
  // `nonce`: what a form that is no exchange is answered with.
  explicit TestGate(std::vector<TestAnswer> answers, std::string nonce = {})
      : answers_(std::move(answers)), nonce_(std::move(nonce)) {}
  TestGate(const TestGate&) = delete;
  TestGate& operator=(const TestGate&) = delete;

  http::Origin origin() const { return *http::parse_origin("http://" + net::to_string(server_.address())); }
  std::vector<Asked> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  net::Task<void> answer(http::Exchange& exchange) {
    auto body = co_await http::read_all(exchange.body, 1 << 20);
    if (body->empty()) {  // no exchange: only its nonce was wanted
      http::ResponseHead nothing{.status = 400, .headers = {}};
      if (!nonce_.empty()) nothing.headers.add("dpop-nonce", nonce_);
      co_return static_cast<void>(co_await exchange.reply.send(std::move(nothing), ""));
    }
    const auto answer = take({exchange.request.target, exchange.request.headers, *http::parse_form(*body)});
    http::ResponseHead head{.status = answer.status, .headers = answer.headers};
    head.headers.add("content-type", "application/json");
    static_cast<void>(co_await exchange.reply.send(std::move(head), answer.body.dump()));
  }
  // The last answer stays.
  TestAnswer take(Asked asked) {
    const std::lock_guard lock(mutex_);
    const auto at = std::min(asked_.size(), answers_.size() - 1);
    asked_.push_back(std::move(asked));
    return answers_[at];
  }

  mutable std::mutex mutex_;
  std::vector<TestAnswer> answers_;
  const std::string nonce_;
  std::vector<Asked> asked_;
  http::TestServer server_{[this](http::Exchange& exchange) { return answer(exchange); }};
};

inline TestAnswer granted(std::string_view resource = "billing-api", std::string_view type = "DPoP") {
  auto place = Json::object({{"name", resource}, {"kind", "api"}, {"url", "https://billing.gate.example.com:8444/"}});
  return {.status = 200,
          .body = Json::object({{"access_token", "eyJ0.e30.c2ln"},
                                {"token_type", type},
                                {"expires_in", 900},
                                {"scope", std::string(resource) + "/read"},
                                {"session", "01JDK3QZ3S8M2N4P6Q8R0S2T4V"},
                                {"record", "01JDK3QZ3T4N5V6W7X8Y9Z0ABC"},
                                {"resources", Json::array().push(std::move(place))}}),
          .headers = {{"dpop-nonce", "nonce-of-grant"}}};
}

inline TestAnswer wants_nonce(std::string_view nonce) {
  return {.status = 400,
          .body = Json::object({{"error", "use_dpop_nonce"}, {"reason", "dpop_nonce_required"}}),
          .headers = {{"dpop-nonce", std::string(nonce)}}};
}

inline TestAnswer refused(int status, std::string_view reason) {
  return {.status = status, .body = Json::object({{"error", "invalid_request"}, {"reason", reason}})};
}

// A holder of example credentials towards `gate`, that asks once.
struct TestHolder {
  explicit TestHolder(http::Origin gate, std::string_view job_token = {})
      : holder{.gate = std::move(gate),
               .tls = nullptr,
               .id_token = Secret(std::string_view("id.token.value")),
               .job_token = Secret(job_token),
               .key = *ProofKey::derive(Secret(std::string_view("id.token.value")), Secret(job_token)),
               .nonce = {},
               .clock = clock,
               .random = random,
               .retry_for = Duration::zero()} {}

  ManualClock clock{from_unix(1'790'000'000)};
  SystemRandom random;
  Holder holder;
};

}  // namespace watchword::job
