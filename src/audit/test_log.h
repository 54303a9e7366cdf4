// For tests: a store in memory, a fixed key and a folder in which the log is published.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "audit/checkpoint.h"
#include "audit/entry.h"
#include "audit/publisher.h"
#include "base/file.h"
#include "store/store.h"

namespace watchword::audit {

inline constexpr const char* kTestOrigin = "gate.example.com/log";

inline crypto::PrivateKey test_key(std::uint8_t seed = 7) {
  return crypto::PrivateKey::from_ed25519_seed(Bytes(32, seed)).value();
}

inline std::string test_entry(std::uint64_t index, std::string_view path = "/v1/invoices") {
  Entry entry;
  entry.id = "01J" + std::to_string(index);
  entry.time = from_unix(1'790'000'000 + static_cast<std::int64_t>(index));
  entry.event = Event::request;
  entry.outcome = index % 3 == 0 ? Outcome::deny : Outcome::allow;
  entry.who = R"({"issuer":"gitlab","job":")" + std::to_string(index) + R"(","kind":"job"})";
  entry.path = path;
  return to_canonical(entry);
}

class TestLog {
 public:
  TestLog() : store_(store::open_store({.url = "sqlite::memory:"}).value()) {
    std::string name = ::testing::TempDir() + "log.XXXXXX";
    directory_ = ::mkdtemp(name.data());
  }
  TestLog(const TestLog&) = delete;
  TestLog& operator=(const TestLog&) = delete;
  ~TestLog() { std::filesystem::remove_all(directory_); }

  const std::string& directory() const { return directory_; }
  store::Store& store() { return *store_; }
  void new_store() { store_ = store::open_store({.url = "sqlite::memory:"}).value(); }

  void add(std::uint64_t count, std::string_view path = "/v1/invoices") {
    store::Batch batch;
    const std::uint64_t size = store_->log_size().value();
    for (std::uint64_t i = 0; i < count; ++i) batch.entries.push_back(test_entry(size + i, path));
    ASSERT_TRUE(store_->commit_and_wait(std::move(batch)).has_value());
  }
  Result<std::unique_ptr<Publisher>> start(std::uint8_t seed = 7) {
    return Publisher::start(*store_, test_key(seed),
                            {.directory = directory_, .origin = kTestOrigin, .interval = std::chrono::milliseconds(1)});
  }
  void publish() {
    auto publisher = start();
    ASSERT_TRUE(publisher.has_value()) << to_string(publisher.error());
    const auto published = (*publisher)->publish_now();
    ASSERT_TRUE(published.has_value()) << to_string(published.error());
  }
  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  std::string read(const std::string& name) const { return read_file(path(name), 1 << 26).value(); }
  void write(const std::string& name, std::string_view content) const {
    std::ofstream(path(name), std::ios::binary) << content;
  }
  bool has(const std::string& name) const { return std::filesystem::exists(path(name)); }
  static CheckpointVerifier verifier(std::uint8_t seed = 7) {
    return CheckpointVerifier::from_verifier_key(verifier_key(kTestOrigin, test_key(seed).public_key())).value();
  }

 private:
  std::unique_ptr<store::Store> store_;
  std::string directory_;
};

}  // namespace watchword::audit
