#include "cli/admin_client.h"

#include <cstdlib>

#include "cli/config.h"
#include "net/loop.h"

namespace watchword::cli {
namespace {

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// An option beats both variables.
Result<net::Address> admin_address(AdminOptions admin) {
  if (admin.admin.empty() && admin.config.empty())
    admin = {from_environment("WATCHWORD_ADMIN"), from_environment("WATCHWORD_CONFIG")};
  if (!admin.admin.empty()) return net::parse_address(admin.admin);
  if (admin.config.empty())
    return std::unexpected(
        Error{Reason::usage_invalid,
              "neither --config nor --admin",
              "one of them: where the gate's admin socket is",
              {},
              "add --config /etc/watchword/watchword.yaml, or --admin unix:/run/watchword/admin.sock"});
  auto config = load_config(admin.config);
  if (!config) return std::unexpected(std::move(config).error().front());
  return config->admin;
}

}  // namespace

Result<Reply> ask_admin(const AdminOptions& admin, std::string_view method, std::string target, const Json* body) {
  WW_TRY(auto address, admin_address(admin));
  http::Origin origin{"http", std::move(address), "admin"};
  http::RequestHead head{std::string(method), "http", origin.authority, std::move(target), {}};
  head.headers.add("accept", "application/json");
  if (body) head.headers.add("content-type", "application/json");
  return net::run_blocking(job::ask(std::move(origin), nullptr, std::move(head), body ? body->dump() : ""));
}

Result<Json> expect_ok(Result<Reply> reply) {
  if (!reply) return std::unexpected(std::move(reply).error());
  if (reply->status / 100 != 2) return std::unexpected(job::error_from(*reply));
  return std::move(reply->body);
}

}  // namespace watchword::cli
