// The protocol of docker-credential-helpers (github.com/docker/docker-credential-helpers), which Docker, Podman,
// Buildah, Skopeo, containerd's nerdctl and others speak.
#pragma once

#include <string_view>

#include "job/access.h"

namespace watchword::job {

inline constexpr std::string_view kNotFound = "credentials not found in native keychain";
inline constexpr std::string_view kNoServer = "no credentials server URL";

// Whether the place is the registry that Docker names: HOST, HOST:PORT, or a URL of which only scheme, host and port
// count.
bool is_docker_server(const Place& place, std::string_view server);

}  // namespace watchword::job
