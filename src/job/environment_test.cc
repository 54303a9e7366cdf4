// A command finds what it needs in its environment, and never the ID token.
#include "job/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace watchword::job {
namespace {

using ::testing::ElementsAre;

class EnvironmentTest : public ::testing::Test {
 protected:
  Environment with(std::vector<std::string> entries) {
    texts_ = std::move(entries);
    pointers_.clear();
    for (auto& text : texts_) pointers_.push_back(text.data());
    pointers_.push_back(nullptr);
    return Environment(pointers_.data());
  }
  static std::vector<std::string> seen(Environment& environment) {
    const auto pointers = environment.pointers();
    EXPECT_EQ(pointers.back(), nullptr);
    return {pointers.begin(), pointers.end() - 1};
  }

  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
  const Secret token_{std::string_view("eyJ.secret.token")};
};

TEST_F(EnvironmentTest, PassesOnWhatIsNotTheToken) {
  auto environment = with({"PATH=/bin", "EMPTY=", "odd", "=x", "SAME=1", "SAME=2"});
  environment.forget(token_, "WATCHWORD_ID_TOKEN");
  EXPECT_THAT(seen(environment), ElementsAre("PATH=/bin", "EMPTY=", "odd", "=x", "SAME=1", "SAME=2"));
}

TEST_F(EnvironmentTest, LosesTheTokenUnderEveryName) {
  auto environment = with({"A=1", "WATCHWORD_ID_TOKEN=eyJ.secret.token", "COPY=  eyJ.secret.token\n",
                           "JSON={\"t\":\"eyJ.secret.token\"}", "eyJ.secret.token", "WATCHWORD_ID_TOKENS=2"});
  environment.forget(token_, "WATCHWORD_ID_TOKEN");
  EXPECT_THAT(seen(environment), ElementsAre("A=1", "WATCHWORD_ID_TOKENS=2"));
}

TEST_F(EnvironmentTest, WipesTheTokenWhereItStood) {
  auto environment = with({"WATCHWORD_ID_TOKEN=another", "COPY=(eyJ.secret.token)"});
  environment.forget(token_, "WATCHWORD_ID_TOKEN");
  EXPECT_EQ(texts_[0], "WATCHWORD_ID_TOKEN=" + std::string(7, '\0'));
  EXPECT_EQ(texts_[1], "COPY=" + std::string(18, '\0'));
}

TEST_F(EnvironmentTest, AnEmptyTokenIsInNoVariable) {
  auto environment = with({"A=1", "B="});
  environment.forget(Secret(), "WATCHWORD_ID_TOKEN");
  EXPECT_THAT(seen(environment), ElementsAre("A=1", "B="));
}

TEST_F(EnvironmentTest, SetReplacesAllOfTheName) {
  auto environment = with({"URL=1", "URLS=2", "URL=3"});
  environment.set("URL", "4");
  environment.set("HOST", "a");
  environment.set("URL", "5=5");
  EXPECT_THAT(seen(environment), ElementsAre("URLS=2", "HOST=a", "URL=5=5"));
}

TEST_F(EnvironmentTest, AProxyIsNotAskedForTheOwnHost) {
  auto environment = with({"HTTP_PROXY=http://proxy.example.com:3128", "NO_PROXY=.example.com"});
  environment.reach_directly("127.0.0.1");
  EXPECT_THAT(seen(environment), ElementsAre("HTTP_PROXY=http://proxy.example.com:3128",
                                             "no_proxy=.example.com,127.0.0.1", "NO_PROXY=.example.com,127.0.0.1"));
}

TEST_F(EnvironmentTest, EachListOfHostsWithoutAProxyIsKept) {
  auto environment = with({"all_proxy=socks5://proxy.example.com", "NO_PROXY=a", "no_proxy=b"});
  environment.reach_directly("127.0.0.1");
  EXPECT_THAT(seen(environment),
              ElementsAre("all_proxy=socks5://proxy.example.com", "no_proxy=b,127.0.0.1", "NO_PROXY=a,127.0.0.1"));
}

// gRPC's libraries ask a proxy of any of these for every address, but for no_grpc_proxy or else no_proxy.
TEST_F(EnvironmentTest, AProxyOfGrpcIsNotAskedForTheOwnHost) {
  for (const auto* proxy : {"grpc_proxy=http://proxy.example.com", "https_proxy=http://proxy.example.com"}) {
    auto environment = with({proxy, "no_grpc_proxy=a"});
    environment.reach_directly("127.0.0.1");
    EXPECT_THAT(seen(environment),
                ElementsAre(proxy, "no_proxy=127.0.0.1", "NO_PROXY=127.0.0.1", "no_grpc_proxy=a,127.0.0.1"));
  }
}

TEST_F(EnvironmentTest, WithoutAProxyNothingIsSaidOfOne) {
  auto environment = with({"http_proxy=", "NO_PROXY=a"});
  environment.reach_directly("127.0.0.1");
  EXPECT_THAT(seen(environment), ElementsAre("http_proxy=", "NO_PROXY=a"));
  auto all = with({"http_proxy=http://proxy.example.com", "NO_PROXY=*"});
  all.reach_directly("127.0.0.1");
  EXPECT_THAT(seen(all), ElementsAre("http_proxy=http://proxy.example.com", "no_proxy=*", "NO_PROXY=*"));
}

}  // namespace
}  // namespace watchword::job
