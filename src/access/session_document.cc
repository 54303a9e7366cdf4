#include "access/session_document.h"

#include "crypto/digest.h"

namespace watchword::access {
namespace {

Json identity_json(const issuer::Principal& principal) {
  if (const auto* person = principal.person()) {
    Json groups = Json::array();
    for (const auto& group : person->groups) groups.push(group);
    return Json::object({{"name", person->name}, {"email", person->email}, {"groups", std::move(groups)}});
  }
  const auto& machine = *principal.machine();
  return Json::object({{"job", machine.job},
                       {"project", machine.project},
                       {"project_id", machine.project_id},
                       {"job_project_id", machine.job_project_id},
                       {"pipeline", machine.pipeline},
                       {"ref", machine.ref},
                       {"sha", machine.sha},
                       {"environment", machine.environment},
                       {"user", machine.user},
                       {"ref_protected", machine.ref_protected},
                       {"fork", machine.fork}});
}

std::string text(const Json& json, std::string_view key) { return std::string(json.string_or(key, "")); }

bool flag(const Json& json, std::string_view key) {
  const auto* found = json.find(key);
  return found && found->boolean() && *found->boolean();
}

issuer::Person person_from(const Json& json) {
  issuer::Person person{text(json, "name"), text(json, "email"), {}};
  if (const auto* groups = json.find("groups"); groups && groups->array_items())
    for (const auto& group : *groups->array_items())
      if (group.string()) person.groups.push_back(*group.string());
  return person;
}

issuer::Machine machine_from(const Json& json) {
  issuer::Machine machine;
  machine.job = text(json, "job");
  machine.project = text(json, "project");
  machine.project_id = text(json, "project_id");
  machine.job_project_id = text(json, "job_project_id");
  machine.pipeline = text(json, "pipeline");
  machine.ref = text(json, "ref");
  machine.sha = text(json, "sha");
  machine.environment = text(json, "environment");
  machine.user = text(json, "user");
  machine.ref_protected = flag(json, "ref_protected");
  machine.fork = flag(json, "fork");
  return machine;
}

std::optional<issuer::Kind> kind_from(std::string_view text) {
  for (auto kind : {issuer::Kind::job, issuer::Kind::service, issuer::Kind::person, issuer::Kind::agent})
    if (issuer::name(kind) == text) return kind;
  return std::nullopt;
}

std::int64_t micros(Time time) { return time.time_since_epoch().count(); }

Json quota_json(const policy::Quota& quota) {
  return Json::object({{"rate", std::int64_t{quota.rate.count}},
                       {"rate_per", std::int64_t{quota.rate.per.count()}},
                       {"rate_burst", std::int64_t{quota.rate.burst}},
                       {"concurrent", std::int64_t{quota.concurrent}},
                       {"bytes", quota.bytes}});
}

// nullopt when it is not what quota_json writes.
std::optional<policy::Quota> quota_from(const Json& json) {
  const auto read = [&](std::string_view key, std::int64_t most, auto& out) {
    const auto* value = json.find_integer(key);
    if (value == nullptr || *value < 0 || *value > most) return false;
    out = static_cast<std::remove_cvref_t<decltype(out)>>(*value);
    return true;
  };
  policy::Quota quota;
  std::int64_t per = 0;
  const bool known = read("rate", policy::Rate::kMost, quota.rate.count) &&
                     read("rate_burst", policy::Rate::kMost, quota.rate.burst) &&
                     read("rate_per", Duration(std::chrono::minutes(1)).count(), per) &&
                     read("concurrent", policy::Quota::kMostConcurrent, quota.concurrent) &&
                     read("bytes", policy::Quota::kMostBytes, quota.bytes);
  quota.rate.per = Duration(per);
  // Without a burst or a period nothing could ever begin, or everything.
  if (!known || !quota.any() || (quota.rate.count != 0 && (quota.rate.burst == 0 || per == 0))) return std::nullopt;
  return quota;
}

}  // namespace

std::string job_of(const issuer::Principal& principal) {
  const auto* machine = principal.machine();
  if (principal.kind == issuer::Kind::job && machine && !machine->job.empty()) return machine->job;
  // Over the claims rather than the token, whose signature may have more than one valid form.
  return "token " + crypto::sha256_hex(principal.claims.dump());
}

std::string session_document(const Session& session) {
  const auto& principal = session.principal();
  const auto& limits = session.limits();
  auto rest = Json::object({{"kind", issuer::name(principal.kind)},
                            {"issuer_url", principal.issuer_url},
                            {"subject", principal.subject},
                            {"token_sha256", principal.token_sha256},
                            {"token_expires", micros(principal.expires)},
                            {"identity", identity_json(principal)},
                            {"ttl", std::int64_t{limits.ttl.count()}},
                            {"ends_with_job", limits.ends_with_job},
                            {"drain", std::int64_t{limits.drain.count()}},
                            {"single_exchange", limits.single_exchange},
                            {"dpop", limits.proof == policy::Proof::dpop},
                            {"bound_key", session.bound_key()}});
  if (principal.issued) rest.set("token_issued", micros(*principal.issued));
  if (limits.quota.any()) rest.set("limits", quota_json(limits.quota));
  // The claims are most of it: they are written as they stand, not copied into a larger tree.
  std::string document;
  document.reserve(4096);
  document += "{\"claims\":";
  principal.claims.view().dump_to(document);
  document += ',';
  document += std::string_view(rest.dump()).substr(1);
  return document;
}

Result<Session::Opening> opening_from_document(const store::SessionRow& row) {
  auto bad = [&](std::string found) {
    return fail(Reason::store_unavailable, std::move(found), "a session document that Watchword wrote",
                "session " + row.id);
  };
  WW_TRY(auto json, parse_json(row.document));
  auto kind = kind_from(json.string_or("kind", ""));
  const auto* identity = json.find("identity");
  const auto* claims = json.find("claims");
  const auto* expires = json.find_integer("token_expires");
  const auto* ttl = json.find_integer("ttl");
  if (!kind || !identity || !claims || !expires || !ttl)
    return bad("a document without kind, identity, claims or times");

  Session::Opening opening;
  opening.id = row.id;
  opening.opened = row.opened;
  opening.expires = row.expires;
  opening.bound_key = text(json, "bound_key");
  opening.limits.ttl = Duration(*ttl);
  opening.limits.ends_with_job = flag(json, "ends_with_job");
  if (const auto* drain = json.find_integer("drain")) opening.limits.drain = Duration(*drain);
  opening.limits.single_exchange = flag(json, "single_exchange");
  opening.limits.proof = flag(json, "dpop") ? policy::Proof::dpop : policy::Proof::bearer;
  if (const auto* limits = json.find("limits")) {  // absent where there are none
    const auto quota = quota_from(*limits);
    if (!quota) return bad("limits of another form");
    opening.limits.quota = *quota;
  }
  auto& principal = opening.principal;
  principal.kind = *kind;
  principal.issuer = row.issuer;
  principal.issuer_url = text(json, "issuer_url");
  principal.subject = text(json, "subject");
  principal.token_sha256 = text(json, "token_sha256");
  principal.claims = issuer::Claims(*claims);
  principal.expires = Time(Duration(*expires));
  if (const auto* issued = json.find_integer("token_issued")) principal.issued = Time(Duration(*issued));
  if (*kind == issuer::Kind::person)
    principal.identity = person_from(*identity);
  else
    principal.identity = machine_from(*identity);
  return opening;
}

}  // namespace watchword::access
