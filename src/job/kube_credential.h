// Exec credential plugins of Kubernetes clients (kubernetes.io/docs/reference/config-api/client-authentication.v1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "job/access.h"

namespace watchword::job {

struct KubeQuestion {
  std::string api_version = "client.authentication.k8s.io/v1";
  std::string server;  // of the cluster, where the client says it (provideClusterInfo)
};
// $KUBERNETES_EXEC_INFO; empty: the client does not say. request_invalid, json_invalid.
Result<KubeQuestion> parse_kube_question(std::string_view exec_info);

Json kube_answer(const KubeQuestion& question, const Token& token);

}  // namespace watchword::job
