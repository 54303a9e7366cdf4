#include "gateway/tcp_upstream.h"

#include "gateway/upstream.h"

namespace watchword::gateway {

net::Task<Result<std::unique_ptr<net::Stream>>> connect_to(const policy::TcpTarget& target) {
  net::Address address{.host = target.host, .port = target.port};
  address.dial = dial_for(address, {});
  return net::connect(std::move(address), nullptr,
                      std::chrono::duration_cast<net::Steady::duration>(target.connect_time));
}

}  // namespace watchword::gateway
