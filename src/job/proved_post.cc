#include "job/proved_post.h"

#include <cstdio>
#include <optional>
#include <utility>

#include "base/text.h"
#include "job/gate_proxy.h"
#include "job/retry.h"

namespace watchword::job {
namespace {

using net::Steady;

constexpr auto kNonceWithin = std::chrono::seconds(10);

std::string url_of(const http::Origin& gate) { return gate.scheme + "://" + gate.authority; }

Result<http::RequestHead> head_of(const Holder& holder, const ProvedForm& form) {
  http::RequestHead head{"POST", holder.gate.scheme, holder.gate.authority, form.path, {}};
  head.headers.add("accept", "application/json");
  head.headers.add("content-type", "application/x-www-form-urlencoded");
  if (!form.authorization.empty()) head.headers.add("authorization", form.authorization + " " + form.token);
  if (form.authorization == "Bearer") return head;
  const auto url = url_of(holder.gate) + form.path;
  WW_TRY(auto proof, holder.key.proof({"POST", url, form.token}, holder.nonce, holder.clock.now(), holder.random));
  head.headers.add("dpop", std::move(proof));
  return head;
}

bool wants_nonce(const Reply& reply) {
  return reply.status / 100 == 4 && (reply.body.string_or("error", "") == "use_dpop_nonce" ||
                                     reply.body.string_or("reason", "") == name(Reason::dpop_nonce_required));
}

// Each answer of the token endpoint carries a nonce. To a form that is no exchange it is a refusal that leaves no
// record (docs/api.md), where a proof without a nonce would leave one.
net::Task<Result<Reply>> ask_for_nothing(http::Client& client, Holder& holder, Steady::duration within) {
  http::RequestHead head{"POST", holder.gate.scheme, holder.gate.authority, "/oauth/token", {}};
  head.headers.add("content-type", "application/x-www-form-urlencoded");
  auto reply = co_await ask(client, holder.gate, std::move(head), {}, within);
  const auto* nonce = reply ? reply->headers.find("dpop-nonce") : nullptr;
  if (nonce != nullptr) holder.nonce.saw(*nonce, holder.clock.now());
  co_return reply;
}

net::Task<Result<Reply>> one_try(Holder& holder, const ProvedForm& form, Steady::duration each) {
  const auto deadline = Steady::now() + each;
  const auto client = client_towards(holder.gate, holder.tls);
  if (form.authorization != "Bearer" && holder.nonce.stale(holder.clock.now()))
    WW_CO_CHECK(co_await ask_for_nothing(*client, holder, each));
  for (const bool again : {false, true}) {
    WW_CO_TRY(auto head, head_of(holder, form));
    WW_CO_TRY(auto reply, co_await ask(*client, holder.gate, std::move(head), form.text, deadline - Steady::now()));
    const auto* nonce = reply.headers.find("dpop-nonce");
    if (nonce != nullptr) holder.nonce.saw(*nonce, holder.clock.now());
    if (again || nonce == nullptr || !wants_nonce(reply)) co_return reply;
  }
  std::unreachable();
}

bool is_worth_another(const Result<Reply>& reply) {
  if (!reply) return reply.error().reason == Reason::gate_unreachable;
  return reply->status == 429 || reply->status / 100 == 5;
}

std::optional<Duration> asked_to_wait(const Result<Reply>& reply) {
  const auto* value = reply ? reply->headers.find("retry-after") : nullptr;
  return value == nullptr ? std::nullopt : retry_after(*value);
}

std::string told(const Holder& holder, const Result<Reply>& reply) {
  const auto gate = url_of(holder.gate);
  if (!reply) return "no answer from " + gate + " (" + reply.error().found + ")";
  const auto reason = reply->body.string_or("reason", "");
  return gate + " answers " + std::to_string(reply->status) + (reason.empty() ? "" : " (" + std::string(reason) + ")");
}

// A line that mixes with no other.
void announce(const Holder& holder, const Result<Reply>& reply, const Retry& retry, Duration wait) {
  const auto tenths = wait / std::chrono::milliseconds(100);
  const auto text = printable("gate: " + told(holder, reply) + ", try " + std::to_string(retry.next()) + " of " +
                              std::to_string(retry.tries()) + " in " + std::to_string(tenths / 10) + "." +
                              std::to_string(tenths % 10) + " s") +
                    "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace

net::Task<void> renew_nonce(Holder& holder) {
  if (!holder.nonce.stale(holder.clock.now())) co_return;
  const auto client = client_towards(holder.gate, holder.tls);
  static_cast<void>(co_await ask_for_nothing(*client, holder, kNonceWithin));
}

net::Task<Result<Reply>> post_proved(Holder& holder, ProvedForm form, Duration retry_for, Steady::duration each) {
  Retry retry({.total = retry_for}, holder.random);
  const auto began = Steady::now();
  while (true) {
    auto reply = co_await one_try(holder, form, each);
    if (!is_worth_another(reply)) co_return reply;
    const auto elapsed = std::chrono::duration_cast<Duration>(Steady::now() - began);
    const auto wait = retry.wait(elapsed, asked_to_wait(reply));
    if (!wait) {
      if (!reply && retry.next() > 2)
        reply.error().found += ", in each of " + std::to_string(retry.next() - 1) + " tries";
      co_return reply;
    }
    announce(holder, reply, retry, *wait);
    co_await net::Loop::current()->sleep(*wait);
  }
}

}  // namespace watchword::job
