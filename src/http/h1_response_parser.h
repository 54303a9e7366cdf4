// The head of an HTTP/1.1 response, read strictly and incrementally (RFC 9112 4, 6.3). Sans-I/O.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "http/h1.h"
#include "http/h1_head_lines.h"
#include "http/message.h"

namespace watchword::http {

struct ParsedResponse {
  ResponseHead head;  // headers without transfer-encoding (told by `framing`); content-length and connection stay
  std::size_t consumed = 0;  // bytes of the buffer that were the head
  BodyFraming framing;       // none for HEAD, 1xx, 204 and 304
  int minor = 1;
  bool keep_alive = true;  // the connection can be used again after the body's end
  bool interim = false;    // 1xx: the final response follows; call parse again after dropping `consumed` bytes
  bool tunnel = false;     // 101 to an upgrade, or 2xx to CONNECT: raw bytes follow (framing: until_close)
};

// As strict as RequestParser on lines, headers and framing. Also refused: a status outside 100 to 599, 101 to a request
// without an upgrade or without "connection: upgrade", and 1xx or 204 that announce a body. Errors are http_malformed
// and http_too_large: the client turns them into upstream_malformed.
class ResponseParser {
 public:
  explicit ResponseParser(HeadLimits limits) : lines_(limits) {}

  // `method` of the request that this answers; `upgrade`: it asked for one. Otherwise as RequestParser::parse.
  Result<std::optional<ParsedResponse>> parse(std::string_view buffer, std::string_view method, bool upgrade = false);

 private:
  Status start_line(std::string_view line, bool upgrade);
  Status header(std::string_view line);
  Status finish(std::string_view method);
  Status finish_tunnel();

  HeadLines lines_;
  ParsedResponse parsed_;
};

}  // namespace watchword::http
