// A token goes to the server of its own resource and to no other, in the words of the tool that asks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job/docker_credential.h"
#include "job/git_credential.h"
#include "job/kube_credential.h"

namespace watchword::job {
namespace {

using ::testing::HasSubstr;

Place at(std::string url, Kind kind = Kind::git) {
  return {.name = "r", .kind = kind, .url = std::move(url), .port = 0};
}
Token token() {
  return {.value = Secret(std::string_view("eyJ.x.y")), .bound = false, .ends = from_unix(1'790'000'900)};
}

bool asks_for(std::string_view text, const std::string& url) {
  const auto question = parse_git_question(text);
  return question && is_about(*question, at(url));
}

TEST(GitCredential, IsForTheServerOfItsResourceAlone) {
  const std::string code = "https://git.gate.example.com:8444";
  const struct {
    const char* question;
    std::string url;
    bool ours;
  } rows[] = {
      {"protocol=https\nhost=git.gate.example.com:8444\n\n", code, true},
      {"protocol=https\nhost=GIT.gate.example.com:8444\n", code, true},
      {"protocol=https\r\nhost=git.gate.example.com:8444\r\n\r\n", code, true},
      {"capability[]=authtype\nprotocol=https\nhost=git.gate.example.com:8444\nwwwauth[]=Basic realm=\"x\"\n", code,
       true},
      {"protocol=https\nhost=git.gate.example.com:8444\npath=acme/code.git\nusername=jane\n", code, true},
      {"protocol=https\nhost=git.gate.example.com\n", "https://git.gate.example.com", true},
      {"protocol=https\nhost=git.gate.example.com:443\n", "https://git.gate.example.com", true},
      {"protocol=https\nhost=git.gate.example.com\n", code, false},
      {"protocol=http\nhost=git.gate.example.com:8444\n", code, false},
      {"protocol=https\nhost=git.gate.example.com:8445\n", code, false},
      {"protocol=https\nhost=git.gate.example.com.evil.example:8444\n", code, false},
      {"protocol=https\nhost=evil.example\npath=git.gate.example.com:8444\n", code, false},
      {"protocol=https\nhost=gate.example.com:8444\npath=code/x.git\n", "https://gate.example.com:8444/code", true},
      {"protocol=https\nhost=gate.example.com:8444\npath=code\n", "https://gate.example.com:8444/code", true},
      {"protocol=https\nhost=gate.example.com:8444\n", "https://gate.example.com:8444/code", true},
      {"protocol=https\nhost=gate.example.com:8444\npath=codex/x.git\n", "https://gate.example.com:8444/code", false},
  };
  for (const auto& row : rows) EXPECT_EQ(asks_for(row.question, row.url), row.ours) << row.question;
}

TEST(GitCredential, RefusesWhatIsNoQuestionAboutOneServer) {
  for (const auto* text : {"", "\n", "protocol=https\n", "host=git.gate.example.com\n", "protocol=https\nhost=\n",
                           "protocol\nhost=a\n", "=https\nhost=a\n", "protocol=ssh\nhost=a\n",
                           "protocol=https\nhost=a\nhost=b\n", "protocol=https\nprotocol=http\nhost=a\n",
                           "protocol=https\nhost=a/b\n", "protocol=https\nhost=a@b\n", "protocol=https\nhost=a#b\n",
                           "protocol=https\nhost=a?b\n", "protocol=https\nhost=a b\n", "protocol=https\n\nhost=a\n"})
    EXPECT_FALSE(parse_git_question(text).has_value()) << text;
}

TEST(GitCredential, IsAPasswordUnlessGitCanSendABearerToken) {
  const std::string question = "protocol=https\nhost=a\n";
  EXPECT_EQ(git_answer(parse_git_question(question).value(), token()),
            "username=watchword\npassword=eyJ.x.y\npassword_expiry_utc=1790000900\n");
  EXPECT_EQ(
      git_answer(parse_git_question("capability[]=state\ncapability[]=authtype\n" + question).value(), token()),
      "capability[]=authtype\nauthtype=Bearer\nephemeral=1\ncredential=eyJ.x.y\npassword_expiry_utc=1790000900\n");
}

TEST(DockerCredential, IsForTheRegistryOfItsResourceAlone) {
  const auto images = at("https://images.gate.example.com:8444", Kind::docker);
  for (const auto* server : {"images.gate.example.com:8444", "Images.Gate.example.com:8444",
                             "https://images.gate.example.com:8444", "https://images.gate.example.com:8444/v2/"})
    EXPECT_TRUE(is_docker_server(images, server)) << server;
  for (const auto* server :
       {"", "images.gate.example.com", "http://images.gate.example.com:8444", "https://index.docker.io/v1/",
        "images.gate.example.com:8444@evil.example", "evil.example/images.gate.example.com:8444",
        "images.gate.example.com:8444?x", "ssh://images.gate.example.com:8444", "://images.gate.example.com:8444"})
    EXPECT_FALSE(is_docker_server(images, server)) << server;
  EXPECT_TRUE(is_docker_server(at("https://images.example.com"), "images.example.com"));
  EXPECT_TRUE(is_docker_server(at("http://127.0.0.1:5000"), "127.0.0.1:5000"));
}

TEST(KubeCredential, AnswersInTheVersionThatItIsAskedIn) {
  const auto answer = [](std::string_view info) {
    return kube_answer(parse_kube_question(info).value(), token()).dump();
  };
  const std::string v1 = R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":)"
                         R"({"expirationTimestamp":"2026-09-21T14:28:20.000Z","token":"eyJ.x.y"}})";
  EXPECT_EQ(answer(""), v1);
  EXPECT_EQ(answer(R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{}})"), v1);
  EXPECT_THAT(answer(R"({"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential"})"),
              HasSubstr(R"("apiVersion":"client.authentication.k8s.io/v1beta1")"));
}

TEST(KubeCredential, RefusesWhatItDoesNotSpeak) {
  for (const auto* info : {"{", "[]", "{}", R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"Pod"})",
                           R"({"apiVersion":"client.authentication.k8s.io/v1alpha1","kind":"ExecCredential"})"})
    EXPECT_FALSE(parse_kube_question(info).has_value()) << info;
}

TEST(KubeCredential, KnowsTheClusterThatItIsFor) {
  const auto question =
      parse_kube_question(R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",)"
                          R"("spec":{"cluster":{"server":"https://kube.gate.example.com:8444"},"interactive":false}})");
  EXPECT_EQ(question->server, "https://kube.gate.example.com:8444");
}

}  // namespace
}  // namespace watchword::job
