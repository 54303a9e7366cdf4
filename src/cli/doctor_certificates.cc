// The checks of doctor that look at when certificates end.
#include <algorithm>
#include <map>

#include "base/file.h"
#include "cli/doctor.h"
#include "policy/policy.h"

namespace watchword::cli {
namespace {

constexpr auto kSoon = std::chrono::days(14);

// An authority's bundle is good as long as one of it is; a chain only as long as all of it are.
Time end_of(const std::vector<net::CertificateDates>& dates, CertificateUse use) {
  const auto [first, last] = std::ranges::minmax(dates, {}, &net::CertificateDates::until);
  return use == CertificateUse::chain ? first.until : last.until;
}

std::string days(Duration time) { return std::to_string(std::chrono::floor<std::chrono::days>(time).count()) + " d"; }

// Each file once, under the name of its first use.
class Files {
 public:
  void add(const std::string& name, const std::string& file, CertificateUse use) {
    if (!file.empty()) all_.try_emplace(file, name, use);
  }
  const auto& all() const { return all_; }

 private:
  std::map<std::string, std::pair<std::string, CertificateUse>> all_;
};

Files files_of(const Config& config, const policy::Policy* policy) {
  Files files;
  if (config.tls) files.add("certificate", config.tls->certificate, CertificateUse::chain);
  files.add("clients of ext_authz", config.ext_authz_client_ca, CertificateUse::authorities);
  for (const auto& issuer : config.issuers)
    files.add("authorities of issuer " + issuer.name, issuer.keys.fetch.ca_file, CertificateUse::authorities);
  if (policy == nullptr) return files;
  for (const auto* resource : policy->resources()) {
    const auto* http = resource->http();
    if (http == nullptr) continue;
    files.add("authorities of " + resource->name(), http->ca_file, CertificateUse::authorities);
    files.add("client certificate for " + resource->name(), http->client_certificate, CertificateUse::chain);
  }
  return files;
}

}  // namespace

CheckResult judge_certificate(const std::string& name, const std::string& file,
                              const std::vector<net::CertificateDates>& dates, CertificateUse use, Time now) {
  const auto until = end_of(dates, use);
  const auto trouble = [&](std::string found) {
    return CheckResult{
        "ends: " + name,
        {},
        Error{Reason::certificate_expiring, std::move(found), "more than " + days(kSoon) + " left", file, {}}};
  };
  if (until <= now) return trouble("ended at " + to_rfc3339(until));
  if (until - now <= kSoon) return trouble("ends at " + to_rfc3339(until) + ", in " + days(until - now));
  if (use == CertificateUse::chain && dates.front().from > now)
    return {"ends: " + name,
            {},
            Error{Reason::config_invalid, "begins at " + to_rfc3339(dates.front().from), "a certificate that has begun",
                  file, "check this machine's clock"}};
  return {"ends: " + name, "in " + days(until - now), {}};
}

void check_certificates(const Config& config, const policy::Policy* policy, Time now, Checks& checks) {
  for (const auto& [file, what] : files_of(config, policy).all()) {
    const auto& [name, use] = what;
    const auto pem = read_file(file);
    const auto dates = pem ? net::certificate_dates(*pem) : std::unexpected(pem.error());
    if (dates) {
      checks.push_back(judge_certificate(name, file, *dates, use, now));
      continue;
    }
    auto error = dates.error();
    error.where = file;
    checks.push_back({"ends: " + name, {}, std::move(error)});
  }
}

}  // namespace watchword::cli
