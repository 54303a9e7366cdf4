#include "access/basic_password.h"

#include "base/encoding.h"
#include "base/text.h"
#include "http/chars.h"
#include "jose/jws.h"

namespace watchword::access {
namespace {

constexpr std::string_view kScheme = "basic ";
constexpr std::size_t kLongest = (jose::kMaxTokenBytes + 1024) / 3 * 4;

}  // namespace

bool is_basic(std::string_view authorization) {
  return ascii_iequals(authorization.substr(0, kScheme.size()), kScheme);
}

Result<Secret> password_of(std::string_view credentials) {
  auto decoded = credentials.size() <= kLongest ? from_base64(credentials) : std::nullopt;
  if (!decoded) return fail(Reason::token_malformed, "no base64, or too much of it", "Basic as RFC 7617 says");
  const Secret pair(*std::move(decoded));
  const auto colon = pair.reveal().find(':');  // the first: no user has one
  if (colon == std::string_view::npos || http::has_control(pair.reveal()))
    return fail(Reason::token_malformed, "no user and password", "the access token as the password");
  return Secret(pair.reveal().substr(colon + 1));
}

}  // namespace watchword::access
