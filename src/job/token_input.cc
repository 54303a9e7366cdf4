#include "job/token_input.h"

#include <cstdlib>
#include <iostream>
#include <iterator>

#include "base/file.h"
#include "jose/jws.h"

namespace watchword::job {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

Result<Secret> read_token(const std::string& file) {
  std::string text;
  if (file == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    WW_TRY(text, read_file(file, jose::kMaxTokenBytes * 2));
  }
  Secret token(trimmed(text));
  wipe(text);
  if (token.empty()) return fail(Reason::token_missing, "an empty input", "a token", file);
  return token;
}

Result<Secret> token_from_environment(const std::string& variable) {
  const char* value = std::getenv(variable.c_str());
  if (!value || !*value)
    return std::unexpected(Error{Reason::token_missing,
                                 variable + " is not set",
                                 "the job's ID token in " + variable,
                                 {},
                                 "add to the job 'id_tokens: { " + variable +
                                     ": { aud: <audience of the gate> } }', or give the token with --token-file"});
  return Secret(trimmed(value));
}

}  // namespace watchword::job
