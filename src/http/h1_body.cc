#include "http/h1_body.h"

#include <algorithm>
#include <optional>

#include "http/chars.h"
#include "http/h1_head_lines.h"

namespace watchword::http {
namespace {

constexpr std::size_t kMaxHexDigits = 16;

BodyFraming::Kind effective_kind(BodyFraming framing) {
  return framing.has_body() ? framing.kind : BodyFraming::Kind::none;
}

// The end of a token or quoted string that `text` begins with (RFC 9110 5.6), or nullopt.
std::optional<std::size_t> value_end(std::string_view text) {
  if (!text.starts_with('"')) {
    std::size_t end = 0;
    while (end < text.size() && token_lower(text[end]) != 0) ++end;
    return end == 0 ? std::nullopt : std::optional(end);
  }
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
  }
  return std::nullopt;
}

// *( ";" name [ "=" value ] ), without the white space that RFC 9112 7.1.1 calls bad.
bool are_extensions(std::string_view text) {
  if (has_control(text)) return false;
  while (!text.empty()) {
    if (text[0] != ';' || text.substr(1).starts_with('"')) return false;
    const auto name = value_end(text.substr(1));
    if (!name) return false;
    text.remove_prefix(1 + *name);
    if (!text.starts_with('=')) continue;
    const auto value = value_end(text.substr(1));
    if (!value) return false;
    text.remove_prefix(1 + *value);
  }
  return true;
}

}  // namespace

bool is_forbidden_trailer(std::string_view name) {
  // What frames, routes, authenticates or describes the content decides before the body comes (RFC 9110 6.5.1).
  static constexpr std::string_view kForbidden[] = {"authorization",
                                                    "cache-control",
                                                    "connection",
                                                    "content-encoding",
                                                    "content-length",
                                                    "content-range",
                                                    "content-type",
                                                    "content_length",
                                                    "cookie",
                                                    "dpop",
                                                    "expect",
                                                    "forwarded",
                                                    "host",
                                                    "keep-alive",
                                                    "max-forwards",
                                                    "proxy-authenticate",
                                                    "proxy-authorization",
                                                    "proxy-connection",
                                                    "range",
                                                    "set-cookie",
                                                    "te",
                                                    "trailer",
                                                    "transfer-encoding",
                                                    "transfer_encoding",
                                                    "upgrade",
                                                    "www-authenticate"};
  return std::ranges::binary_search(kForbidden, name) || name.starts_with("if-") || name.starts_with("x-forwarded-");
}

BodyDecoder::BodyDecoder(BodyFraming framing, BodyLimits limits) : framing_(framing), limits_(limits) {
  switch (effective_kind(framing)) {
    case BodyFraming::Kind::none:
      state_ = State::done;
      break;
    case BodyFraming::Kind::length:
    case BodyFraming::Kind::until_close:
      state_ = State::content;
      break;
    case BodyFraming::Kind::chunked:
      state_ = State::chunk_line;
      break;
  }
  remaining_ = framing.length;
}

Status BodyDecoder::announce(std::uint64_t bytes) const {
  if (received_ > limits_.body_bytes || bytes > limits_.body_bytes - received_)
    return fail(Reason::http_too_large, "a larger body", "at most " + std::to_string(limits_.body_bytes));
  return {};
}

Result<BodyDecoder::Step> BodyDecoder::feed(std::string_view input) {
  if (state_ == State::done) return Step{0, {}, true};
  switch (framing_.kind) {
    case BodyFraming::Kind::chunked:
      return chunked(input);
    case BodyFraming::Kind::until_close:
      WW_CHECK(announce(input.size()));
      remaining_ = input.size() + 1;  // never reached
      return take(input);
    case BodyFraming::Kind::none:
    case BodyFraming::Kind::length:
      WW_CHECK(announce(remaining_));
      return take(input);
  }
}

BodyDecoder::Step BodyDecoder::take(std::string_view input) {
  const std::string_view piece = input.substr(0, std::min<std::uint64_t>(input.size(), remaining_));
  remaining_ -= piece.size();
  received_ += piece.size();
  if (remaining_ == 0) state_ = state_ == State::chunk_data ? State::chunk_end : State::done;
  return {piece.size(), piece, state_ == State::done};
}

Result<BodyDecoder::Step> BodyDecoder::chunked(std::string_view input) {
  std::size_t used = 0;
  while (used < input.size() && state_ != State::done) {
    if (state_ == State::chunk_data) {
      Step step = take(input.substr(used));
      step.consumed += used;
      return step;
    }
    const std::size_t lf = input.find('\n', used);
    const bool complete = lf != std::string_view::npos;
    const std::string_view part = input.substr(used, complete ? lf - used : lf);
    used += part.size() + (complete ? 1 : 0);
    WW_CHECK(bound_line(part));
    if (!complete) {
      line_ += part;
    } else if (line_.empty()) {
      WW_CHECK(line(part));
    } else {
      line_ += part;
      WW_CHECK(line(line_));
      line_.clear();
    }
  }
  return Step{used, {}, state_ == State::done};
}

// Before the line's end is seen, so that how the bytes arrive makes no difference. The CR counts.
Status BodyDecoder::bound_line(std::string_view part) const {
  const std::size_t bytes = line_.size() + part.size();
  if (state_ == State::chunk_end && (bytes > 1 || (bytes == 1 && line_ != "\r" && part != "\r")))
    return malformed("a chunk that is longer than its size");
  if (state_ == State::chunk_line && bytes > kMaxHexDigits + limits_.extension_bytes - extension_bytes_ + 1)
    return fail(Reason::http_too_large, "longer chunk extensions",
                "at most " + std::to_string(limits_.extension_bytes));
  if (state_ == State::trailer_line && bytes > limits_.trailer_bytes - trailer_bytes_ + 1)
    return fail(Reason::http_too_large, "more bytes of trailers", "at most " + std::to_string(limits_.trailer_bytes));
  return {};
}

Status BodyDecoder::line(std::string_view text) {
  if (!text.ends_with('\r')) return malformed("a line of the chunked body that ends with a bare LF", "CRLF");
  text.remove_suffix(1);
  if (state_ == State::chunk_line) return chunk_line(text);
  if (state_ == State::trailer_line) return trailer_line(text);
  state_ = State::chunk_line;  // the empty line after a chunk
  return {};
}

Status BodyDecoder::chunk_line(std::string_view text) {
  std::size_t digits = 0;
  std::uint64_t size = 0;
  for (; digits < text.size(); ++digits) {
    const int value = hex_value(text[digits]);
    if (value < 0) break;
    if (digits == kMaxHexDigits) return malformed("a chunk size of more than 16 digits");
    size = size << 4 | static_cast<std::uint64_t>(value);
  }
  if (digits == 0) return malformed("a chunk without a size in hexadecimal digits");
  const std::string_view extensions = text.substr(digits);
  if (!are_extensions(extensions)) return malformed("a chunk size that is followed by something other than extensions");
  extension_bytes_ += extensions.size();
  if (extension_bytes_ > limits_.extension_bytes)
    return fail(Reason::http_too_large, "longer chunk extensions",
                "at most " + std::to_string(limits_.extension_bytes));
  WW_CHECK(announce(size));
  remaining_ = size;
  state_ = size == 0 ? State::trailer_line : State::chunk_data;
  return {};
}

Status BodyDecoder::trailer_line(std::string_view text) {
  if (text.empty()) {
    state_ = State::done;
    return {};
  }
  trailer_bytes_ += text.size() + 2;
  if (trailers_.size() == limits_.trailer_count || trailer_bytes_ > limits_.trailer_bytes)
    return fail(Reason::http_too_large, "more trailers");
  WW_TRY(Header trailer, parse_field_line(text));
  if (is_forbidden_trailer(trailer.name)) return malformed("'" + trailer.name + "' as a trailer");
  trailers_.add(std::move(trailer));
  return {};
}

Status BodyDecoder::end_of_stream() {
  if (state_ == State::done) return {};
  if (framing_.kind != BodyFraming::Kind::until_close) return malformed("a body that is cut short");
  state_ = State::done;
  return {};
}

}  // namespace watchword::http
