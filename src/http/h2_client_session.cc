#include "http/h2_client_session.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

#include "base/encoding.h"
#include "http/client_request.h"
#include "http/h1_head_lines.h"
#include "http/h2_client_callbacks.h"

namespace watchword::http {

namespace {

constexpr std::int32_t kStreamWindow = 128 * 1024;       // what may arrive of a response before somebody takes it
constexpr std::int32_t kConnectionWindow = 1024 * 1024;  // on its way
constexpr std::size_t kMaxStreams = 256;                 // whatever the other side would take
constexpr std::size_t kHeaders = 100;
constexpr std::size_t kUselessBytes = std::size_t{64} * 1024;  // pings, settings, empty frames: some thousands
constexpr auto kUselessTime = std::chrono::seconds(10);

using Option = std::unique_ptr<nghttp2_option, decltype(&nghttp2_option_del)>;

Option make_option() {
  nghttp2_option* made = nullptr;
  if (nghttp2_option_new(&made) != 0) std::abort();  // no memory
  nghttp2_option_set_no_auto_window_update(made, 1);
  return {made, &nghttp2_option_del};
}

}  // namespace

H2ClientSession::H2ClientSession(std::size_t header_bytes)
    : limits_{.start_line = 0, .header_bytes = header_bytes, .header_count = kHeaders} {
  const Option option = make_option();
  const std::array<nghttp2_settings_entry, 3> settings{
      {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
       {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
        static_cast<std::uint32_t>(std::min<std::size_t>(header_bytes, 1 << 24))}}};
  if (nghttp2_session_client_new2(&session_, H2ClientCallbacks::all(), this, option.get()) != 0 ||
      nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) != 0 ||
      nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow) != 0)
    std::abort();  // no memory
}

H2ClientSession::~H2ClientSession() { nghttp2_session_del(session_); }

Status H2ClientSession::receive(std::string_view bytes, net::Steady::time_point now) {
  const auto taken =
      nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken < 0) return malformed(nghttp2_strerror(static_cast<int>(taken)));
  if (std::exchange(useful_, false) || now - counted_since_ > kUselessTime) {
    counted_since_ = now;
    useless_ = 0;
  }
  useless_ += bytes.size();
  if (useless_ <= limits_.header_bytes + kUselessBytes) return {};
  return malformed("many frames that are about no request");
}

Status H2ClientSession::produce(std::string& out, std::size_t enough) {
  while (out.size() < enough) {
    const std::uint8_t* bytes = nullptr;
    const auto size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0) return fail(Reason::internal, nghttp2_strerror(static_cast<int>(size)));
    if (size == 0) break;
    out.append(as_text({bytes, static_cast<std::size_t>(size)}));
  }
  return {};
}

Status H2ClientSession::open(const H2StreamPtr& stream, const RequestHead& head, std::optional<std::uint64_t> length,
                             bool content) {
  OutgoingFields fields;
  WW_CHECK(fields.request(head, length));
  stream->bodiless = head.method == "HEAD";
  nghttp2_data_provider provider{.source = {.ptr = stream.get()}, .read_callback = H2ClientCallbacks::read};
  stream->id = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(), content ? &provider : nullptr,
                                      stream.get());
  if (stream->id < 0) {
    stream->closed = stream->refused = true;
    return fail(Reason::connection_closed, "before the request was sent");
  }
  streams_.emplace(stream->id, stream);
  return {};
}

// A stream that does not wait for more has the end in hand, or gets it with the next call.
void H2ClientSession::resume(H2ClientStream& stream) {
  if (!stream.over()) (void)nghttp2_session_resume_data(session_, stream.id);
}

void H2ClientSession::consumed(const H2ClientStream& stream, std::size_t bytes) {
  if (!stream.closed && !stream.ended) (void)nghttp2_session_consume_stream(session_, stream.id, bytes);
}

void H2ClientSession::reset(H2ClientStream& stream, Error error) {
  stream.at_hand = false;
  if (!stream.ended && !stream.error) stream.error = std::move(error);
  if (stream.closed) return;
  mark(stream);
  (void)nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_CANCEL);
}

void H2ClientSession::close_all(const Error& error) {
  for (auto& [id, stream] : streams_) {
    stream->closed = true;
    stream->at_hand = false;
    stream->refused = !stream->sent;
    if (!stream->ended && !stream->error) stream->error = error;
    if (!std::exchange(stream->changed, true)) changed_.push_back(stream);
  }
  streams_.clear();
}

void H2ClientSession::say_goodbye() { nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR); }

std::vector<H2StreamPtr> H2ClientSession::take_changed() {
  for (const H2StreamPtr& stream : changed_) stream->changed = false;
  return std::exchange(changed_, {});
}

bool H2ClientSession::accepts() const { return nghttp2_session_check_request_allowed(session_) != 0; }

bool H2ClientSession::rests() const {
  return nghttp2_session_want_write(session_) == 0 && nghttp2_session_want_read(session_) != 0;
}

bool H2ClientSession::finished() const {
  return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

std::size_t H2ClientSession::max_streams() const {
  return std::min<std::size_t>(kMaxStreams,
                               nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
}

bool H2ClientSession::takes_tunnels() const {
  return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

H2ClientStream* H2ClientSession::find(std::int32_t id) {
  const auto at = streams_.find(id);
  return at == streams_.end() ? nullptr : at->second.get();
}

void H2ClientSession::mark(H2ClientStream& stream) {
  if (const auto at = streams_.find(stream.id); at != streams_.end() && !std::exchange(stream.changed, true))
    changed_.push_back(at->second);
}

void H2ClientSession::end_of_fields(H2ClientStream& stream, bool end_of_stream) {
  if (!stream.fields || stream.over()) return;
  if (Status taken = take_fields(stream, end_of_stream); !taken) reset(stream, std::move(taken).error());
  stream.fields.reset();
}

Status H2ClientSession::take_fields(H2ClientStream& stream, bool end_of_stream) {
  if (stream.head) {
    WW_TRY(stream.trailers, stream.fields->trailers());
  } else {
    WW_TRY(auto response, stream.fields->response());
    if (response.head.status < 200) {
      if (++stream.interim > kInterimResponses) return malformed("too many interim responses");
      return {};
    }
    const bool none = end_of_stream || stream.bodiless || has_no_content(response.head.status);
    stream.length = none ? std::uint64_t{0} : response.content_length;
    stream.head = std::move(response.head);
  }
  useful_ = true;
  if (end_of_stream) end_of_response(stream);
  mark(stream);
  return {};
}

void H2ClientSession::end_of_response(H2ClientStream& stream) {
  stream.ended = !stream.error;
  useful_ = true;
  mark(stream);
}

void H2ClientSession::closed(H2ClientStream& stream, std::uint32_t code) {
  mark(stream);
  stream.closed = true;
  stream.at_hand = false;
  if (!stream.ended && !stream.error) {
    stream.refused = !stream.sent || code == NGHTTP2_REFUSED_STREAM;
    if (stream.refused) {
      stream.error = fail(Reason::connection_closed, "the request was not looked at").error();
    } else if (stream.was_reset) {
      stream.error =
          fail(Reason::connection_closed, std::string("stream reset: ") + nghttp2_http2_strerror(code)).error();
    } else {
      stream.error = malformed("a response that breaks the rules of HTTP/2").error();
    }
  }
  streams_.erase(stream.id);
}

}  // namespace watchword::http
