// A job's access to one resource: where it is, and the token for it, renewed before it ends and given back at the end.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"
#include "http/message.h"
#include "job/gate_client.h"
#include "job/proof_key.h"
#include "net/task.h"

namespace watchword::job {

// What a resource is for the tools of a job (policy `kind`); the answer of the token endpoint says it.
enum class Kind : std::uint8_t { api, git, docker, kubernetes, tcp };
std::string_view name(Kind kind);
std::optional<Kind> kind_from_name(std::string_view name);

// Where a resource is, as the gate says it (docs/api.md, `resources`).
struct Place {
  std::string name;
  Kind kind = Kind::api;
  std::string url;         // of the gateway with the resource's host or prefix; tcp: of the gateway, for CONNECT
  std::uint16_t port = 0;  // tcp only: the port of its upstream, which CONNECT names
};

// RESOURCE or RESOURCE/ACTION, as exec and token get take them.
struct Wanted {
  std::string resource;
  std::vector<std::string> actions;  // empty: all that the job's roles name
};

// The gate, the job's own credentials and the key that proves them. Shared by all accesses of a run; outlives them.
// Any thread.
struct Holder {
  http::Origin gate;
  std::shared_ptr<net::TlsClientContext> tls;  // null: plain, on loopback
  Secret id_token;
  Secret job_token;  // empty: none is offered
  ProofKey key;
  Nonce nonce;  // the gate's newest, for the token endpoint and the gateway alike
  const Clock& clock;
  Random& random;
  Duration retry_for = std::chrono::seconds(20);  // how long a gate that gives no answer is asked again
};

// Immutable; replaced whole by the next.
struct Token {
  Secret value;
  bool bound = false;  // to the holder's key: it is shown as DPoP, with a proof
  Time ends;
};

class Access {
 public:
  // `bound` false: a bearer token, for tools that cannot prove anything (RFC 6750). `explain`: asks the gate for what
  // it evaluated; see last_reply(). The holder outlives it.
  Access(Holder& holder, Wanted wanted, bool bound = true, bool explain = false);
  ~Access();
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;

  // Exchanges the ID token (RFC 8693, RFC 9449) and keeps what it gets. On the current loop. A refusal is a Reply with
  // its status; gate_unreachable, gate_untrusted otherwise. Once a token is there place() is known. A failed renewal
  // leaves the token in hand.
  net::Task<Result<Reply>> renew();
  // RFC 7009: what is left of the token's life is given back. What fails is the gate's loss: it ends by itself.
  net::Task<void> revoke();

  const Wanted& wanted() const;
  // After the first success; immutable from then on.
  const Place& place() const;
  std::shared_ptr<const Token> token() const;  // any thread; null before the first
  // What a request to the gateway carries: `authorization` (CONNECT: `proxy-authorization`), and `dpop` for a bound
  // token. `url`: scheme, authority and path, without query; for CONNECT as the gate reads it (access/request_door.h).
  http::Headers credentials(std::string_view method, std::string_view url) const;  // any thread

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace watchword::job
