// watchword_bench: measures what needs no sockets, and makes the material for what does. Prints one JSON object.
#include "bench/bench.h"

#include <time.h>

#include <span>

namespace watchword::bench {
namespace {

double once(const Case& one, double seconds) {
  std::uint64_t runs = 0;
  double taken = 0;
  const double start = cpu_seconds();
  for (std::uint64_t batch = 1; taken < seconds; batch *= 2) {
    for (std::uint64_t i = 0; i < batch; ++i) one.run();
    runs += batch;
    taken = cpu_seconds() - start;
  }
  return taken / static_cast<double>(runs) * 1e9;
}

int usage() {
  std::fputs(
      "usage: watchword_bench crypto | token | rules | sessions COUNT... | mint FOLDER COUNT | fill DATABASE COUNT\n",
      stderr);
  return 2;
}

Json run(std::string_view command, std::span<const std::string> arguments) {
  const auto number = [](const std::string& text) { return static_cast<std::size_t>(std::stoull(text)); };
  if (command == "crypto") return crypto_bench();
  if (command == "token") return token_bench();
  if (command == "rules") return decide_rules_bench();
  if (command == "sessions" && !arguments.empty()) {
    std::vector<std::size_t> counts;
    for (const auto& argument : arguments) counts.push_back(number(argument));
    return decide_sessions_bench(counts);
  }
  if (command == "mint" && arguments.size() == 2) return mint_tokens(arguments[0], number(arguments[1]));
  if (command == "fill" && arguments.size() == 2) return fill_store(arguments[0], number(arguments[1]));
  return nullptr;
}

}  // namespace

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::vector<double> measure(const std::vector<Case>& cases, int rounds, double seconds) {
  std::vector<std::vector<double>> all(cases.size());
  for (int round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < cases.size(); ++i) all[i].push_back(once(cases[i], seconds));
  std::vector<double> medians;
  for (auto& times : all) {
    std::ranges::sort(times);
    medians.push_back(times[times.size() / 2]);
  }
  return medians;
}

Json measured(const std::vector<Case>& cases, int rounds, double seconds) {
  const auto times = measure(cases, rounds, seconds);
  Json out = Json::object();
  for (std::size_t i = 0; i < cases.size(); ++i) out.set(cases[i].name, times[i]);
  return out;
}

void must(bool held, const char* what) {
  if (held) return;
  std::fprintf(stderr, "watchword_bench: %s\n", what);
  std::exit(1);
}

}  // namespace watchword::bench

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty()) return watchword::bench::usage();
  const auto result = watchword::bench::run(arguments[0], std::span(arguments).subspan(1));
  if (result.is_null()) return watchword::bench::usage();
  std::puts(result.dump().c_str());
  std::fflush(stdout);
  std::_Exit(0);  // a million sessions need not be freed one by one
}
