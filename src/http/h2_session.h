// nghttp2's server session behind types of our own: frames in, events and frames out (RFC 9113, RFC 8441). Sans-I/O,
// internal to the server.
#pragma once

#include <nghttp2/nghttp2.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/h2_fields.h"

namespace watchword::http {

class H2Stream;

// What a session tells while it receives or gathers. None of these may call receive() or gather().
class H2Events {
 public:
  virtual ~H2Events() = default;
  // A request's head is complete; `end`: nothing follows it. The stream that is returned is told of what comes later;
  // null when the request was turned away.
  virtual H2Stream* on_request(std::int32_t id, Result<FieldCollector::Request> request, bool end) = 0;
  virtual void on_data(H2Stream& stream, std::string_view data) = 0;
  virtual void on_end(H2Stream& stream, Result<Headers> trailers) = 0;
  virtual void on_closed(H2Stream& stream, std::uint32_t error_code) = 0;
  virtual void on_refused() = 0;  // a stream was refused before it was a request
  virtual void on_ping_answered() = 0;
  virtual void on_sent(H2Stream& stream, const nghttp2_frame& frame) = 0;
  virtual void on_unsendable(H2Stream& stream) = 0;
  // Content for at most `room` bytes now; nullopt: none yet.
  struct Content {
    std::size_t bytes = 0;
    bool last = false;
    const Headers* trailers = nullptr;  // with `last`; null: none follow
  };
  virtual std::optional<Content> on_wanted(H2Stream& stream, std::size_t room) = 0;
  virtual void on_taken(H2Stream& stream, std::size_t bytes, std::string& out) = 0;  // appends them to `out`
};

struct H2Settings {
  HeadLimits head;
  std::string_view scheme;
  std::uint32_t streams = 100;
};

class H2Session {
 public:
  // Bytes of bodies that may wait to be taken: of one stream, and of all together.
  static constexpr std::int32_t kStreamWindow = 256 * 1024;
  static constexpr std::int32_t kWindow = 1024 * 1024;

  H2Session(H2Events& events, const H2Settings& settings);
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;
  ~H2Session();

  // All of `bytes`. False: the client broke the protocol, or flooded; a GOAWAY is queued and nothing more is read.
  bool receive(std::string_view bytes);
  // Appends frames to `out` until that holds `most` bytes or there are no more. False: the session is unusable.
  bool gather(std::string& out, std::size_t most);
  bool wants_read() const { return nghttp2_session_want_read(session_.get()) != 0; }
  bool wants_write() const { return nghttp2_session_want_write(session_.get()) != 0; }
  std::size_t queued() const { return nghttp2_session_get_outbound_queue_size(session_.get()); }

  void respond(std::int32_t id, const OutgoingFields& fields, bool content_follows);
  void say_continue(std::int32_t id);
  void resume(std::int32_t id);  // there is content again, or the end
  void reset(std::int32_t id, std::uint32_t error_code);
  void consumed(std::int32_t id, std::size_t bytes);
  void forget(std::int32_t id);  // its events no longer matter

  void ask_to_leave();  // GOAWAY that names no last stream yet, then a PING
  void leave();         // GOAWAY with the last stream
  void terminate(std::uint32_t error_code);

 private:
  struct Callbacks;  // nghttp2's, that lead here
  struct Delete {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };
  H2Stream* stream(std::int32_t id) const;
  void begin_block(const nghttp2_frame& frame);
  void end_block(const nghttp2_frame& frame);

  H2Events& events_;
  HeadLimits limits_;
  std::string scheme_;
  std::optional<FieldCollector> collector_;  // of the block that is arriving
  std::unique_ptr<nghttp2_session, Delete> session_;
  std::string* out_ = nullptr;  // while gathering
  std::size_t most_ = 0;
  bool asking_ = false;  // ask_to_leave()'s GOAWAY is not sent yet
};

}  // namespace watchword::http
