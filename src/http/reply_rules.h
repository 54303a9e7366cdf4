// What every Writer demands of its handler, whatever the HTTP version. Internal to the server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "http/h1_head_lines.h"
#include "http/message.h"

namespace watchword::http {

inline std::unexpected<Error> misuse(std::string found) { return fail(Reason::internal, std::move(found)); }

// nullopt: no content-length is announced.
inline Result<std::optional<std::uint64_t>> announced_length(const ResponseHead& head) {
  const std::string* announced = head.headers.find("content-length");
  if (announced == nullptr) return std::optional<std::uint64_t>();
  const auto length = parse_content_length(*announced);
  if (!length) return misuse("a content-length that is not a number");
  return length;
}

}  // namespace watchword::http
