#include "job/access.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include "base/text.h"
#include "job/exchange.h"
#include "job/place.h"
#include "job/revocation.h"
#include "jose/jws.h"

namespace watchword::job {
namespace {

constexpr std::int64_t kLongestLife = std::int64_t{30} * 24 * 3600;

std::unexpected<Error> foreign(std::string found, std::string expected) {
  return std::unexpected(Error{Reason::gate_unreachable, std::move(found), std::move(expected), "/oauth/token",
                               "check what stands in front of the gate, and that gate and client are of one version"});
}

// RFC 6750 2.1: b64token. What is something else would be another header's text.
bool may_be_token(std::string_view text) {
  constexpr std::string_view kOthers = "-._~+/=";
  const auto allowed = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= jose::kMaxTokenBytes && std::ranges::all_of(text, allowed);
}

Result<std::shared_ptr<const Token>> token_from(const Reply& reply, bool bound, Time now) {
  const auto text = reply.body.string_or("access_token", "");
  if (!may_be_token(text)) return foreign("no access token", "access_token");
  const std::string_view type = bound ? "DPoP" : "Bearer";
  const auto told = reply.body.string_or("token_type", "");
  if (!ascii_iequals(told, type)) return foreign("token_type '" + std::string(told) + "'", std::string(type));
  const auto* life = reply.body.find_integer("expires_in");
  if (life == nullptr || *life < 0) return foreign("no expires_in", "the seconds that the token lives");
  return std::make_shared<const Token>(
      Token{.value = Secret(text), .bound = bound, .ends = now + std::chrono::seconds(std::min(*life, kLongestLife))});
}

}  // namespace

struct Access::State {
  Holder& holder;
  const Wanted wanted;
  const bool bound, explain;
  std::once_flag placed;
  Place place = {};
  Published<Token> token = Published<Token>();

  Question question() const {
    Question asked{.audiences = {}, .scope = {}, .bound = bound, .explain = explain};
    if (wanted.actions.empty()) asked.audiences.push_back(wanted.resource);
    for (const auto& action : wanted.actions)
      asked.scope += (asked.scope.empty() ? "" : " ") + wanted.resource + "/" + action;
    return asked;
  }
};

Access::Access(Holder& holder, Wanted wanted, bool bound, bool explain)
    : state_(
          new State{.holder = holder, .wanted = std::move(wanted), .bound = bound, .explain = explain, .placed = {}}) {}
Access::~Access() = default;

net::Task<Result<Reply>> Access::renew() {
  auto reply = co_await exchange(state_->holder, state_->question());
  if (!reply || reply->status / 100 != 2) co_return reply;
  WW_CO_TRY(auto token, token_from(*reply, state_->bound, state_->holder.clock.now()));
  WW_CO_TRY(auto place, place_from(*reply, state_->wanted.resource));
  std::call_once(state_->placed, [&] { state_->place = std::move(place); });
  state_->token.set(std::move(token));
  co_return reply;
}

net::Task<void> Access::revoke() {
  const auto token = state_->token.get();
  if (!token || token->ends <= state_->holder.clock.now()) co_return;
  co_await give_back(state_->holder, std::string(token->value.reveal()), token->bound);
}

const Wanted& Access::wanted() const { return state_->wanted; }
const Place& Access::place() const { return state_->place; }
std::shared_ptr<const Token> Access::token() const { return state_->token.get(); }

http::Headers Access::credentials(std::string_view method, std::string_view url) const {
  const auto token = state_->token.get();
  if (!token) return {};
  const auto& holder = state_->holder;
  const auto text = token->value.reveal();
  const auto* header = method == "CONNECT" ? "proxy-authorization" : "authorization";
  http::Headers headers{{header, (token->bound ? "DPoP " : "Bearer ") + std::string(text)}};
  if (!token->bound) return headers;
  auto proof = holder.key.proof({method, url, text}, holder.nonce, holder.clock.now(), holder.random);
  if (proof) headers.add("dpop", *std::move(proof));  // without it the gate refuses, and says why
  return headers;
}

}  // namespace watchword::job
