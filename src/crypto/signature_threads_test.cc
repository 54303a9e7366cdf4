// A key is used from any thread (run under ThreadSanitizer by ./dev).
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "crypto/key.h"

namespace watchword::crypto {
namespace {

TEST(KeyThreads, OneKeySignsAndVerifiesOnManyThreadsAtOnce) {
  for (const KeyType type : {KeyType::p256, KeyType::ed25519}) {
    const PrivateKey key = PrivateKey::generate(type).value();
    const Algorithm algorithm = type == KeyType::p256 ? Algorithm::es256 : Algorithm::eddsa;
    std::atomic<int> good = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 4; ++i)
        threads.emplace_back([&, message = std::to_string(i)] {
          for (int round = 0; round < 25; ++round)
            if (key.public_key().verify(algorithm, message, key.sign(algorithm, message).value())) ++good;
        });
    }
    EXPECT_EQ(good, 100) << name(type);
  }
}

}  // namespace
}  // namespace watchword::crypto
