// Who can do something: every binding that gives a permission, what must hold, what may still deny it, and somebody who
// comes through. Pure; `at` is the time at which samples ask, unless a condition needs another.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/rules.h"
#include "policy/scene.h"
#include "policy/trial.h"

namespace watchword::policy {

struct Way {
  Grant grant;
  std::string who;                      // in_words(binding)
  std::vector<const DenyRule*> fences;  // that may deny it: all but those that certainly are about others
  // Somebody whom the binding matches, with facts, time and request set so that this way leads through; where that was
  // not found, as near as was come. None where no claims were found that the binding matches.
  std::optional<Scene> sample;
  bool shown = false;  // the policy allows the sample, and this way gives it
  Answer answer;       // what the policy says of the sample; not shown and yet allowed: by another way
};

// Of `resource/action`, or `resource/*`. In the policy's order. usage_invalid: no such resource or action; with the
// nearest one.
Result<std::vector<Way>> who_can(const Policy& policy, std::string_view permission,
                                 const std::vector<ConfiguredIssuer>& issuers, Time at);

}  // namespace watchword::policy
