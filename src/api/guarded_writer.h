// What every answer of the API carries, unless the endpoint says otherwise: not stored, not sniffed.
#pragma once

#include "http/handler.h"

namespace watchword::api {

class GuardedWriter final : public http::Writer {
 public:
  explicit GuardedWriter(http::Writer& inner) : inner_(inner) {}
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
  static http::ResponseHead guard(http::ResponseHead head) {
    head.headers.set("x-content-type-options", "nosniff");
    if (!head.headers.find("cache-control")) head.headers.set("cache-control", "no-store");
    return head;
  }
  http::Writer& inner_;
};

}  // namespace watchword::api
