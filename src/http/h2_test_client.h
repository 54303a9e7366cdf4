// A client of HTTP/2 that sends raw frames and reads what comes back. For tests only.
#pragma once

#include <nghttp2/nghttp2.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>

#include "http/h2_test_frames.h"
#include "http/test_server.h"

namespace watchword::http {

struct H2Frame {
  unsigned type = 0;
  unsigned flags = 0;
  std::uint32_t stream = 0;
  std::string payload = {};

  std::uint32_t number(std::size_t at = 0) const {
    std::uint32_t value = 0;
    for (const char c : payload.substr(at, 4)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
};

// What came for one stream until its end or reset.
struct H2Answer {
  std::vector<h2::FieldList> heads;  // interim ones, the final one, trailers
  std::string body;
  bool ended = false;
  std::optional<std::uint32_t> reset;

  std::string field(std::size_t head, std::string_view name) const {
    if (head >= heads.size()) return {};
    for (const auto& [its_name, value] : heads[head])
      if (its_name == name) return value;
    return {};
  }
  std::string status() const { return field(0, ":status"); }
};

class H2RawClient {
 public:
  explicit H2RawClient(const net::Address& address, std::string_view greeting = {}) : raw_(address) {
    nghttp2_hd_inflater* made = nullptr;
    EXPECT_EQ(nghttp2_hd_inflate_new(&made), 0);
    inflater_.reset(made);
    raw_.send(greeting.empty() ? h2::greeting() + h2::settings_ack() : std::string(greeting));
  }

  bool send(std::string_view frames) { return raw_.send(frames); }
  void finish_sending() { raw_.finish_sending(); }
  bool was_reset() const { return raw_.was_reset(); }

  std::optional<H2Frame> next() {
    const std::string head = raw_.read_exactly(9);
    if (head.size() < 9) return std::nullopt;
    const H2Frame raw{.payload = head};
    const std::uint32_t size = raw.number(0) >> 8;
    const std::uint32_t stream = raw.number(5);
    return H2Frame{.type = static_cast<unsigned char>(head[3]),
                   .flags = static_cast<unsigned char>(head[4]),
                   .stream = stream,
                   .payload = raw_.read_exactly(size)};
  }

  // The next frame of this type. nullopt: the connection has ended.
  std::optional<H2Frame> until(unsigned type) {
    while (auto frame = next()) {
      note(*frame);
      if (frame->type == type) return frame;
    }
    return std::nullopt;
  }

  // Until the next end or reset of this stream. What comes for others is kept for them.
  H2Answer answer(std::uint32_t stream) {
    while (done_[stream].empty()) {
      const auto frame = next();
      if (!frame) return std::exchange(under_way_[stream], {});
      note(*frame);
    }
    H2Answer answer = std::move(done_[stream].front());
    done_[stream].pop_front();
    return answer;
  }

  // The code of the last GOAWAY before the end of the connection; nullopt: it ended without one.
  std::optional<std::uint32_t> farewell() {
    std::optional<std::uint32_t> code;
    while (const auto frame = until(h2::kGoaway)) code = frame->number(4);
    return code;
  }

 private:
  void note(const H2Frame& frame) {
    H2Answer& answer = under_way_[frame.stream];
    if (frame.type == h2::kHeaders) answer.heads.push_back(fields(frame.payload));
    if (frame.type == h2::kData) answer.body += frame.payload;
    if (frame.type == h2::kReset) answer.reset = frame.number();
    if (frame.type == h2::kData || frame.type == h2::kHeaders) answer.ended = (frame.flags & h2::kEndStream) != 0;
    if (answer.ended || answer.reset) done_[frame.stream].push_back(std::exchange(answer, {}));
  }

  h2::FieldList fields(const std::string& block) {
    h2::FieldList list;
    std::string_view left = block;
    int flags = 0;
    while ((flags & NGHTTP2_HD_INFLATE_FINAL) == 0) {
      nghttp2_nv field;
      const ssize_t used = nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags,
                                                  reinterpret_cast<const std::uint8_t*>(left.data()), left.size(), 1);
      if (used < 0) {
        ADD_FAILURE() << "HPACK: " << nghttp2_strerror(static_cast<int>(used));
        return list;
      }
      left.remove_prefix(static_cast<std::size_t>(used));
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
        list.emplace_back(std::string(reinterpret_cast<const char*>(field.name), field.namelen),
                          std::string(reinterpret_cast<const char*>(field.value), field.valuelen));
    }
    nghttp2_hd_inflate_end_headers(inflater_.get());
    return list;
  }

  struct Delete {
    void operator()(nghttp2_hd_inflater* inflater) const { nghttp2_hd_inflate_del(inflater); }
  };
  RawClient raw_;
  std::map<std::uint32_t, H2Answer> under_way_;
  std::map<std::uint32_t, std::deque<H2Answer>> done_;
  std::unique_ptr<nghttp2_hd_inflater, Delete> inflater_;
};

}  // namespace watchword::http
