#include "net/loop.h"

#include <gtest/gtest.h>

#include <latch>

namespace watchword::net {
namespace {

using std::chrono::milliseconds;

TEST(Loop, RunsPostedWorkInOrderOnItsOwnThread) {
  LoopPool pool(2);
  std::latch done(1);
  std::string order;
  Loop* loop = pool.loops()[1];
  bool there = false;
  for (char c : std::string("abc")) loop->post([&order, c] { order += c; });
  loop->post([&] {
    there = Loop::current() == loop;
    done.count_down();
  });
  done.wait();
  EXPECT_EQ(order, "abc");
  EXPECT_TRUE(there);
  EXPECT_EQ(Loop::current(), nullptr);
}

Task<int> slow(int value) {
  co_await Loop::current()->sleep(milliseconds(1));
  co_return value;
}

TEST(Task, GivesItsValueToItsAwaiterAfterWaiting) {
  const int sum = run_blocking([]() -> Task<int> { co_return co_await slow(1) + co_await slow(2); }());
  EXPECT_EQ(sum, 3);
}

Task<int> count_down(int from) {
  if (from == 0) co_return 0;
  co_return 1 + co_await count_down(from - 1);
}

TEST(Task, ThatNeverWaitsDoesNotGrowTheStackPerIteration) {
  const int total = run_blocking([]() -> Task<int> {
    int sum = 0;
    for (int i = 0; i < 100'000; ++i) sum += co_await count_down(1);
    co_return sum;
  }());
  EXPECT_EQ(total, 100'000);
}

TEST(Delivery, ReachesTheWaiterOnItsOwnLoopWhicheverComesFirst) {
  for (const bool deliver_first : {true, false}) {
    auto box = std::make_shared<Delivery<std::string>>();
    std::thread sender;
    const std::string got = run_blocking([](auto box_, bool first, std::thread& sender_) -> Task<std::string> {
      sender_ = std::thread([box_] { box_->deliver("word"); });
      if (first) sender_.join();
      Loop* const here = Loop::current();
      std::string value = co_await *box_;
      EXPECT_EQ(Loop::current(), here);
      co_return value;
    }(box, deliver_first, sender));
    if (sender.joinable()) sender.join();
    EXPECT_EQ(got, "word");
  }
}

struct Flag {
  bool& set;
  ~Flag() { set = true; }
};

Task<void> wait_for_ever(bool& freed) {
  const Flag flag{freed};
  co_await Loop::current()->sleep(std::chrono::hours(24));
}

TEST(Loop, FreesTasksThatStillWaitWhenItEnds) {
  bool freed = false;
  {
    LoopPool pool(1);
    std::latch started(1);
    pool.loops().front()->post([&] {
      spawn(wait_for_ever(freed));
      started.count_down();
    });
    started.wait();
    EXPECT_FALSE(freed);
  }
  EXPECT_TRUE(freed);
}

}  // namespace
}  // namespace watchword::net
