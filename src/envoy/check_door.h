// The door's steps behind Envoy, whichever of its filters asks: from the question to the answer.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "access/assertion.h"
#include "access/flights.h"
#include "access/request_door.h"
#include "access/token_service.h"
#include "envoy/check_reply.h"
#include "envoy/check_request.h"

namespace watchword::envoy {

// What the way in can do about a request that it lets through.
struct Abilities {
  bool ends = false;         // it is told when the request is over, and can end it before: what runs on may pass
  bool sets_target = false;  // it can give the backend another spelling of the path
};

struct Refused {
  access::Refusal refusal;
  bool error;  // no answer, so that Envoy must not take it for a denial
};
template <class T>
using Verdict = std::expected<T, Refused>;

// In which form a refusal is told to who came to Envoy.
struct Client {
  access::Speaks speaks;
  bool tls;  // it came by TLS, as Envoy says
};
Client client_of(const http::RequestHead& request);

// A request that may pass: what Envoy is to be told, and what it rests on.
struct Passage {
  audit::Entry entry;  // not yet on record
  Allowed allowed;     // all but the assertion
  access::TokenService::Presented presented;
  std::shared_ptr<const policy::Policy> policy;
  std::string_view resource, action;  // of that policy
  access::Flight::Asker asker;
  access::Allowance::Lease lease;
};

// Counts watchword_envoy_checks. Any loop; the parts outlive it.
class CheckDoor {
 public:
  CheckDoor(access::TokenService& service, access::Assertions& assertions, access::RequestRecords records);

  // The same steps as the built-in proxy's, up to where it forwards. A refusal is on record.
  net::Task<Verdict<Passage>> decide(CheckRequest asked, Abilities abilities);
  // Puts it on record and makes the assertion. Once; what stays of the passage is what it rests on.
  net::Task<Verdict<Allowed>> let_through(Passage& passage);

  // What the client is told. Its status stays the HTTP one also for a client that speaks gRPC: Envoy makes 200 of it,
  // and a 200 of ours would be an allow in the HTTP form of ext_authz.
  access::RefusalReply client_reply(const access::Refusal& refusal, Client client) const;
  const access::RequestDoor& door() const { return door_; }
  void failed() { failed_.add(); }  // a question that is none

 private:
  Counter& counter(std::string_view decision);
  std::unexpected<Refused> refuse(audit::Entry entry, Error error, const access::Session* session);
  std::unexpected<Refused> fail_with(Error error, std::string record);

  access::TokenService& service_;
  access::Assertions& assertions_;
  access::RequestDoor door_;
  Counter& allowed_;
  Counter& denied_;
  Counter& failed_;
};

}  // namespace watchword::envoy
