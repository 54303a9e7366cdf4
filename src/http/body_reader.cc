#include "http/body_reader.h"

namespace watchword::http {

std::unexpected<Error> BodyReader::failed_with(Error error) {
  error_ = error;
  return std::unexpected(std::move(error));
}

Result<std::optional<std::string_view>> BodyReader::take() {
  if (error_) return std::unexpected(*error_);
  release();
  while (!decoder_.done() && !input_.empty()) {
    auto step = decoder_.feed(input_.view());
    if (!step) return failed_with(std::move(step).error());
    if (!step->piece.empty()) {
      shown_ = step->consumed;
      return step->piece;
    }
    input_.consume(step->consumed);
  }
  if (decoder_.done()) return std::string_view();
  return std::nullopt;
}

net::Task<Status> BodyReader::receive() {
  stream_.set_deadline(net::Steady::now() + piece_time_);
  const auto got = co_await stream_.read(input_.room());
  if (!got) co_return failed_with(got.error());
  input_.add(*got);
  if (*got > 0) co_return Status();
  if (Status end = decoder_.end_of_stream(); !end) co_return failed_with(std::move(end).error());
  co_return Status();
}

void BodyReader::release() { input_.consume(std::exchange(shown_, 0)); }

Status BodyReader::check_announced() {
  if (auto step = decoder_.feed({}); !step) return failed_with(std::move(step).error());
  return {};
}

std::optional<std::uint64_t> BodyReader::length() const {
  switch (framing_.kind) {
    case BodyFraming::Kind::none:
      return 0;
    case BodyFraming::Kind::length:
      return framing_.length;
    case BodyFraming::Kind::chunked:
    case BodyFraming::Kind::until_close:
      return std::nullopt;
  }
}

}  // namespace watchword::http
