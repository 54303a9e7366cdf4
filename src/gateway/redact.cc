#include "gateway/redact.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace watchword::gateway {
namespace {

void mask(std::string_view text, std::span<const Secret> secrets, std::string& masked) {
  for (const auto& secret : secrets) {
    const auto wanted = secret.reveal();
    for (auto at = text.find(wanted); at != std::string_view::npos; at = text.find(wanted, at + 1))
      masked.replace(at, wanted.size(), wanted.size(), '*');
  }
}

void add(std::string_view value, std::vector<Secret>& into) {
  const auto is_it = [&](const Secret& known) { return known.reveal() == value; };
  if (value.size() >= kShortestRedacted && std::ranges::none_of(into, is_it)) into.emplace_back(value);
}

}  // namespace

void add_redacted(std::string_view prefix, const Secret& secret, std::vector<Secret>& into) {
  std::string joined(prefix);
  joined += secret.reveal();
  const Secret whole(std::move(joined));
  const auto value = whole.reveal();
  add(value, into);
  add(secret.reveal(), into);
  if (const auto space = value.find(' '); space != std::string_view::npos) add(trim(value.substr(space)), into);
}

std::string redacted(std::string_view text, std::span<const Secret> secrets) {
  std::string masked(text);
  mask(text, secrets, masked);
  return masked;
}

std::string_view Redactor::feed(std::string_view piece) {
  drop_passed();
  text_ += piece;
  masked_ += piece;
  mask(text_, secrets_, masked_);
  passed_ = text_.size() - held();
  return std::string_view(masked_).substr(0, passed_);
}

std::string_view Redactor::finish() {
  drop_passed();
  passed_ = masked_.size();
  return masked_;
}

void Redactor::drop_passed() {
  text_.erase(0, passed_);
  masked_.erase(0, passed_);
  passed_ = 0;
}

// The longest end of the text with which a secret begins.
std::size_t Redactor::held() const {
  const std::string_view text(text_);
  std::size_t longest = 0;
  for (const auto& secret : secrets_) {
    const auto wanted = secret.reveal();
    for (auto size = std::min(wanted.size() - 1, text.size()); size > longest; --size)
      if (wanted.starts_with(text.substr(text.size() - size))) longest = size;
  }
  return longest;
}

net::Task<Result<std::string_view>> RedactedBody::next() {
  while (!ended_) {
    WW_CO_TRY(const auto piece, co_await body_.next());
    ended_ = piece.empty();
    const auto passed = ended_ ? redactor_.finish() : redactor_.feed(piece);
    if (!passed.empty()) co_return passed;
  }
  co_return std::string_view();
}

bool is_encoded(const http::Headers& response) {
  constexpr std::array<std::string_view, 3> kNames = {"content-encoding", "grpc-encoding", "connect-content-encoding"};
  return std::ranges::any_of(response, [&](const http::Header& header) {
    return std::ranges::find(kNames, header.name) != kNames.end() && !header.value.empty() &&
           !ascii_iequals(header.value, "identity");
  });
}

}  // namespace watchword::gateway
