// The client's side of HTTP/2 (RFC 9113) over nghttp2, without I/O. Internal to the client.
#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <unordered_map>
#include <vector>

#include "http/h2_client_stream.h"

namespace watchword::http {

using H2StreamPtr = std::shared_ptr<H2ClientStream>;

class H2ClientSession {
 public:
  explicit H2ClientSession(std::size_t header_bytes);
  H2ClientSession(const H2ClientSession&) = delete;
  H2ClientSession& operator=(const H2ClientSession&) = delete;
  ~H2ClientSession();

  // What came from the other side. http_malformed: it broke the protocol or sends much that is of no use; the
  // connection is to be closed once what produce() gives then is sent. `now` bounds the useless by time.
  Status receive(std::string_view bytes, net::Steady::time_point now);
  // Adds what is to be sent, as long as `out` is smaller than `enough`. internal: nothing more can be.
  Status produce(std::string& out, std::size_t enough);

  // internal: the head cannot be sent. connection_closed: no stream can be opened any more (`refused` is set).
  // `content`: pieces follow, else the head is the whole request.
  Status open(const H2StreamPtr& stream, const RequestHead& head, std::optional<std::uint64_t> length, bool content);
  void resume(H2ClientStream& stream);                             // there is a piece, or the end
  void consumed(const H2ClientStream& stream, std::size_t bytes);  // of `arrived`: the other side may send more
  void reset(H2ClientStream& stream, Error error);                 // RST_STREAM(CANCEL), unless it is closed
  void close_all(const Error& error);                              // the connection has gone
  void say_goodbye();                                              // GOAWAY

  const auto& streams() const { return streams_; }  // by number
  std::vector<H2StreamPtr> take_changed();          // since the last time

  bool settled() const { return settled_; }  // the other side's first settings have come
  bool accepts() const;                      // a stream can be opened, as far as GOAWAY and stream numbers go
  bool rests() const;                        // nothing is to be sent, and it is not finished
  bool finished() const;                     // nothing is to be read or sent any more
  bool broken() const { return broken_; }    // and for a fault of the other side
  std::size_t max_streams() const;           // that the other side takes at a time
  bool takes_tunnels() const;                // extended CONNECT (RFC 8441)

 private:
  friend struct H2ClientCallbacks;
  H2ClientStream* find(std::int32_t id);
  void mark(H2ClientStream& stream);  // something of it has changed
  void end_of_fields(H2ClientStream& stream, bool end_of_stream);
  Status take_fields(H2ClientStream& stream, bool end_of_stream);
  void end_of_response(H2ClientStream& stream);
  void closed(H2ClientStream& stream, std::uint32_t code);

  const HeadLimits limits_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<std::int32_t, H2StreamPtr> streams_;
  std::vector<H2StreamPtr> changed_;
  bool settled_ = false;
  bool broken_ = false;      // we have said GOAWAY for a fault of the other side
  bool useful_ = false;      // something came or went that a request is about
  std::size_t useless_ = 0;  // bytes received since then
  net::Steady::time_point counted_since_{};
};

}  // namespace watchword::http
