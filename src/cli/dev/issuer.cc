#include "cli/dev/issuer.h"

#include <charconv>

#include "http/problem.h"
#include "jose/jwk.h"
#include "jose/jws.h"

namespace watchword::cli {
namespace {

constexpr std::int64_t kDefaultLife = 3600;  // GitLab's default job timeout
constexpr std::string_view kSha = "9f3c2d1e4b5a69788796a5b4c3d2e1f009182736";

std::string value_or(const http::Form& form, std::string_view name, std::string_view fallback) {
  const auto* found = http::find(form, name);
  return found ? *found : std::string(fallback);
}

net::Task<void> send_text(http::Writer& reply, std::string body, std::string type) {
  // A failing write means that the client has gone.
  static_cast<void>(co_await reply.send({200, {{"content-type", type}, {"cache-control", "no-store"}}}, body));
}

}  // namespace

DevIssuer::DevIssuer(std::string url, std::string audience, crypto::PrivateKey key, const Clock& clock, Random& random)
    : url_(std::move(url)),
      audience_(std::move(audience)),
      kid_(jose::thumbprint(key.public_key())),
      key_(std::move(key)),
      clock_(clock),
      random_(random) {}

Result<std::unique_ptr<DevIssuer>> DevIssuer::make(std::string url, std::string audience, const Clock& clock,
                                                   Random& random) {
  WW_TRY(auto key, crypto::PrivateKey::generate(crypto::KeyType::rsa));
  return std::unique_ptr<DevIssuer>(new DevIssuer(std::move(url), std::move(audience), std::move(key), clock, random));
}

// The claims of a GitLab job (docs.gitlab.com, "ID token authentication"); strings where GitLab sends strings.
Json DevIssuer::claims(const http::Form& wanted) const {
  auto now = to_unix(clock_.now());
  auto life = kDefaultLife;
  auto life_text = value_or(wanted, "expires_in", "");
  std::from_chars(life_text.data(), life_text.data() + life_text.size(), life);
  auto project = value_or(wanted, "project_path", "acme/billing");
  auto ref = value_or(wanted, "ref", "main");
  auto space = project.substr(0, project.rfind('/'));
  auto claims =
      Json::object({{"iss", url_},
                    {"sub", "project_path:" + project + ":ref_type:branch:ref:" + ref},
                    {"aud", audience_},
                    {"iat", now},
                    {"nbf", now - 5},
                    {"exp", now + life},
                    {"jti", random_token(random_)},
                    {"project_id", "42"},
                    {"project_path", project},
                    {"namespace_id", "7"},
                    {"namespace_path", space},
                    {"job_project_id", "42"},
                    {"job_project_path", project},
                    {"job_namespace_id", "7"},
                    {"job_namespace_path", space},
                    {"user_id", "1001"},
                    {"user_login", "jane"},
                    {"user_email", "jane@example.com"},
                    {"user_access_level", "maintainer"},
                    {"pipeline_id", "815"},
                    {"pipeline_source", "push"},
                    {"job_id", std::to_string(next_job_++)},
                    {"ref", ref},
                    {"ref_type", "branch"},
                    {"ref_path", "refs/heads/" + ref},
                    {"ref_protected", ref == "main" ? "true" : "false"},
                    {"environment", "production"},
                    {"environment_protected", "true"},
                    {"deployment_tier", "production"},
                    {"runner_id", 12},
                    {"runner_environment", "self-hosted"},
                    {"sha", kSha},
                    {"ci_config_ref_uri", "gitlab.example.com/" + project + "//.gitlab-ci.yml@refs/heads/" + ref},
                    {"ci_config_sha", kSha},
                    {"project_visibility", "private"}});
  for (const auto& [name, value] : wanted)
    if (name != "expires_in") claims.set(name, value);
  return claims;
}

Result<std::string> DevIssuer::mint(const http::Form& wanted) const {
  return jose::sign_jws(key_, crypto::Algorithm::rs256, {.typ = "JWT", .kid = kid_}, claims(wanted).dump());
}

void DevIssuer::add_to(api::Router& router) {
  router.add("GET", "/.well-known/openid-configuration", [this](http::Exchange& exchange) {
    auto document = Json::object({{"issuer", url_}, {"jwks_uri", url_ + "/oauth/discovery/keys"}});
    return send_text(exchange.reply, document.dump(), "application/json");
  });
  router.add("GET", "/oauth/discovery/keys", [this](http::Exchange& exchange) {
    auto key = jose::to_json(key_.public_key(), kid_, crypto::Algorithm::rs256);
    auto document = Json::object({{"keys", Json::array().push(std::move(key))}});
    return send_text(exchange.reply, document.dump(), "application/json");
  });
  router.add("GET", "/token", [this](http::Exchange& exchange) -> net::Task<void> {
    auto wanted = http::parse_form(exchange.request.query());
    auto token = wanted ? mint(*wanted) : Result<std::string>(std::unexpected(wanted.error()));
    if (token) co_return co_await send_text(exchange.reply, *token + "\n", "text/plain");
    static_cast<void>(co_await http::send_problem(exchange.reply, 400, http::problem(token.error(), true)));
  });
}

}  // namespace watchword::cli
