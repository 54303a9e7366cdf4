// A response that came from one of several endpoints, and what it needs as long as it lives. Internal to the client.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "gateway/upstream.h"
#include "gateway/upstream_balancer.h"
#include "http/client.h"

namespace watchword::gateway {

// The body as it is; notes whether any of it was taken.
class WatchedBody final : public http::Body {
 public:
  explicit WatchedBody(http::Body& body) : body_(body) {}
  net::Task<Result<std::string_view>> next() override {
    taken_ = true;
    return body_.next();  // the task is the body's own: this may go while it waits
  }
  bool ready() const override { return body_.ready(); }
  std::optional<std::uint64_t> length() const override { return body_.length(); }
  const http::Headers& trailers() const override { return body_.trailers(); }
  bool taken() const { return taken_; }

 private:
  http::Body& body_;
  bool taken_ = false;
};

// A request's place among max_requests.
class Place {
 public:
  static Result<Place> take(std::shared_ptr<Upstream> upstream) {
    if (upstream->enter()) return Place(std::move(upstream));
    const auto most = std::to_string(upstream->settings().max_requests);
    return fail(Reason::overloaded, most + " requests to this backend are under way",
                "fewer than its 'max_requests', " + most);
  }
  Place(Place&&) = default;
  Place& operator=(Place&&) = delete;
  ~Place() {
    if (upstream_) upstream_->leave();
  }

 private:
  explicit Place(std::shared_ptr<Upstream> upstream) : upstream_(std::move(upstream)) {}
  std::shared_ptr<Upstream> upstream_;
};

// The members are destroyed from the last to the first: the response before what it needs.
class UpstreamResponse final : public http::ClientResponse {
 public:
  UpstreamResponse(Place place, Balancer::Turn turn, std::unique_ptr<WatchedBody> upload,
                   std::shared_ptr<http::Client> client, std::unique_ptr<http::ClientResponse> response)
      : place_(std::move(place)),
        turn_(std::move(turn)),
        upload_(std::move(upload)),
        client_(std::move(client)),
        response_(std::move(response)) {}
  const http::ResponseHead& head() const override { return response_->head(); }
  http::ResponseHead take_head() override { return response_->take_head(); }
  http::Body& body() override { return response_->body(); }

 private:
  Place place_;
  Balancer::Turn turn_;
  std::unique_ptr<WatchedBody> upload_;
  std::shared_ptr<http::Client> client_;
  std::unique_ptr<http::ClientResponse> response_;
};

}  // namespace watchword::gateway
