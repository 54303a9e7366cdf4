// Masks secrets that the gate itself has injected, should a backend send them back.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "http/handler.h"

namespace watchword::gateway {

inline constexpr std::size_t kShortestRedacted = 8;  // shorter ones stand in any text

// What of an injected `prefix` + `secret` is looked for: the whole, and the bare credential ("Bearer X", "Basic X": X).
void add_redacted(std::string_view prefix, const Secret& secret, std::vector<Secret>& into);
// The text with each of the secrets replaced by as many '*'.
std::string redacted(std::string_view text, std::span<const Secret> secrets);

// The same of a text that comes in pieces, wherever it is cut. Keeps one piece and the longest secret in memory. What
// may be the beginning of a secret waits for the next piece. Sans-I/O; the secrets outlive it.
class Redactor {
 public:
  explicit Redactor(std::span<const Secret> secrets) : secrets_(secrets) {}
  // What may pass now; it may be empty. The views live until the next call.
  std::string_view feed(std::string_view piece);
  std::string_view finish();

 private:
  std::size_t held() const;
  void drop_passed();

  std::span<const Secret> secrets_;
  std::string text_, masked_;  // as it came, and as it passes on
  std::size_t passed_ = 0;
};

// A body through it. `body` outlives it.
class RedactedBody final : public http::Body {
 public:
  RedactedBody(http::Body& body, std::span<const Secret> secrets) : body_(body), redactor_(secrets) {}
  net::Task<Result<std::string_view>> next() override;
  // A piece that may begin a secret makes next() wait for another.
  bool ready() const override { return ended_ || body_.ready(); }
  std::optional<std::uint64_t> length() const override { return body_.length(); }
  const http::Headers& trailers() const override { return body_.trailers(); }

 private:
  http::Body& body_;
  Redactor redactor_;
  bool ended_ = false;
};

// True when the body is in another form than its bytes: nothing would be found in it.
bool is_encoded(const http::Headers& response);

}  // namespace watchword::gateway
