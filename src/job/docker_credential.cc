// watchword docker-credential
#include "job/docker_credential.h"

#include "base/random.h"
#include "base/text.h"
#include "job/credential.h"
#include "job/token_input.h"
#include "terminal/version.h"

namespace watchword::job {
namespace {

constexpr std::string_view kUser = "watchword";
constexpr int kHelperFailed = 1;  // the only one that the protocol knows

// Docker shows what a helper that failed has written to standard output.
int helper_failed(const Output& out, std::string_view why) {
  out.line(why);
  return kHelperFailed;
}

int failed(const Output& out, const NoCredential& why) {
  static_cast<void>(tell(why, out));
  return helper_failed(out, to_string(why.error));
}

int get(const CredentialOptions& options, const std::string& server, const Output& out) {
  if (server.empty()) return helper_failed(out, kNoServer);
  const auto found =
      find_credential(options, Kind::docker, [&](const Place& place) { return is_docker_server(place, server); });
  if (!found) return failed(out, found.error());
  if (!*found) return helper_failed(out, kNotFound);
  const auto token = (*found)->token->value.reveal();
  print_secret(Json::object({{"ServerURL", server}, {"Username", kUser}, {"Secret", token}}).dump() + "\n");
  return kOk;
}

}  // namespace

bool is_docker_server(const Place& place, std::string_view server) {
  constexpr std::string_view kAfterScheme = "://";
  auto scheme = std::string_view(place.url).substr(0, place.url.find(kAfterScheme));
  if (const auto at = server.find(kAfterScheme); at != std::string_view::npos) {
    scheme = server.substr(0, at);
    server.remove_prefix(at + kAfterScheme.size());
  }
  const auto host = server.substr(0, server.find('/'));
  if (host.find_first_of("?#@") != std::string_view::npos) return false;
  const auto url = http::parse_url(std::string(scheme).append(kAfterScheme).append(host));
  return url && stands_at(place, *url);
}

// There is nothing to store or erase, and nothing that is listed would be known without asking the gate.
int docker_credential(const CredentialOptions& options, const Output& out) {
  if (options.action == "version") {
    out.line("docker-credential-watchword (watchword) " + std::string(terminal::kVersion));
    return kOk;
  }
  if (options.action == "list") {
    out.line("{}");
    return kOk;
  }
  const auto text = read_question();
  if (!text) return failed(out, {text.error()});
  if (options.action == "get") return get(options, std::string(trimmed(*text)), out);
  if (options.action == "store" || options.action == "erase") return kOk;
  return helper_failed(out, "Unknown credential action `" + printable(options.action) + "`");
}

}  // namespace watchword::job
