// GET /log/...: the public form of the audit log, for its verifiers.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>

#include "api/endpoints.h"
#include "api/log_path.h"
#include "api/reply.h"
#include "base/descriptor.h"

namespace watchword::api {
namespace {

constexpr std::string_view kPrefix = "/log/";
constexpr std::size_t kPiece = 65536;

// Step by step, so that no part of `path` is a symbolic link. The log's directory itself may be one.
Descriptor open_below(const std::string& directory, std::string_view path) {
  Descriptor at(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  while (at.open()) {
    auto slash = path.find('/');
    std::string name(path.substr(0, slash));
    int kind = slash == std::string_view::npos ? O_NONBLOCK : O_DIRECTORY;
    at = Descriptor(::openat(at.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | kind));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return at;
}

std::optional<std::size_t> regular_file_size(const Descriptor& file) {
  struct stat status{};
  if (!file.open() || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return static_cast<std::size_t>(status.st_size);
}

http::Headers headers_of(LogFile kind, std::size_t size) {
  bool tile = kind == LogFile::tile;
  bool fixed = kind != LogFile::checkpoint;
  return {{"content-type", tile ? "application/octet-stream" : "text/plain; charset=utf-8"},
          {"content-length", std::to_string(size)},
          // A tile, partial ones too, never changes once it is there.
          {"cache-control", tile    ? "public, max-age=31536000, immutable"
                            : fixed ? "public, max-age=300"
                                    : "no-store"}};
}

net::Task<void> send_file(http::Exchange& exchange, const Descriptor& file, LogFile kind, std::size_t size) {
  if (!co_await exchange.reply.begin({200, headers_of(kind, size)})) co_return;
  bool wanted = exchange.request.method != "HEAD";
  auto piece = std::make_unique<std::array<char, kPiece>>();
  for (std::size_t left = wanted ? size : 0; left > 0;) {
    auto got = ::read(file.get(), piece->data(), std::min(left, kPiece));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) co_return exchange.reply.abort();
    auto count = static_cast<std::size_t>(got);
    if (!co_await exchange.reply.write({piece->data(), count})) co_return;
    left -= count;
  }
  static_cast<void>(co_await exchange.reply.end());
}

}  // namespace

void add_log(Router& router, std::string directory, LogEntries entries) {
  router.add("GET", std::string(kPrefix),
             [directory = std::move(directory), entries](http::Exchange& exchange) -> net::Task<void> {
               auto path = exchange.request.path().substr(kPrefix.size());
               auto kind = log_file_of(path);
               if (entries == LogEntries::hidden && path.starts_with("tile/entries/")) kind = LogFile::none;
               auto file = kind == LogFile::none ? Descriptor(-1) : open_below(directory, path);
               auto size = regular_file_size(file);
               if (!size) co_return co_await send_refusal(exchange, {Reason::not_found, {}, {}, {}, {}}, false);
               co_await send_file(exchange, file, kind, *size);
             });
}

}  // namespace watchword::api
