// What bench.py feeds to a gate: distinct ID tokens with their issuer's key set, and a store full of sessions.
#include <fstream>
#include <thread>

#include "access/session.h"
#include "base/random.h"
#include "bench/bench.h"
#include "store/store.h"
#include "support/mint.h"

namespace watchword::bench {
Json claims_of_job(Time now, std::size_t job) {
  auto claims = testing::gitlab_claims(now);
  claims.set("job_id", std::to_string(1'000'000 + job)).set("pipeline_id", std::to_string(200'000 + job / 8));
  claims.set("jti", "0b5e9f4c-5c7e-4bd1-8a4e-" + std::to_string(100'000'000'000 + job));
  return claims;
}

std::shared_ptr<access::Session> session_of(const Json& claims, Time now, Random& random) {
  const auto text = [&](std::string_view name) { return std::string(claims.string_or(name, "")); };
  access::Session::Opening opening;
  opening.id = make_ulid(now, random);
  opening.opened = now;
  opening.expires = now + std::chrono::hours(1);
  auto& principal = opening.principal;
  principal.issuer = "gitlab";
  principal.issuer_url = testing::kIssuerUrl;
  principal.subject = text("sub");
  principal.token_sha256.assign(64, 'a');
  principal.claims = issuer::Claims(claims);
  principal.expires = now + std::chrono::hours(1);
  principal.issued = now;
  principal.identity = issuer::Machine{text("job_id"),
                                       text("project_path"),
                                       text("project_id"),
                                       text("pipeline_id"),
                                       text("ref"),
                                       text("sha"),
                                       text("environment"),
                                       text("user_login"),
                                       true,
                                       {},
                                       false};
  return std::make_shared<access::Session>(std::move(opening));
}

Json mint_tokens(const std::string& folder, std::size_t count) {
  const auto issuer = testing::Issuer::make(crypto::Algorithm::rs256);
  const auto now = SystemClock().now();
  std::vector<std::string> tokens(count);
  const std::size_t workers = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::jthread> threads;
  for (std::size_t worker = 0; worker < workers; ++worker)
    threads.emplace_back([&, worker] {
      for (std::size_t i = worker; i < count; i += workers) tokens[i] = issuer.mint(claims_of_job(now, i));
    });
  threads.clear();
  std::ofstream(folder + "/jwks.json") << issuer.jwks();
  std::ofstream file(folder + "/id_tokens");
  for (const auto& token : tokens) file << token << '\n';
  must(file.flush().good(), "the tokens cannot be written");
  return Json::object({{"tokens", std::int64_t(count)}, {"bytes_each", std::int64_t(count ? tokens[0].size() : 0)}});
}

Json fill_store(const std::string& file, std::size_t count) {
  const auto store = must(store::open_store({.url = "sqlite://" + file}));
  const auto now = SystemClock().now();
  SystemRandom random;
  constexpr std::size_t kAtOnce = 5'000;
  for (std::size_t first = 0; first < count; first += kAtOnce) {
    store::Batch batch;
    for (std::size_t i = first; i < std::min(count, first + kAtOnce); ++i)
      batch.changes.push_back(store::PutSession{session_of(claims_of_job(now, i), now, random)->to_row()});
    must(store->commit_and_wait(std::move(batch)));
  }
  return Json::object({{"sessions", std::int64_t(count)}});
}

}  // namespace watchword::bench
