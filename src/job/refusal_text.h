// A refusal of the gate as it stands in a job's log, for whoever has to mend it.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "job/gate_client.h"

namespace watchword::job {

struct LogStyle {
  bool colour = false;
  // GitLab's markers around it, so that it folds in the web page (docs.gitlab.com/ci/jobs/job_logs).
  bool section = false;
  // Of what goes to `stream`: colour on a terminal and in GitLab, whose logs show it, and never with NO_COLOR.
  static LogStyle of(FILE* stream);
};

// Lines, each with its end. `asked`: what for, such as billing-api/write, or empty. What the gate says is made safe to
// print; a reason that is not known here is told without its meaning.
std::string refusal_text(const Reply& reply, std::string_view asked, LogStyle style, Time now);

// What the gate evaluated (explain=true), one line for each permission and more where it is no plain allow; empty when
// it told nothing.
std::string decisions_text(const Reply& reply, LogStyle style);

}  // namespace watchword::job
