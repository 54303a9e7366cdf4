// The backend of `watchword dev`: answers with what reached it, so that people see what a backend sees.
#pragma once

#include "http/handler.h"

namespace watchword::cli {

class EchoBackend final : public http::Handler {
 public:
  net::Task<void> handle(http::Exchange& exchange) override;
};

}  // namespace watchword::cli
