#include "http/h2_opening.h"

#include <algorithm>

namespace watchword::http {

namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

}  // namespace

net::Task<std::optional<bool>> OpeningStream::is_http2(net::Steady::duration idle_time,
                                                       net::Steady::duration header_time) {
  set_deadline(net::Steady::now() + idle_time);
  std::size_t have = 0;
  while (have < bytes_.size() && kPreface.starts_with(std::string_view(bytes_.data(), have))) {
    const auto got = co_await stream_->read(std::span(bytes_).subspan(have));
    if (!got || *got == 0) co_return std::nullopt;
    if (have == 0) set_deadline(net::Steady::now() + header_time);
    have += *got;
    first_ = {bytes_.data(), have};
  }
  known();
  co_return first_ == kPreface;
}

void OpeningStream::finish() {
  if (idle()) set_deadline(net::Steady::time_point());
}

net::Task<Result<std::size_t>> OpeningStream::read(std::span<char> into) {
  if (first_.empty()) return stream_->read(into);
  const std::size_t size = std::min(into.size(), first_.size());
  std::copy_n(first_.begin(), size, into.begin());
  first_.remove_prefix(size);
  return [](std::size_t copied) -> net::Task<Result<std::size_t>> { co_return copied; }(size);
}

void OpeningStream::known() {
  if (std::exchange(listed_, false)) loop_.opening.erase(place_);
}

}  // namespace watchword::http
