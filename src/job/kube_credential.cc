// watchword kube-credential
#include "job/kube_credential.h"

#include <cstdlib>

#include "base/random.h"
#include "job/credential.h"

namespace watchword::job {
namespace {

constexpr std::string_view kVariable = "KUBERNETES_EXEC_INFO";

// The token goes to the cluster that the client names, and to no other.
bool is_about(const KubeQuestion& question, const Place& place) {
  if (question.server.empty()) return true;
  const auto server = http::parse_url(question.server);
  return server && stands_at(place, *server);
}

}  // namespace

Result<KubeQuestion> parse_kube_question(std::string_view exec_info) {
  KubeQuestion question;
  if (exec_info.empty()) return question;
  WW_TRY(const auto info, parse_json(exec_info));
  const auto version = info.string_or("apiVersion", "");
  if (info.string_or("kind", "") != "ExecCredential" ||
      (version != question.api_version && version != "client.authentication.k8s.io/v1beta1"))
    return std::unexpected(Error{Reason::request_invalid, std::string(version),
                                 "ExecCredential of " + question.api_version, std::string(kVariable),
                                 "set 'apiVersion: " + question.api_version + "' of 'exec' in the kubeconfig"});
  question.api_version = version;
  const auto* spec = info.find("spec");
  const auto* cluster = spec ? spec->find("cluster") : nullptr;
  if (cluster) question.server = cluster->string_or("server", "");
  return question;
}

Json kube_answer(const KubeQuestion& question, const Token& token) {
  return Json::object(
      {{"apiVersion", question.api_version},
       {"kind", "ExecCredential"},
       {"status", Json::object({{"token", token.value.reveal()}, {"expirationTimestamp", to_rfc3339(token.ends)}})}});
}

int kube_credential(const CredentialOptions& options, const Output& out) {
  const char* info = std::getenv(std::string(kVariable).c_str());
  const auto question = parse_kube_question(info == nullptr ? "" : info);
  if (!question) return out.error(question.error());
  const auto found =
      find_credential(options, Kind::kubernetes, [&](const Place& place) { return is_about(*question, place); });
  if (!found) return tell(found.error(), out);
  if (!*found)
    return out.error({Reason::resource_unknown, "the cluster at " + question->server, "the URL of the resource",
                      std::string(kVariable),
                      "set 'server' of the cluster in the kubeconfig to the resource's URL at the gateway"});
  print_secret(kube_answer(*question, *(*found)->token).dump() + "\n");
  return kOk;
}

}  // namespace watchword::job
