// Sends a local caller's requests through the gate, each with a fresh proof, and passes the answers back.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "http/abort.h"
#include "http/client.h"
#include "http/handler.h"
#include "job/held_body.h"
#include "job/local_forward.h"
#include "job/refusal.h"

namespace watchword::job {

// Made anywhere, and used on one loop only; destroyed after that has stopped.
class LocalForwarder {
 public:
  // All functions are called on the loop.
  struct Way {
    Site site;
    std::shared_ptr<net::TlsClientContext> tls;  // null: plain
    // What a request to the gateway carries (Access::credentials).
    std::function<http::Headers(std::string_view method, std::string_view url)> credentials;
    std::function<void(std::string_view nonce)> saw_nonce;
    // Sees to it that the next proof will not be refused for its nonce. Does nothing where it will not.
    std::function<net::Task<void>()> renew_nonce;
    // A refusal of the gate that passed. Status 0: a request without an answer, where the body says why, or one whose
    // answer was cut, where it is null.
    std::function<void(const Reply& refusal)> on_refusal;
  };
  explicit LocalForwarder(Way way);
  LocalForwarder(const LocalForwarder&) = delete;
  LocalForwarder& operator=(const LocalForwarder&) = delete;

  // `base`: what stood before the path (admit()).
  net::Task<void> forward(http::Exchange& exchange, std::string base);
  // Cuts what is under way, and all that comes after.
  void stop();

 private:
  struct Flight;
  using Response = std::unique_ptr<http::ClientResponse>;

  net::Task<Result<Response>> ask(const http::RequestHead& head, HeldBody* upload, http::Abort& abort);
  net::Task<void> answer(http::Exchange& exchange, http::ClientResponse& response, const std::string& local,
                         const http::Abort& abort);
  net::Task<void> tell_trouble(http::Exchange& exchange, const Error& error, bool grpc);
  http::Client& client_for(const http::RequestHead& head);

  Way way_;
  std::unique_ptr<http::Client> client_, grpc_client_;
  std::set<http::Abort*> under_way_;
  bool stopped_ = false;
};

bool is_grpc_call(const http::RequestHead& request);
// Tells a local caller what this side refuses, in its protocol.
net::Task<void> refuse(http::Exchange& exchange, const Error& error, int status, bool grpc);

}  // namespace watchword::job
