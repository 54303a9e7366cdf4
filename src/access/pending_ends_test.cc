// The record of an end has the words of whoever ended the session, and never another's.
#include "access/pending_ends.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "base/json.h"
#include "issuer/profile.h"

namespace watchword::access {
namespace {

const Time kNow = from_unix(1'790'000'000);

constexpr std::string_view kClaims = R"({"sub":"s","project_id":"42","project_path":"acme/billing","namespace_id":"7",
  "namespace_path":"acme","pipeline_id":"1","job_id":"2","ref":"main","ref_type":"branch","sha":"9f3c2d1",
  "ref_protected":"true","iat":1790000000,"exp":1790003600})";

std::shared_ptr<Session> session_of(const std::string& id) {
  const auto claims = parse_json(kClaims).value();
  auto principal = issuer::imagine_principal(claims, "gitlab", {issuer::ProfileName::gitlab, {}});
  EXPECT_TRUE(principal);
  return std::make_shared<Session>(
      Session::Opening{id, *std::move(principal), {}, "", kNow, kNow + std::chrono::hours(1)});
}

std::string words_of(SessionEnd why) { return "because it was " + std::string(name(why)); }

TEST(PendingEnds, WhoComesSecondLeavesNoWords) {
  PendingEnds pending;
  const auto session = session_of("one");
  EXPECT_TRUE(pending.end(*session, SessionEnd::revoked, kNow, {words_of(SessionEnd::revoked), {}}));
  EXPECT_FALSE(pending.end(*session, SessionEnd::job_ended, kNow, {"another, later", {}}));
  EXPECT_EQ(pending.of("one").words, words_of(SessionEnd::revoked));
  pending.forget("one");
  EXPECT_FALSE(pending.end(*session, SessionEnd::job_ended, kNow, {"when it is on record", {}}));
  EXPECT_EQ(pending.size(), 0u);
}

TEST(PendingEnds, OfTwoAtOnceBothFindTheWordsOfTheFirst) {
  PendingEnds pending;
  std::vector<std::shared_ptr<Session>> sessions(5000);
  for (std::size_t i = 0; i < sessions.size(); ++i) sessions[i] = session_of(std::to_string(i));
  std::atomic<std::size_t> turns{0};
  const auto end_all = [&](SessionEnd why) {
    std::size_t others_words = 0;
    std::size_t turn = 0;
    for (const auto& session : sessions) {
      turns.fetch_add(1);
      turn += 2;
      while (turns.load() < turn) std::this_thread::yield();  // closer together than a barrier that sleeps
      static_cast<void>(pending.end(*session, why, kNow, {words_of(why), {}}));
      if (pending.of(session->id()).words != words_of(*session->ended())) ++others_words;
    }
    return others_words;
  };
  std::size_t hooks = 0;
  std::thread hook([&] { hooks = end_all(SessionEnd::job_ended); });
  EXPECT_EQ(end_all(SessionEnd::revoked), 0u);
  hook.join();
  EXPECT_EQ(hooks, 0u);
}

}  // namespace
}  // namespace watchword::access
