// git's credential protocol (git-scm.com/docs/git-credential, gitcredentials(7)).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/uri.h"
#include "job/access.h"

namespace watchword::job {

struct GitQuestion {
  http::Url url;          // protocol, host and, where git is told to say it (credential.useHttpPath), path
  bool has_path = false;  // else url.path is "/"
  bool authtype = false;  // this git can send what is no user and password (2.46)
};
// Lines of key=value up to an empty one. Keys that are not known here are passed over. request_invalid: it is no
// question of git's about one http(s) URL.
Result<GitQuestion> parse_git_question(std::string_view text);

// The same origin, and no path beside the resource's prefix.
bool is_about(const GitQuestion& question, const Place& place);

// Lines for git, each with its end. As user and password, unless git can send a bearer token as such.
std::string git_answer(const GitQuestion& question, const Token& token);

}  // namespace watchword::job
