// The promise: whichever byte of a log's copy is changed, lost or added, the verifier names what is wrong.
#include "audit/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audit/log_directory.h"
#include "audit/test_log.h"
#include "audit/tile.h"
#include "audit/tile_tree.h"

namespace watchword::audit {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kSize = 600;

class VerifyLog : public ::testing::Test {
 protected:
  void SetUp() override {
    log_.add(kSize);
    log_.publish();
  }
  Result<Verified> verify(std::optional<std::string_view> earlier = {}) {
    return verify_log(log_.directory(), TestLog::verifier(), earlier);
  }
  void expect(const Result<Verified>& result, Reason reason, const std::string& where) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(name(result.error().reason), name(reason)) << to_string(result.error());
    EXPECT_EQ(result.error().where, where) << to_string(result.error());
  }
  // Verifies with `file` changed to `content`, and puts it back.
  void expect_with(const std::string& file, const std::string& content, Reason reason, const std::string& where) {
    const std::string good = log_.read(file);
    log_.write(file, content);
    expect(verify(), reason, where);
    log_.write(file, good);
  }
  void sign(const Checkpoint& checkpoint) { log_.write("checkpoint", sign_checkpoint(checkpoint, test_key()).value()); }
  TestLog log_;
};

TEST_F(VerifyLog, AcceptsWhatWasPublished) {
  const auto verified = verify();
  ASSERT_TRUE(verified.has_value()) << to_string(verified.error());
  EXPECT_EQ(verified->entries, kSize);
  EXPECT_EQ(verified->tiles, 4u);
  EXPECT_FALSE(verified->consistent_with_earlier);
}

TEST_F(VerifyLog, NamesTheEntryOfEveryFlippedByteOfABundle) {
  for (const auto& [file, first] : {std::pair{"tile/entries/000", 0u}, {"tile/entries/002.p/88", 512u}}) {
    const std::string good = log_.read(file);
    std::size_t begin = 0;
    std::string_view rest = good;
    for (std::uint64_t index = first; !rest.empty(); ++index) {
      ASSERT_TRUE(take_entry(rest).has_value());
      const std::size_t end = good.size() - rest.size();
      if (index < 250 && index % 16 != 9) {
        begin = end;
        continue;
      }
      // Both bytes of the length, the entry's first and last, and one in between.
      for (const std::size_t at : {begin, begin + 1, begin + 2, begin + 2 + index % (end - begin - 2), end - 1}) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ (1 << index % 8));
        log_.write(file, bad);
        expect(verify(), Reason::log_entry_corrupt, "entry " + std::to_string(index));
        if (HasFailure()) return;
      }
      begin = end;
    }
    log_.write(file, good);
  }
}

TEST_F(VerifyLog, NamesTheTileOfEveryFlippedByteOfATile) {
  for (const std::string file : {"tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"}) {
    const std::string good = log_.read(file);
    for (std::size_t at = 0; at < good.size(); at += good.size() > 100 ? 201 : 1) {
      std::string bad = good;
      bad[at] ^= 4;
      expect_with(file, bad, Reason::log_tile_corrupt, file);
      if (HasFailure()) return;
    }
  }
}

TEST_F(VerifyLog, RefusesEveryFlippedByteOfTheCheckpoint) {
  const std::string good = log_.read("checkpoint");
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] ^= 1;
    expect_with("checkpoint", bad, Reason::log_checkpoint_invalid, "checkpoint");
  }
}

TEST_F(VerifyLog, RefusesAnotherKey) {
  expect(verify_log(log_.directory(), TestLog::verifier(8)), Reason::log_checkpoint_invalid, "checkpoint");
}

TEST_F(VerifyLog, NamesEveryMissingFile) {
  for (const std::string file :
       {"checkpoint", "tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/001", "tile/entries/002.p/88"}) {
    const std::string good = log_.read(file);
    std::filesystem::remove(log_.path(file));
    expect(verify(), Reason::log_incomplete, file);
    std::filesystem::create_directory(log_.path(file));
    expect(verify(), Reason::log_incomplete, file);
    std::filesystem::remove(log_.path(file));
    log_.write(file, good);
  }
  EXPECT_TRUE(verify().has_value());
}

TEST_F(VerifyLog, NamesWhatIsCutOrAdded) {
  const std::string bundle = log_.read("tile/entries/001"), tile = log_.read("tile/0/001");
  expect_with("tile/entries/001", bundle + "x", Reason::log_entry_corrupt, "tile/entries/001");
  expect_with("tile/entries/001", bundle + encode_bundle({"{}"}), Reason::log_entry_corrupt, "tile/entries/001");
  expect_with("tile/entries/001", bundle.substr(0, bundle.size() - 1), Reason::log_entry_corrupt, "entry 511");
  expect_with("tile/entries/001", "", Reason::log_entry_corrupt, "entry 256");
  expect_with("tile/0/001", tile + tile, Reason::log_tile_corrupt, "tile/0/001");
  expect_with("tile/0/001", tile.substr(32), Reason::log_tile_corrupt, "tile/0/001");
  expect_with("tile/0/002.p/88", "", Reason::log_tile_corrupt, "tile/0/002.p/88");
}

TEST_F(VerifyLog, NamesEntriesThatWereSwappedRemovedOrDoubled) {
  const std::string good = log_.read("tile/entries/000");
  std::vector<std::string> entries;
  for (const auto entry : decode_bundle(good).value()) entries.emplace_back(entry);
  const auto change = [&](auto&& edit) {
    auto changed = entries;
    edit(changed);
    expect_with("tile/entries/000", encode_bundle(changed), Reason::log_entry_corrupt, "entry 41");
  };
  change([](auto& e) { std::swap(e[41], e[42]); });
  change([](auto& e) { e.erase(e.begin() + 41); });
  change([](auto& e) { e.insert(e.begin() + 41, e[40]); });
  change([](auto& e) { e[41] = ""; });
  change([](auto& e) { e[41] = test_entry(41, "/v1/invoice"); });
}

// A forger who also mends the tiles is found where the tiles meet what the signed root vouches for.
TEST_F(VerifyLog, FindsAForgedEntryWhoseTileWasMended) {
  std::vector<std::string> entries;
  const std::string bundle = log_.read("tile/entries/000");
  for (const auto entry : decode_bundle(bundle).value()) entries.emplace_back(entry);
  entries[41] = test_entry(41, "/forged");
  log_.write("tile/entries/000", encode_bundle(entries));
  auto tile = decode_tile(log_.read("tile/0/000")).value();
  tile[41] = leaf_hash(entries[41]);
  log_.write("tile/0/000", encode_tile(tile));
  expect(verify(), Reason::log_tile_corrupt, "tile/0/000");

  auto above = decode_tile(log_.read("tile/1/000.p/2")).value();
  above[0] = node_in_tile(tile, 8, 0);
  log_.write("tile/1/000.p/2", encode_tile(above));
  expect(verify(), Reason::log_inconsistent, "checkpoint");
}

TEST_F(VerifyLog, NamesTheEntryAlsoWhenALaterTileIsDamaged) {
  std::string bundle = log_.read("tile/entries/000"), tile = log_.read("tile/0/001");
  bundle[2] ^= 1, tile[0] ^= 1;
  log_.write("tile/entries/000", bundle);
  log_.write("tile/0/001", tile);
  expect(verify(), Reason::log_entry_corrupt, "entry 0");
}

TEST_F(VerifyLog, NamesTheTileWhenItAndItsEntriesAreBothDamaged) {
  std::string bundle = log_.read("tile/entries/000"), tile = log_.read("tile/0/000");
  bundle[2] ^= 1, tile[100] ^= 1;
  log_.write("tile/entries/000", bundle);
  log_.write("tile/0/000", tile);
  expect(verify(), Reason::log_tile_corrupt, "tile/0/000");
}

TEST_F(VerifyLog, RefusesAnEntryThatIsNotCanonicalThoughItWasSigned) {
  for (const std::string& bad :
       {std::string("not json"), std::string("{} "), std::string("[]"), std::string(R"({"b":1,"a":2})"),
        std::string(R"({"a":1,"a":1})"), std::string("{\"a\":\n1}")}) {
    ASSERT_TRUE(log_.store().commit_and_wait({.changes = {}, .entries = {bad}}).has_value());
    log_.publish();
    expect(verify(), Reason::log_entry_corrupt, "entry 600");
    EXPECT_THAT(verify().error().found, HasSubstr("not canonical"));
  }
}

TEST_F(VerifyLog, HoldsTheLogAgainstAnEarlierCheckpoint) {
  const std::string earlier = log_.read("checkpoint");
  EXPECT_TRUE(verify(earlier)->consistent_with_earlier) << "the same";
  log_.add(100);
  log_.publish();
  EXPECT_TRUE(verify(earlier)->consistent_with_earlier);
  const std::string later = log_.read("checkpoint");

  TestLog fork;
  fork.add(500);
  fork.add(200, "/forked");
  fork.publish();
  const auto of_fork = [&](std::string_view note) { return verify_log(fork.directory(), TestLog::verifier(), note); };
  EXPECT_TRUE(of_fork(fork.read("checkpoint")).has_value());
  expect(of_fork(earlier), Reason::log_inconsistent, "earlier checkpoint");
  expect(of_fork(later), Reason::log_inconsistent, "earlier checkpoint");

  log_.write("checkpoint", earlier);
  expect(verify(later), Reason::log_inconsistent, "checkpoint");
  expect(verify("nonsense"), Reason::log_checkpoint_invalid, "earlier checkpoint");
  expect(verify(sign_checkpoint({kTestOrigin, 0, leaf_hash("x")}, test_key()).value()), Reason::log_inconsistent,
         "earlier checkpoint");
  EXPECT_TRUE(verify(sign_checkpoint({kTestOrigin, 0, empty_root()}, test_key()).value()).has_value());
}

TEST_F(VerifyLog, RefusesASignedRootThatTheEntriesDoNotHave) {
  sign({kTestOrigin, kSize, leaf_hash("x")});
  expect(verify(), Reason::log_inconsistent, "checkpoint");
  sign({kTestOrigin, 0, leaf_hash("x")});
  expect(verify(), Reason::log_inconsistent, "checkpoint");
  sign({kTestOrigin, kSize + 1, leaf_hash("x")});
  expect(verify(), Reason::log_incomplete, "tile/entries/002.p/89");
  sign({kTestOrigin, std::uint64_t{1} << 62, leaf_hash("x")});
  expect(verify(), Reason::log_incomplete, "tile/entries/002");
}

TEST_F(VerifyLog, TakesAFullFileWhereThePartialOneIsGone) {
  const std::string checkpoint = log_.read("checkpoint");
  log_.add(256);
  log_.publish();
  ASSERT_FALSE(log_.has("tile/0/002.p/88"));
  log_.write("checkpoint", checkpoint);  // an auditor who read the checkpoint first and copied the rest later
  const auto verified = verify();
  ASSERT_TRUE(verified.has_value()) << to_string(verified.error());
  EXPECT_EQ(verified->entries, kSize);
}

TEST_F(VerifyLog, EntriesCanBeReadFromAnyPlace) {
  for (const std::uint64_t from : {0u, 255u, 256u, 599u, 600u, 5000u}) {
    std::uint64_t next = from;
    ASSERT_TRUE(each_entry(log_.directory(), from, [&](std::uint64_t index, std::string_view entry) {
      EXPECT_EQ(index, next++);
      EXPECT_EQ(entry, test_entry(index));
      return true;
    }));
    EXPECT_EQ(next, std::max(from, kSize));
  }
  int seen = 0;
  ASSERT_TRUE(each_entry(log_.directory(), 10, [&](std::uint64_t, std::string_view) { return ++seen < 3; }));
  EXPECT_EQ(seen, 3);
  log_.write("tile/entries/001", "");
  EXPECT_EQ(each_entry(log_.directory(), 0, [](auto, auto) { return true; }).error().where, "entry 256");
}

}  // namespace
}  // namespace watchword::audit
