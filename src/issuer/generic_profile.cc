// Any OpenID Connect issuer: the configuration says which claims mean what.
#include "issuer/profile.h"
#include "issuer/profile_claims.h"

namespace watchword::issuer {
namespace {

using Path = std::optional<ClaimPath>;

// The claim, or null where the issuer says nothing (absent or null). Claims that the issuer keeps elsewhere (OpenID
// Connect Core 5.6.2; Entra ID does so with more than 200 groups) are not "nothing": they are refused.
Result<const Json*> claim_at(const Json& claims, const Path& path) {
  if (!path) return nullptr;
  if (const Json* value = path->find(claims)) return value->is_null() ? nullptr : value;
  const Json* elsewhere = claims.find("_claim_names");
  if (elsewhere == nullptr || elsewhere->find(path->text()) == nullptr) return nullptr;
  return missing(path->text(), "the claim in the token itself; the issuer only says where to fetch it");
}

// A string, or an integer in decimal.
Result<std::string> text_at(const Json& claims, const Path& path) {
  WW_TRY(const Json* value, claim_at(claims, path));
  if (value == nullptr) return std::string();
  if (value->string() != nullptr) return *value->string();
  if (value->integer() != nullptr) return std::to_string(*value->integer());
  return wrong_type(path->text(), *value, "a string or an integer");
}

Result<bool> flag_at(const Json& claims, const Path& path) {
  WW_TRY(const Json* value, claim_at(claims, path));
  if (value == nullptr || *value == Json(false) || *value == Json("false")) return false;
  if (*value == Json(true) || *value == Json("true")) return true;
  if (value->string() == nullptr) return wrong_type(path->text(), *value, "true or false");
  return fail(Reason::claim_invalid, path->text() + " is another string than 'true' and 'false'", "true or false");
}

// A list of strings; one string is a list of one.
Result<std::vector<std::string>> texts_at(const Json& claims, const Path& path) {
  WW_TRY(const Json* value, claim_at(claims, path));
  if (value == nullptr) return std::vector<std::string>();
  if (value->string() != nullptr) return std::vector<std::string>{*value->string()};
  if (value->array_items() == nullptr) return wrong_type(path->text(), *value, "a list of strings");
  std::vector<std::string> texts;
  for (const Json& item : *value->array_items()) {
    if (item.string() == nullptr) return wrong_type("an entry of " + path->text(), item, "a string");
    texts.push_back(*item.string());
  }
  return texts;
}

Result<Machine> map_machine(const Json& claims, const std::string& subject, const MachineMapping& mapping) {
  Machine machine;
  WW_TRY(machine.job, text_at(claims, mapping.job));
  // The subject does not stand in for a job claim that was promised: all jobs of the service would share one session.
  if (mapping.job && machine.job.empty())
    return missing(mapping.job->text(), "what 'job' of the issuer's mapping names");
  if (!mapping.job) machine.job = subject;
  WW_TRY(machine.project, text_at(claims, mapping.project));
  WW_TRY(machine.project_id, text_at(claims, mapping.project_id));
  WW_TRY(machine.pipeline, text_at(claims, mapping.pipeline));
  WW_TRY(machine.ref, text_at(claims, mapping.ref));
  WW_TRY(machine.sha, text_at(claims, mapping.sha));
  WW_TRY(machine.environment, text_at(claims, mapping.environment));
  WW_TRY(machine.user, text_at(claims, mapping.user));
  WW_TRY(machine.ref_protected, flag_at(claims, mapping.ref_protected));
  return machine;
}

Result<Person> map_person(const Json& claims, const PersonMapping& mapping) {
  Person person;
  WW_TRY(person.name, text_at(claims, mapping.name));
  WW_TRY(person.email, text_at(claims, mapping.email));
  WW_TRY(person.groups, texts_at(claims, mapping.groups));
  const Json* more = claims.find("hasgroups");  // Entra ID's implicit flow, instead of _claim_names
  if (mapping.groups && person.groups.empty() && more != nullptr && *more == Json(true))
    return missing(mapping.groups->text(), "the groups in the token itself; the issuer only says that there are some");
  return person;
}

}  // namespace

Result<Principal> map_generic(const jose::VerifiedToken& token, std::string_view issuer_name, const Profile& profile) {
  WW_TRY(Principal framed, frame(token, issuer_name, kind_of(profile)));
  return identify_generic(std::move(framed), token.claims(), profile);
}

Kind kind_of(const Profile& profile) {
  if (profile.name == ProfileName::gitlab) return Kind::job;
  const auto* mapping = std::get_if<MachineMapping>(&profile.mapping);
  return mapping == nullptr ? Kind::person : mapping->kind;
}

Result<Principal> identify_generic(Principal principal, const Json& claims, const Profile& profile) {
  principal.claims = Claims(claims);
  if (const auto* mapping = std::get_if<PersonMapping>(&profile.mapping)) {
    WW_TRY(principal.identity, map_person(claims, *mapping));
    return principal;
  }
  const auto& mapping = std::get<MachineMapping>(profile.mapping);
  if (mapping.kind != Kind::job && mapping.kind != Kind::service)
    return fail(Reason::config_invalid, "a machine mapping of kind " + std::string(name(mapping.kind)),
                "job or service");
  WW_TRY(principal.identity, map_machine(claims, principal.subject, mapping));
  return principal;
}

}  // namespace watchword::issuer
