// Secret references: where a secret is, never what it is. Errors here name the place only.
#include <cstdlib>

#include "base/file.h"

namespace watchword {
namespace {

constexpr std::size_t kMaxSecretBytes = 64 << 10;
constexpr std::string_view kForms = "file:PATH, env:NAME or credential:NAME";

std::unexpected<Error> unavailable(std::string found, std::string expected, std::string where) {
  return fail(Reason::secret_unavailable, std::move(found), std::move(expected), std::move(where));
}

Result<Secret> checked(Secret secret, std::string_view reference) {
  if (secret.empty()) return unavailable("nothing in it", "a secret", std::string(reference));
  return secret;
}

Result<Secret> from_file(const std::string& path, std::string_view reference) {
  auto content = read_file(path, kMaxSecretBytes);
  if (!content) return unavailable(content.error().found, content.error().expected, std::string(reference));
  const Secret whole(std::move(*content));
  std::string_view text = whole.reveal();
  if (text.ends_with("\r\n"))
    text.remove_suffix(2);
  else if (text.ends_with('\n'))
    text.remove_suffix(1);
  return checked(Secret(text), reference);
}

Result<Secret> from_environment(const std::string& name, std::string_view reference) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return unavailable("no such environment variable", "the secret in it", std::string(reference));
  return checked(Secret(std::string_view(value)), reference);
}

// https://systemd.io/CREDENTIALS: one file per credential in a directory that only this service can read.
Result<Secret> from_credential(const std::string& name, std::string_view reference) {
  if (name.empty() || name.find('/') != std::string::npos || name == "." || name == "..")
    return unavailable("a credential name with a path in it", "a plain name", std::string(reference));
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr)
    return unavailable("no $CREDENTIALS_DIRECTORY", "LoadCredential= in the systemd unit", std::string(reference));
  return from_file(std::string(folder) + "/" + name, reference);
}

}  // namespace

Result<Secret> resolve_secret(std::string_view reference) {
  const auto colon = reference.find(':');
  const std::string_view kind = reference.substr(0, colon);
  const std::string name(colon == std::string_view::npos ? std::string_view() : reference.substr(colon + 1));
  if (!name.empty()) {
    if (kind == "file") return from_file(name, reference);
    if (kind == "env") return from_environment(name, reference);
    if (kind == "credential") return from_credential(name, reference);
  }
  return unavailable("something else than a reference (not shown, it may be the secret itself)", std::string(kForms),
                     {});
}

}  // namespace watchword
