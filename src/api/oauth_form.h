// The form that an OAuth endpoint takes, read strictly, and wiped when it is done with: it holds tokens.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/handler.h"
#include "http/uri.h"

namespace watchword::api {

class OAuthForm {
 public:
  // request_invalid; http_too_large over 64 KiB. Parameters belong in the body, never in the URL, where they would be
  // logged.
  static net::Task<Result<OAuthForm>> read(http::Exchange& exchange);
  OAuthForm(OAuthForm&&) noexcept = default;
  OAuthForm& operator=(OAuthForm&&) = delete;
  ~OAuthForm();

  // null when absent or empty (RFC 6749 3.1: a parameter without a value counts as left out).
  const std::string* find(std::string_view name) const;
  std::vector<std::string> all(std::string_view name) const;
  Result<std::string_view> need(std::string_view name) const;  // request_invalid
  const http::Form& parameters() const { return form_; }

 private:
  explicit OAuthForm(http::Form form) : form_(std::move(form)) {}
  http::Form form_;
};

}  // namespace watchword::api
