// Where the command of `watchword exec` finds its resources: one listener for each, on loopback or a Unix socket, that
// forwards what comes through the gate with fresh proofs. Only processes of this run's user, that know the run's
// secret, may use it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"
#include "job/access.h"

namespace watchword::job {

class LocalGate {
 public:
  struct Options {
    // Instead of ports; in a folder of its own (0700) in $XDG_RUNTIME_DIR, $TMPDIR or /tmp.
    bool unix_sockets = false;
    // For the run to tell, and to look whether its session still lives: a refusal of the gate's own that passed
    // (problem+json, or a gRPC status); or with status 0 a request without an answer, or a connection of another user's
    // process, whose body says why, or an answer that was cut, whose body is null. On a thread of the gate's; may be
    // called often, also by whoever attacks.
    std::function<void(const Reply& refusal)> on_refusal;
  };
  // What a command needs to reach one resource.
  struct Door {
    // http://127.0.0.1:PORT/SECRET, without slash at its end; tcp: tcp://127.0.0.1:PORT. With sockets
    // http+unix://SOCKET/SECRET, tcp: unix://SOCKET, with the path percent-encoded, as curl and requests-unixsocket do.
    std::string url;
    std::string host;  // 127.0.0.1; empty with sockets
    std::uint16_t port = 0;
    std::string socket;  // path; empty without sockets
  };
  // The accesses have a token, and outlive it. listener_unavailable.
  static Result<std::unique_ptr<LocalGate>> start(const std::vector<Access*>& accesses, Holder& holder,
                                                  Options options);
  virtual ~LocalGate() = default;  // closes the listeners, cuts what is under way, removes the sockets
  virtual const std::vector<Door>& doors() const = 0;  // in the accesses' order
  // The run's secret as a header, `Watchword-Run: VALUE`, for tools that cannot have a path before their own (gRPC).
  // Part of the command's environment; nothing that the gate would take.
  virtual const Secret& run_secret() const = 0;
};

}  // namespace watchword::job
