// URLs, authorities and paths: what is accepted means the same when it is written out and read again.
#include <cstdlib>

#include "base/encoding.h"
#include "http/uri.h"

using namespace watchword::http;

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

void check_path(std::string_view path) {
  const auto normal = normalise_path(path);
  if (!normal) return;
  expect(normalise_path(*normal) == *normal);
  expect(percent_decode(*normal) == percent_decode(path));
  for (char c : *normal) expect(c > ' ' && c < '\x7f' && c != '\\' && c != ';' && c != '?' && c != '#');
  for (std::string_view trick : {"//", "/./", "/../", "%2F", "%5C", "%00", "%2E"})
    expect(normal->find(trick) == std::string::npos);
}

void check_url(std::string_view text) {
  const auto url = parse_url(text);
  if (!url) return;
  const bool ipv6 = url->host.find(':') != std::string::npos;
  const std::string written = url->scheme + "://" + (ipv6 ? "[" + url->host + "]" : url->host) + ":" +
                              std::to_string(url->port) + url->path + (url->query.empty() ? "" : "?" + url->query);
  const auto again = parse_url(written);
  expect(again && again->scheme == url->scheme && again->host == url->host && again->port == url->port);
  expect(again->path == url->path && again->query == url->query);
}

void check_authority(std::string_view text) {
  const auto authority = parse_authority(text);
  if (!authority) return;
  const std::string written =
      std::string(authority->host) + (authority->port ? ":" + std::to_string(*authority->port) : "");
  const auto again = parse_authority(written);
  expect(again && again->host == authority->host && again->port == authority->port);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = watchword::as_text({data, size});
  check_path(text);
  check_url(text);
  check_authority(text);
  expect(percent_decode(percent_encode(text)) == text);
  return 0;
}
