// Where CI systems send their events.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "access/recorder.h"
#include "api/router.h"
#include "context/group_members.h"
#include "context/intake.h"
#include "context/webhook_scope.h"

namespace watchword::api {

struct HookSource {
  std::string issuer;               // its configured name
  context::WebhookSecrets secrets;  // the masters; those of projects' and groups' own hooks are derived from them
};

struct HookParts {
  context::Intake& intake;
  access::Recorder& recorder;
  const Clock& clock;
  Random& random;
  // Bytes of bodies that may be held at once in all: half of it for senders whom the headers vouch for, half for those
  // whose signature can be checked only at the end of the body, so that these cannot crowd out the former.
  std::size_t buffered = std::size_t{64} << 20;
  context::GroupMembers* groups = nullptr;  // null: hooks of groups are out of scope
};

// POST /hooks/{issuer}, /hooks/{issuer}/projects/{id} and /hooks/{issuer}/groups/{id}, for issuers with a webhook
// secret. The first takes GitLab's system hooks only, with the secret itself; the others take events of that project,
// or of a project in that group, with the secret that is derived for it (context::derive): a secret speaks for nothing
// else. What else an authentic event speaks of is webhook_out_of_scope. 200 when the event is durable, or was before,
// or says nothing that matters here, or cannot be read or is out of scope though its sender is known; 4xx for what will
// not be right when it is sent again; 503 when it should be sent again. Nothing is read of the body before the headers
// say that it may be authentic. Refusals are recorded like those of any unverified caller. The parts outlive the
// router.
void add_hooks(Router& router, std::vector<HookSource> sources, HookParts parts);

}  // namespace watchword::api
