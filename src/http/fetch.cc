#include "http/fetch.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <span>

#include "base/text.h"
#include "http/chars.h"
#include "http/link.h"
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

// "Name: value" lines, wiped at the end: they may hold credentials.
class HeaderLines {
 public:
  HeaderLines() = default;
  HeaderLines(const HeaderLines&) = delete;
  HeaderLines& operator=(const HeaderLines&) = delete;
  ~HeaderLines() {
    for (curl_slist* line = lines_; line != nullptr; line = line->next)
      wipe(std::span(line->data, std::strlen(line->data)));
    curl_slist_free_all(lines_);
  }

  bool add(const std::string& line) {
    curl_slist* longer = curl_slist_append(lines_, line.c_str());
    if (longer != nullptr) lines_ = longer;
    return longer != nullptr;
  }
  curl_slist* get() const { return lines_; }

 private:
  curl_slist* lines_ = nullptr;
};

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

Status add_headers(const FetchRequest& request, HeaderLines& lines) {
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name) || value.empty() || has_control(value.reveal()))
      return fail(Reason::issuer_unavailable, "a header '" + name + "' that cannot be sent",
                  "a name of token characters, a value without control characters", request.url);
    std::string line = name + ": " + std::string(value.reveal());
    const bool added = lines.add(line);
    wipe(line);
    if (!added) return fail(Reason::internal, "libcurl took no header");
  }
  // libcurl would add "Expect: 100-continue" and the type of a form.
  if (!lines.add("Expect:") || (!request.body.empty() && !lines.add("Content-Type: application/json")))
    return fail(Reason::internal, "libcurl took no header");
  return {};
}

void set_request(CURL* curl, const FetchRequest& request, const HeaderLines& lines) {
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines.get());
  curl_easy_setopt(curl, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));  // none of them for a proxy
}

std::optional<std::chrono::seconds> whole_seconds(std::string_view digits) {
  std::uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return std::chrono::seconds(seconds);
}

std::optional<std::chrono::seconds> max_age(std::string_view cache_control) {
  for (std::string_view directive : split(cache_control, ',')) {
    directive = trim(directive);
    const std::size_t equals = directive.find('=');
    if (equals == std::string_view::npos || !ascii_iequals(directive.substr(0, equals), "max-age")) continue;
    if (const auto seconds = whole_seconds(directive.substr(equals + 1))) return seconds;
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

std::optional<Time> date_of(const std::string& date, const std::string& age) {
  const auto seconds = curl_getdate(date.c_str(), nullptr);
  if (date.empty() || seconds < 0) return std::nullopt;
  return from_unix(seconds) + whole_seconds(age).value_or(std::chrono::seconds(0));
}

// Another origin must not be given the credentials that were meant for this one.
std::string next_page(const std::string& link, const Url& asked) {
  std::string next = next_link(link);
  const auto url = parse_url(next);
  if (!url || url->scheme != asked.scheme || url->host != asked.host || url->port != asked.port) return {};
  return next;
}

FetchReply reply_of(CURL* curl, const Url& asked, Transfer& transfer) {
  FetchReply reply;
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  const std::string type = header_values(curl, "content-type");
  reply.content_type = ascii_lower(trim(std::string_view(type).substr(0, type.find(';'))));
  reply.max_age = max_age(header_values(curl, "cache-control"));
  if (status == 429 || status == 503) reply.retry_after = whole_seconds(header_values(curl, "retry-after"));
  reply.date = date_of(header_values(curl, "date"), header_values(curl, "age"));
  reply.next_page = next_page(header_values(curl, "link"), asked);
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

Result<FetchReply> Fetcher::get(const std::string& url, const FetchOptions& options) {
  return send({.url = url}, options);
}

Result<FetchReply> CurlFetcher::send(const FetchRequest& request, const FetchOptions& options) {
  const auto url = parse_url(request.url);
  if (!url) return fail(Reason::issuer_unavailable, url.error().found, url.error().expected);
  if (url->scheme != "https" && !(options.allow_loopback_http && is_loopback(*url)))
    return fail(Reason::issuer_unavailable, "a URL without TLS",
                options.allow_loopback_http ? "https, or http towards a loopback address" : "https", request.url);
  if (!curl_ready()) return fail(Reason::internal, "libcurl could not be initialised");
  HeaderLines lines;  // outlives the handle that uses it
  WW_CHECK(add_headers(request, lines));
  const Curl curl(curl_easy_init());
  if (!curl) return fail(Reason::internal, "libcurl gave no handle");

  Transfer transfer;
  transfer.max_bytes = options.max_bytes;
  char message[CURL_ERROR_SIZE] = "";
  set_options(curl.get(), *url, options, transfer, message);
  set_request(curl.get(), request, lines);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) return fail(Reason::issuer_unavailable, what_failed(code, message, options), {}, request.url);
  return reply_of(curl.get(), *url, transfer);
}

}  // namespace watchword::http
