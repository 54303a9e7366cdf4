// What is taken from documents as GitLab sends them: their facts are those of its documentation and data builders.
#include "context/gitlab_event.h"

#include <gmock/gmock.h>

#include <set>

#include "context/gitlab_event_test_util.h"
#include "context/gitlab_fields.h"

namespace watchword::context {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Lines = std::vector<std::string>;

TEST(GitlabEvent, IsReadAsItsKindSays) {
  const struct {
    const char* name;
    Lines expected;
  } cases[] = {
      {"push", {"42 04:00:00.000 pushed 0a1b,c0ff to main reverting  protected"}},
      {"push_new_branch", {"42 04:00:00.000 pushed 9f3c to feature/rounding reverting  unprotected"}},
      {"push_deleted_branch", {}},
      {"push_forced", {"42 04:00:00.000 pushed deca to feature/rounding reverting  unprotected"}},
      {"push_revert", {"42 04:00:00.000 pushed c0ff,deca to main reverting 0a1b,9f3c protected"}},
      {"push_tag", {}},
      {"push_system_hook", {"42 04:00:00.000 pushed c0ff to main reverting  protected"}},
      {"push_sha256", {"42 04:00:00.000 pushed abab to main reverting  protected"}},
      {"mr_open_draft", {"42 03:04:05.000 mr 7 feature/rounding@0a1b into main opened merge= squash= draft"}},
      {"mr_update", {"42 03:05:06.789 mr 7 feature/rounding@c0ff into main opened merge= squash="}},
      {"mr_approval", {"42 03:04:05.000 mr 7 feature/rounding@0a1b into main opened merge= squash="}},
      {"mr_approved", {"42 03:04:05.000 mr 7 feature/rounding@0a1b into main opened merge= squash= approved"}},
      {"mr_unapproved", {"42 03:04:05.000 mr 7 feature/rounding@0a1b into main opened merge= squash= unapproved"}},
      {"mr_merge_commit", {"42 03:04:05.000 mr 7 feature/rounding@0a1b into main merged merge=deca squash="}},
      {"mr_merge_squash", {"42 03:04:05.000 mr 7 feature/rounding@0a1b into main merged merge=deca squash=c0ff"}},
      {"mr_merge_fast_forward", {"42 03:04:05.000 mr 7 feature/rounding@0a1b into main merged merge= squash="}},
      {"mr_from_fork", {"42 03:04:05.000 mr 7 feature/rounding@0a1b into main opened merge= squash="}},
      {"mr_source_gone", {"42 03:04:05.000 mr 7 feature/rounding@ into main closed merge= squash="}},
      {"mr_gitlab_12", {"42 03:04:05.000 mr 7 feature/rounding@0a1b into main opened merge= squash= draft"}},
      {"job_pending", {"42 03:00:00.000 job 4711 of 2366 pending"}},
      {"job_running", {"42 03:01:00.500 job 4711 of 2366 running"}},
      {"job_success", {"42 03:02:00.000 job 4711 of 2366 success"}},
      {"job_skipped", {"42 03:00:00.000 job 4711 of 2366 pending"}},
      {"job_gitlab_15", {"42 03:02:30.000 job 4711 of 2366 failed"}},
      {"pipeline",
       {"42 03:09:00.000 pipeline 2366 failed", "42 03:00:00.000 job 4713 of 2366 pending",
        "42 03:08:59.000 job 4711 of 2366 failed", "42 03:01:30.000 job 4712 of 2366 running",
        "42 03:00:00.000 job 4714 of 2366 pending"}},
      {"pipeline_retried",
       {"42 03:20:00.000 pipeline 2366 running", "42 03:08:59.000 job 4711 of 2366 failed",
        "42 03:20:00.000 job 4720 of 2366 pending"}},
      {"deployment", {"42 03:04:05.000 deployment 15 of c0ff (main) to production by job 4711 success"}},
      {"deployment_by_api", {"42 04:00:00.000 deployment  of c0ff () to production by job  running"}},
      {"note", {}},
      {"system_repository_update", {}},
      {"system_user_create", {}},
  };
  for (const auto& [name, expected] : cases) EXPECT_EQ(changes(document(name)), expected) << name;
}

TEST(GitlabEvent, MapsEveryStatusOfAJob) {
  const std::pair<const char*, const char*> cases[] = {{"created", "pending"},
                                                       {"waiting_for_resource", "pending"},
                                                       {"preparing", "pending"},
                                                       {"pending", "pending"},
                                                       {"waiting_for_callback", "pending"},
                                                       {"scheduled", "pending"},
                                                       {"manual", "pending"},
                                                       {"running", "running"},
                                                       {"canceling", "running"},
                                                       {"success", "success"},
                                                       {"failed", "failed"},
                                                       {"canceled", "canceled"},
                                                       {"skipped", "pending"}};
  for (const auto& [gitlab, ours] : cases)
    EXPECT_THAT(changes(with(document("job_success"), "build_status", gitlab)),
                ElementsAre(std::string("42 03:02:00.000 job 4711 of 2366 ") + ours))
        << gitlab;
}

TEST(GitlabEvent, AJobsUnknownStatusGivesNoChangeAndKeepsTheOthers) {
  EXPECT_THAT(changes(with(document("job_running"), "build_status", "levitating")), IsEmpty());
  const Lines lines = changes(with(document("pipeline"), "builds.1.status", "levitating"));
  EXPECT_THAT(lines, SizeIs(4));
}

TEST(GitlabEvent, ThePipelineOfAJobIsNotItsCommit) {  // commit.id is a number: the pipeline's id in older documents
  EXPECT_THAT(changes(with(document("job_running"), "commit.id", 999)),
              ElementsAre("42 03:01:00.500 job 4711 of 2366 running"));
}

TEST(GitlabEvent, ASystemHookMayNameItsKindAsEventName) {
  Json event = with(document("push"), "object_kind", nullptr);
  EXPECT_EQ(changes(event), changes(document("push")));
  event.set("event_name", "tag_push");
  EXPECT_THAT(changes(event), IsEmpty());
}

TEST(GitlabEvent, OnlyBranchesAreBranches) {
  EXPECT_THAT(changes(with(document("push"), "ref", "refs/tags/main")), IsEmpty());
  EXPECT_THAT(changes(with(document("push"), "ref", "refs/merge-requests/1/head")), IsEmpty());
  EXPECT_THAT(changes(with(document("push"), "after", std::string(64, '0'))), IsEmpty());
}

TEST(GitlabEvent, TheFutureCountsAsNow) {
  const Time late = kReceived + std::chrono::hours(1);
  for (const char* time : {"2026-01-02 05:00:00 UTC", "2026-01-02T06:00:00+01:00", "9999-12-31 23:59:59 UTC"})
    EXPECT_THAT(changes(with(document("job_success"), "build_finished_at", time)),
                ElementsAre("42 04:00:00.000 job 4711 of 2366 success"));
  const auto later = parse_gitlab_event(document("job_success").dump(), late).value();
  EXPECT_EQ(later.at(0).at, from_rfc3339("2026-01-02T03:02:00Z"));
}

TEST(GitlabEvent, RevertsAreFoundAsGitAndGitlabWriteThem) {
  const std::pair<std::string, std::string> cases[] = {
      {"This reverts commit " + kB + ".", "0a1b"},
      {"Revert \"x\"\n\nThis reverts commit " + kB, "0a1b"},  // GitLab's button
      {"This reverts commit " + kB + ", reversing\nchanges made to " + kA + ".", "0a1b"},
      {"This reverts commit " + kB + ".\nThis reverts commit " + kD + ".", "0a1b,deca"},
      {"This reverts commit " + std::string(64, 'e') + ".", "eeee"},
      {"This reverts commit 0a1b2c3d.", ""},
      {"This reverts commit " + kB + "0.", ""},
      {"This reverts commit " + kB + "F", ""},
      {"This reverts commit ", ""},
      {"This reverts commit This reverts commit " + kB, "0a1b"},
      {"this reverts commit " + kB, ""},
      {"Mentions " + kB, ""}};
  for (const auto& [message, reverted] : cases)
    EXPECT_THAT(changes(with(document("push"), "commits.0.message", message)),
                ElementsAre("42 04:00:00.000 pushed 0a1b,c0ff to main reverting " + reverted + " protected"))
        << message;
}

TEST(GitlabEvent, TheNewestHundredCommitsAreTaken) {
  Json::Array commits;
  for (int i = 0; i < 10'000; ++i) {
    const std::string number = std::to_string(10'000 + i);
    const std::string id = number + std::string(40 - number.size(), 'a');
    commits.push_back(Json::object({{"id", id}, {"message", "This reverts commit " + id + "."}}));
  }
  const auto parsed = parse_gitlab_event(with(document("push"), "commits", commits).dump(), kReceived).value();
  const auto& pushed = std::get<Pushed>(parsed.at(0).what);
  ASSERT_THAT(pushed.commits, SizeIs(101));
  EXPECT_EQ(pushed.commits.front().substr(0, 5), "19900");
  EXPECT_EQ(pushed.commits.back(), kC);  // the branch's head
  EXPECT_THAT(pushed.reverted, SizeIs(100));
}

TEST(GitlabEvent, TheLastThousandRevertsAreTaken) {
  std::string message;
  for (int i = 0; i < 2000; ++i) message += "This reverts commit " + (i < 1000 ? kA : kB) + ".\n";
  const auto parsed =
      parse_gitlab_event(with(document("push"), "commits.1.message", message).dump(), kReceived).value();
  EXPECT_EQ(std::get<Pushed>(parsed.at(0).what).reverted, std::vector<std::string>(1000, kB));
}

TEST(GitlabEvent, TheNewestFiveHundredBuildsOfAPipelineAreTaken) {
  Json::Array builds;
  for (int i = 0; i < 600; ++i)  // in an order of their own: 7 and 600 have no common divisor
    builds.push_back(Json::object({{"id", 600 + i * 7 % 600}, {"status", "running"}}));
  const Lines lines = changes(with(document("pipeline"), "builds", std::move(builds)));
  ASSERT_EQ(lines.size(), 501U);
  std::set<int> taken;
  for (const std::string& line : lines)
    if (const auto job = line.find(" job "); job != std::string::npos) taken.insert(std::stoi(line.substr(job + 5)));
  EXPECT_EQ(taken.size(), 500U);
  EXPECT_EQ(*taken.begin(), 700);  // 1000 and beyond are newer, though "7" comes after "1"
  EXPECT_EQ(*taken.rbegin(), 1199);
}

TEST(GitlabEvent, TakesNamesAsGitAllowsThem) {
  for (const std::string& branch :
       {std::string("f\xc3\xbcr/\xe2\x80\xae#1"), std::string(1024, 'b'), std::string("a b")})
    EXPECT_THAT(
        changes(with(document("mr_merge_commit"), "object_attributes.target_branch", branch)),
        ElementsAre("42 03:04:05.000 mr 7 feature/rounding@0a1b into " + branch + " merged merge=deca squash="));
}

TEST(GitlabTime, HasTheFormsThatGitlabSends) {
  const Time time = from_rfc3339("2026-01-02T03:04:05Z").value();
  for (const char* same : {"2026-01-02 03:04:05 UTC", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z",
                           "2026-01-02T05:04:05+02:00", "2026-01-01T21:34:05-05:30", "2026-01-02 05:04:05 +0200",
                           "2026-01-01 21:34:05 -0530", "2026-01-02 03:04:05.000 UTC"})
    EXPECT_EQ(parse_gitlab_time(same), time) << same;
  for (const char* none : {"", "2026-01-02", "2026-01-02 03:04:05", "2026-01-02 03:04:05 CET",
                           "2026-01-02 03:04:05 UTC ", "2026-01-02 03:04:05 +02:00", "2026-01-02 03:04:05 ++200",
                           "2026-01-02T03:04:05 UTC", "2026-13-02 03:04:05 UTC", "2026-01-02 24:00:00 UTC",
                           "2026-01-02 ", "1767323045", "2026-01-02 03:04:05 +2500", "2026-01-02  03:04:05 UTC"})
    EXPECT_EQ(parse_gitlab_time(none), std::nullopt) << none;
}

}  // namespace
}  // namespace watchword::context
