// Vectors: the example key and note of golang.org/x/mod/sumdb/note; everything else is signed with a fixed key.
#include "audit/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace watchword::audit {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kName = "gate.example.com/log";

crypto::PrivateKey key(std::uint8_t seed = 7) { return crypto::PrivateKey::from_ed25519_seed(Bytes(32, seed)).value(); }
CheckpointVerifier verifier(std::uint8_t seed = 7, std::string_view name = kName) {
  return CheckpointVerifier::from_verifier_key(verifier_key(name, key(seed).public_key())).value();
}
Checkpoint example() { return {kName, 20852163, leaf_hash("x")}; }

TEST(Checkpoint, ComesBackAsItWasSigned) {
  const std::string note = sign_checkpoint(example(), key()).value();
  EXPECT_THAT(note, StartsWith("gate.example.com/log\n20852163\n"));
  EXPECT_THAT(note, HasSubstr("=\n\n\u2014 gate.example.com/log "));
  const auto opened = verifier().open(note);
  ASSERT_TRUE(opened.has_value()) << to_string(opened.error());
  EXPECT_EQ(opened->origin, kName);
  EXPECT_EQ(opened->size, 20852163u);
  EXPECT_EQ(opened->root, leaf_hash("x"));
  EXPECT_EQ(read_unverified(note)->size, 20852163u);
}

// The seed, the key and the signature over the text are those of the Go package's documentation.
constexpr const char* kGoKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr const char* kGoNote =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

TEST(Checkpoint, GoesByTheKeysOfTheGoImplementation) {
  const std::string seed = *from_base64("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz");
  const auto private_key = crypto::PrivateKey::from_ed25519_seed(as_bytes(seed).subspan(1)).value();
  EXPECT_EQ(verifier_key("PeterNeumann", private_key.public_key()), kGoKey);

  const auto go = CheckpointVerifier::from_verifier_key(kGoKey).value();
  EXPECT_EQ(go.name(), "PeterNeumann");
  // Its signature holds; that the text is no checkpoint is found only then.
  EXPECT_THAT(go.open(kGoNote).error().found, HasSubstr("less than three lines"));
  std::string forged = kGoNote;
  forged[0] = 'i';
  EXPECT_THAT(go.open(forged).error().found, HasSubstr("does not fit"));
}

TEST(Checkpoint, ASingleFlippedBitIsRefused) {
  const std::string note = sign_checkpoint(example(), key()).value();
  for (std::size_t i = 0; i < note.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = note;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      const auto opened = verifier().open(flipped);
      ASSERT_FALSE(opened.has_value()) << "byte " << i << " bit " << bit;
      ASSERT_EQ(opened.error().reason, Reason::log_checkpoint_invalid);
    }
  }
}

TEST(Checkpoint, SignaturesOfOthersAreIgnored) {
  const std::string note = sign_checkpoint(example(), key()).value();
  const std::string theirs = sign_checkpoint(example(), key(9)).value();
  const std::string their_line = theirs.substr(theirs.find("\n\n") + 2);
  const std::string witness = "\u2014 witness.example.com " + to_base64(Bytes(76, 4)) + "\n";
  EXPECT_TRUE(verifier().open(note + their_line).has_value()) << "the same name, another key";
  EXPECT_TRUE(verifier().open(note + witness + their_line).has_value());
  EXPECT_FALSE(verifier().open(theirs).has_value());
  EXPECT_FALSE(verifier(7, "other.example.com").open(note).has_value()) << "the same key under another name";
}

TEST(Checkpoint, OfAnotherLogByTheSameKeyIsRefused) {
  Checkpoint other = example();
  other.origin = "gate.example.com/other";
  std::string note = sign_checkpoint(other, key()).value();
  EXPECT_FALSE(verifier().open(note).has_value());
}

std::string signed_note(std::string text) {
  const Bytes signature = key().sign(crypto::Algorithm::eddsa, text).value();
  const std::string id = *from_hex(verifier_key(kName, key().public_key()).substr(std::string(kName).size() + 1, 8));
  const std::string bytes = id + std::string(as_text(signature));
  return text + "\n\u2014 " + kName + " " + to_base64(as_bytes(bytes)) + "\n";
}

TEST(Checkpoint, WellSignedTextsThatAreNoCheckpointsAreRefused) {
  const std::string name = std::string(kName) + "\n", root = to_base64(leaf_hash("x")) + "\n";
  ASSERT_TRUE(verifier().open(signed_note(name + "7\n" + root)).has_value());
  EXPECT_TRUE(verifier().open(signed_note(name + "7\n" + root + "extension\n")).has_value());
  for (const std::string& text :
       {name, name + "7\n", name + "\n" + root, "\n7\n" + root, name + "07\n" + root, name + "-7\n" + root,
        name + "+7\n" + root, name + " 7\n" + root, name + "7 \n" + root, name + "0x7\n" + root,
        name + "9223372036854775808\n" + root, name + "99999999999999999999999\n" + root, name + "7\n" + "AAAA\n",
        name + "7\n" + root.substr(0, 43) + "\n", name + "7\n" + root + "\nlater\n", "other\n7\n" + root}) {
    const auto opened = verifier().open(signed_note(text));
    ASSERT_FALSE(opened.has_value()) << text;
    EXPECT_EQ(opened.error().reason, Reason::log_checkpoint_invalid) << text;
  }
}

TEST(Checkpoint, MalformedNotesAreRefused) {
  const std::string note = sign_checkpoint(example(), key()).value();
  const std::string line = note.substr(note.find("\n\n") + 2);
  std::string many = note;
  for (int i = 0; i < 64; ++i) many += "\u2014 w" + std::to_string(i) + " AAAAAAA=\n";
  for (const std::string& bad : {std::string(),
                                 std::string("\n"),
                                 std::string("\n\n"),
                                 note.substr(0, note.size() - 1),
                                 note + "\n",
                                 note + "x\n",
                                 note + "\u2014 \n",
                                 note + "\u2014 a\n",
                                 note + "\u2014 a b c\n",
                                 note + "\u2014 a+b AAAAAAA=\n",
                                 note + "\u2014 a\u00a0b AAAAAAA=\n",
                                 note + "\u2014 a AAAA\n",
                                 note + "\u2014 a AAAAAAA\n",
                                 note + "- a AAAAAAA=\n",
                                 line,
                                 "\n" + line,
                                 "\n\n" + line,
                                 "\xff" + note,
                                 "a\rb" + note,
                                 many,
                                 std::string(2 << 20, 'x') + note}) {
    const auto opened = verifier().open(bad);
    ASSERT_FALSE(opened.has_value()) << bad.substr(0, 300);
    EXPECT_EQ(opened.error().reason, Reason::log_checkpoint_invalid);
  }
}

TEST(VerifierKey, IsRefusedUnlessWellFormed) {
  const std::string good = verifier_key(kName, key().public_key());
  EXPECT_TRUE(CheckpointVerifier::from_verifier_key(good + "\n").has_value()) << "a file's last newline";
  const auto at = good.find('+');
  std::string other_id = good, other_key = good;
  other_id[at + 1] = other_id[at + 1] == '0' ? '1' : '0';
  other_key[good.size() - 4] = other_key[good.size() - 4] == 'A' ? 'B' : 'A';
  for (const std::string& bad : {std::string(), std::string("+"), std::string("++"), good.substr(at), "a " + good,
                                 good.substr(0, good.size() - 4), good + "AAAA", other_id, other_key,
                                 std::string(kName) + "+1+AQ==", std::string("x+00000000+")}) {
    const auto opened = CheckpointVerifier::from_verifier_key(bad);
    ASSERT_FALSE(opened.has_value()) << bad;
    EXPECT_EQ(opened.error().reason, Reason::key_invalid) << bad;
  }
}

TEST(Checkpoint, IsNotSignedWithAKeyOrNameThatNobodyCouldVerify) {
  const auto ec = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  EXPECT_FALSE(sign_checkpoint(example(), ec).has_value());
  for (const char* name : {"", "a b", "a+b", "a\nb", "a\u2003b"}) {
    const auto note = sign_checkpoint({name, 1, {}}, key());
    ASSERT_FALSE(note.has_value()) << name;
    EXPECT_EQ(note.error().reason, Reason::config_invalid) << name;
  }
}

}  // namespace
}  // namespace watchword::audit
