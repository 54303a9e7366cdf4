// What every answer of the API carries, unless the endpoint says otherwise: not stored, not sniffed, by TLS
// only where it came by TLS.
#pragma once

#include <string>
#include <string_view>

#include "http/handler.h"
#include "http/problem.h"

namespace watchword::api {

class GuardedWriter final : public http::Writer {
 public:
  GuardedWriter(http::Writer& inner, std::string_view scheme) : inner_(inner), scheme_(scheme) {}
  net::Task<Status> begin(http::ResponseHead head) override { return inner_.begin(guard(std::move(head))); }
  net::Task<Status> begin_with(http::ResponseHead head, std::string_view piece) override {
    return inner_.begin_with(guard(std::move(head)), piece);
  }
  net::Task<Status> write(std::string_view piece) override { return inner_.write(piece); }
  net::Task<Status> end(http::Headers trailers) override { return inner_.end(std::move(trailers)); }
  net::Task<Status> send(http::ResponseHead head, std::string_view body) override {
    return inner_.send(guard(std::move(head)), body);
  }
  bool begun() const override { return inner_.begun(); }
  void abort() override { inner_.abort(); }

 private:
  http::ResponseHead guard(http::ResponseHead head) const {
    head.headers.set("x-content-type-options", "nosniff");
    if (!head.headers.find("cache-control")) head.headers.set("cache-control", "no-store");
    http::demand_tls(head.headers, scheme_);
    return head;
  }
  http::Writer& inner_;
  const std::string scheme_;  // its own: an endpoint may take the request's head
};

}  // namespace watchword::api
