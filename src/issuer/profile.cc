#include "issuer/profile.h"

#include <limits>

#include "issuer/profile_claims.h"

namespace watchword::issuer {

Result<Principal> frame(const jose::VerifiedToken& token, std::string_view issuer_name, Kind kind) {
  if (token.subject().empty()) return missing("sub", "the subject, which names who the token is about");
  Principal principal;
  principal.kind = kind;
  principal.issuer = issuer_name;
  principal.issuer_url = token.issuer();
  principal.subject = token.subject();
  principal.token_sha256 = token.sha256();
  principal.expires = token.expires();
  principal.issued = token.issued();
  return principal;
}

std::unexpected<Error> missing(std::string_view claim, std::string expected) {
  return fail(Reason::claim_missing, "no " + std::string(claim), std::move(expected));
}

std::unexpected<Error> wrong_type(std::string_view claim, const Json& value, std::string expected) {
  return fail(Reason::claim_invalid, std::string(claim) + " is of type " + std::string(value.type_name()),
              std::move(expected));
}

Result<Principal> map(jose::VerifiedToken token, std::string_view issuer_name, const Profile& profile) {
  switch (profile.name) {
    case ProfileName::gitlab:
      return map_gitlab(std::move(token), issuer_name);
    case ProfileName::generic:
      return map_generic(token, issuer_name, profile);
  }
  return fail(Reason::internal, "a profile without a mapping");
}

Result<Principal> imagine_principal(const Json& claims, std::string_view issuer_name, const Profile& profile) {
  const std::string* subject = claims.find_string("sub");
  if (subject == nullptr || subject->empty()) return missing("sub", "the subject, which names who the token is about");
  Principal principal;
  principal.kind = kind_of(profile);
  principal.issuer = issuer_name;
  principal.issuer_url = claims.string_or("iss", "");
  principal.subject = *subject;
  const std::int64_t* expires = claims.find_integer("exp");
  principal.expires = from_unix(expires == nullptr ? std::numeric_limits<std::int64_t>::max() : *expires);
  if (const std::int64_t* issued = claims.find_integer("iat")) principal.issued = from_unix(*issued);
  return profile.name == ProfileName::gitlab ? identify_gitlab(std::move(principal), claims)
                                             : identify_generic(std::move(principal), claims, profile);
}

}  // namespace watchword::issuer
