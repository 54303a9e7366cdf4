#include "context/event.h"

#include <array>

namespace watchword::context {

std::string_view name(JobStatus status) {
  static constexpr std::array<std::string_view, 6> kNames{"pending", "running", "success", "failed", "canceled"};
  return kNames[static_cast<std::size_t>(status)];
}

}  // namespace watchword::context
