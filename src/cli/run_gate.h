// Keeps a gate running until it is told to stop: SIGTERM and SIGINT drain, SIGHUP reloads the policy.
#pragma once

#include "cli/gate.h"
#include "terminal/signal_wait.h"

namespace watchword::cli {

void run_until_stopped(Gate& gate, const terminal::SignalWait& signals);

}  // namespace watchword::cli
