// Paths under /log/: what is let through is a plain path of known form, and its own canonical spelling.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/log_path.h"

using namespace watchword;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view path(reinterpret_cast<const char*>(data), size);
  const auto kind = api::log_file_of(path);
  if (kind == api::LogFile::none) return 0;
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789/.";
  const bool plain = path.find_first_not_of(kAllowed) == std::string_view::npos;
  const bool tame = path.find("..") == std::string_view::npos && path.find("//") == std::string_view::npos &&
                    !path.starts_with('/') && !path.ends_with('/') && path.size() <= 64;
  if (!plain || !tame) std::abort();
  if ((kind == api::LogFile::tile) != path.starts_with("tile/")) std::abort();
  return 0;
}
