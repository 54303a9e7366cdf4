// A PolicyDiff for a merge request.
#pragma once

#include <string>

#include "policy/policy_diff.h"

namespace watchword::policy {

// "grants 2, takes 1, may change 3", "no change of rights", ...: one line, of counts only.
std::string summary_of(const PolicyDiff& diff);
// "grants", "may take", "may change", "rights unchanged".
std::string effect_of(const Change& change);
// "allowed", "denied (no_binding)".
std::string in_words(const Answer& answer);

// GitLab's and GitHub's Markdown: the summary, a table, and the samples folded up. What a policy's author or a sample
// says stands as code, with everything but letters, digits, space, '-', '/' and ',' as character references: it can be
// no markup, no mention, no link and no new line. At most kMostRows changes, and about kMostBytes, as a comment that is
// too long is none; what is left out is said.
std::string markdown(const PolicyDiff& diff);
inline constexpr std::size_t kMostRows = 100, kMostBytes = 600'000;  // GitLab's comments end at a million characters

// One text as such code.
std::string as_markdown_code(std::string_view text);

}  // namespace watchword::policy
