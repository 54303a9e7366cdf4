#include "http/fetch.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "base/text.h"
#include "http/uri.h"

namespace watchword::http {
namespace {

constexpr std::size_t kMaxHeaderBytes = std::size_t{64} * 1024;

struct Handle {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using Curl = std::unique_ptr<CURL, Handle>;

// libcurl asks for one call before any thread uses it.
bool curl_ready() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return ready;
}

struct Transfer {
  std::string body;
  std::size_t header_bytes = 0;
  std::size_t max_bytes = 0;
};

std::size_t on_body(char* data, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (size > transfer.max_bytes - transfer.body.size()) return CURL_WRITEFUNC_ERROR;
  transfer.body.append(data, size);
  return size;
}

std::size_t on_header(char*, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  transfer.header_bytes += size;
  return transfer.header_bytes > kMaxHeaderBytes ? 0 : size;
}

bool is_loopback(const Url& url) {
  const auto is_number = [](std::string_view part) {
    return !part.empty() && part.size() <= 3 && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
  };
  if (url.host == "localhost" || url.host == "::1") return true;  // libcurl resolves localhost without asking DNS
  const auto parts = split(url.host, '.');
  return parts.size() == 4 && parts[0] == "127" && std::ranges::all_of(parts, is_number);
}

// The URL as it was read, so that libcurl cannot read it in another way.
std::string rebuilt(const Url& url) {
  const bool ipv6 = url.host.find(':') != std::string::npos;
  std::string text = url.scheme + "://" + (ipv6 ? "[" + url.host + "]" : url.host) + ":" + std::to_string(url.port);
  text += url.path;
  if (!url.query.empty()) text += "?" + url.query;
  return text;
}

void set_options(CURL* curl, const Url& url, const FetchOptions& options, Transfer& transfer, char* message) {
  curl_easy_setopt(curl, CURLOPT_URL, rebuilt(url).c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, url.scheme.c_str());
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "watchword");  // some issuers refuse clients without a name
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.ca_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, options.ca_file.c_str());
    curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);  // otherwise the system's authorities would be trusted too
  }
  if (is_loopback(url)) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_time.count()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(options.total_time.count()));
  curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(options.max_bytes));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
}

std::optional<std::chrono::seconds> max_age(std::string_view cache_control) {
  for (std::string_view directive : split(cache_control, ',')) {
    directive = trim(directive);
    const std::size_t equals = directive.find('=');
    if (equals == std::string_view::npos || !ascii_iequals(directive.substr(0, equals), "max-age")) continue;
    const std::string_view digits = directive.substr(equals + 1);
    std::uint32_t seconds = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
    if (error == std::errc() && end == digits.data() + digits.size()) return std::chrono::seconds(seconds);
  }
  return std::nullopt;
}

// All values of a response header, joined by commas (RFC 9110 5.3).
std::string header_values(CURL* curl, const char* name) {
  std::string all;
  curl_header* header = nullptr;
  for (std::size_t i = 0; curl_easy_header(curl, name, i, CURLH_HEADER, -1, &header) == CURLHE_OK; ++i)
    all.append(i == 0 ? "" : ",").append(header->value);
  return all;
}

FetchReply reply_of(CURL* curl, Transfer& transfer) {
  FetchReply reply;
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  const std::string type = header_values(curl, "content-type");
  reply.content_type = ascii_lower(trim(std::string_view(type).substr(0, type.find(';'))));
  reply.max_age = max_age(header_values(curl, "cache-control"));
  reply.body = std::move(transfer.body);
  return reply;
}

std::string what_failed(CURLcode code, const char* message, const FetchOptions& options) {
  if (code == CURLE_FILESIZE_EXCEEDED || code == CURLE_WRITE_ERROR)
    return "an answer of more than " + std::to_string(options.max_bytes) + " bytes, or with huge headers";
  std::string text = curl_easy_strerror(code);
  if (*message != '\0') text.append(": ").append(message);
  return text;
}

}  // namespace

Result<FetchReply> CurlFetcher::get(const std::string& url, const FetchOptions& options) {
  const auto parsed = parse_url(url);
  if (!parsed) return fail(Reason::issuer_unavailable, parsed.error().found, parsed.error().expected);
  if (parsed->scheme != "https" && !(options.allow_loopback_http && is_loopback(*parsed)))
    return fail(Reason::issuer_unavailable, "a URL without TLS",
                options.allow_loopback_http ? "https, or http towards a loopback address" : "https", url);
  if (!curl_ready()) return fail(Reason::internal, "libcurl could not be initialised");
  const Curl curl(curl_easy_init());
  if (!curl) return fail(Reason::internal, "libcurl gave no handle");

  Transfer transfer;
  transfer.max_bytes = options.max_bytes;
  char message[CURL_ERROR_SIZE] = "";
  set_options(curl.get(), *parsed, options, transfer, message);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) return fail(Reason::issuer_unavailable, what_failed(code, message, options), {}, url);
  return reply_of(curl.get(), transfer);
}

}  // namespace watchword::http
