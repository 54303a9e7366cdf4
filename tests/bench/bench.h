// What the micro-benchmarks share. Times are CPU time of the calling thread, so that neighbours disturb them little.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "access/session.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "base/result.h"

namespace watchword::bench {

double cpu_seconds();  // of this thread

// One thing to measure: its name in the output, and what to do over and over. `done` keeps the compiler from dropping
// it.
struct Case {
  std::string name;
  std::function<void()> run;
};

// Nanoseconds for one run of each case: the median of `rounds`, in each of which every case has its turn of `seconds`.
std::vector<double> measure(const std::vector<Case>& cases, int rounds = 7, double seconds = 0.06);
// The same, as {"name": nanoseconds, ...}.
Json measured(const std::vector<Case>& cases, int rounds = 7, double seconds = 0.06);

template <class T>
T must(std::expected<T, Error> result) {
  if (!result) {
    std::fprintf(stderr, "watchword_bench: %s\n", to_string(result.error()).c_str());
    std::exit(1);
  }
  return *std::move(result);
}
void must(bool held, const char* what);

// The claims of job number `job`, as GitLab writes them, and the session that their token opens.
Json claims_of_job(Time now, std::size_t job);
std::shared_ptr<access::Session> session_of(const Json& claims, Time now, Random& random);

// The commands. Each prints its results, or writes its files.
Json crypto_bench();
Json token_bench();
Json decide_rules_bench();
Json decide_sessions_bench(const std::vector<std::size_t>& counts);
Json mint_tokens(const std::string& folder, std::size_t count);
Json fill_store(const std::string& file, std::size_t count);

}  // namespace watchword::bench
