// What reading and writing the messages of ext_authz and of ext_proc have in common. For .cc files only, as it brings
// in protobuf.
#pragma once

#include <google/protobuf/arena.h>

#include <array>
#include <span>
#include <string_view>

#include "base/result.h"
#include "envoy/check_request.h"
#include "proto/ext_authz.pb.h"

namespace watchword::envoy {

// Holds the messages of a request with some twenty headers without asking for memory.
class UsualArena {
 public:
  template <class Message>
  Message& make() {
    return *google::protobuf::Arena::CreateMessage<Message>(&arena_);
  }

 private:
  static google::protobuf::ArenaOptions starting_in(std::span<char> block) {
    google::protobuf::ArenaOptions options;
    options.initial_block = block.data();
    options.initial_block_size = block.size();
    return options;
  }

  alignas(8) std::array<char, 4 * 1024> block_;  // NOLINT(cppcoreguidelines-pro-type-member-init): the arena's
  google::protobuf::Arena arena_{starting_in(block_)};
};

// The question in a message that has been parsed, from which it is moved. The promises of read_check_request.
Result<CheckRequest> read_check(wire::CheckRequest& message);

// The header with which the client's own of that name is overwritten; its value is left to the caller.
wire::HeaderValue& overwrite(wire::HeaderValueOption& option, std::string_view name);

}  // namespace watchword::envoy
