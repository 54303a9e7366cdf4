// GET /api/v1/keys, POST /api/v1/keys/rotate, POST /api/v1/keys/{kid}/retire.
#include "api/admin.h"
#include "api/reply.h"

namespace watchword::api {
namespace {

constexpr std::string_view kKeys = "/api/v1/keys/";
constexpr std::string_view kRetire = "/retire";

Json keys_json(const access::SigningKeys& keys) {
  Json list = Json::array();
  for (const auto& key : keys.list())
    list.push(Json::object({{"kid", key.kid},
                            {"algorithm", key.algorithm},
                            {"state", key.state},
                            {"created", to_rfc3339(key.created)},
                            {"activates", to_rfc3339(key.activates)},
                            {"expires", to_rfc3339(key.expires)}}));
  return Json::object({{"keys", std::move(list)}});
}

// What `change` does is recorded with the person's words, then the keys are shown as they are now.
net::Task<void> change_keys(access::TokenService& service, http::Exchange& exchange,
                            std::function<Status(access::SigningKeys&, const std::string& why, Time)> change) {
  auto why = co_await read_why(exchange);
  if (!why) co_return co_await send_refusal(exchange, std::move(why).error(), true);
  auto& keys = service.parts().keys;
  auto now = service.parts().clock.now();
  auto done = co_await off_the_loop([&] { return change(keys, *why, now); });
  if (!done) co_return co_await send_refusal(exchange, std::move(done).error(), true);
  co_await send_json(exchange, 200, keys_json(keys));
}

net::Task<void> retire_key(access::TokenService& service, http::Exchange& exchange) {
  auto path = exchange.request.path().substr(kKeys.size());
  if (!path.ends_with(kRetire)) co_return co_await send_refusal(exchange, {Reason::not_found, {}, {}, {}, {}}, true);
  std::string kid(path.substr(0, path.size() - kRetire.size()));
  co_await change_keys(service, exchange, [kid](access::SigningKeys& keys, const std::string& why, Time now) {
    return keys.retire(kid, why, now);
  });
}

}  // namespace

void add_key_admin(Router& router, access::TokenService& service) {
  add_for_admin(router, "GET", "/api/v1/keys",
                [&](http::Exchange& exchange) { return send_json(exchange, 200, keys_json(service.parts().keys)); });
  add_for_admin(router, "POST", "/api/v1/keys/rotate", [&](http::Exchange& exchange) {
    return change_keys(service, exchange, [](access::SigningKeys& keys, const std::string& why, Time now) {
      return keys.rotate(why, now);
    });
  });
  add_for_admin(router, "POST", std::string(kKeys),
                [&](http::Exchange& exchange) { return retire_key(service, exchange); });
}

}  // namespace watchword::api
