// Documents that GitLab never sends: each is refused with the path of what is wrong, and nothing of it is taken.
#include <gmock/gmock.h>

#include <chrono>

#include "context/gitlab_event_test_util.h"
#include "context/gitlab_fields.h"

namespace watchword::context {
namespace {

using ::testing::HasSubstr;

Error refusal_of_text(std::string_view body) {
  const auto parsed = parse_gitlab_event(body, kReceived);
  if (parsed) return {Reason::internal, "taken", "", "", ""};
  EXPECT_FALSE(parsed.error().found.empty());
  EXPECT_FALSE(parsed.error().expected.empty());
  return parsed.error();
}
Error refusal(const Json& document) { return refusal_of_text(document.dump()); }

// builds.3.id is builds[3].id
std::string in_document(std::string path) {
  if (const auto at = path.find_first_of("0123456789"); at != std::string::npos)
    path.replace(at - 1, 2, std::string("[") + path[at] + "]");
  return path;
}

TEST(HostileGitlabEvent, IsNoJson) {
  for (const std::string body :
       {"", "{", "null", "[]", "\"push\"", "42", "{\"object_kind\":\"push\"} x", "\xef\xbb\xbf{}", "{'a':1}",
        "{\"a\":\xff}", "object_kind=push", "{\"object_kind\":\"build\",\"build_id\":1,\"build_id\":2}",
        "{\"object_kind\":\"\xc0\xaf\"}"})
    EXPECT_EQ(refusal_of_text(body).reason, Reason::event_malformed) << body;
  const std::string whole = document("pipeline").dump();
  for (std::size_t cut = 0; cut < whole.size(); cut += 97)
    EXPECT_EQ(refusal_of_text(std::string_view(whole).substr(0, cut)).reason, Reason::event_malformed) << cut;
}

TEST(HostileGitlabEvent, SaysADuplicateKeyWhereverItIs) {
  std::string body = document("job_running").dump();
  body.insert(body.find("\"id\":2366"), "\"id\":1,");
  EXPECT_THAT(refusal_of_text(body).found, HasSubstr("'id' twice"));
}

TEST(HostileGitlabEvent, IsTooDeep) {
  Json deep = 1;
  for (int i = 0; i < 40; ++i) deep = Json(Json::Array{std::move(deep)});
  EXPECT_THAT(refusal(with(document("push"), "push_options", deep)).found, HasSubstr("nesting"));
  EXPECT_EQ(refusal_of_text(std::string(1 << 20, '[')).reason, Reason::event_malformed);
}

TEST(HostileGitlabEvent, IsTooLarge) {
  const Json job = document("job_running");
  const std::size_t rest = with(job, "build_name", "").dump().size();
  const auto of_size = [&](std::size_t bytes) {
    return with(job, "build_name", std::string(bytes - rest, 'x')).dump();
  };
  EXPECT_TRUE(parse_gitlab_event(of_size(kMaxGitlabEvent), kReceived).has_value());
  EXPECT_THAT(refusal_of_text(of_size(kMaxGitlabEvent + 1)).found, HasSubstr("4194305 bytes"));
  EXPECT_THAT(refusal_of_text(of_size(25 << 20)).found, HasSubstr("26214400 bytes"));
}

TEST(HostileGitlabEvent, NamesWhatIsMissing) {
  const std::pair<const char*, const char*> cases[] = {
      {"push", "ref"},
      {"push", "after"},
      {"push", "commits.0.id"},
      {"mr_merge_commit", "object_attributes"},
      {"mr_merge_commit", "object_attributes.iid"},
      {"mr_merge_commit", "object_attributes.target_branch"},
      {"mr_merge_commit", "object_attributes.source_branch"},
      {"mr_merge_commit", "object_attributes.state"},
      {"mr_merge_commit", "object_attributes.last_commit.id"},
      {"job_running", "build_id"},
      {"job_running", "build_status"},
      {"job_running", "pipeline_id"},
      {"pipeline", "object_attributes"},
      {"pipeline", "object_attributes.id"},
      {"pipeline", "object_attributes.status"},
      {"pipeline", "builds.3.id"},
      {"pipeline", "builds.3.status"},
      {"deployment", "environment"},
      {"deployment", "status"},
      {"deployment", "project.id"},
  };
  for (const auto& [name, path] : cases) {
    const Error error = refusal(with(document(name), path, nullptr));
    EXPECT_EQ(error.reason, Reason::event_malformed) << name << " " << path;
    EXPECT_EQ(error.where, in_document(path)) << name;
  }
  EXPECT_EQ(refusal_of_text(R"({"user_id":1})").where, "object_kind");
  EXPECT_EQ(refusal_of_text(R"({"object_kind":"push","ref":"refs/heads/main"})").where, "project.id");
}

// Every member that is read, in every type that it must not have.
TEST(HostileGitlabEvent, NamesWhatIsOfTheWrongType) {
  enum class Of : std::uint8_t { id, text, flag, object, list };
  using enum Of;
  const struct {
    const char *name, *path;
    Of right;
  } cases[] = {
      {"push", "object_kind", text},
      {"push_system_hook", "event_name", text},
      {"push", "project_id", id},
      {"push", "project", object},
      {"push", "project.id", id},
      {"push", "ref", text},
      {"push", "after", text},
      {"push", "ref_protected", flag},
      {"push", "commits", list},
      {"push", "commits.1", object},
      {"push", "commits.1.id", text},
      {"push", "commits.1.message", text},
      {"mr_merge_squash", "object_attributes", object},
      {"mr_merge_squash", "object_attributes.iid", id},
      {"mr_merge_squash", "object_attributes.target_project_id", id},
      {"mr_merge_squash", "object_attributes.target_branch", text},
      {"mr_merge_squash", "object_attributes.source_branch", text},
      {"mr_merge_squash", "object_attributes.state", text},
      {"mr_merge_squash", "object_attributes.action", text},
      {"mr_merge_squash", "object_attributes.last_commit", object},
      {"mr_merge_squash", "object_attributes.last_commit.id", text},
      {"mr_merge_squash", "object_attributes.merge_commit_sha", text},
      {"mr_merge_squash", "object_attributes.squash_commit_sha", text},
      {"mr_merge_squash", "object_attributes.draft", flag},
      {"mr_merge_squash", "object_attributes.work_in_progress", flag},
      {"mr_merge_squash", "object_attributes.updated_at", text},
      {"job_success", "project_id", id},
      {"job_success", "build_id", id},
      {"job_success", "pipeline_id", id},
      {"job_success", "build_status", text},
      {"job_success", "build_created_at", text},
      {"job_success", "build_started_at", text},
      {"job_success", "build_finished_at", text},
      {"pipeline", "object_attributes", object},
      {"pipeline", "object_attributes.id", id},
      {"pipeline", "object_attributes.status", text},
      {"pipeline", "object_attributes.created_at", text},
      {"pipeline", "object_attributes.finished_at", text},
      {"pipeline", "builds", list},
      {"pipeline", "builds.2", object},
      {"pipeline", "builds.2.id", id},
      {"pipeline", "builds.2.status", text},
      {"pipeline", "builds.2.started_at", text},
      {"deployment", "deployment_id", id},
      {"deployment", "deployable_id", id},
      {"deployment", "environment", text},
      {"deployment", "status", text},
      {"deployment", "status_changed_at", text},
      {"deployment", "commit_url", text},
      {"deployment", "short_sha", text},
      {"deployment", "ref", text},
  };
  const std::pair<Of, Json> values[] = {
      {id, 42},  {text, "42"}, {flag, true}, {object, Json::object()}, {list, Json::array()}, {text, ""},
      {id, -42}, {id, 0},      {id, 42.0}};
  for (const auto& [name, path, right] : cases)
    for (const auto& [type, value] : values) {
      const bool is_bad_id = right == id && (value == Json(-42) || value == Json(0) || value == Json(42.0));
      if (type == right && !is_bad_id) continue;
      const Error error = refusal(with(document(name), path, value));
      EXPECT_EQ(error.reason, Reason::event_malformed) << name << " " << path << " " << value.dump();
      EXPECT_EQ(error.where, in_document(path)) << name << " " << value.dump();
    }
}

TEST(HostileGitlabEvent, HasIdsOfNoProjectOrOfTwo) {
  EXPECT_EQ(refusal(with(document("job_running"), "project_id", 43)).where, "project.id");
  EXPECT_EQ(refusal(with(document("mr_merge_commit"), "object_attributes.target_project_id", 43)).where,
            "object_attributes.target_project_id");
  std::string body = document("job_running").dump();
  body.replace(body.find("4711"), 4, "9223372036854775808");  // 2^63
  EXPECT_EQ(refusal_of_text(body).reason, Reason::event_malformed);
}

TEST(HostileGitlabEvent, HasCommitsOfAnotherForm) {
  for (const std::string& sha :
       {std::string(), kA.substr(1), kA + "0", std::string(63, 'a'), std::string(65, 'a'), std::string(40, 'g'),
        std::string(40, 'A'), " " + kA.substr(1), kA.substr(1) + "\n", std::string("HEAD")})
    for (const auto& [name, path] :
         {std::pair("push", "after"), std::pair("mr_merge_commit", "object_attributes.merge_commit_sha")})
      EXPECT_EQ(refusal(with(document(name), path, sha)).where, path) << sha;
  EXPECT_EQ(refusal(with(document("push"), "commits.0.id", "HEAD")).where, "commits[0].id");
  for (const std::string& url :
       {std::string("https://gitlab.example.com/acme/billing/-/commit/HEAD"), kC + "/", "/" + kA})
    EXPECT_EQ(refusal(with(document("deployment"), "commit_url", url)).where, "commit_url") << url;
}

TEST(HostileGitlabEvent, HasNamesThatAreNone) {
  for (const std::string& name : {std::string(), std::string("a\nb"), std::string("a\0b", 3), std::string("\x1b[2J"),
                                  std::string("\x7f"), std::string(1025, 'a')}) {
    EXPECT_EQ(refusal(with(document("push"), "ref", "refs/heads/" + name + "\t")).where, "ref");
    EXPECT_EQ(refusal(with(document("deployment"), "environment", name)).where, "environment");
    EXPECT_EQ(refusal(with(document("pipeline"), "object_attributes.status", name)).where, "object_attributes.status");
    EXPECT_EQ(refusal(with(document("mr_merge_commit"), "object_attributes.target_branch", name)).where,
              "object_attributes.target_branch");
  }
  EXPECT_EQ(refusal(with(document("push"), "ref", "main")).where, "ref");
}

TEST(HostileGitlabEvent, HasTimesThatAreNone) {
  for (const char* time : {"", "yesterday", "2026-01-02 03:04:05", "1767323045"})
    EXPECT_EQ(refusal(with(document("mr_update"), "object_attributes.updated_at", time)).where,
              "object_attributes.updated_at");
}

TEST(HostileGitlabEvent, ListsMoreThanTenThousand) {
  const Json push = document("push"), pipeline = document("pipeline");
  const Json commit = push.find("commits")->array_items()->at(0),
             build = Json::object({{"id", 1}, {"status", "running"}});
  EXPECT_EQ(refusal(with(push, "commits", Json::Array(10'001, commit))).where, "commits");
  EXPECT_EQ(refusal(with(pipeline, "builds", Json::Array(10'001, build))).where, "builds");
  EXPECT_EQ(changes(with(pipeline, "builds", Json::Array(10'000, build))).size(), 501U);
}

TEST(HostileGitlabEvent, IsRefusedWholeForItsLastBuild) {
  const Error error = refusal(with(document("pipeline"), "builds.3.id", "4714"));
  EXPECT_EQ(error.where, "builds[3].id");
  EXPECT_EQ(to_string(error), "builds[3].id: event_malformed: found string, expected a positive integer");
}

TEST(HostileGitlabEvent, IsQuotedShort) {
  EXPECT_LT(refusal(with(document("push"), "after", std::string(1 << 20, 'z'))).found.size(), 100U);
  EXPECT_LT(refusal(with(document("push"), "ref", std::string(1000, 'z'))).found.size(), 100U);
}

}  // namespace
}  // namespace watchword::context
