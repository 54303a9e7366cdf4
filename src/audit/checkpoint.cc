#include "audit/checkpoint.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <optional>
#include <vector>

#include "base/encoding.h"
#include "base/text.h"
#include "crypto/digest.h"

namespace watchword::audit {
namespace {

constexpr char kEd25519 = 1;  // signed-note's signature type
constexpr std::size_t kMaxNote = 1 << 20;
constexpr std::size_t kMaxSignatures = 64;
constexpr std::string_view kDash = "\u2014 ";

std::unexpected<Error> invalid(std::string found, std::string expected) {
  return fail(Reason::log_checkpoint_invalid, std::move(found), std::move(expected));
}

// Unicode's White_Space property, which is what signed-note calls spaces.
bool is_space(char32_t c) {
  return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
         c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool is_key_name(std::string_view name) {
  if (name.empty()) return false;
  while (!name.empty()) {
    const auto [code, length] = first_utf8_character(name);
    if (length == 0 || is_space(code) || code == '+' || code < 0x20) return false;
    name.remove_prefix(length);
  }
  return true;
}

std::string key_bytes(const crypto::PublicKey& key) { return kEd25519 + std::string(as_text(key.ed25519())); }

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::uint32_t key_id(std::string_view name, std::string_view key) {
  return big_endian(as_text(crypto::sha256(std::string(name) + "\n" + std::string(key))));
}

template <class Number>
std::optional<Number> parse_number(std::string_view text, int base) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Signature {
  std::string_view name;
  std::string bytes;  // key id, signature
};

struct Note {
  std::string_view text;  // with its last newline
  std::vector<Signature> signatures;
};

Result<Signature> parse_signature(std::string_view line) {
  if (!line.starts_with(kDash)) return invalid("a signature line without its dash", "\u2014 name base64");
  line.remove_prefix(kDash.size());
  const auto space = line.find(' ');
  if (space == std::string_view::npos || !is_key_name(line.substr(0, space)))
    return invalid("a signature line without a key name", "\u2014 name base64");
  auto bytes = from_base64(line.substr(space + 1));
  if (!bytes || bytes->size() < 5) return invalid("a signature that is not base64", "\u2014 name base64");
  return Signature{line.substr(0, space), std::move(*bytes)};
}

Result<Note> parse_note(std::string_view note) {
  if (note.size() > kMaxNote) return invalid(fmt::format("{} bytes", note.size()), "at most 1 MiB");
  if (!is_utf8(note)) return invalid("bytes that are not UTF-8", "a signed note");
  for (const char c : note)
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n') return invalid("a control character", "a signed note");
  const auto blank = note.rfind("\n\n");
  if (blank == std::string_view::npos || !note.ends_with('\n') || blank + 2 >= note.size())
    return invalid("no signature", "text, an empty line and signature lines");
  std::string_view rest = note.substr(blank + 2);
  rest.remove_suffix(1);
  Note out{note.substr(0, blank + 1), {}};
  for (const std::string_view line : split(rest, '\n')) {
    if (out.signatures.size() == kMaxSignatures) return invalid("more than 64 signatures", "at most 64");
    WW_TRY(Signature signature, parse_signature(line));
    out.signatures.push_back(std::move(signature));
  }
  return out;
}

Result<Checkpoint> parse_body(std::string_view text) {
  const auto lines = split(text.substr(0, text.size() - 1), '\n');
  if (lines.size() < 3) return invalid("less than three lines", "origin, size and root hash");
  for (const auto line : lines)
    if (line.empty()) return invalid("an empty line", "origin, size and root hash");
  const auto size = parse_number<std::uint64_t>(lines[1], 10);
  if (!size || *size >> 63 != 0 || (lines[1].size() > 1 && lines[1].starts_with('0')))
    return invalid("'" + std::string(lines[1]) + "' as size", "a decimal number without leading zeros");
  const auto root = from_base64(lines[2]);
  if (!root || root->size() != sizeof(Hash))
    return invalid("'" + std::string(lines[2]) + "' as root", "32 bytes in base64");
  Checkpoint checkpoint{.origin = std::string(lines[0]), .size = *size, .root = {}};
  std::memcpy(checkpoint.root.data(), root->data(), sizeof(Hash));
  return checkpoint;
}

std::string body_of(const Checkpoint& checkpoint) {
  return fmt::format("{}\n{}\n{}\n", checkpoint.origin, checkpoint.size, to_base64(checkpoint.root));
}

}  // namespace

std::string verifier_key(std::string_view name, const crypto::PublicKey& key) {
  const std::string bytes = key_bytes(key);
  return fmt::format("{}+{:08x}+{}", name, key_id(name, bytes), to_base64(as_bytes(bytes)));
}

Result<CheckpointVerifier> CheckpointVerifier::from_verifier_key(std::string_view text) {
  const auto bad = [](std::string found) {
    auto error = fail(Reason::key_invalid, std::move(found), "name+id+base64, as the signed-note format has it");
    error.error().fix = "give the log's verifier key, the one line that the gate's operator published";
    return error;
  };
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  const auto first = text.find('+');
  const auto second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos) return bad("no verifier key");
  const std::string_view name = text.substr(0, first), id_text = text.substr(first + 1, second - first - 1);
  const auto bytes = from_base64(text.substr(second + 1));
  const auto id = id_text.size() == 8 ? parse_number<std::uint32_t>(id_text, 16) : std::nullopt;
  if (!is_key_name(name) || !id || !bytes || bytes->empty()) return bad("a malformed verifier key");
  if (*id != key_id(name, *bytes)) return bad("a key id that is not the key's");
  if (bytes->front() != kEd25519 || bytes->size() != 33) return bad("a key that is not of type Ed25519");
  WW_TRY(crypto::PublicKey key, crypto::PublicKey::from_ed25519(as_bytes(*bytes).subspan(1)));
  return CheckpointVerifier(std::string(name), *id, std::move(key));
}

Result<Checkpoint> CheckpointVerifier::open(std::string_view note) const {
  WW_TRY(const Note parsed, parse_note(note));
  bool signed_by_us = false;
  for (const auto& [name, bytes] : parsed.signatures) {
    if (name != name_ || big_endian(bytes) != id_) continue;
    if (!key_.verify(crypto::Algorithm::eddsa, parsed.text, as_bytes(bytes).subspan(4)))
      return invalid("a signature that does not fit the text", "one by " + name_);
    signed_by_us = true;
  }
  if (!signed_by_us) return invalid("no signature by this key", "one by " + name_);
  WW_TRY(Checkpoint checkpoint, parse_body(parsed.text));
  if (checkpoint.origin != name_) return invalid("a checkpoint of " + checkpoint.origin, "one of " + name_);
  return checkpoint;
}

Result<Checkpoint> read_unverified(std::string_view note) {
  WW_TRY(const Note parsed, parse_note(note));
  return parse_body(parsed.text);
}

Result<std::string> sign_checkpoint(const Checkpoint& checkpoint, const crypto::PrivateKey& key) {
  if (!is_key_name(checkpoint.origin))
    return fail(Reason::config_invalid, checkpoint.origin,
                "a name for the log without spaces and +, such as gate.example.com/log");
  const std::string text = body_of(checkpoint);
  WW_TRY(const Bytes signature, key.sign(crypto::Algorithm::eddsa, text));
  const std::uint32_t id = key_id(checkpoint.origin, key_bytes(key.public_key()));
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(id >> shift & 0xff);
  bytes += as_text(signature);
  return text + "\n" + std::string(kDash) + checkpoint.origin + " " + to_base64(as_bytes(bytes)) + "\n";
}

}  // namespace watchword::audit
