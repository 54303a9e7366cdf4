// The offline verifier: a copy of the log's directory and the public key are all it needs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "audit/checkpoint.h"
#include "base/result.h"

namespace watchword::audit {

struct Verified {
  Checkpoint checkpoint;
  std::uint64_t entries = 0;
  std::uint64_t tiles = 0;
  bool consistent_with_earlier = false;  // an earlier checkpoint was given, and holds
};

// Reads every entry and every tile up to the checkpoint. On failure the error's `where` names the first bad entry
// ("entry 41") or tile ("tile/0/x001/234"), and found/expected hold the hashes. An entry must also be canonical JSON.
// `earlier`: a checkpoint note kept from before; the log must be an extension of it.
Result<Verified> verify_log(const std::string& directory, const CheckpointVerifier& key,
                            std::optional<std::string_view> earlier = {});

// Entries of a log directory one after another, for show, search and export. Unverified: verify first.
Status each_entry(const std::string& directory, std::uint64_t from,
                  const std::function<bool(std::uint64_t index, std::string_view entry)>& each);  // false stops

}  // namespace watchword::audit
