// watchword token exchange
#include "job/exchange.h"

namespace watchword::job {

int token_exchange(const ExchangeOptions& options, const Output& out) {
  auto reply = exchange(options);
  if (!reply) return out.error(reply.error());
  if (reply->status / 100 != 2) return print_refusal(*reply, out);
  if (options.token_only)
    out.line(reply->body.string_or("access_token", ""));
  else
    out.value(reply->body);
  return kOk;
}

}  // namespace watchword::job
