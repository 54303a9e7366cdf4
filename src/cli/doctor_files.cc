// The checks of doctor that need nothing but this machine.
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/file.h"
#include "cli/doctor.h"
#include "cli/startup.h"
#include "policy/suspects.h"

namespace watchword::cli {
namespace {

constexpr std::uint64_t kMega = 1u << 20;
constexpr std::uint64_t kLeastFree = 512 * kMega;

Error disk_error(const std::string& directory, std::string found, std::string expected) {
  return {Reason::store_unavailable, std::move(found), std::move(expected), directory,
          "make room, or move the folder to a larger file system: a gate that cannot write hands nothing out"};
}

CheckResult check_folder(const std::string& name, const std::string& directory) {
  struct statvfs space{};
  if (statvfs(directory.c_str(), &space) != 0) {
    auto error = disk_error(directory, std::strerror(errno), "a folder");
    error.fix = "make the folder, owned by the gate's user";
    return {name, {}, std::move(error)};
  }
  if (space.f_files != 0 && space.f_favail == 0) return {name, {}, disk_error(directory, "no inode left", "some")};
  return judge_space(name, directory, std::uint64_t{space.f_bavail} * space.f_frsize);
}

std::optional<dev_t> device_of(const std::string& directory) {
  struct stat status{};
  if (stat(directory.c_str(), &status) != 0) return std::nullopt;
  return status.st_dev;
}

}  // namespace

CheckResult judge_space(const std::string& name, const std::string& directory, std::uint64_t free_bytes) {
  const auto free = std::to_string(free_bytes / kMega) + " MiB free";
  if (free_bytes < kLeastFree)
    return {name, {}, disk_error(directory, free, "at least " + std::to_string(kLeastFree / kMega) + " MiB")};
  return {name, free, {}};
}

void check_space(const Config& config, Checks& checks) {
  constexpr std::string_view kScheme = "sqlite://";
  const auto store = std::filesystem::path(config.store.substr(kScheme.size())).parent_path().string();
  checks.push_back(check_folder("store space", store));
  const auto store_device = device_of(store), log_device = device_of(config.log_directory);
  if (!log_device || log_device != store_device) checks.push_back(check_folder("log space", config.log_directory));
}

std::shared_ptr<const policy::Policy> check_files(const Config& config, Checks& checks) {
  auto loaded = load_policy(config);
  if (loaded)
    checks.push_back({"policy", loaded->policy->digest(), {}});
  else
    for (auto& error : loaded.error()) checks.push_back({"policy", {}, std::move(error)});

  auto secret = resolve_secret(config.sealing_key);
  auto sealing = secret ? crypto::SealingKey::from_secret(*secret)
                        : Result<crypto::SealingKey>(std::unexpected(std::move(secret).error()));
  auto& sealed = checks.emplace_back("sealing key", "can be read");
  if (!sealing) sealed.trouble = std::move(sealing).error();

  const auto policy = loaded ? loaded->policy : nullptr;
  if (policy)
    for (auto errors : {policy::idle_resources(*policy), policy::unsent_claims(*policy, configured_issuers(config))})
      for (auto& error : errors) checks.push_back({"suspect " + error.where, {}, std::move(error)});
  if (!config.tls) return policy;
  auto tls = net::TlsServerContext::make(*config.tls);
  auto& certificate = checks.emplace_back("certificate", config.tls->certificate);
  if (!tls) certificate.trouble = std::move(tls).error();
  return policy;
}

}  // namespace watchword::cli
