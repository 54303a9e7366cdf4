// watchword git-credential
#include "job/git_credential.h"

#include "base/random.h"
#include "base/text.h"
#include "job/credential.h"

namespace watchword::job {
namespace {

std::unexpected<Error> no_question(std::string found) {
  return fail(Reason::request_invalid, std::move(found), "lines of key=value as git sends them", "standard input");
}

// A value that came once.
Status take(std::string_view key, std::string_view value, std::string& into) {
  if (!into.empty()) return no_question("two values of '" + std::string(key) + "'");
  into = value;
  return {};
}

}  // namespace

Result<GitQuestion> parse_git_question(std::string_view text) {
  GitQuestion question;
  std::string protocol, host, path;
  for (auto line : split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0) return no_question("a line without key and value");
    const auto key = line.substr(0, equals), value = line.substr(equals + 1);
    if (key == "protocol") WW_CHECK(take(key, value, protocol));
    if (key == "host") WW_CHECK(take(key, value, host));
    if (key == "path") WW_CHECK(take(key, value, path));
    if (key == "capability[]" && value == "authtype") question.authtype = true;
  }
  // A host that would not be one alone must not come to mean another.
  if (host.find_first_of("/?#@") != std::string::npos) return no_question("a host with more than a host");
  auto url = http::parse_url(protocol + "://" + host);
  if (!url) return no_question("no http(s) protocol and host");
  question.url = *std::move(url);
  question.has_path = !path.empty();
  if (question.has_path) question.url.path = "/" + path;
  return question;
}

bool is_about(const GitQuestion& question, const Place& place) {
  if (!stands_at(place, question.url)) return false;
  const auto own = http::parse_url(place.url);
  if (!own || own->path == "/" || !question.has_path) return true;
  const std::string_view asked = question.url.path;
  return asked.starts_with(own->path) && (asked.size() == own->path.size() || asked[own->path.size()] == '/');
}

std::string git_answer(const GitQuestion& question, const Token& token) {
  const auto value = token.value.reveal();
  std::string answer;
  if (question.authtype)
    answer.append("capability[]=authtype\nauthtype=Bearer\nephemeral=1\ncredential=").append(value);
  else
    answer.append("username=watchword\npassword=").append(value);
  return answer + "\npassword_expiry_utc=" + std::to_string(to_unix(token.ends)) + "\n";
}

// To what is not ours it says nothing, and git asks its next helper. There is nothing to store or erase.
int git_credential(const CredentialOptions& options, const Output& out) {
  auto text = read_question();
  if (!text) return out.error(text.error());
  if (options.action != "get") return kOk;
  const auto question = parse_git_question(*text);
  if (!question) return out.error(question.error());
  const auto found =
      find_credential(options, Kind::git, [&](const Place& place) { return is_about(*question, place); });
  if (!found) return tell(found.error(), out);
  if (*found) print_secret(git_answer(*question, *(*found)->token));
  return kOk;
}

}  // namespace watchword::job
