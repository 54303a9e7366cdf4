#include "http/h2_meter.h"

#include <nghttp2/nghttp2.h>

namespace watchword::http {

bool FrameMeter::feed(std::string_view bytes, net::Steady::time_point now) {
  while (true) {
    const std::size_t skipped = std::min(bytes.size(), payload_left_);
    bytes.remove_prefix(skipped);
    payload_left_ -= skipped;
    if (payload_left_ == 0 && last_of_block_) {
      last_of_block_ = false;
      block_since_ = kNoBlock;
    }
    if (bytes.empty()) return true;
    const std::size_t taken = std::min(bytes.size(), header_.size() - have_);
    std::copy_n(bytes.begin(), taken, header_.begin() + static_cast<std::ptrdiff_t>(have_));
    bytes.remove_prefix(taken);
    have_ += taken;
    if (have_ < header_.size()) return true;
    have_ = 0;
    if (!begin_frame(now)) return false;
  }
}

bool FrameMeter::begin_frame(net::Steady::time_point now) {
  payload_left_ = std::size_t{header_[0]} << 16 | std::size_t{header_[1]} << 8 | header_[2];
  const unsigned char type = header_[3];
  const unsigned char flags = header_[4];
  if (type == NGHTTP2_HEADERS || type == NGHTTP2_CONTINUATION) {
    block_since_ = std::min(block_since_, now);
    last_of_block_ = (flags & NGHTTP2_FLAG_END_HEADERS) != 0;
  }
  if (type == NGHTTP2_HEADERS) {
    budget_.earn(kPerRequest);
    return true;
  }
  constexpr std::size_t kMostPadding = 256;  // with its length: such a frame may be nothing else
  const bool padded = (flags & NGHTTP2_FLAG_PADDED) != 0 && payload_left_ <= kMostPadding;
  const bool carries = payload_left_ > 0 || (flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (type == NGHTTP2_DATA && carries && !padded) return true;
  return budget_.spend(1, now);
}

}  // namespace watchword::http
