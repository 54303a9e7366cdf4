#include "issuer/principal.h"

#include <array>

#include "base/text.h"

namespace watchword::issuer {
namespace {

constexpr std::size_t kLongest = 200;  // bytes of one value in a line for people
constexpr std::size_t kShortSha = 7;   // as git abbreviates

// Safe to print, and cut between two characters.
std::string shown(std::string_view text, std::size_t longest = kLongest, std::string_view cut = "...") {
  if (text.size() <= longest) return printable(text);
  std::size_t end = longest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return printable(text.substr(0, end)).append(cut);
}

const std::string& name_of(const Person& person, const std::string& subject) {
  if (!person.email.empty()) return person.email;
  return person.name.empty() ? subject : person.name;
}

void set_unless_empty(Json& json, std::string_view key, const std::string& value) {
  if (!value.empty()) json.set(key, value);
}

std::string describe_machine(const Principal& principal, const Machine& machine) {
  std::string line;
  if (!machine.project.empty()) line += " " + shown(machine.project);
  line.append(" ").append(name(principal.kind)).append(" ");
  line += shown(machine.job.empty() ? principal.subject : machine.job);
  if (!machine.ref.empty()) line += ", ref " + shown(machine.ref);
  if (!machine.sha.empty()) line += (machine.ref.empty() ? ", commit " : " @ ") + shown(machine.sha, kShortSha, "");
  if (!machine.environment.empty()) line += ", environment " + shown(machine.environment);
  if (machine.fork) line += ", on behalf of a fork";
  return line;
}

}  // namespace

std::string_view name(Kind kind) {
  constexpr std::array<std::string_view, 4> kNames{"job", "service", "person", "agent"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string who_of(const Principal& principal) {
  Json who = Json::object({{"kind", name(principal.kind)}});
  set_unless_empty(who, "issuer", principal.issuer);
  set_unless_empty(who, "subject", principal.subject);
  if (const Machine* machine = principal.machine()) {
    set_unless_empty(who, "project", machine->project);
    set_unless_empty(who, "project_id", machine->project_id);
    set_unless_empty(who, "pipeline", machine->pipeline);
    set_unless_empty(who, "job", machine->job);
    set_unless_empty(who, "ref", machine->ref);
    if (!machine->ref.empty()) who.set("ref_protected", machine->ref_protected);
    set_unless_empty(who, "sha", machine->sha);
    set_unless_empty(who, "environment", machine->environment);
    set_unless_empty(who, "user", machine->user);
  } else if (const Person* person = principal.person()) {
    set_unless_empty(who, "user", name_of(*person, {}));
  }
  return who.dump();
}

std::string you_are(const Principal& principal) {
  std::string line = shown(principal.issuer);
  if (const Machine* machine = principal.machine()) return line + describe_machine(principal, *machine);
  line.append(" ").append(name(principal.kind)).append(" ");
  const Person* person = principal.person();
  return line + shown(person == nullptr ? principal.subject : name_of(*person, principal.subject));
}

}  // namespace watchword::issuer
