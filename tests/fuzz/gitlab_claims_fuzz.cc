// Any claims in a verified token either become a principal whose types hold, or are refused with a reason. The record
// of the principal is JSON, and its line for people is one printable line.
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/text.h"
#include "crypto/key.h"
#include "issuer/profile.h"
#include "jose/jwt.h"

namespace {

using namespace watchword;

constexpr Time kNow{std::chrono::seconds(1'790'000'000)};
constexpr std::string_view kIssuer = "https://gitlab.example.com";

void must(bool holds) {
  if (!holds) std::abort();
}

struct Mint {
  crypto::PrivateKey key = crypto::PrivateKey::from_ed25519_seed(Bytes(32, 7)).value();
  jose::KeySet keys = jose::KeySet::of({{"k", crypto::Algorithm::eddsa, key.public_key()}});
  jose::Verifier verifier = jose::Verifier::make({.issuer = std::string(kIssuer),
                                                  .audiences = {"gate"},
                                                  .algorithms = {crypto::Algorithm::eddsa},
                                                  .types = {"jwt"},
                                                  .skew = Duration::zero(),
                                                  .max_age = std::nullopt})
                                .value();
};

Result<jose::VerifiedToken> verified(Json claims) {
  static const Mint mint;
  claims.set("iss", kIssuer).set("aud", "gate").set("exp", to_unix(kNow) + 60);
  const auto text =
      jose::sign_jws(mint.key, crypto::Algorithm::eddsa, {.typ = "JWT", .kid = "k", .jwk = nullptr}, claims.dump());
  WW_TRY(jose::UnverifiedToken token, jose::UnverifiedToken::parse(text.value()));
  return mint.verifier.verify(std::move(token), mint.keys, kNow);
}

issuer::Profile generic(bool person) {
  const auto path = [](std::string_view text) { return issuer::ClaimPath::parse(text).value(); };
  issuer::Profile profile;
  if (person)
    profile.mapping = issuer::PersonMapping{
        .name = path("user_login"), .email = path("user_identities[0].extern_uid"), .groups = path("groups_direct")};
  else
    profile.mapping = issuer::MachineMapping{.job = path("job_id"),
                                             .project = path("project_path"),
                                             .ref = path("ref"),
                                             .ref_protected = path("ref_protected")};
  return profile;
}

void check(const Result<issuer::Principal>& principal) {
  if (!principal) {
    must(principal.error().reason == Reason::claim_missing || principal.error().reason == Reason::claim_invalid);
    must(!principal.error().found.empty() && !principal.error().expected.empty());
    return;
  }
  must(!principal->subject.empty() && (principal->machine() == nullptr) == (principal->kind == issuer::Kind::person));
  const std::string line = issuer::you_are(*principal);
  must(printable(line) == line);
  const auto who = parse_json(issuer::who_of(*principal));
  must(who.has_value() && who->string_or("issuer", "") == "fuzz");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto claims = parse_json(as_text({data, size}));
  if (!claims || claims->members() == nullptr) return 0;
  const auto token = verified(*claims);
  if (!token) return 0;
  const auto job = issuer::map_gitlab(*token, "fuzz");
  check(job);
  if (job) {
    must(job->claims.find("ref_protected")->boolean().has_value());
    must(job->machine()->ref_protected == *job->claims.find("ref_protected")->boolean());
    must(job->machine()->project == claims->string_or("project_path", "") && !job->machine()->job.empty());
  }
  check(issuer::map(*token, "fuzz", generic(false)));
  check(issuer::map(*token, "fuzz", generic(true)));
  return 0;
}
