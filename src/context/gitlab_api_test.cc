#include "context/gitlab_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "context/gitlab_api_test_util.h"

namespace watchword::context {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class GitlabApiTest : public ::testing::Test {
 protected:
  FactQuestion question(std::string name, Json arguments = Json::object()) {
    return {"gitlab", "42", "7", "6", "feature", kSource, std::move(name), std::move(arguments)};
  }
  Result<std::vector<Change>> ask(std::string name, Json arguments = Json::object()) {
    return api.ask(question(std::move(name), std::move(arguments)), kAsked);
  }
  Result<std::vector<Change>> ask_merged(std::string_view name = "merged") {
    return ask(std::string(name), Json::object({{"into", "main"}, {"sha", kSource}}));
  }
  void set_requests(Json::Array list) {
    gitlab.set_list("42/repository/commits/" + kSource + "/merge_requests", std::move(list));
  }
  void set_branches(std::vector<std::string> names) {
    Json::Array refs;
    for (auto& name : names) refs.push_back(Json::object({{"type", "branch"}, {"name", std::move(name)}}));
    gitlab.set_list("42/repository/commits/" + kSource + "/refs?type=branch", std::move(refs));
  }
  template <class T>
  static std::vector<T> of_kind(const Result<std::vector<Change>>& changes) {
    std::vector<T> found;
    if (changes)
      for (const Change& change : *changes)
        if (const auto* what = std::get_if<T>(&change.what)) found.push_back(*what);
    return found;
  }
  void expect_unavailable(const Result<std::vector<Change>>& changes, std::string_view found) {
    ASSERT_FALSE(changes);
    EXPECT_EQ(changes.error().reason, Reason::ci_unavailable);
    EXPECT_THAT(changes.error().found, HasSubstr(found));
    EXPECT_THAT(to_string(changes.error()) + changes.error().where, Not(HasSubstr("s3cret")));
  }

  FakeGitlab gitlab;
  GitlabApi api{"https://gitlab.example.com/", Secret(std::string_view(kToken)), {}, gitlab};
};

TEST_F(GitlabApiTest, AsksForTheJobWithItsToken) {
  gitlab.set("42/jobs/7", job_json(7, 6, "failed", kBefore));
  const auto changes = ask("job_running");
  ASSERT_TRUE(changes) << to_string(changes.error());
  EXPECT_TRUE(gitlab.token_sent());
  ASSERT_THAT(of_kind<JobChange>(changes), SizeIs(1));
  const auto job = of_kind<JobChange>(changes)[0];
  EXPECT_EQ(job.job, "7");
  EXPECT_EQ(job.pipeline, "6");
  EXPECT_EQ(job.status, JobStatus::failed);
  EXPECT_EQ(changes->back().at, *from_rfc3339(kBefore));
  ASSERT_THAT(of_kind<PipelineChange>(changes), SizeIs(1));
  EXPECT_EQ(of_kind<PipelineChange>(changes)[0].status, "running");
}

TEST_F(GitlabApiTest, KnowsTheStatusesOfAJob) {
  const std::pair<const char*, JobStatus> statuses[] = {
      {"created", JobStatus::pending},   {"manual", JobStatus::pending},  {"running", JobStatus::running},
      {"canceling", JobStatus::running}, {"success", JobStatus::success}, {"canceled", JobStatus::canceled},
      {"skipped", JobStatus::pending}};
  for (const auto& [name, status] : statuses) {
    gitlab.set("42/jobs/7", job_json(7, 6, name));
    const auto changes = ask("job_running");
    ASSERT_THAT(of_kind<JobChange>(changes), SizeIs(1)) << name;
    EXPECT_EQ(of_kind<JobChange>(changes)[0].status, status) << name;
  }
  gitlab.set("42/jobs/7", job_json(7, 6, "levitating"));
  EXPECT_THAT(of_kind<JobChange>(ask("job_running")), IsEmpty());
}

TEST_F(GitlabApiTest, TakesATimeToComeForNow) {
  gitlab.set("42/jobs/7", job_json(7, 6, "success", "2027-01-01T00:00:00Z"));
  EXPECT_EQ(ask("job_running")->back().at, kAsked);
}

TEST_F(GitlabApiTest, LooksAtAllJobsOfAPipelineInOneRequestRetriedOnesToo) {
  gitlab.set_list("42/pipelines/6/jobs?include_retried=true", {job_json(8, 6, "running"), job_json(7, 6, "canceled")});
  const auto changes = api.pipeline("42", "6", kAsked);
  EXPECT_THAT(of_kind<JobChange>(changes), SizeIs(2));
  EXPECT_THAT(of_kind<PipelineChange>(changes), SizeIs(1));
  EXPECT_THAT(gitlab.asked(), SizeIs(1));
}

TEST_F(GitlabApiTest, AMergeRequestThatIsMergedMakesItsSourceMergeAndSquashCommitMerged) {
  set_requests({merge_request_json(3, "main", "merged").set("squash_commit_sha", kSquash)});
  for (const auto& sha : {kSource, kMerge, kSquash}) {
    gitlab.set_list("42/repository/commits/" + sha + "/merge_requests",
                    {merge_request_json(3, "main", "merged").set("squash_commit_sha", kSquash)});
    const auto changes = ask("merged", Json::object({{"into", "main"}, {"sha", sha}}));
    ASSERT_THAT(of_kind<MergedAnswer>(changes), SizeIs(1));
    EXPECT_TRUE(of_kind<MergedAnswer>(changes)[0].merged);
    EXPECT_EQ(of_kind<MergedAnswer>(changes)[0].sha, sha);
    for (const Change& change : *changes) EXPECT_EQ(change.at, *from_rfc3339(kBefore));
  }
}

TEST_F(GitlabApiTest, OtherMergeRequestsSayNothingOfTheBranch) {
  set_branches({"feature"});
  auto of_another_project = merge_request_json(3, "main", "merged").set("project_id", 43);
  auto of_an_older_head = merge_request_json(3, "main", "merged").set("sha", kOther);
  for (const auto& request : {merge_request_json(3, "main", "opened"), merge_request_json(3, "release", "merged"),
                              merge_request_json(3, "main", "closed"), of_another_project, of_an_older_head}) {
    set_requests({request});
    const auto answers = of_kind<MergedAnswer>(ask_merged());
    ASSERT_THAT(answers, SizeIs(1));
    EXPECT_FALSE(answers[0].merged) << request.dump();
  }
  set_requests({of_another_project});
  EXPECT_THAT(of_kind<MergeRequestChange>(ask_merged()), IsEmpty());
}

TEST_F(GitlabApiTest, ACommitThatTheBranchContainsIsMergedWithoutAMergeRequest) {
  set_requests({});
  set_branches({"feature", "main"});
  EXPECT_TRUE(of_kind<MergedAnswer>(ask_merged()).at(0).merged);
  set_branches({"main-2", "xmain"});
  EXPECT_FALSE(of_kind<MergedAnswer>(ask_merged()).at(0).merged);
}

TEST_F(GitlabApiTest, ReadsRevertsOutOfWhatCameOntoTheBranchAfterTheMerge) {
  set_requests({merge_request_json(3, "main", "merged")});
  gitlab.set_list("42/repository/commits?ref_name=" + kMerge + "..main",
                  {commit_json(kOther, "Revert \"x\"\n\nThis reverts commit " + kMerge + "."),
                   commit_json(kSquash, "This reverts commit abc.")});
  const auto changes = ask_merged("reverted");
  ASSERT_TRUE(changes) << to_string(changes.error()) << changes.error().where;
  const auto pushed = of_kind<Pushed>(changes);
  ASSERT_THAT(pushed, SizeIs(1));
  EXPECT_THAT(pushed[0].reverted, ElementsAre(kMerge));
  EXPECT_THAT(pushed[0].commits, ElementsAre(kSource));
  EXPECT_EQ(changes->back().at, kAsked);
}

TEST_F(GitlabApiTest, AsksForNoRevertsOfWhatIsNotMerged) {
  set_requests({merge_request_json(3, "main", "opened")});
  set_branches({});
  const auto changes = ask_merged("reverted");
  EXPECT_THAT(of_kind<Pushed>(changes), IsEmpty());
  EXPECT_FALSE(of_kind<MergedAnswer>(changes).at(0).merged);
}

TEST_F(GitlabApiTest, GivesTheNewestMergeRequestOfTheCommitWithItsApproval) {
  set_requests({merge_request_json(9, "main", "closed"), merge_request_json(10, "main", "opened"),
                merge_request_json(11, "release", "opened"),
                merge_request_json(12, "main", "opened").set("sha", kOther)});
  const auto approved = [&](const Json& approvals) {
    gitlab.set("42/merge_requests/10/approvals", approvals);
    const auto requests = of_kind<MergeRequestChange>(ask("mr", Json::object({{"target", "main"}})));
    EXPECT_THAT(requests, SizeIs(1));
    EXPECT_EQ(requests.at(0).iid, "10");
    return requests.at(0).approved;
  };
  EXPECT_EQ(approved(Json::object({{"approved", true}, {"approved_by", Json::Array{Json::object()}}})), true);
  EXPECT_EQ(approved(Json::object({{"approved", true}, {"approved_by", Json::array()}})), false);  // none is needed
  EXPECT_EQ(approved(Json::object({{"approved", false}, {"approved_by", Json::Array{Json::object()}}})), false);
  EXPECT_EQ(approved(Json::object()), std::nullopt);
  EXPECT_THAT(*ask("mr", Json::object({{"target", "none"}})), IsEmpty());
}

TEST_F(GitlabApiTest, GivesTheLatestDeploymentOfAnEnvironmentByItsEncodedName) {
  const std::string path = "42/deployments?order_by=id&sort=desc&per_page=1&environment=review%2Fa%26b%20c";
  auto deployment = Json::object({{"id", 41},
                                  {"status", "success"},
                                  {"sha", kSource},
                                  {"ref", "main"},
                                  {"updated_at", kBefore},
                                  {"environment", Json::object({{"name", "review/a&b c"}})},
                                  {"deployable", Json::object({{"id", 657}})}});
  gitlab.set(path, Json(Json::Array{deployment}));
  const auto asked = Json::object({{"environment", "review/a&b c"}});
  const auto changes = of_kind<DeploymentChange>(ask("deployment", asked));
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].deployment + changes[0].job + changes[0].status, "41657success");
  gitlab.set(path, Json(Json::Array{deployment.set("environment", Json::object({{"name", "production"}}))}));
  expect_unavailable(ask("deployment", asked), "production");
  gitlab.set(path, Json(Json::array()));
  EXPECT_THAT(*ask("deployment", asked), IsEmpty());
}

TEST_F(GitlabApiTest, SaysWhetherABranchIsProtectedWildcardsIncluded) {
  gitlab.set("42/repository/branches/release%2F1.0",
             Json::object({{"name", "release/1.0"}, {"protected", true}, {"commit", Json::object({{"id", kSource}})}}));
  const auto changes = of_kind<Pushed>(ask("protected", Json::object({{"ref", "release/1.0"}})));
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].ref_protected, true);
}

TEST_F(GitlabApiTest, SaysThePipelinesStatus) {
  gitlab.set("42/pipelines/6", Json::object({{"id", 6}, {"status", "success"}, {"updated_at", kBefore}}));
  EXPECT_EQ(of_kind<PipelineChange>(ask("pipeline_status")).at(0).status, "success");
}

TEST_F(GitlabApiTest, AsksNothingThatIsNoQuestionForIt) {
  const auto nothing = [&](const FactQuestion& question) {
    const auto changes = api.ask(question, kAsked);
    return changes && changes->empty();
  };
  for (const char* sha : {"", "abc", "../../../user", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})
    for (const char* name : {"merged", "reverted", "mr"})
      EXPECT_TRUE(nothing(question(name, Json::object({{"into", "main"}, {"target", "main"}, {"sha", sha}}))));
  for (const char* into : {"", "a..b", "-x"})
    EXPECT_TRUE(nothing(question("reverted", Json::object({{"into", into}, {"sha", kSource}}))));
  EXPECT_TRUE(nothing(question("frozen", Json::object({{"environment", "production"}}))));
  for (const char* bad : {"", "7/../8", "acme%2Fbilling", "-1", "7?x"}) {
    auto of_job = question("job_running"), of_project = question("job_running"),
         of_pipeline = question("pipeline_status");
    of_job.job = of_project.project_id = of_pipeline.pipeline = bad;
    EXPECT_TRUE(nothing(of_job) && nothing(of_project) && nothing(of_pipeline)) << bad;
    EXPECT_TRUE(api.pipeline("42", bad, kAsked)->empty() && api.pipeline(bad, "6", kAsked)->empty());
  }
  EXPECT_THAT(gitlab.asked(), IsEmpty());
}

TEST_F(GitlabApiTest, FollowsPagesAndRefusesToGuessBeyondItsBound) {
  const std::string path = "42/repository/commits/" + kSource + "/refs?type=branch&per_page=100&page=";
  set_requests({});
  Json::Array full(100, Json::object({{"type", "branch"}, {"name", "x"}}));
  for (int page = 1; page <= 10; ++page) gitlab.set(path + std::to_string(page), Json(full));
  expect_unavailable(ask_merged(), "a list of more than 1000");
  gitlab.set(path + "3", Json(Json::Array{Json::object({{"type", "branch"}, {"name", "main"}})}));
  EXPECT_TRUE(of_kind<MergedAnswer>(ask_merged()).at(0).merged);

  auto linked = FakeGitlab::of_json(200, "[]");
  linked.next_page = kProjects + "42/next";
  gitlab.set(path + "1", linked);
  gitlab.set("42/next", Json(Json::Array{Json::object({{"type", "branch"}, {"name", "main"}})}));
  EXPECT_TRUE(of_kind<MergedAnswer>(ask_merged()).at(0).merged);
}

TEST_F(GitlabApiTest, SendsItsTokenToNoOtherPlaceThatALinkNames) {
  const std::string path = "42/repository/commits/" + kSource + "/refs?type=branch&per_page=100&page=";
  set_requests({});
  set_branches({"main"});
  for (const char* next :
       {"https://evil.example.com/x", "https://gitlab.example.com/x", "https://gitlab.example.com.evil/"}) {
    auto linked = FakeGitlab::of_json(200, "[]");
    linked.next_page = next;
    gitlab.set(path + "1", linked);
    gitlab.set(path + "2", Json(Json::Array{Json::object({{"type", "branch"}, {"name", "main"}})}));
    EXPECT_TRUE(of_kind<MergedAnswer>(ask_merged()).at(0).merged);
    EXPECT_THAT(gitlab.asked(), ::testing::Not(::testing::Contains(std::string(next))));
  }
}

TEST_F(GitlabApiTest, SaysThatGitLabCouldNotBeAsked) {
  for (const int status : {401, 403, 404, 500, 502, 302, 204}) {
    gitlab.set("42/jobs/7", FakeGitlab::of_json(status, "{}"));
    expect_unavailable(ask("job_running"), "status " + std::to_string(status));
  }
  auto html = FakeGitlab::of_json(200, "<html>Sign in</html>");
  html.content_type = "text/html";
  gitlab.set("42/jobs/7", html);
  expect_unavailable(ask("job_running"), "text/html");
  for (const char* body :
       {"", "{", "[]", "null", R"({"id":7})", R"({"id":7,"id":7,"status":"running"})",
        R"({"id":"7","status":"running","pipeline":{"id":6,"status":"running"}})",
        R"({"id":-7,"status":"running","pipeline":{"id":6,"status":"running"}})", R"({"id":7,"status":"running"})",
        R"({"id":7,"status":"success","finished_at":"soon","pipeline":{"id":6,"status":"x"}})"}) {
    gitlab.set("42/jobs/7", FakeGitlab::of_json(200, body));
    expect_unavailable(ask("job_running"), "");
  }
  gitlab.go_down(true);
  expect_unavailable(ask("job_running"), "Could not connect");
}

TEST_F(GitlabApiTest, AsksNothingUntilTheTimeThatItWasTold) {
  auto limited = FakeGitlab::of_json(429, "{}");
  limited.retry_after = std::chrono::seconds(60);
  gitlab.set("42/jobs/7", limited);
  expect_unavailable(ask("job_running"), "status 429");
  gitlab.set("42/jobs/7", job_json(7, 6, "running"));
  expect_unavailable(api.ask(question("job_running"), kAsked + std::chrono::seconds(59)), "asked to wait until");
  EXPECT_THAT(gitlab.asked(), SizeIs(1));
  EXPECT_TRUE(api.ask(question("job_running"), kAsked + std::chrono::seconds(60)));
}

TEST_F(GitlabApiTest, WaitsFiveMinutesAtMost) {
  auto limited = FakeGitlab::of_json(503, "{}");
  limited.retry_after = std::chrono::hours(24);
  gitlab.set("42/jobs/7", limited);
  expect_unavailable(ask("job_running"), "status 503");
  gitlab.set("42/jobs/7", job_json(7, 6, "running"));
  EXPECT_FALSE(api.ask(question("job_running"), kAsked + std::chrono::seconds(299)));
  EXPECT_TRUE(api.ask(question("job_running"), kAsked + std::chrono::minutes(5)));
  EXPECT_TRUE(api.ask(question("job_running"), kAsked - std::chrono::hours(1)));  // the clock was set back
}

TEST_F(GitlabApiTest, TheSameQuestionOfTwoJobsHasOneKey) {
  auto one = question("merged", Json::object({{"into", "main"}, {"sha", kSource}})), other = one;
  other.job = "8";
  EXPECT_EQ(one.key(), other.key());
  one.name = other.name = "job_running";
  EXPECT_NE(one.key(), other.key());
  other = one;
  other.project_id = "43";
  EXPECT_NE(one.key(), other.key());
}

}  // namespace
}  // namespace watchword::context
