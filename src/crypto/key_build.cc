// Public keys from their numbers, and the one gate that every key passes.
#include <openssl/param_build.h>

#include <algorithm>

#include "crypto/evp.h"
#include "crypto/small_order.h"

namespace watchword::crypto {
namespace {

using ParamBuildPtr = std::unique_ptr<OSSL_PARAM_BLD, FreedBy<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, FreedBy<OSSL_PARAM_free>>;

constexpr unsigned kMinRsaBits = 2048;
constexpr unsigned kMaxRsaBits = 8192;
constexpr std::size_t kMaxRsaBytes = kMaxRsaBits / 8;

struct Curve {
  KeyType type;
  const char* group;  // OpenSSL's name
  unsigned bits;
  std::size_t size;  // of a coordinate, in bytes
};
constexpr std::array<Curve, 3> kCurves{{{KeyType::p256, SN_X9_62_prime256v1, 256, 32},
                                        {KeyType::p384, SN_secp384r1, 384, 48},
                                        {KeyType::p521, SN_secp521r1, 521, 66}}};

PkeyPtr from_params(const char* algorithm, OSSL_PARAM_BLD* build) {
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(build));
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, algorithm, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return nullptr;
  return PkeyPtr(key);
}

BnPtr number(ByteView big_endian) {
  return BnPtr(BN_bin2bn(big_endian.data(), static_cast<int>(big_endian.size()), nullptr));
}

BnPtr number_of(EVP_PKEY* key, const char* parameter) {
  BIGNUM* value = nullptr;
  EVP_PKEY_get_bn_param(key, parameter, &value);
  return BnPtr(value);
}

Status check_rsa(EVP_PKEY* key) {
  const BnPtr n = number_of(key, OSSL_PKEY_PARAM_RSA_N);
  const BnPtr e = number_of(key, OSSL_PKEY_PARAM_RSA_E);
  if (!n || !e) return bad_key("an RSA key without modulus or exponent", "both");
  const auto bits = static_cast<unsigned>(BN_num_bits(n.get()));
  if (bits < kMinRsaBits || bits > kMaxRsaBits)
    return bad_key("an RSA key of " + std::to_string(bits) + " bits", "2048 to 8192 bits");
  if (BN_is_odd(n.get()) == 0) return bad_key("an even RSA modulus", "a product of two primes");
  if (BN_num_bits(e.get()) > 32 || BN_is_odd(e.get()) == 0 || BN_get_word(e.get()) < 65537)
    return bad_key("an RSA exponent out of bounds", "an odd exponent from 65537 to 2^32 - 1 (usually 65537, 'AQAB')");
  return {};
}

Result<Curve> check_ec(EVP_PKEY* key) {
  std::array<char, 32> group{};
  std::size_t length = 0;
  int is_explicit = 0;
  EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &is_explicit);
  if (is_explicit != 0 || EVP_PKEY_get_group_name(key, group.data(), group.size(), &length) != 1)
    return bad_key("an EC key on a curve without a name", "P-256, P-384 or P-521");
  const auto curve = std::ranges::find(kCurves, std::string_view(group.data(), length), &Curve::group);
  if (curve == kCurves.end())
    return bad_key("an EC key on the curve " + std::string(group.data(), length), "P-256, P-384 or P-521");
  // With a cofactor of 1, a point on the curve that is not infinity is in the group: the quick check says it all.
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (!context || EVP_PKEY_public_check_quick(context.get()) != 1)
    return bad_key("an EC point that is not on its curve", "a point of the curve");
  return *curve;
}

Status check_ed25519(EVP_PKEY* key) {
  std::array<std::uint8_t, 32> point{};
  std::size_t size = point.size();
  if (EVP_PKEY_get_raw_public_key(key, point.data(), &size) != 1 || size != point.size())
    return bad_key("an Ed25519 key without a public point", "32 bytes");
  if (is_small_order(point)) return bad_key("an Ed25519 point of small order", "a point that a private key gives");
  return {};
}

bool minimal(ByteView big_endian) { return !big_endian.empty() && big_endian.front() != 0; }

}  // namespace

Result<PublicKey> PublicKey::adopt(std::shared_ptr<KeyHandle> handle) {
  EVP_PKEY* key = handle->pkey.get();
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    WW_CHECK(check_rsa(key));
    return PublicKey(std::move(handle), KeyType::rsa, static_cast<unsigned>(EVP_PKEY_get_bits(key)));
  }
  if (EVP_PKEY_is_a(key, "EC") == 1) {
    WW_TRY(const Curve curve, check_ec(key));
    return PublicKey(std::move(handle), curve.type, curve.bits);
  }
  if (EVP_PKEY_is_a(key, "ED25519") == 1) {
    WW_CHECK(check_ed25519(key));
    return PublicKey(std::move(handle), KeyType::ed25519, 255);
  }
  const char* type = EVP_PKEY_get0_type_name(key);
  return bad_key("a key of type " + std::string(type == nullptr ? "unknown" : type), "RSA, EC or Ed25519");
}

Result<PublicKey> PublicKey::from_rsa(ByteView modulus, ByteView exponent) {
  if (!minimal(modulus) || !minimal(exponent))
    return bad_key("an empty RSA number, or one with leading zeros", "the shortest big-endian form");
  if (modulus.size() > kMaxRsaBytes || exponent.size() > 4)
    return bad_key("an RSA modulus of " + std::to_string(modulus.size()) + " and an exponent of " +
                       std::to_string(exponent.size()) + " bytes",
                   "at most 1024 and 4");
  const ErrorQueueGuard guard;
  const BnPtr n = number(modulus);
  const BnPtr e = number(exponent);
  const ParamBuildPtr build(OSSL_PARAM_BLD_new());
  if (!n || !e || !build || OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return fail(Reason::internal, "no memory for a key");
  PkeyPtr key = from_params("RSA", build.get());
  if (!key) return bad_key("numbers that are no RSA key", "a modulus and an exponent");
  return adopt(std::make_shared<KeyHandle>(std::move(key)));
}

Result<PublicKey> PublicKey::from_ec(KeyType type, ByteView x, ByteView y) {
  const auto curve = std::ranges::find(kCurves, type, &Curve::type);
  if (curve == kCurves.end()) return bad_key(std::string(name(type)), "P-256, P-384 or P-521");
  if (x.size() != curve->size || y.size() != curve->size)
    return bad_key("coordinates of " + std::to_string(x.size()) + " and " + std::to_string(y.size()) + " bytes",
                   std::to_string(curve->size) + " bytes each on " + std::string(name(type)));
  const ErrorQueueGuard guard;
  Bytes point{POINT_CONVERSION_UNCOMPRESSED};
  point.insert(point.end(), x.begin(), x.end());
  point.insert(point.end(), y.begin(), y.end());
  const ParamBuildPtr build(OSSL_PARAM_BLD_new());
  if (!build || OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve->group, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
    return fail(Reason::internal, "no memory for a key");
  PkeyPtr key = from_params("EC", build.get());
  if (!key) return bad_key("a point that is not on " + std::string(name(type)), "a point of the curve");
  return adopt(std::make_shared<KeyHandle>(std::move(key)));
}

Result<PublicKey> PublicKey::from_ed25519(ByteView x) {
  if (x.size() != 32) return bad_key("an Ed25519 point of " + std::to_string(x.size()) + " bytes", "32 bytes");
  const ErrorQueueGuard guard;
  PkeyPtr key(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, x.data(), x.size()));
  if (!key) return fail(Reason::internal, "no memory for a key");
  return adopt(std::make_shared<KeyHandle>(std::move(key)));
}

}  // namespace watchword::crypto
