// A verified identity. Machine and person mappings are separate types and never mix.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "issuer/claims.h"

namespace watchword::issuer {

enum class Kind : std::uint8_t { job, service, person, agent };
std::string_view name(Kind kind);

// A CI job or a service. Empty where the issuer says nothing.
struct Machine {
  std::string job;  // what makes two tokens of one job the same job: GitLab's job_id; unique within the issuer
  std::string project, project_id, pipeline, ref, sha, environment, user;
  bool ref_protected = false;
  std::string job_project_id;  // where the job runs, if not in project_id: its events come from there
  const std::string& runs_in() const { return job_project_id.empty() ? project_id : job_project_id; }
  bool fork = false;  // runs in another project than the one it speaks for; refused unless a binding admits forks
};

struct Person {
  std::string name, email;
  std::vector<std::string> groups;
};

struct Principal {
  std::variant<Machine, Person> identity;
  Kind kind = Kind::job;
  Claims claims;           // as the profile normalised them ("true" -> true); addressed by path in policies
  std::string issuer;      // the configured name, "gitlab"
  std::string issuer_url;  // iss
  std::string subject;     // sub
  std::string token_sha256;
  Time expires;  // of the identity token
  std::optional<Time> issued;

  const Machine* machine() const { return std::get_if<Machine>(&identity); }
  const Person* person() const { return std::get_if<Person>(&identity); }
};

// The canonical JSON "who" of audit entries (docs/audit-log.md): issuer, kind, subject, project, project_id, pipeline,
// job, ref, ref_protected (a boolean, only beside a ref), sha, environment, user. Empty ones are left out. A person's
// `user` is the email address, or else the name.
std::string who_of(const Principal& principal);
// "gitlab acme/billing job 4711, ref feature/x @ 9f3c2d1, environment production": the "you are" line of a denial.
// One line, printable whatever the claims hold; long values are cut.
std::string you_are(const Principal& principal);

}  // namespace watchword::issuer
