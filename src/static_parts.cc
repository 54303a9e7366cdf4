// What the static client has in place of libraries: those that Debian has no archive of, and those parts of libc that
// would load code of the machine that it runs on. Objects win over archives, so these are linked and not theirs.
#include <dlfcn.h>
#include <fmt/format-inl.h>
#include <netdb.h>

#include "base/json_portable.h"

namespace watchword {

// Without simdjson. Twice in the link, and so an error, once anything else of json_read.cc is referred to.
Result<Json> parse_json(std::string_view text, const JsonLimits& limits) { return parse_json_portable(text, limits); }

}  // namespace watchword

// fmt's functions are in its header; these are the templates that it expects to be instantiated elsewhere.
FMT_BEGIN_NAMESPACE
namespace detail {
template auto thousands_sep_impl<char>(locale_ref) -> thousands_sep_result<char>;
template auto decimal_point_impl(locale_ref) -> char;
}  // namespace detail
FMT_END_NAMESPACE

// glibc's own would open modules of NSS and of libc, which need the very glibc that was linked; in another image they
// crash. Nothing here needs them: names are looked up by c-ares, ports are numbers, OpenSSL's providers are built in.
extern "C" {

int getaddrinfo(const char*, const char*, const addrinfo*, addrinfo**) { return EAI_FAIL; }
void freeaddrinfo(addrinfo*) noexcept {}
int getnameinfo(const sockaddr*, socklen_t, char*, socklen_t, char*, socklen_t, int) { return EAI_FAIL; }
hostent* gethostbyname(const char*) { return nullptr; }
servent* getservbyname(const char*, const char*) { return nullptr; }
int getservbyport_r(int, const char*, servent*, char*, std::size_t, servent** found) {
  *found = nullptr;
  return 0;  // none
}
void* dlopen(const char*, int) noexcept { return nullptr; }

}  // extern "C"
