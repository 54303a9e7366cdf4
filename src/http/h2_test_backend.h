// Backends that speak HTTP/2: nghttp2's server side with an answer for each path, and one that plays raw frames. For
// the tests of the client only.
#pragma once

#include <nghttp2/nghttp2.h>

#include <map>

#include "base/encoding.h"
#include "http/test_backend.h"

namespace watchword::http {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct H2BackendStream {
  std::map<std::string, std::string> fields;  // of the request, then of its trailers
  std::string received, to_send;
  Fields trailers = {};
  bool whole = false;                       // the request's end has come
  bool last = false;                        // nothing follows `to_send`
  int calls = 0;                            // of `answer` for it
  std::optional<std::uint32_t> reset = {};  // how the client reset it
  bool answering = false;
};

// One connection. What it answers is for `answer` to say, which is called with each request's head, each piece of its
// content and its end.
class H2BackendSession {
 public:
  using Answer = std::function<void(H2BackendSession&, std::int32_t, H2BackendStream&)>;
  H2BackendSession(Answer answer, const std::vector<nghttp2_settings_entry>& settings, bool slow)
      : answer_(std::move(answer)) {
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, slow ? 1 : 0);
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_server_new2(&session_, callbacks, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, 0, settings.data(), settings.size());
  }
  H2BackendSession(const H2BackendSession&) = delete;
  H2BackendSession& operator=(const H2BackendSession&) = delete;
  ~H2BackendSession() { nghttp2_session_del(session_); }

  Task<void> run(net::Stream& stream) {
    std::array<char, 16 * 1024> buffer;
    while (nghttp2_session_want_read(session_) != 0 || nghttp2_session_want_write(session_) != 0) {
      const std::uint8_t* bytes = nullptr;
      for (auto size = nghttp2_session_mem_send(session_, &bytes); size > 0;
           size = nghttp2_session_mem_send(session_, &bytes))
        if (!co_await stream.write(as_text({bytes, static_cast<std::size_t>(size)}))) co_return;
      if (hung_up) break;
      const auto got = co_await stream.read(buffer);
      if (!got || *got == 0) co_return;
      if (nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(buffer.data()), *got) < 0) co_return;
    }
    co_await stream.shutdown();
  }

  void head(std::int32_t id, const std::string& status, const Fields& more = {}, bool last = false) {
    Fields all{{":status", status}};
    all.insert(all.end(), more.begin(), more.end());
    const auto block = fields(all);
    const auto flags = static_cast<std::uint8_t>(last ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE);
    nghttp2_submit_headers(session_, flags, id, nullptr, block.data(), block.size(), nullptr);
  }
  void body(std::int32_t id, H2BackendStream& stream) {  // what is in to_send, now and later
    const nghttp2_data_provider provider{.source = {.ptr = &stream}, .read_callback = read};
    if (std::exchange(stream.answering, true)) {
      nghttp2_session_resume_data(session_, id);
    } else {
      nghttp2_submit_data(session_, NGHTTP2_FLAG_END_STREAM, id, &provider);
    }
  }
  void send(std::int32_t id, H2BackendStream& stream, const std::string& text) {
    head(id, "200");
    stream.to_send = text;
    stream.last = true;
    body(id, stream);
  }
  nghttp2_session* raw() { return session_; }

  bool hung_up = false;
  std::map<std::int32_t, H2BackendStream> streams;

 private:
  static H2BackendSession& self(void* user) { return *static_cast<H2BackendSession*>(user); }
  static std::vector<nghttp2_nv> fields(const Fields& all) {
    std::vector<nghttp2_nv> block;
    for (const auto& [name, value] : all)
      block.push_back({const_cast<std::uint8_t*>(as_bytes(name).data()),
                       const_cast<std::uint8_t*>(as_bytes(value).data()), name.size(), value.size(), 0});
    return block;
  }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                       const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    self(user).streams[frame->hd.stream_id].fields[std::string(as_text({name, name_size}))] =
        as_text({value, value_size});
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes, std::size_t size,
                     void* user) {
    self(user).streams[id].received.append(as_text({bytes, size}));
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    const auto at = self(user).streams.find(frame->hd.stream_id);
    if (at == self(user).streams.end()) return 0;
    if (frame->hd.type == NGHTTP2_RST_STREAM) at->second.reset = frame->rst_stream.error_code;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_RST_STREAM)
      return 0;
    at->second.whole = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    ++at->second.calls;
    self(user).answer_(self(user), at->first, at->second);
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
    self(user).streams.erase(id);
    return 0;
  }
  static ssize_t read(nghttp2_session* session, std::int32_t id, std::uint8_t* to, std::size_t room,
                      std::uint32_t* flags, nghttp2_data_source* source, void*) {
    auto& stream = *static_cast<H2BackendStream*>(source->ptr);
    const std::size_t size = std::min(room, stream.to_send.size());
    if (size == 0 && !stream.last) return NGHTTP2_ERR_DEFERRED;
    std::ranges::copy(as_bytes(stream.to_send).first(size), to);
    stream.to_send.erase(0, size);
    if (!stream.to_send.empty() || !stream.last) return static_cast<ssize_t>(size);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (stream.trailers.empty()) return static_cast<ssize_t>(size);
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    const auto block = fields(stream.trailers);
    nghttp2_submit_trailer(session, id, block.data(), block.size());
    return static_cast<ssize_t>(size);
  }

  Answer answer_;
  nghttp2_session* session_ = nullptr;
};

struct H2BackendOptions {
  std::vector<nghttp2_settings_entry> settings = {};
  std::shared_ptr<net::TlsServerContext> tls = nullptr;
  bool slow = false;  // takes what the first window allows, and no more
};

struct H2Backend {
  explicit H2Backend(H2BackendSession::Answer its_answer, H2BackendOptions its_options = {})
      : answer(std::move(its_answer)), options(std::move(its_options)), pool(1) {
    auto started = net::Listener::start(pool.loops(), *net::parse_address("127.0.0.1:0"), {.tls = options.tls},
                                        [this](auto stream) {
                                          connections.fetch_add(1);
                                          net::spawn(serve(std::move(stream)));
                                        });
    EXPECT_TRUE(started);
    listener = *std::move(started);
  }
  Task<void> serve(std::unique_ptr<net::Stream> stream) {
    H2BackendSession session(answer, options.settings, options.slow);
    co_await session.run(*stream);
  }
  Origin origin(std::string scheme = "http") const {
    Origin to = origin_of(listener->address(), std::move(scheme));
    to.protocol = Protocol::http2;
    return to;
  }

  H2BackendSession::Answer answer;
  H2BackendOptions options;
  std::atomic<std::size_t> connections = 0;
  net::LoopPool pool;
  std::unique_ptr<net::Listener> listener;
};

// Frames as they are on the wire (RFC 9113 4.1).
inline std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t id, std::string_view payload = {}) {
  const auto size = payload.size();
  std::string all;
  for (const auto byte : {size >> 16, size >> 8, size}) all += static_cast<char>(byte & 0xff);
  all += static_cast<char>(type);
  all += static_cast<char>(flags);
  for (const auto byte : {id >> 24, id >> 16, id >> 8, id}) all += static_cast<char>(byte & 0xff);
  return all.append(payload);
}
inline std::string word(std::uint32_t value) {
  std::string all;
  for (const auto byte : {value >> 24, value >> 16, value >> 8, value}) all += static_cast<char>(byte & 0xff);
  return all;
}
inline std::string field(std::string_view name, std::string_view value) {  // literal, of less than 127 bytes each
  std::string all(1, '\0');
  all.append(1, static_cast<char>(name.size())).append(name);
  return all.append(1, static_cast<char>(value.size())).append(value);
}

// Sends `greeting`, waits for the head of a request, sends `answer`, and takes
// what comes until the client has closed.
struct RawH2Backend {
  RawH2Backend(std::string its_greeting, std::string its_answer)
      : greeting(std::move(its_greeting)), answer(std::move(its_answer)), pool(1) {
    auto started = net::Listener::start(pool.loops(), *net::parse_address("127.0.0.1:0"), {}, [this](auto stream) {
      connections.fetch_add(1);
      net::spawn(play(std::move(stream)));
    });
    EXPECT_TRUE(started);
    listener = *std::move(started);
  }
  Task<void> play(std::unique_ptr<net::Stream> stream) {
    if (!co_await stream->write(greeting)) co_return;
    std::array<char, 4096> buffer;
    std::string received;
    for (bool answered = false;;) {
      const auto got = co_await stream->read(buffer);
      if (!got || *got == 0) co_return;
      received.append(buffer.data(), *got);
      // HEADERS of stream 1 with END_HEADERS, with and without END_STREAM: type, flags and number.
      const bool asked =
          received.contains(std::string("\1\5\0\0\0\1", 6)) || received.contains(std::string("\1\4\0\0\0\1", 6));
      if (answered || !asked) continue;
      answered = true;
      if (!co_await stream->write(answer)) co_return;
    }
  }
  Origin origin() const {
    Origin to = origin_of(listener->address());
    to.protocol = Protocol::http2;
    return to;
  }

  std::string greeting, answer;
  std::atomic<std::size_t> connections = 0;
  net::LoopPool pool;
  std::unique_ptr<net::Listener> listener;
};

}  // namespace watchword::http
