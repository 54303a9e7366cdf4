#include "job/exchange.h"

#include <utility>

#include "base/clock.h"
#include "http/uri.h"
#include "job/proved_post.h"
#include "job/refusal_text.h"
#include "job/token_content.h"
#include "jose/jwt.h"

namespace watchword::job {
namespace {

constexpr std::string_view kGrant = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr std::string_view kIdToken = "urn:ietf:params:oauth:token-type:id_token";

void add(std::string& form, std::string_view name, std::string_view value) {
  if (!form.empty()) form += '&';
  form += http::percent_encode(name) + "=" + http::percent_encode(value);
}

// The gate speaks to whoever makes keys and proofs. Here both come from the job's variables and clock, so the fix is
// there; empty: what the gate says is right.
std::string fix_inside_a_job(const Error& refusal, const std::string& gate) {
  if (refusal.reason == Reason::host_unknown || refusal.reason == Reason::not_found)
    return "no gate takes tokens at " + gate +
           ": set WATCHWORD_URL, or --gate, to the gate's own url, not its gateway's";
  if (refusal.reason == Reason::dpop_key_mismatch)
    return "let every run in this job see the same ID token and CI_JOB_TOKEN, of which its key is made; another "
           "client's key cannot be used beside it, nor an exchange without one before it";
  if (refusal.reason != Reason::dpop_invalid) return {};
  if (refusal.found.starts_with("iat "))
    return "set the clock of this machine right (NTP): a proof's time must be within a minute of the gate's";
  if (refusal.found.starts_with("htu "))
    return "set WATCHWORD_URL, or --gate, to the name that the gate has for itself: " +
           refusal.expected.substr(0, refusal.expected.find("/oauth/"));
  return {};
}

// Of an ID token that the gate did not take, and therefore says nothing of.
std::string audience_of(const Secret& id_token) {
  const auto content = open_unverified(id_token);
  const auto audiences = content ? jose::audiences_of(content->claims) : std::unexpected(content.error());
  std::string text;
  if (audiences)
    for (const auto audience : *audiences) text += (text.empty() ? "" : " ") + std::string(audience);
  return text;
}

void add_what_the_job_knows(Reply& reply, const Holder& holder) {
  const auto refusal = error_from(reply);
  const auto gate = holder.gate.scheme + "://" + holder.gate.authority;
  if (auto fix = fix_inside_a_job(refusal, gate); !fix.empty()) reply.body.set("fix", std::move(fix));
  if (refusal.reason != Reason::audience_mismatch || !refusal.found.empty()) return;
  reply.body.set("found", audience_of(holder.id_token)).set("expected", "mostly the gate's own url, " + gate);
}

}  // namespace

net::Task<Result<Reply>> exchange(Holder& holder, Question question) {
  std::string form;
  add(form, "grant_type", kGrant);
  add(form, "subject_token_type", kIdToken);
  add(form, "subject_token", holder.id_token.reveal());
  for (const auto& audience : question.audiences) add(form, "audience", audience);
  if (!question.scope.empty()) add(form, "scope", question.scope);
  if (!holder.job_token.empty()) add(form, "ci_job_token", holder.job_token.reveal());
  if (!question.bound) add(form, "token_binding", "none");
  if (question.explain) add(form, "explain", "true");
  WW_CO_TRY(auto reply,
            co_await post_proved(holder, {.path = "/oauth/token", .text = std::move(form)}, holder.retry_for));
  if (reply.status / 100 != 2) add_what_the_job_knows(reply, holder);
  co_return reply;
}

int print_refusal(const Reply& reply, const Output& out, std::string_view asked, FILE* stream) {
  const auto error = error_from(reply);
  if (!reason_from_name(reply.body.string_or("reason", ""))) return out.error(error);
  const auto text =
      out.json() ? reply.body.dump() + "\n" : refusal_text(reply, asked, LogStyle::of(stream), SystemClock().now());
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
  return exit_code(error.reason);
}

}  // namespace watchword::job
