// Randomness is a parameter. Nothing else in the tree calls getrandom or RAND_bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/clock.h"

namespace watchword {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;  // threads: safe to call from any
};

// The kernel's generator. Aborts when it fails: no answer is safe without it.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

// A repeatable sequence, for tests and fuzzing only. Not safe to share between threads.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::uint8_t> out) override;

 private:
  std::uint64_t state_;
};

// 26 characters that sort by time (ULID): 48 bits of milliseconds, 80 random bits. Names records and sessions.
std::string make_ulid(Time now, Random& random);
// `bytes` random bytes in base64url, for jti, nonces and the like.
std::string random_token(Random& random, std::size_t bytes = 16);

}  // namespace watchword
