#include "http/client.h"

#include "http/client_request.h"
#include "http/h2_client_request.h"
#include "http/uri.h"
#include "net/tls.h"

namespace watchword::http {

namespace {

class H1Client final : public Client {
 public:
  explicit H1Client(std::shared_ptr<ClientPool> pool) : pool_(std::move(pool)) {}

  // The request keeps the pool: the client may go while it waits.
  net::Task<Result<std::unique_ptr<ClientResponse>>> send(RequestHead head, Body* body, Abort* abort) override {
    return send_by_h1(pool_, std::move(head), body, abort);
  }

 private:
  std::shared_ptr<ClientPool> pool_;
};

class H2Client final : public Client {
 public:
  explicit H2Client(std::shared_ptr<H2ClientPool> pool) : pool_(std::move(pool)) {}

  net::Task<Result<std::unique_ptr<ClientResponse>>> send(RequestHead head, Body* body, Abort* abort) override {
    return send_by_h2(pool_, std::move(head), body, abort);
  }

 private:
  std::shared_ptr<H2ClientPool> pool_;
};

std::shared_ptr<net::TlsClientContext> offering(const std::shared_ptr<net::TlsClientContext>& tls,
                                                std::vector<std::string> protocols) {
  return tls ? tls->with_protocols(std::move(protocols)).value_or(nullptr) : nullptr;
}

}  // namespace

Result<Origin> parse_origin(std::string_view text) {
  auto url = parse_url(text);
  if (!url || url->path != "/" || !url->query.empty() || text.ends_with('?'))
    return fail(Reason::config_invalid, std::string(text), "http://HOST[:PORT] or https://HOST[:PORT]");
  const bool is_default = url->port == (url->scheme == "https" ? 443 : 80);
  const bool v6 = url->host.find(':') != std::string::npos;
  Origin origin{.scheme = url->scheme,
                .address = {.host = url->host, .port = url->port},
                .authority = v6 ? "[" + url->host + "]" : url->host};
  if (!is_default) origin.authority += ":" + std::to_string(url->port);
  return origin;
}

std::unique_ptr<Client> Client::make(Origin origin, const std::shared_ptr<net::TlsClientContext>& tls,
                                     ClientLimits limits) {
  const Protocol protocol = origin.protocol;
  const bool by_choice = protocol == Protocol::http2_where_offered;
  const bool only_http1 = protocol == Protocol::http1 || (by_choice && origin.scheme != "https");
  auto http1 = std::make_shared<ClientPool>(std::move(origin), offering(tls, {"http/1.1"}), limits);
  if (only_http1) return std::make_unique<H1Client>(std::move(http1));
  auto h2 = by_choice ? offering(tls, {"h2", "http/1.1"}) : offering(tls, {"h2"});
  return std::make_unique<H2Client>(std::make_shared<H2ClientPool>(std::move(http1), std::move(h2)));
}

}  // namespace watchword::http
