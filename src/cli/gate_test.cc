// A whole gate as `serve` starts it, with a clock that the test moves: the policy on disk comes into force, whenever it
// is edited and whatever kept it out.
#include "cli/gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/file.h"
#include "support/temporary_directory.h"

namespace watchword::cli {
namespace {

class NoNetwork final : public http::Fetcher {
 public:
  Result<http::FetchReply> send(const http::FetchRequest& request, const http::FetchOptions&) override {
    return fail(Reason::issuer_unavailable, request.url, "a network");
  }
};

// The gate's threads read it while the test moves it.
class TestClock final : public Clock {
 public:
  Time now() const override {
    if (at_each_look) at_each_look();
    return from_unix(seconds_);
  }
  void advance(std::int64_t seconds) { seconds_ += seconds; }
  std::function<void()> at_each_look;  // set before the gate starts, and not changed while it runs

 private:
  std::atomic<std::int64_t> seconds_ = 1'790'000'000;
};

class GateOnDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(make_directories(folder_.file("policy")).has_value());
    write("policy/a.yaml", policy(""));
    write("sealing.key", std::string(64, 'a'));
    write("watchword.yaml", R"(url: http://127.0.0.1:1
listen: { api: "127.0.0.1:0", gateway: "127.0.0.1:0", admin: "unix:)" +
                                folder_.file("admin.sock") + R"(" }
store: sqlite://state.db
policy: policy
sealing_key: file:)" + folder_.file("sealing.key") +
                                R"(
log: { directory: log }
issuers:
  gitlab: { profile: gitlab, url: https://gitlab.example.com, audience: https://gate.example.com }
)");
    ASSERT_TRUE(make_directories(folder_.file("log")).has_value());
  }
  void write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(write_file_atomically(folder_.file(name), text).has_value());
  }
  static std::string policy(const std::string& inject) {
    return "resources:\n  api:\n    http: { upstream: http://127.0.0.1:1, host: api.test" + inject +
           " }\n    actions: { read: { methods: [GET] } }\n";
  }
  void start() {
    auto config = load_config(folder_.file("watchword.yaml"));
    ASSERT_TRUE(config.has_value()) << to_string(config.error().front());
    auto gate = Gate::start(*std::move(config), network_, clock_, random_);
    ASSERT_TRUE(gate.has_value()) << to_string(gate.error().front());
    gate_ = *std::move(gate);
  }
  std::string on_disk() const { return policy::Policy::load(folder_.file("policy")).value()->digest(); }
  std::string in_force() const { return gate_->readiness().front().detail; }
  bool eventually(const std::function<bool()>& holds) const {
    for (int i = 0; i < 1000 && !holds(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return holds();
  }

  testing::TemporaryDirectory folder_;
  NoNetwork network_;
  TestClock clock_;
  SystemRandom random_;
  std::unique_ptr<Gate> gate_;
};

TEST_F(GateOnDisk, AnEditWhileItStartsIsTakenUp) {
  // start() looks at the clock before and after it has read the policy: an edit at each look leaves one that it has
  // not read.
  const auto starting = std::this_thread::get_id();
  clock_.at_each_look = [&, edits = 0]() mutable {
    if (std::this_thread::get_id() == starting)
      write("policy/a.yaml", policy("") + "# edit " + std::to_string(++edits));
  };
  start();
  ASSERT_NE(on_disk(), "");
  EXPECT_TRUE(eventually([&] { return in_force() == on_disk(); })) << in_force();
}

TEST_F(GateOnDisk, WhatWasRefusedIsTriedAgainWhenItsCauseMayHavePassed) {
  start();
  auto before = in_force();
  write("policy/a.yaml", policy(", inject: [{ header: x-key, secret: \"file:" + folder_.file("late.key") + "\" }]"));
  ASSERT_TRUE(eventually([&] { return in_force().contains("secret_unavailable"); })) << in_force();
  write("late.key", "s3cr3t");
  EXPECT_TRUE(eventually([&] {
    clock_.advance(5);
    return in_force() == on_disk();
  })) << in_force();
  EXPECT_NE(in_force(), before);
}

}  // namespace
}  // namespace watchword::cli
