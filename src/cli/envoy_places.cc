#include "cli/envoy_places.h"

#include <filesystem>

namespace watchword::cli {
namespace {

const Json* within(const Json* json, std::string_view key) { return json != nullptr ? json->find(key) : nullptr; }

// `owner` is what has an address.
void look(const std::string& name, const Json* owner, std::vector<Error>& missing) {
  const Json* pipe = within(within(owner, "address"), "pipe");
  const std::string* path = pipe != nullptr ? pipe->find_string("path") : nullptr;
  if (path == nullptr || path->starts_with('@')) return;
  const auto folder = std::filesystem::path(*path).parent_path();
  std::error_code unseen;  // then it is not there for us
  if (std::filesystem::is_directory(folder, unseen)) return;
  missing.push_back({Reason::file_unreadable, "no folder " + folder.string(), "the folder of a socket", name,
                     "mkdir -p " + folder.string() + ", or choose another address"});
}

}  // namespace

std::vector<Error> missing_places(const Json& bootstrap) {
  std::vector<Error> missing;
  look("admin", bootstrap.find("admin"), missing);
  const Json* listeners = within(bootstrap.find("static_resources"), "listeners");
  if (listeners != nullptr && listeners->array_items() != nullptr)
    for (const Json& listener : *listeners->array_items()) look("listener", &listener, missing);
  return missing;
}

}  // namespace watchword::cli
