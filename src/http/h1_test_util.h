// Feeds the codec the same bytes in every way in which a network may cut them. For tests and fuzz targets.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/h1_body.h"
#include "http/h1_request_parser.h"
#include "http/h1_response_parser.h"

namespace watchword::http::testing {

inline std::string show(const Headers& headers) {
  std::string text;
  for (const Header& header : headers) text += header.name + "=" + header.value + ";";
  return text;
}

inline std::string show(BodyFraming framing) {
  switch (framing.kind) {
    case BodyFraming::Kind::none:
      return "none";
    case BodyFraming::Kind::length:
      return "length " + std::to_string(framing.length);
    case BodyFraming::Kind::chunked:
      return "chunked";
    case BodyFraming::Kind::until_close:
      return "until_close";
  }
}

inline std::string show(const ParsedRequest& parsed) {
  const RequestHead& head = parsed.head;
  return head.method + " " + head.scheme + "://" + head.authority + " " + head.target + " 1." +
         std::to_string(parsed.minor) + " {" + show(head.headers) + "} " + show(parsed.framing) +
         (parsed.keep_alive ? " keep" : " close") + (parsed.expect_continue ? " expect" : "") + " +" +
         std::to_string(parsed.consumed);
}

inline std::string show(const ParsedResponse& parsed) {
  return std::to_string(parsed.head.status) + " 1." + std::to_string(parsed.minor) + " {" + show(parsed.head.headers) +
         "} " + show(parsed.framing) + (parsed.keep_alive ? " keep" : " close") + (parsed.interim ? " interim" : "") +
         " +" + std::to_string(parsed.consumed);
}

// "more", an error, or what was parsed.
template <class T>
std::string show(const Result<std::optional<T>>& result) {
  if (!result) return to_string(result.error());
  return *result ? show(**result) : "more";
}

// The outcome of the bytes arriving first up to `split`, then all.
inline std::string request_in_two(std::string_view bytes, std::size_t split, HeadLimits limits = {}) {
  RequestParser parser("https", limits);
  const auto first = parser.parse(bytes.substr(0, split));
  return !first || *first ? show(first) : show(parser.parse(bytes));
}

inline std::string response_in_two(std::string_view bytes, std::size_t split, std::string_view method,
                                   HeadLimits limits = {}) {
  ResponseParser parser(limits);
  const auto first = parser.parse(bytes.substr(0, split), method);
  return !first || *first ? show(first) : show(parser.parse(bytes, method));
}

// Each byte on its own. A copy at every step, so that AddressSanitizer sees a view that outlives its buffer.
inline std::string request_bytewise(std::string_view bytes, HeadLimits limits = {}) {
  RequestParser parser("https", limits);
  for (std::size_t size = 0;; ++size) {
    const auto result = parser.parse(std::string(bytes.substr(0, size)));
    if (!result || *result || size == bytes.size()) return show(result);
  }
}

inline std::string response_bytewise(std::string_view bytes, std::string_view method, HeadLimits limits = {}) {
  ResponseParser parser(limits);
  for (std::size_t size = 0;; ++size) {
    const auto result = parser.parse(std::string(bytes.substr(0, size)), method);
    if (!result || *result || size == bytes.size()) return show(result);
  }
}

// The content, then "|trailers|rest" when done, "|more" or "|error". `step`: bytes that arrive at a time.
inline std::string body_in_steps(BodyFraming framing, std::string_view bytes, std::size_t step,
                                 BodyLimits limits = {}) {
  BodyDecoder decoder(framing, limits);
  std::string content;
  std::size_t at = 0;
  while (!decoder.done()) {
    const auto fed = decoder.feed(std::string_view(bytes).substr(at, step));
    if (!fed) return content + "|" + to_string(fed.error());
    content += fed->piece;
    at += fed->consumed;
    if (fed->consumed == 0 && !fed->done) break;
  }
  if (!decoder.done()) return content + "|more";
  return content + "|" + show(decoder.trailers()) + "|" + std::string(bytes.substr(at));
}

}  // namespace watchword::http::testing
