#include "job/credential.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>
#include <utility>

#include "job/exchange.h"
#include "job/wanted.h"
#include "net/loop.h"

namespace watchword::job {
namespace {

constexpr std::size_t kLongestQuestion = std::size_t{64} * 1024;

std::vector<std::string> words_of(std::string_view text) {
  constexpr std::string_view kBetween = " ,\t\r\n";
  std::vector<std::string> words;
  for (auto at = text.find_first_not_of(kBetween); at != std::string_view::npos;
       at = text.find_first_not_of(kBetween)) {
    text.remove_prefix(at);
    const auto word = text.substr(0, text.find_first_of(kBetween));
    words.emplace_back(word);
    text.remove_prefix(word.size());
  }
  return words;
}

Error other_kind(const Place& place, Kind kind) {
  return {Reason::resource_kind_mismatch,
          place.name + ", which is of kind " + std::string(name(place.kind)),
          "a resource of kind " + std::string(name(kind)),
          {},
          place.kind == Kind::tcp ? "name a resource of that kind; this one is reached by 'watchword tunnel'"
                                  : "name a resource of that kind, or set 'http: { kind: " + std::string(name(kind)) +
                                        " }' of this one in the policy"};
}

}  // namespace

int tell(const NoCredential& why, const Output& out) {
  if (!why.refusal) return out.error(why.error);
  return print_refusal(*why.refusal, out, why.resource, stderr);
}

Result<std::string> read_question() {
  std::string text;
  std::array<char, 4096> piece{};
  while (text.size() <= kLongestQuestion) {
    const auto count = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
  return fail(Reason::request_invalid, "more than 64 KiB", "what a tool asks its credential helper", "standard input");
}

void print_secret(std::string text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  wipe(text);
}

Result<std::vector<Wanted>> resources_of(const CredentialOptions& options) {
  auto words = options.resources;
  const char* set = std::getenv("WATCHWORD_RESOURCES");
  if (words.empty() && set != nullptr) words = words_of(set);
  if (!words.empty()) return parse_wanted(words);
  return std::unexpected(Error{Reason::usage_invalid, "no resource", "its name", "--resource",
                               "name it with --resource, or several in WATCHWORD_RESOURCES"});
}

bool stands_at(const Place& place, const http::Url& url) {
  const auto own = http::parse_url(place.url);
  return own && own->scheme == url.scheme && own->host == url.host && own->port == url.port;
}

std::expected<std::optional<Credential>, NoCredential> find_credential(Holder& holder,
                                                                       const std::vector<Wanted>& resources, Kind kind,
                                                                       const std::function<bool(const Place&)>& ours) {
  std::optional<NoCredential> refused;
  for (const auto& wanted : resources) {
    Access access(holder, wanted, false);
    auto reply = net::run_blocking(access.renew());
    // Where it cannot be asked about one, it cannot be asked about the others.
    if (!reply) return std::unexpected(NoCredential{std::move(reply).error()});
    if (reply->status / 100 != 2) {
      auto error = error_from(*reply);
      if (!refused) refused = NoCredential{std::move(error), *std::move(reply), wanted.resource};
      continue;
    }
    const auto& place = access.place();
    const bool wrong = place.kind != kind;
    if (wrong && (resources.size() == 1 || ours(place))) return std::unexpected(NoCredential{other_kind(place, kind)});
    if (!wrong && ours(place)) return Credential{place, access.token()};
  }
  // It may have been the one: then the gate's reason helps, and a prompt for a password does not.
  if (refused) return std::unexpected(*std::move(refused));
  return std::nullopt;
}

std::expected<std::optional<Credential>, NoCredential> find_credential(const CredentialOptions& options, Kind kind,
                                                                       const std::function<bool(const Place&)>& ours) {
  const auto resources = resources_of(options);
  if (!resources) return std::unexpected(NoCredential{resources.error()});
  const SystemClock clock;
  SystemRandom random;
  const auto holder = make_holder(options, clock, random);
  if (!holder) return std::unexpected(NoCredential{holder.error()});
  return find_credential(**holder, *resources, kind, ours);
}

}  // namespace watchword::job
