#include "http/h2_session.h"

#include <array>

namespace watchword::http {

namespace {

constexpr std::size_t kAcks = 100;  // SETTINGS and PING answers that may wait to be sent
constexpr std::array<std::uint8_t, 8> kLeaving = {'l', 'e', 'a', 'v', 'i', 'n', 'g', 0};

template <class T, void (*free)(T*)>
struct Free {
  void operator()(T* held) const { free(held); }
};
using CallbacksHandle =
    std::unique_ptr<nghttp2_session_callbacks, Free<nghttp2_session_callbacks, nghttp2_session_callbacks_del>>;
using OptionHandle = std::unique_ptr<nghttp2_option, Free<nghttp2_option, nghttp2_option_del>>;

std::string_view text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace

struct H2Session::Callbacks {
  static H2Session& self(void* user) { return *static_cast<H2Session*>(user); }

  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    self(user).begin_block(*frame);
    return 0;
  }

  static int header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t name_size,
                    const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    auto& collector = self(user).collector_;
    if (!collector) return 0;
    collector->add(text(name, name_size), text(value, value_size));
    if (!collector->beyond_reason()) return 0;
    collector.reset();
    self(user).events_.on_refused();
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // resets the stream, and reads on without telling its fields
  }

  // nghttp2 would leave it out; another reader of the request might not.
  static int invalid_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*, std::size_t,
                            const std::uint8_t*, std::size_t, std::uint8_t, void* user) {
    if (auto& collector = self(user).collector_) collector->reject("a header's name or value with a bad character");
    return 0;
  }

  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2Session& session = self(user);
    if (frame->hd.type == NGHTTP2_HEADERS) session.end_block(*frame);
    if (frame->hd.type == NGHTTP2_DATA && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      if (H2Stream* stream = session.stream(frame->hd.stream_id)) session.events_.on_end(*stream, Headers());
    }
    if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0 &&
        std::equal(kLeaving.begin(), kLeaving.end(), frame->ping.opaque_data))
      session.events_.on_ping_answered();
    return 0;
  }

  static int invalid_frame(nghttp2_session*, const nghttp2_frame*, int, void* user) {
    self(user).events_.on_refused();
    return 0;
  }

  static int data(nghttp2_session* raw, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t size,
                  void* user) {
    H2Session& session = self(user);
    if (H2Stream* stream = session.stream(id)) {
      session.events_.on_data(*stream, text(data, size));
      return 0;
    }
    return nghttp2_is_fatal(nghttp2_session_consume(raw, id, size)) != 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
  }

  static int closed(nghttp2_session*, std::int32_t id, std::uint32_t error_code, void* user) {
    H2Session& session = self(user);
    if (H2Stream* stream = session.stream(id)) session.events_.on_closed(*stream, error_code);
    return 0;
  }

  static int sent(nghttp2_session* raw, const nghttp2_frame* frame, void* user) {
    H2Session& session = self(user);
    // The client answers it once it has read the notice before it.
    if (frame->hd.type == NGHTTP2_GOAWAY && std::exchange(session.asking_, false))
      return nghttp2_submit_ping(raw, NGHTTP2_FLAG_NONE, kLeaving.data()) != 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
    if (H2Stream* stream = session.stream(frame->hd.stream_id)) session.events_.on_sent(*stream, *frame);
    return 0;
  }

  static int not_sent(nghttp2_session*, const nghttp2_frame* frame, int, void* user) {
    H2Session& session = self(user);
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    if (H2Stream* stream = session.stream(frame->hd.stream_id)) session.events_.on_unsendable(*stream);
    return 0;
  }

  static ssize_t wanted(nghttp2_session* raw, std::int32_t id, std::uint8_t*, std::size_t room, std::uint32_t* flags,
                        nghttp2_data_source*, void* user) {
    H2Session& session = self(user);
    H2Stream* stream = session.stream(id);
    if (stream == nullptr) return NGHTTP2_ERR_DEFERRED;
    const auto content = session.events_.on_wanted(*stream, room);
    if (!content) return NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (!content->last) return static_cast<ssize_t>(content->bytes);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (content->trailers != nullptr) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      OutgoingFields fields;
      if (!fields.trailers(*content->trailers) || nghttp2_submit_trailer(raw, id, fields.data(), fields.size()) != 0)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    return static_cast<ssize_t>(content->bytes);
  }

  static int take(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* header, std::size_t size,
                  nghttp2_data_source*, void* user) {
    H2Session& session = self(user);
    H2Stream* stream = session.stream(frame->hd.stream_id);
    if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    session.out_->append(text(header, 9));
    session.events_.on_taken(*stream, size, *session.out_);
    return session.out_->size() < session.most_ ? 0 : NGHTTP2_ERR_PAUSE;
  }

  static const nghttp2_session_callbacks* all() {
    static const CallbacksHandle callbacks = [] {
      nghttp2_session_callbacks* made = nullptr;
      if (nghttp2_session_callbacks_new(&made) != 0) std::abort();  // out of memory, before anything is served
      nghttp2_session_callbacks_set_on_begin_headers_callback(made, begin_headers);
      nghttp2_session_callbacks_set_on_header_callback(made, header);
      nghttp2_session_callbacks_set_on_invalid_header_callback(made, invalid_header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, frame_received);
      nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, invalid_frame);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, data);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, closed);
      nghttp2_session_callbacks_set_on_frame_send_callback(made, sent);
      nghttp2_session_callbacks_set_on_frame_not_send_callback(made, not_sent);
      nghttp2_session_callbacks_set_send_data_callback(made, take);
      return CallbacksHandle(made);
    }();
    return callbacks.get();
  }

  static const nghttp2_option* options() {
    static const OptionHandle option = [] {
      nghttp2_option* made = nullptr;
      if (nghttp2_option_new(&made) != 0) std::abort();
      nghttp2_option_set_no_auto_window_update(made, 1);
      nghttp2_option_set_no_closed_streams(made, 1);
      nghttp2_option_set_max_outbound_ack(made, kAcks);
      nghttp2_option_set_stream_reset_rate_limit(made, UINT64_MAX, 0);  // H2Connection has limits of its own
      nghttp2_option_set_max_send_header_block_length(made, std::size_t{256} * 1024);
      return OptionHandle(made);
    }();
    return option.get();
  }
};

H2Session::H2Session(H2Events& events, const H2Settings& settings)
    : events_(events), limits_(settings.head), scheme_(settings.scheme) {
  nghttp2_session* made = nullptr;
  if (nghttp2_session_server_new2(&made, Callbacks::all(), this, Callbacks::options()) != 0) std::abort();
  session_.reset(made);
  const std::array<nghttp2_settings_entry, 5> entries{
      {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.streams},
       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
       {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits_.header_bytes)},
       {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
       {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}}};
  // They fail only when memory is short; then no client gets far with this session.
  (void)nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, entries.data(), entries.size());
  (void)nghttp2_session_set_local_window_size(made, NGHTTP2_FLAG_NONE, 0, kWindow);
}

H2Session::~H2Session() = default;

H2Stream* H2Session::stream(std::int32_t id) const {
  return static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session_.get(), id));
}

bool H2Session::receive(std::string_view bytes) {
  const ssize_t used =
      nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (used >= 0) return wants_read();
  const auto code = static_cast<int>(used);
  const bool flood = code == NGHTTP2_ERR_FLOODED || code == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS;
  const bool no_client = code == NGHTTP2_ERR_BAD_CLIENT_MAGIC;
  terminate(flood ? NGHTTP2_ENHANCE_YOUR_CALM : no_client ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_INTERNAL_ERROR);
  return false;
}

bool H2Session::gather(std::string& out, std::size_t most) {
  out_ = &out;
  most_ = most;
  ssize_t got = 1;
  while (got > 0 && out.size() < most) {
    const std::uint8_t* data = nullptr;
    got = nghttp2_session_mem_send(session_.get(), &data);
    if (got > 0) out.append(text(data, static_cast<std::size_t>(got)));
  }
  out_ = nullptr;
  return got >= 0;
}

void H2Session::begin_block(const nghttp2_frame& frame) {
  const bool request = frame.headers.cat == NGHTTP2_HCAT_REQUEST;
  collector_.emplace(request ? FieldBlock::request : FieldBlock::trailers, request ? limits_ : kTrailerLimits);
}

void H2Session::end_block(const nghttp2_frame& frame) {
  if (!collector_) return;
  FieldCollector collector = *std::exchange(collector_, std::nullopt);
  const std::int32_t id = frame.hd.stream_id;
  if (frame.headers.cat == NGHTTP2_HCAT_REQUEST) {
    H2Stream* stream =
        events_.on_request(id, collector.request(scheme_), (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0);
    (void)nghttp2_session_set_stream_user_data(session_.get(), id, stream);
  } else if (H2Stream* stream = this->stream(id)) {
    events_.on_end(*stream, collector.trailers());
  }
}

// The submissions below fail only for streams that are closed, whose close has been told, or when memory is short.
void H2Session::respond(std::int32_t id, const OutgoingFields& fields, bool content_follows) {
  nghttp2_data_provider content{.source = {.ptr = nullptr}, .read_callback = Callbacks::wanted};
  (void)nghttp2_submit_response(session_.get(), id, fields.data(), fields.size(), content_follows ? &content : nullptr);
}

void H2Session::say_continue(std::int32_t id) {
  OutgoingFields fields;
  const ResponseHead head{100, {}};
  if (!fields.response(head, std::nullopt, {})) return;
  (void)nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, id, nullptr, fields.data(), fields.size(), nullptr);
}

void H2Session::resume(std::int32_t id) { (void)nghttp2_session_resume_data(session_.get(), id); }

void H2Session::reset(std::int32_t id, std::uint32_t error_code) {
  (void)nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, error_code);
}

void H2Session::consumed(std::int32_t id, std::size_t bytes) {
  (void)nghttp2_session_consume(session_.get(), id, bytes);
}

void H2Session::forget(std::int32_t id) { (void)nghttp2_session_set_stream_user_data(session_.get(), id, nullptr); }

void H2Session::ask_to_leave() { asking_ = nghttp2_submit_shutdown_notice(session_.get()) == 0; }

void H2Session::leave() {
  (void)nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(session_.get()), NGHTTP2_NO_ERROR, nullptr, 0);
}

void H2Session::terminate(std::uint32_t error_code) {
  (void)nghttp2_session_terminate_session(session_.get(), error_code);
}

}  // namespace watchword::http
