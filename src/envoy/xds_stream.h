// One stream of Envoy's discovery, from the gate's side (Envoy's documentation, "xDS REST and gRPC protocol"): what
// Envoy wants, has taken and has refused, and what it is told next. Does no I/O, knows no clock.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "envoy/xds_message.h"

namespace watchword::envoy {

// Feed it requests with receive() and snapshots with offer(), and after each send all that next() has. At most one
// response of a type is on its way, so what changes meanwhile is told together. Not thread-safe.
class XdsStream {
 public:
  explicit XdsStream(XdsForm form) : form_(form) {}

  // An error (http_too_large): more names than may be; the stream is to end.
  Status receive(XdsRequest request);
  void offer(std::shared_ptr<const XdsSnapshot> snapshot) { snapshot_ = std::move(snapshot); }  // the newest
  // The next message; nullopt: none for now. Those of a snapshot come in the order of kXdsTypes.
  std::optional<std::string> next();

  struct TypeStatus {
    bool asked = false;         // Envoy wants some of this type
    std::string wanted = {};    // version of the newest snapshot
    std::string taken = {};     // the last that Envoy said yes to; empty: none
    std::uint64_t refused = 0;  // responses that it said no to
    std::string refusal = {};   // why, while what was sent last is refused; printable
  };
  TypeStatus status(XdsType type) const;
  XdsForm form() const { return form_; }

 private:
  struct Subscription {
    bool asked = false, everything = false, named = false;  // named: has ever asked by name
    bool due = false;                                       // an answer, also where nothing is new
    bool waiting = false;                                   // for yes or no to the response with `nonce`
    std::set<std::string, std::less<>> names;
    std::string nonce, sent, taken, refusal;  // versions of the set
    std::uint64_t refused = 0;
    std::map<std::string, std::string, std::less<>> told;  // delta: versions by name; empty: told that there is none
  };
  Status want_sotw(Subscription& subscription, XdsType type, XdsRequest& request) const;
  Status want_delta(Subscription& subscription, XdsType type, XdsRequest& request) const;
  static void keep_up(Subscription& subscription);
  std::optional<XdsResponse> sotw(Subscription& subscription, XdsType type) const;
  std::optional<XdsResponse> delta(Subscription& subscription, XdsType type) const;

  XdsForm form_;
  std::uint64_t last_nonce_ = 0;
  std::shared_ptr<const XdsSnapshot> snapshot_;
  std::array<Subscription, kXdsTypes.size()> subscriptions_;
};

}  // namespace watchword::envoy
