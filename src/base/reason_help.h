// More about each reason, for people: `watchword reasons NAME` and docs/reasons.md. What it means and the fix stand
// with the reason itself (base/reason.h).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/reason.h"

namespace watchword {

struct ReasonHelp {
  std::string_view found, expected;          // of the example
  std::span<const std::string_view> causes;  // the likeliest first; one line each
};

const ReasonHelp& help_for(Reason reason);
// A real refusal as it looks: "audience_mismatch: found 'https://vault.example.com', expected ...".
std::string example_of(Reason reason);

}  // namespace watchword
