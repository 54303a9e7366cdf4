// One test of a policy: who asks for what, with which facts, and what must come of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "context/facts.h"
#include "issuer/principal.h"
#include "policy/policy.h"
#include "policy/yaml/decode.h"

namespace watchword::policy {

struct TestCase {
  std::string name, where;
  issuer::Principal principal;
  context::TableFacts facts;
  Time at;
  std::string resource, action;              // either these two
  std::string host, method, path, protocol;  // or a request, from which they follow
  Outcome expect = Outcome::allow;
  std::optional<Reason> reason;
  std::string role;  // empty: any
};

// Errors are noted in the decoder.
std::vector<TestCase> decode_tests(yaml::Decoder& decoder, const yaml::Node& root);

}  // namespace watchword::policy
