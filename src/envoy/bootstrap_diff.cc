#include "envoy/bootstrap_diff.h"

#include <algorithm>
#include <map>
#include <set>

namespace watchword::envoy {
namespace {

// A part's settings, and the names in its lists: both by their path inside the part.
struct Part {
  std::map<std::string, std::string> settings;
  std::map<std::string, std::vector<std::string>> orders;
};
using Parts = std::map<std::string, Part>;

struct Place {
  std::string part, host, path;
  Place below(std::string_view key) const {
    return {part, host, path.empty() ? std::string(key) : path + "." + std::string(key)};
  }
};

// The lists whose items are parts of their own.
Place inside(const Place& at, std::string_view list, const std::string& name) {
  if (list == "listeners") return {"listener " + name, {}, {}};
  if (list == "clusters" && at.path.starts_with("static_resources")) return {"cluster " + name, {}, {}};
  if (list == "virtual_hosts") return {"host " + name, name, {}};
  if (list == "routes" && !at.host.empty()) return {"route " + at.host + "/" + name, at.host, {}};
  return {at.part, at.host, at.path + "[" + name + "]"};
}

class Flattener {
 public:
  Parts take(const Json& bootstrap) {
    walk(bootstrap, {"bootstrap", {}, {}}, {});
    return std::move(parts_);
  }

 private:
  void walk(const Json& value, const Place& at, std::string_view key) {
    const auto* members = value.members();
    const auto* items = value.array_items();
    if (members != nullptr && !members->empty()) {
      for (const auto& [name, member] : *members) walk(member, at.below(name), name);
    } else if (items != nullptr && !items->empty()) {
      walk_items(*items, at, key);
    } else {
      parts_[at.part].settings[at.path] = value.dump();
    }
  }

  void walk_items(const Json::Array& items, const Place& at, std::string_view key) {
    std::set<std::string> used;
    for (const Json& item : items) {
      const std::string given(item.string_or("name", ""));
      auto name = given.empty() ? "#" + std::to_string(used.size()) : given;
      while (!used.insert(name).second) name += "'";
      if (!given.empty()) parts_[at.part].orders[at.path].push_back(name);
      const auto place = inside(at, key, name);
      parts_[place.part];  // also where all of it is in parts of its own
      walk(item, place, {});
    }
  }

  Parts parts_;
};

std::string common_order(const std::vector<std::string>& names, const std::vector<std::string>& others) {
  const std::set<std::string> known(others.begin(), others.end());
  std::string text;
  for (const auto& name : names)
    if (known.contains(name)) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::vector<PartChange::Detail> details(const Part& before, const Part& after) {
  std::vector<PartChange::Detail> all;
  for (const auto& [path, value] : before.settings) {
    const auto now = after.settings.find(path);
    if (now == after.settings.end())
      all.push_back({path, value, {}});
    else if (now->second != value)
      all.push_back({path, value, now->second});
  }
  for (const auto& [path, value] : after.settings)
    if (!before.settings.contains(path)) all.push_back({path, {}, value});
  for (const auto& [path, names] : before.orders) {
    const auto now = after.orders.find(path);
    if (now == after.orders.end()) continue;
    const auto was = common_order(names, now->second), is = common_order(now->second, names);
    if (was != is) all.push_back({path + ", in order", was, is});
  }
  std::ranges::sort(all, {}, &PartChange::Detail::path);
  return all;
}

}  // namespace

std::vector<PartChange> diff_bootstraps(const Json& before, const Json& after) {
  const auto old_parts = Flattener().take(before), new_parts = Flattener().take(after);
  std::vector<PartChange> changes;
  for (const auto& [name, part] : old_parts) {
    const auto now = new_parts.find(name);
    if (now == new_parts.end()) {
      changes.push_back({PartChange::Kind::removed, name, {}});
    } else if (auto found = details(part, now->second); !found.empty()) {
      changes.push_back({PartChange::Kind::changed, name, std::move(found)});
    }
  }
  for (const auto& [name, part] : new_parts)
    if (!old_parts.contains(name)) changes.push_back({PartChange::Kind::added, name, {}});
  std::ranges::sort(changes, {}, &PartChange::part);
  return changes;
}

}  // namespace watchword::envoy
