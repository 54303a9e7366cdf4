#include "api/oauth_form.h"

#include "base/secret.h"
#include "base/text.h"

namespace watchword::api {
namespace {

constexpr std::size_t kMaxBody = 65536;
constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

Status check_type(const http::Headers& headers) {
  if (headers.count("content-type") != 1)
    return fail(Reason::request_invalid, "not one Content-Type header", std::string(kFormType));
  auto parts = split(*headers.find("content-type"), ';');
  bool form = ascii_iequals(trim(parts.front()), kFormType);
  for (std::size_t i = 1; i < parts.size(); ++i) form = form && ascii_iequals(trim(parts[i]), "charset=utf-8");
  if (!form) return fail(Reason::request_invalid, *headers.find("content-type"), std::string(kFormType));
  if (headers.find("content-encoding")) return fail(Reason::request_invalid, "a Content-Encoding", "a plain body");
  return {};
}

}  // namespace

net::Task<Result<OAuthForm>> OAuthForm::read(http::Exchange& exchange) {
  WW_CO_CHECK(check_type(exchange.request.headers));
  if (!exchange.request.query().empty())
    co_return fail(Reason::request_invalid, "parameters in the URL", "parameters in the body");
  WW_CO_TRY(auto text, co_await http::read_all(exchange.body, kMaxBody));
  auto form = http::parse_form(text, {"audience", "resource"});
  wipe(text);
  if (!form) co_return std::unexpected(std::move(form).error());
  co_return OAuthForm(*std::move(form));
}

OAuthForm::~OAuthForm() {
  for (auto& [name, value] : form_) wipe(value);
}

const std::string* OAuthForm::find(std::string_view name) const {
  const auto* value = http::find(form_, name);
  return value && !value->empty() ? value : nullptr;
}

std::vector<std::string> OAuthForm::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : form_)
    if (key == name && !value.empty()) values.push_back(value);
  return values;
}

Result<std::string_view> OAuthForm::need(std::string_view name) const {
  const auto* value = find(name);
  if (!value) return fail(Reason::request_invalid, "no " + std::string(name), "the parameter " + std::string(name));
  return *value;
}

}  // namespace watchword::api
