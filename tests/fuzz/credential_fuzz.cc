// Whatever git, Docker, a Kubernetes client or a stranger at the gateway says: a token goes to the server of its own
// resource and to no other, and what is read of a password is a part of what was sent.
#include <cstdlib>
#include <string>
#include <string_view>

#include "access/basic_password.h"
#include "base/encoding.h"
#include "job/docker_credential.h"
#include "job/git_credential.h"
#include "job/kube_credential.h"

namespace {

using namespace watchword;

void must(bool holds) {
  if (!holds) std::abort();
}

const job::Place kPlace{
    .name = "r", .kind = job::Kind::git, .url = "https://git.gate.example.com:8444/code", .port = 0};

void answers_one_host(std::string_view text) {
  const auto question = job::parse_git_question(text);
  if (!question || !job::is_about(*question, kPlace)) return;
  must(question->url.scheme == "https" && question->url.host == "git.gate.example.com" && question->url.port == 8444);
  must(!question->has_path || question->url.path.starts_with("/code"));
}

void reads_a_part(std::string_view text) {
  const auto password = access::password_of(text);
  if (!password) return;
  must(from_base64(text)->ends_with(":" + std::string(password->reveal())));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text({data, size});
  answers_one_host(text);
  reads_a_part(text);
  reads_a_part(to_base64({data, size}));
  if (job::is_docker_server(kPlace, text)) must(text.find("8444") != std::string_view::npos);
  if (const auto question = job::parse_kube_question(text); question && !text.empty())
    must(question->api_version.starts_with("client.authentication.k8s.io/v1"));
  return 0;
}
