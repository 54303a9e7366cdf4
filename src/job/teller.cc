#include "job/teller.h"

#include <cstdio>

#include "base/text.h"
#include "job/refusal_text.h"

namespace watchword::job {
namespace {

constexpr std::size_t kMostRefusals = 50;

// In one piece, as the command writes there too. That nobody may read it is no failure of the run.
void write(const std::string& text) { static_cast<void>(std::fwrite(text.data(), 1, text.size(), stderr)); }

}  // namespace

void Teller::say(std::string_view line) { write("watchword: " + printable(line) + "\n"); }

bool Teller::is_new(const Reply& refusal) {
  const std::scoped_lock lock(mutex_);
  if (told_.size() >= kMostRefusals) return false;
  const auto& body = refusal.body;
  return told_.emplace(std::string(body.string_or("reason", "")) + " " + std::string(body.string_or("rule", "")))
      .second;
}

void Teller::tell(const Reply& refusal) {
  if (!is_new(refusal)) return;
  write(json_ ? refusal.body.dump() + "\n" : refusal_text(refusal, {}, LogStyle::of(stderr), clock_.now()));
}

void Teller::explain(const Reply& reply) {
  const auto* decisions = reply.body.find("decisions");
  if (decisions == nullptr) return;
  write(json_ ? Json::object({{"decisions", *decisions}}).dump() + "\n" : decisions_text(reply, LogStyle::of(stderr)));
}

}  // namespace watchword::job
