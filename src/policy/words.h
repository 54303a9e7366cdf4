// Policies in words, and rules in a form in which equal ones are equal.
#pragma once

#include <string>
#include <vector>

#include "policy/document.h"
#include "policy/freeze_window.h"

namespace watchword::policy {

// All of them may hold what a policy's author wrote: escape them where they are shown.

// "jobs of gitlab in project acme/billing on protected ref main, environment production, and of forks"
std::string in_words(const Matcher& matcher);
// "up to 15m, ends with its job, bearer tokens"; quotas, drain and single exchange where they are set.
std::string in_words(const SessionLimits& limits);
// "denies everyone */write unless job.ref_protected"
std::string in_words(const DenyRule& rule);

// Of what the rule says, not of where it stands, in which order, under which name or why.
std::string canonical(const ClaimTest& test);
std::string canonical(const Matcher& matcher);
std::string canonical(const std::optional<Condition>& condition);  // on one line; empty for none
std::string canonical(const FreezeWindow& window);
// A rule denies each of its permissions to each of whom it names: one text for each pair.
std::vector<std::string> canonical(const DenyRule& rule);
// Everything of a resource but its actions' requests, one line each: "host billing.example.com".
std::vector<std::string> settings_of(const Resource& resource);
// Its actions and what they cover, in their order: "write: POST PUT on /v1/**".
std::vector<std::string> actions_of(const Resource& resource);

}  // namespace watchword::policy
