#include "issuer/key_fetch.h"

#include <algorithm>
#include <array>

#include "base/file.h"
#include "base/json.h"
#include "http/uri.h"
#include "net/stream.h"

namespace watchword::issuer {
namespace {

constexpr JsonLimits kDiscoveryLimits{1 << 20, 16};

std::unexpected<Error> unavailable(std::string found, std::string expected, const std::string& where) {
  return fail(Reason::issuer_unavailable, std::move(found), std::move(expected), where);
}

Status check_url(std::string_view url, bool allow_loopback_http) {
  const auto parsed = http::parse_url(url);
  if (!parsed) return fail(Reason::config_invalid, parsed.error().found, parsed.error().expected, std::string(url));
  if (parsed->scheme == "https") return {};
  if (allow_loopback_http && net::Address{.host = parsed->host, .port = 0, .unix_path = {}}.loopback()) return {};
  return fail(Reason::config_invalid, "a URL without TLS",
              allow_loopback_http ? "https, or http towards a loopback address" : "https", std::string(url));
}

Result<http::FetchReply> get(const std::string& url, const KeySourceConfig& config, http::Fetcher& fetcher) {
  WW_TRY(http::FetchReply reply, fetcher.get(url, config.fetch));
  if (reply.status == 200) return reply;
  const bool redirect = reply.status >= 300 && reply.status < 400;
  return unavailable("HTTP status " + std::to_string(reply.status) + (redirect ? " (redirects are not followed)" : ""),
                     "200", url);
}

std::string described(const http::FetchReply& reply, const std::string& trouble) {
  return (reply.content_type.empty() ? "an answer without content type" : "an answer of type " + reply.content_type) +
         ": " + trouble;
}

Result<std::string> discover(const KeySourceConfig& config, http::Fetcher& fetcher) {
  const std::string url = discovery_url(config.issuer_url);
  WW_TRY(const http::FetchReply reply, get(url, config, fetcher));
  const Result<Json> document = parse_json(reply.body, kDiscoveryLimits);
  if (!document) return unavailable(described(reply, document.error().found), "a JSON document", url);
  const std::string* issuer = document->find_string("issuer");
  if (issuer == nullptr) return unavailable("a document without the string 'issuer'", "OpenID provider metadata", url);
  if (*issuer != config.issuer_url) return fail(Reason::issuer_mismatch, *issuer, config.issuer_url, url);
  const std::string* keys = document->find_string("jwks_uri");
  if (keys == nullptr) return unavailable("a document without the string 'jwks_uri'", "OpenID provider metadata", url);
  if (const Status usable = check_url(*keys, config.fetch.allow_loopback_http); !usable)
    return unavailable("jwks_uri " + *keys + ": " + usable.error().found, usable.error().expected, url);
  return *keys;
}

Result<FetchedKeys> parse_keys(std::string_view document, const std::string& where) {
  Result<jose::KeySet> keys = jose::KeySet::parse(document);
  if (keys) return FetchedKeys{std::move(*keys), std::nullopt};
  Error error = std::move(keys).error();
  error.where = where;
  return std::unexpected(std::move(error));
}

}  // namespace

Status check(const KeySourceConfig& config) {
  const std::array<const std::string*, 3> sources{&config.jwks_file, &config.jwks_inline, &config.jwks_uri};
  const auto given = std::ranges::count_if(sources, [](const std::string* source) { return !source->empty(); });
  if (given > 1) return fail(Reason::config_invalid, "several sources of keys", "one of a file, inline keys and a URI");
  const auto positive = [](Duration time) { return time > Duration::zero(); };
  if (!positive(config.refresh) || !positive(config.keep_during_outage) || !positive(config.refetch_interval))
    return fail(Reason::config_invalid, "a time of 0s or less for refreshing or keeping keys", "more than 0s");
  if (!config.jwks_uri.empty()) return check_url(config.jwks_uri, config.fetch.allow_loopback_http);
  if (given > 0) return {};
  if (config.issuer_url.find_first_of("?#") != std::string::npos)
    return fail(Reason::config_invalid, "an issuer URL with a query or fragment", "none (OpenID Connect Core 2)",
                config.issuer_url);
  return check_url(config.issuer_url, config.fetch.allow_loopback_http);
}

std::string discovery_url(std::string_view issuer_url) {
  if (issuer_url.ends_with('/')) issuer_url.remove_suffix(1);
  return std::string(issuer_url) + "/.well-known/openid-configuration";
}

Result<FetchedKeys> fetch_keys(const KeySourceConfig& config, http::Fetcher& fetcher) {
  if (!config.jwks_inline.empty()) return parse_keys(config.jwks_inline, "the inline key set");
  if (!config.jwks_file.empty()) {
    WW_TRY(const std::string document, read_file(config.jwks_file));
    return parse_keys(document, config.jwks_file);
  }
  std::string url = config.jwks_uri;
  if (url.empty()) {
    WW_TRY(url, discover(config, fetcher));
  }
  WW_TRY(const http::FetchReply reply, get(url, config, fetcher));
  Result<FetchedKeys> keys = parse_keys(reply.body, url);
  if (!keys) {
    keys.error().found = described(reply, keys.error().found);
    return keys;
  }
  keys->max_age = reply.max_age;
  keys->date = reply.date;
  return keys;
}

}  // namespace watchword::issuer
