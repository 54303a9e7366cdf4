// Names of algorithms and key types, and which belong together (RFC 7518 3.1, RFC 8037 3.1).
#include <array>
#include <utility>

#include "crypto/key.h"

namespace watchword::crypto {
namespace {

struct Entry {
  Algorithm algorithm;
  KeyType type;
  std::string_view name;
};
// In the order of the enum.
constexpr std::array<Entry, 10> kAlgorithms{{{Algorithm::rs256, KeyType::rsa, "RS256"},
                                             {Algorithm::rs384, KeyType::rsa, "RS384"},
                                             {Algorithm::rs512, KeyType::rsa, "RS512"},
                                             {Algorithm::ps256, KeyType::rsa, "PS256"},
                                             {Algorithm::ps384, KeyType::rsa, "PS384"},
                                             {Algorithm::ps512, KeyType::rsa, "PS512"},
                                             {Algorithm::es256, KeyType::p256, "ES256"},
                                             {Algorithm::es384, KeyType::p384, "ES384"},
                                             {Algorithm::es512, KeyType::p521, "ES512"},
                                             {Algorithm::eddsa, KeyType::ed25519, "EdDSA"}}};

const Entry& entry(Algorithm algorithm) { return kAlgorithms[static_cast<std::size_t>(algorithm)]; }

}  // namespace

std::string_view name(Algorithm algorithm) { return entry(algorithm).name; }
bool fits(Algorithm algorithm, KeyType type) { return entry(algorithm).type == type; }

std::optional<Algorithm> algorithm_from_name(std::string_view wanted) {
  for (const Entry& known : kAlgorithms)
    if (known.name == wanted) return known.algorithm;
  if (wanted == "Ed25519") return Algorithm::eddsa;
  return std::nullopt;
}

std::string_view name(KeyType type) {
  switch (type) {
    case KeyType::rsa:
      return "RSA";
    case KeyType::p256:
      return "P-256";
    case KeyType::p384:
      return "P-384";
    case KeyType::p521:
      return "P-521";
    case KeyType::ed25519:
      return "Ed25519";
  }
  std::unreachable();
}

}  // namespace watchword::crypto
