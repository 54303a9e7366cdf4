// A request on its way through the proxy.
#pragma once

#include <cstdint>

#include "access/flights.h"
#include "http/abort.h"
#include "http/handler.h"

namespace watchword::gateway {

class ProxiedFlight final : public access::Flight {
 public:
  ProxiedFlight(std::uint64_t its_number, const access::TokenService::Presented& its_presented,
                std::string_view its_resource, std::string_view its_action, Asker its_asker, http::Writer& its_reply)
      : Flight(its_number, its_presented, its_resource, its_action, std::move(its_asker)), reply(its_reply) {}

  // Before bytes pass on: adds them to bytes_up or bytes_down. An error: they must not pass, and the flight is cut.
  Status pass(std::uint64_t& count, std::uint64_t bytes);

  http::Writer& reply;
  http::Abort upstream;
  std::uint64_t bytes_up = 0, bytes_down = 0;  // of bodies, so far

 private:
  void stop() override;
};

}  // namespace watchword::gateway
