// watchword envoy config | check | diff: Envoy's configuration, from the policy.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>

#include "base/descriptor.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/envoy_binary.h"
#include "cli/envoy_options.h"
#include "cli/envoy_places.h"
#include "envoy/bootstrap_diff.h"
#include "envoy/config_check.h"

namespace watchword::cli {
namespace {

using Errors = std::vector<Error>;
using envoy::PartChange;

Errors one(Error error) { return {std::move(error)}; }

// In a file of its own for as long as this lives, for Envoy to read. It holds no secret.
class TemporaryFile {
 public:
  static Result<TemporaryFile> make(std::string_view content) {
    constexpr std::string_view kSuffix = ".json";  // Envoy goes by it
    auto path = (std::filesystem::temp_directory_path() / "watchword-envoy-XXXXXX").string() + std::string(kSuffix);
    const Descriptor file(::mkstemps(path.data(), static_cast<int>(kSuffix.size())));
    if (!file.open()) return fail(Reason::file_unwritable, path);
    TemporaryFile made(std::move(path));
    if (!write_all(file, content)) return fail(Reason::file_unwritable, made.path());
    return made;
  }
  TemporaryFile(TemporaryFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// Both checks, as each finds what the other does not.
Errors check(const Json& bootstrap, const std::string& envoy) {
  auto errors = envoy::check_bootstrap(bootstrap);
  auto program = find_envoy(envoy);
  auto file = program ? TemporaryFile::make(bootstrap.dump()) : std::unexpected(program.error());
  auto valid = file ? validate_with(*program, file->path()) : Status(std::unexpected(file.error()));
  if (!valid) errors.push_back(std::move(valid).error());
  return errors;
}

std::expected<Json, Errors> read_bootstrap(const std::string& path) {
  auto text = read_file(path, envoy::kBootstrapLimits.max_bytes);
  if (!text) return std::unexpected(one(std::move(text).error()));
  auto json = parse_json(*text, envoy::kBootstrapLimits);
  if (json && json->members() != nullptr) return *std::move(json);
  if (json) return std::unexpected(one({Reason::json_invalid, "no object", "a bootstrap as JSON", path, {}}));
  auto error = std::move(json).error();
  error.where = path;
  return std::unexpected(one(std::move(error)));
}

// A folder is a policy, a file a bootstrap that was rendered before.
std::expected<Json, Errors> bootstrap_at(const std::string& path, const EnvoyOptions& options, const Config& config) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return render_policy(options, config, path);
  return read_bootstrap(path);
}

std::string_view word_of(PartChange::Kind kind) {
  switch (kind) {
    case PartChange::Kind::added:
      return "added";
    case PartChange::Kind::removed:
      return "removed";
    case PartChange::Kind::changed:
      return "changed";
  }
  std::unreachable();
}

Json change_json(const PartChange& change) {
  Json details = Json::array();
  for (const auto& [path, before, after] : change.details)
    details.push(Json::object({{"path", path}, {"before", before}, {"after", after}}));
  return Json::object({{"part", change.part}, {"change", word_of(change.kind)}, {"details", std::move(details)}});
}

void print_change(const PartChange& change, const Output& out) {
  const auto name = printable(change.part);
  if (change.kind == PartChange::Kind::added) return out.line(out.good("+ ") + name);
  if (change.kind == PartChange::Kind::removed) return out.line(out.bad("- ") + name);
  out.line("~ " + name);
  const auto shown = [](const std::string& value) { return value.empty() ? std::string("nothing") : printable(value); };
  for (const auto& [path, before, after] : change.details)
    out.line("    " + printable(path) + ": " + shown(before) + " -> " + shown(after));
}

std::expected<Json, Errors> render_node_of(const EnvoyOptions& options, const Config& config) {
  const auto found = std::ranges::find(config.envoy_nodes, options.node, &EnvoyNode::name);
  if (found == config.envoy_nodes.end())
    return std::unexpected(
        one({Reason::config_invalid, "the node '" + options.node + "'", "one of envoy.nodes", options.config, {}}));
  const auto into = node_options(*found, config);
  if (!into) return std::unexpected(into.error());
  return envoy::render_node_bootstrap(*into);
}

// Of a node's file Envoy alone can say whether it takes it: what the gate sends later is checked there.
Errors check_node(const Json& bootstrap, const std::string& envoy) {
  const auto program = find_envoy(envoy);
  const auto file = program ? TemporaryFile::make(bootstrap.dump()) : std::unexpected(program.error());
  auto valid = file ? validate_with(*program, file->path()) : Status(std::unexpected(file.error()));
  return valid ? Errors() : one(std::move(valid).error());
}

}  // namespace

int envoy_config(const EnvoyOptions& options, const Output& out) {
  const auto config = load_config(options.config);
  if (!config) return out.errors(config.error());
  const auto directory = options.policy.empty() ? config->policy_directory : options.policy;
  const bool of_node = !options.node.empty();
  const auto bootstrap = of_node ? render_node_of(options, *config) : render_policy(options, *config, directory);
  if (!bootstrap) return out.errors(bootstrap.error());
  if (options.check) {
    auto errors = of_node ? check_node(*bootstrap, options.envoy) : check(*bootstrap, options.envoy);
    std::ranges::move(missing_places(*bootstrap), std::back_inserter(errors));
    if (!errors.empty()) return out.errors(errors);
  }
  if (options.output.empty()) {
    out.value(*bootstrap);
    return kOk;
  }
  const auto written = write_file_atomically(options.output, bootstrap->pretty() + "\n");
  return written ? kOk : out.error(written.error());
}

int envoy_check(const EnvoyCheckOptions& options, const Output& out) {
  const auto bootstrap = read_bootstrap(options.file);
  if (!bootstrap) return out.errors(bootstrap.error());
  auto errors = envoy::check_bootstrap(*bootstrap);
  if (!options.envoy.empty()) {
    const auto program = find_envoy(options.envoy);
    auto valid = program ? validate_with(*program, options.file) : Status(std::unexpected(program.error()));
    if (!valid) errors.push_back(std::move(valid).error());
  }
  if (!errors.empty()) return out.errors(errors);
  if (out.json())
    out.value(Json::object({{"valid", true}}));
  else
    out.line(out.good("valid"));
  return kOk;
}

int envoy_diff(const EnvoyOptions& options, const std::vector<std::string>& sides, const Output& out) {
  const auto config = load_config(options.config);
  if (!config) return out.errors(config.error());
  const auto before = bootstrap_at(sides.front(), options, *config),
             after = bootstrap_at(sides.back(), options, *config);
  if (!before) return out.errors(before.error());
  if (!after) return out.errors(after.error());
  const auto changes = envoy::diff_bootstraps(*before, *after);
  Json list = Json::array();
  for (const auto& change : changes) {
    list.push(change_json(change));
    if (!out.json()) print_change(change, out);
  }
  if (out.json()) out.value(Json::object({{"changes", std::move(list)}}));
  return changes.empty() ? kOk : kFailed;  // as diff(1)
}

}  // namespace watchword::cli
