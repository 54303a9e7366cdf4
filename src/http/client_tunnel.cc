#include "http/client_tunnel.h"

#include "base/text.h"
#include "http/h1_head_lines.h"
#include "http/h1_write.h"
#include "http/uri.h"
#include "http/websocket_handshake.h"

namespace watchword::http {

namespace {

constexpr std::string_view kWebsocket = "websocket";

Status append_upgrade(std::string& out, RequestHead head, std::string_view key) {
  if (head.protocol != kWebsocket) return fail(Reason::internal, "an upgrade to another protocol than websocket");
  head.method = "GET";
  head.headers.remove("sec-websocket-accept");
  head.headers.set("sec-websocket-key", std::string(key));
  head.headers.set("sec-websocket-version", std::string(kWebsocketVersion));
  head.headers.set("upgrade", std::string(kWebsocket));
  WW_CHECK(append_request_head(out, head, BodyFraming::none()));
  out.resize(out.size() - 2);  // the empty line moves behind what is added
  out.append("connection: Upgrade\r\n\r\n");
  return {};
}

// The same head with another first line.
Status append_connect(std::string& out, RequestHead head) {
  const auto authority = parse_authority(head.authority);
  if (!authority || !authority->port) return fail(Reason::internal, "CONNECT to what is not host:port");
  head.method = "GET";
  head.target = "/";
  const std::size_t begin = out.size();
  WW_CHECK(append_request_head(out, head, BodyFraming::none()));
  out.replace(begin, std::string_view("GET /").size(), "CONNECT " + head.authority);
  return {};
}

}  // namespace

Status append_tunnel_head(std::string& out, const RequestHead& head, std::string_view key) {
  return head.protocol.empty() ? append_connect(out, head) : append_upgrade(out, head, key);
}

Status accept_tunnel(ParsedResponse& answer, const RequestHead& head, std::string_view key) {
  Headers& headers = answer.head.headers;
  if (!answer.tunnel) {
    if (answer.head.status < 300) return malformed("a success that grants no upgrade", "status 101");
    return {};
  }
  answer.head.status = 200;
  if (head.protocol.empty()) return {};
  const std::string* accept = headers.find("sec-websocket-accept");
  if (accept == nullptr || headers.count("sec-websocket-accept") != 1 || *accept != websocket_accept(key))
    return malformed("a sec-websocket-accept that does not answer the key");
  const std::string* upgrade = headers.find("upgrade");
  if (upgrade == nullptr || headers.count("upgrade") != 1 || !ascii_iequals(*upgrade, kWebsocket))
    return malformed("an upgrade to another protocol", std::string(kWebsocket));
  for (const char* name : {"sec-websocket-accept", "upgrade", "connection"}) headers.remove(name);
  return {};
}

}  // namespace watchword::http
