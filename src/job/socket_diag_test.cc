#include "job/socket_diag.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include <functional>

namespace watchword::job {
namespace {

struct Answer {
  nlmsghdr head{};
  inet_diag_msg found{};
};
static_assert(sizeof(Answer) == NLMSG_LENGTH(sizeof(inet_diag_msg)));

std::string answer(const std::function<void(Answer&)>& change = [](Answer&) {}) {
  Answer whole;
  whole.head.nlmsg_len = sizeof whole;
  whole.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  whole.found.id.idiag_sport = htons(33060);
  whole.found.id.idiag_dport = htons(8080);
  whole.found.idiag_uid = 1000;
  whole.found.idiag_inode = 4711;
  change(whole);
  return {reinterpret_cast<const char*>(&whole), sizeof whole};
}

TEST(SocketDiag, NamesWhoseTheOtherEndIs) {
  EXPECT_EQ(owner_in_diag(answer(), 33060, 8080), 1000u);
  EXPECT_EQ(owner_in_diag(answer() + std::string(100, 'x'), 33060, 8080), 1000u);  // what else the kernel tells
}

TEST(SocketDiag, DoesNotTakeAConnectionThatNobodyHasOpenForOneOfRoot) {
  EXPECT_EQ(owner_in_diag(answer([](Answer& of) { of.found.idiag_uid = of.found.idiag_inode = 0; }), 33060, 8080),
            std::nullopt);
}

TEST(SocketDiag, BelievesNoAnswerToAnotherQuestion) {
  EXPECT_EQ(owner_in_diag(answer(), 33061, 8080), std::nullopt);
  EXPECT_EQ(owner_in_diag(answer(), 33060, 0), std::nullopt);
  EXPECT_EQ(owner_in_diag(answer([](Answer& of) { of.found.id.idiag_dport = 0; }), 33060, 8080), std::nullopt);
  EXPECT_EQ(owner_in_diag(answer([](Answer& of) { of.head.nlmsg_type = NLMSG_ERROR; }), 33060, 8080), std::nullopt);
  EXPECT_EQ(owner_in_diag(answer([](Answer& of) { of.head.nlmsg_len = 20; }), 33060, 8080), std::nullopt);
  EXPECT_EQ(owner_in_diag(answer([](Answer& of) { ++of.head.nlmsg_len; }), 33060, 8080), std::nullopt);
  const auto whole = answer();
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(owner_in_diag(whole.substr(0, size), 33060, 8080), std::nullopt);
}

}  // namespace
}  // namespace watchword::job
