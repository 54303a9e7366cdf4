#include "crypto/aead.h"

#include <array>
#include <cstdlib>

#include "crypto/evp.h"

namespace watchword::crypto {
namespace {

constexpr std::size_t kKeySize = 32;
constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;

using CipherPtr = std::unique_ptr<EVP_CIPHER_CTX, FreedBy<EVP_CIPHER_CTX_free>>;

const EVP_CIPHER* aes_256_gcm() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return cipher;
}

const std::uint8_t* bytes(std::string_view text) { return as_bytes(text).data(); }
std::uint8_t* bytes(std::string& text, std::size_t offset) {
  return reinterpret_cast<std::uint8_t*>(text.data()) + offset;
}

}  // namespace

Result<SealingKey> SealingKey::from_secret(const Secret& secret) {
  const std::string_view text = secret.reveal();
  if (text.size() == kKeySize) return SealingKey(secret.clone());
  for (auto decode : {&from_hex, &from_base64}) {
    std::optional<std::string> key = decode(text);
    if (key && key->size() == kKeySize) return SealingKey(Secret(std::move(*key)));
    if (key) wipe(*key);
  }
  return fail(Reason::secret_unavailable,
              "a sealing key of another form (" + std::to_string(text.size()) + " characters)",
              "32 bytes, as they are or in base64 or hex, such as 'openssl rand -base64 32' prints");
}

std::string SealingKey::seal(std::string_view plain, std::string_view context, Random& random) const {
  const ErrorQueueGuard guard;
  std::string out(kNonceSize + plain.size() + kTagSize, '\0');
  random.fill({bytes(out, 0), kNonceSize});
  const CipherPtr cipher(EVP_CIPHER_CTX_new());
  int length = 0;
  // Sealing cannot fail but for want of memory; writing a secret unsealed is no choice.
  if (!cipher || EVP_EncryptInit_ex2(cipher.get(), aes_256_gcm(), bytes(key_.reveal()), bytes(out, 0), nullptr) != 1 ||
      EVP_EncryptUpdate(cipher.get(), nullptr, &length, bytes(context), static_cast<int>(context.size())) != 1 ||
      EVP_EncryptUpdate(cipher.get(), bytes(out, kNonceSize), &length, bytes(plain), static_cast<int>(plain.size())) !=
          1 ||
      EVP_EncryptFinal_ex(cipher.get(), bytes(out, kNonceSize + plain.size()), &length) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTagSize, bytes(out, kNonceSize + plain.size())) != 1)
    std::abort();
  return out;
}

Result<Secret> SealingKey::open(std::string_view sealed, std::string_view context) const {
  const auto refused = [] {
    return bad_key("a sealed secret that does not open", "the sealing key under which the store's secrets were sealed");
  };
  if (sealed.size() < kNonceSize + kTagSize) return refused();
  const ErrorQueueGuard guard;
  const std::string_view body = sealed.substr(kNonceSize, sealed.size() - kNonceSize - kTagSize);
  std::string tag(sealed.substr(sealed.size() - kTagSize));
  std::string plain(body.size(), '\0');
  const CipherPtr cipher(EVP_CIPHER_CTX_new());
  int length = 0;
  const bool good =
      cipher && EVP_DecryptInit_ex2(cipher.get(), aes_256_gcm(), bytes(key_.reveal()), bytes(sealed), nullptr) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &length, bytes(context), static_cast<int>(context.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), bytes(plain, 0), &length, bytes(body), static_cast<int>(body.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, kTagSize, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), bytes(tag, 0), &length) == 1;
  if (good) return Secret(std::move(plain));
  wipe(plain);
  return refused();
}

}  // namespace watchword::crypto
