// Derives the public form of the log (C2SP tlog-tiles: tiles, entry bundles, checkpoint) from the store, in a
// directory.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "crypto/key.h"
#include "store/store.h"

namespace watchword::audit {

struct PublisherOptions {
  std::string directory;
  std::string origin;                       // also the key's name
  std::chrono::milliseconds interval{200};  // at most this long after an entry a checkpoint covers it
  Metrics* metrics = nullptr;
};

// Owns one thread. Publishes tiles first, then the checkpoint, all by atomic rename and synced in that order, so that a
// checkpoint never names what is not there. After a crash it goes on from what the directory holds; a directory that
// disagrees with the store is an error (log_inconsistent) and is never overwritten.
class Publisher {
 public:
  // `store` must outlive the publisher, which takes its on_grown. Errors: config_invalid, key_invalid, log_* and
  // file_unwritable; the store's newest entries are compared with the files, older ones are covered by the root hash.
  static Result<std::unique_ptr<Publisher>> start(store::Store& store, crypto::PrivateKey key,
                                                  PublisherOptions options);
  virtual ~Publisher() = default;    // publishes what is durable, then stops
  virtual Status publish_now() = 0;  // waits until all that is durable now is published
  virtual std::uint64_t published_size() const = 0;
};

}  // namespace watchword::audit
