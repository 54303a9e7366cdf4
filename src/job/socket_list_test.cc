#include "job/socket_list.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace watchword::job {
namespace {

constexpr std::string_view kHeading =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const SocketEnd kTheirs{"127.0.0.1", 0x8124}, kOurs{"127.0.0.1", 0x1F90};

std::string line(std::string_view ends, std::string_view uid, std::string_view inode) {
  return fmt::format(
      "   3: {} 01 00000000:00000000 00:00000000 00000000  {}        0 {} 1 0000000000000000 20 4 30 10 -1\n", ends,
      uid, inode);
}
const std::string kEnds = "0100007F:8124 0100007F:1F90";

std::optional<std::uint32_t> owner_in(std::string_view list, std::size_t piece = 4096) {
  auto looking = SocketList::looking_for(kTheirs, kOurs);
  EXPECT_TRUE(looking);
  for (; !list.empty(); list.remove_prefix(std::min(piece, list.size()))) looking->feed(list.substr(0, piece));
  return looking->owner();
}

TEST(SocketList, NamesWhoseTheOtherEndIs) {
  const std::string others = line("0100007F:1F90 0100007F:8124", "0", "7") +
                             line("0100007F:8124 0100007F:1F91", "8", "7") +
                             line("0200007F:8124 0100007F:1F90", "9", "7");
  const auto list = std::string(kHeading) + others + line(kEnds, "1000", "4711") + others;
  EXPECT_EQ(owner_in(list), 1000u);
  for (std::size_t piece = 1; piece < 200; piece += 7) EXPECT_EQ(owner_in(list, piece), 1000u) << piece;
  EXPECT_EQ(owner_in(std::string(kHeading) + others), std::nullopt);
  EXPECT_EQ(owner_in(""), std::nullopt);
}

TEST(SocketList, KnowsIpv4ThroughAnIpv6Socket) {
  const std::string zeros = "0000000000000000FFFF0000";
  EXPECT_EQ(owner_in(line(zeros + "0100007F:8124 " + zeros + "0100007F:1F90", "1000", "4711")), 1000u);
  EXPECT_EQ(owner_in(line(zeros + "0100007F:8124 0100007F:1F90", "1000", "4711")), std::nullopt);
}

// A connection whose process closed it stays for a while, and the kernel then names root, which may call.
TEST(SocketList, DoesNotTakeAConnectionThatNobodyHasOpenForOneOfRoot) {
  EXPECT_EQ(owner_in(line(kEnds, "0", "0")), std::nullopt);
  EXPECT_EQ(owner_in(line(kEnds, "0", "0") + line(kEnds, "1000", "4711")), 1000u);
}

TEST(SocketList, BelievesNothingOfWhatIsNoLineOfOne) {
  EXPECT_EQ(owner_in(line(kEnds, "-1", "4711")), std::nullopt);
  EXPECT_EQ(owner_in(line(kEnds, "4294967296", "4711")), std::nullopt);
  EXPECT_EQ(owner_in(line(kEnds, "10x", "4711")), std::nullopt);
  EXPECT_EQ(owner_in(line(kEnds, "1000", "x")), std::nullopt);
  EXPECT_EQ(owner_in("   3: " + kEnds + " 01\n"), std::nullopt);
  EXPECT_EQ(owner_in("   3: " + kEnds + "\n"), std::nullopt);
  const auto whole = line(kEnds, "1000", "4711");
  EXPECT_EQ(owner_in(whole.substr(0, whole.size() - 1)), std::nullopt);  // perhaps not whole
  EXPECT_EQ(owner_in("   3: " + std::string(600, ' ') + whole), std::nullopt);
  EXPECT_EQ(owner_in(std::string(600, 'x') + "\n" + whole), 1000u);
}

TEST(SocketList, TrustsNeitherOfTwoUsers) {
  EXPECT_EQ(owner_in(line(kEnds, "1000", "4711") + line(kEnds, "0", "4712")), std::nullopt);
  EXPECT_EQ(owner_in(line(kEnds, "1000", "4711") + line(kEnds, "1000", "4711")), 1000u);
}

TEST(SocketList, LooksForIpv4Only) {
  EXPECT_FALSE(SocketList::looking_for({"[::1]", 1}, kOurs));
  EXPECT_FALSE(SocketList::looking_for(kTheirs, {"localhost", 1}));
}

}  // namespace
}  // namespace watchword::job
