#include "http/h2_client_callbacks.h"

#include <algorithm>
#include <cstdlib>

#include "base/encoding.h"

namespace watchword::http {

namespace {

H2ClientSession& session_of(void* user) { return *static_cast<H2ClientSession*>(user); }
std::string_view text(const std::uint8_t* bytes, std::size_t size) { return as_text({bytes, size}); }
bool ends_stream(const nghttp2_frame& frame) { return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0; }

nghttp2_session_callbacks* make_callbacks() {
  nghttp2_session_callbacks* made = nullptr;
  if (nghttp2_session_callbacks_new(&made) != 0) std::abort();  // no memory
  return made;
}

}  // namespace

const nghttp2_session_callbacks* H2ClientCallbacks::all() {
  static nghttp2_session_callbacks* const callbacks = [] {
    nghttp2_session_callbacks* made = make_callbacks();
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(made, header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(made, invalid_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, frame_received);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, frame_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, stream_closed);
    return made;
  }();
  return callbacks;
}

int H2ClientCallbacks::begin_headers(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
  if (frame->hd.type != NGHTTP2_HEADERS) return NGHTTP2_ERR_CALLBACK_FAILURE;  // a push, which we forbade
  H2ClientSession& self = session_of(user);
  H2ClientStream* stream = self.find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  if (stream->head) {
    stream->fields.emplace(FieldBlock::trailers, kTrailerLimits);
  } else {
    stream->fields.emplace(FieldBlock::response, self.limits_);
  }
  return 0;
}

int H2ClientCallbacks::header(nghttp2_session* /*session*/, const nghttp2_frame* frame, const std::uint8_t* name,
                              std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                              std::uint8_t /*flags*/, void* user) {
  H2ClientSession& self = session_of(user);
  H2ClientStream* stream = self.find(frame->hd.stream_id);
  if (stream == nullptr || !stream->fields) return 0;
  stream->fields->add(text(name, name_size), text(value, value_size));
  if (stream->fields->failed()) self.end_of_fields(*stream, false);
  return 0;
}

// Without this nghttp2 would leave out what it refuses.
int H2ClientCallbacks::invalid_header(nghttp2_session* /*session*/, const nghttp2_frame* frame,
                                      const std::uint8_t* /*name*/, std::size_t /*name_size*/,
                                      const std::uint8_t* /*value*/, std::size_t /*value_size*/, std::uint8_t /*flags*/,
                                      void* user) {
  H2ClientSession& self = session_of(user);
  H2ClientStream* stream = self.find(frame->hd.stream_id);
  if (stream == nullptr || !stream->fields) return 0;
  stream->fields->reject("a header that HTTP/2 does not allow");
  self.end_of_fields(*stream, false);
  return 0;
}

// The connection's window is given back at once: a request that nobody reads holds up only itself.
int H2ClientCallbacks::data(nghttp2_session* session, std::uint8_t /*flags*/, std::int32_t id,
                            const std::uint8_t* bytes, std::size_t size, void* user) {
  H2ClientSession& self = session_of(user);
  if (nghttp2_session_consume_connection(session, size) != 0) return NGHTTP2_ERR_CALLBACK_FAILURE;
  H2ClientStream* stream = self.find(id);
  if (stream == nullptr || stream->over()) return 0;
  stream->arrived.append(text(bytes, size));
  self.useful_ = self.useful_ || size > 0;
  self.mark(*stream);
  return 0;
}

int H2ClientCallbacks::frame_received(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
  H2ClientSession& self = session_of(user);
  if (frame->hd.type == NGHTTP2_SETTINGS && (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) self.settled_ = true;
  H2ClientStream* stream = self.find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  if (frame->hd.type == NGHTTP2_HEADERS) self.end_of_fields(*stream, ends_stream(*frame));
  if (frame->hd.type == NGHTTP2_DATA && ends_stream(*frame)) self.end_of_response(*stream);
  if (frame->hd.type == NGHTTP2_RST_STREAM) stream->was_reset = true;
  return 0;
}

int H2ClientCallbacks::frame_sent(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
  H2ClientSession& self = session_of(user);
  if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) self.broken_ = true;
  H2ClientStream* stream = self.find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  if (frame->hd.type == NGHTTP2_HEADERS) stream->sent = true;
  if (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) self.useful_ = true;
  return 0;
}

int H2ClientCallbacks::stream_closed(nghttp2_session* /*session*/, std::int32_t id, std::uint32_t code, void* user) {
  H2ClientSession& self = session_of(user);
  if (H2ClientStream* stream = self.find(id)) self.closed(*stream, code);
  return 0;
}

ssize_t H2ClientCallbacks::read(nghttp2_session* session, std::int32_t id, std::uint8_t* to, std::size_t room,
                                std::uint32_t* flags, nghttp2_data_source* source, void* user) {
  auto& stream = *static_cast<H2ClientStream*>(source->ptr);
  if (!stream.at_hand) return NGHTTP2_ERR_DEFERRED;
  const std::size_t size = std::min(room, stream.piece.size());
  std::ranges::copy(as_bytes(stream.piece.substr(0, size)), to);
  stream.piece.remove_prefix(size);
  if (!stream.piece.empty()) return static_cast<ssize_t>(size);

  stream.at_hand = false;
  session_of(user).mark(stream);
  if (stream.last) *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (stream.last && !stream.upload_trailers.empty()) {
    OutgoingFields fields;
    if (!fields.trailers(stream.upload_trailers) ||
        nghttp2_submit_trailer(session, id, fields.data(), fields.size()) != 0)
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  }
  return static_cast<ssize_t>(size);
}

}  // namespace watchword::http
