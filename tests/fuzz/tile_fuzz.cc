// Tiles and entry bundles: what decodes encodes to the same bytes.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "audit/tile.h"

namespace audit = watchword::audit;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto tile = audit::decode_tile(bytes)) {
    if (tile->size() > audit::kTileWidth || audit::encode_tile(*tile) != bytes) std::abort();
  }
  const auto bundle = audit::decode_bundle(bytes);
  std::string_view rest = bytes;
  std::size_t taken = 0;
  while (audit::take_entry(rest)) ++taken;
  if (!bundle) return 0;
  if (!rest.empty() || taken != bundle->size() || taken > audit::kTileWidth) std::abort();
  if (audit::encode_bundle(std::vector<std::string>(bundle->begin(), bundle->end())) != bytes) std::abort();
  return 0;
}
