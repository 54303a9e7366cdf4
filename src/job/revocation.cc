#include "job/revocation.h"

#include <memory>
#include <utility>

#include "http/uri.h"
#include "job/proved_post.h"
#include "net/loop.h"

namespace watchword::job {
namespace {

constexpr auto kWithin = std::chrono::seconds(4);

struct Pending {
  explicit Pending(std::size_t count) : left(count) {}
  std::size_t left;
  net::Delivery<bool> all;
};

net::Task<void> give_one_back(Holder& holder, std::string token, std::shared_ptr<Pending> pending) {
  co_await give_back(holder, std::move(token), true);
  if (--pending->left == 0) pending->all.deliver(true);
}

}  // namespace

net::Task<void> give_back(Holder& holder, std::string token, bool bound) {
  ProvedForm form{.path = "/oauth/revoke",
                  .text = "token=" + http::percent_encode(token),
                  .authorization = bound ? "DPoP" : "Bearer",
                  .token = std::move(token)};
  static_cast<void>(co_await post_proved(holder, std::move(form), Duration::zero(), kWithin));
}

net::Task<std::size_t> give_back(Holder& holder, const std::vector<Secret>& tokens) {
  if (tokens.empty()) co_return std::size_t{0};
  const auto pending = std::make_shared<Pending>(tokens.size());
  for (const auto& token : tokens) net::spawn(give_one_back(holder, std::string(token.reveal()), pending));
  co_await pending->all;
  co_return tokens.size();
}

}  // namespace watchword::job
