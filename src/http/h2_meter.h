// What an HTTP/2 client may cost without getting anything done (RFC 9113 10.5). Sans-I/O, internal to the server.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "net/loop.h"

namespace watchword::http {

// A number of things that may happen at once, and how fast it grows again.
class Budget {
 public:
  Budget(double most, double per_second, net::Steady::time_point now)
      : most_(most), per_second_(per_second), left_(most), at_(now) {}

  bool spend(double cost, net::Steady::time_point now) {  // false: it is used up
    earn(per_second_ * std::chrono::duration<double>(now - at_).count());
    at_ = now;
    left_ -= cost;
    return left_ >= 0;
  }
  void earn(double more) { left_ = std::min(most_, left_ + more); }

 private:
  double most_, per_second_, left_;
  net::Steady::time_point at_;
};

// Follows the frames of what arrives, before nghttp2 reads it. Frames that carry nothing forward (PING, SETTINGS,
// PRIORITY, WINDOW_UPDATE, RST_STREAM, CONTINUATION, empty or padded DATA, unknown ones) draw on a budget; requests and
// what is sent refill it, as an honest client answers them with such frames.
class FrameMeter {
 public:
  // `streams` may be open at once.
  FrameMeter(std::uint32_t streams, net::Steady::time_point now)
      : budget_(kFrames * streams, kFramesPerSecond * streams, now) {}

  // `bytes` follow those of the last call; the client's preface comes first. False: a flood; stop reading.
  bool feed(std::string_view bytes, net::Steady::time_point now);
  void sent_data(std::size_t bytes) { budget_.earn(3 + static_cast<double>(bytes) / 1024); }
  // When a field block began whose last frame has not arrived whole; kNoBlock: there is none.
  net::Steady::time_point block_since() const { return block_since_; }
  static constexpr auto kNoBlock = net::Steady::time_point::max();

 private:
  static constexpr double kFrames = 10;  // for each stream
  static constexpr double kFramesPerSecond = 1;
  static constexpr double kPerRequest = 4;
  static constexpr std::size_t kPreface = 24;

  bool begin_frame(net::Steady::time_point now);

  Budget budget_;
  std::array<unsigned char, 9> header_{};
  std::size_t have_ = 0;                 // bytes of header_
  std::size_t payload_left_ = kPreface;  // taken for the payload of a frame before the first
  net::Steady::time_point block_since_ = kNoBlock;
  bool last_of_block_ = false;  // the present frame has END_HEADERS
};

}  // namespace watchword::http
