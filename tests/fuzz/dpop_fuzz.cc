// DPoP proofs: no text crashes the reader, and none is good twice.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "access/dpop.h"

using namespace watchword;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Time now = from_unix(1'790'000'000);  // the iat of corpus/dpop/valid
  SeededRandom random(1);
  access::Dpop dpop({.nonce_required = false}, random);
  const access::DpopRequest request{text, "POST", "https://gate.example.com/oauth/token", {}};
  const auto first = dpop.verify(request, now);
  const auto second = dpop.verify(request, now);
  if (second || (first && second.error().reason != Reason::dpop_replayed)) std::abort();
  if (!first && first.error().reason != Reason::dpop_invalid) std::abort();
  // The same proof for anything else is none.
  if (access::Dpop({.nonce_required = false}, random).verify({text, "GET", request.url, {}}, now) && first)
    std::abort();
  return 0;
}
