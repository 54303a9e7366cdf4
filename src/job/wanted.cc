#include "job/wanted.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace watchword::job {
namespace {

constexpr std::size_t kMostResources = 100;
constexpr std::string_view kUrl = "_URL";

using All = std::vector<std::vector<VariableNames>>;

bool letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool digit(char c) { return c >= '0' && c <= '9'; }

// As a policy takes the names of resources and actions.
bool is_name(std::string_view text) {
  constexpr std::size_t kLongest = 100;
  return !text.empty() && text.size() <= kLongest && (letter(text.front()) || digit(text.front())) &&
         std::ranges::all_of(text, [](char c) { return letter(c) || digit(c) || c == '.' || c == '_' || c == '-'; });
}

std::unexpected<Error> not_wanted(std::string found, std::string expected, std::string fix = {}) {
  return std::unexpected(Error{Reason::usage_invalid, std::move(found), std::move(expected), {}, std::move(fix)});
}

std::string stem_of(std::string_view resource) {
  std::string stem = digit(resource.front()) ? "_" : "";
  for (const char c : resource)
    stem += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : letter(c) || digit(c) ? c : '_';
  return stem;
}

bool is_variable(std::string_view name) {
  return !name.empty() && !digit(name.front()) &&
         std::ranges::all_of(name, [](char c) { return letter(c) || digit(c) || c == '_'; });
}

VariableNames names_of(std::string url) {
  auto stem = url.ends_with(kUrl) ? url.substr(0, url.size() - kUrl.size()) : url;
  return {std::move(url), std::move(stem)};
}

std::string use_env(const std::string& resource) {
  return "name its variable yourself: --env NAME=" + resource + ", such as --env MY_SERVICE_URL=" + resource;
}

// The index of the resource in `wanted`, and the variable.
Result<std::pair<std::size_t, std::string>> parse_rename(const std::string& text, const std::vector<Wanted>& wanted) {
  const auto equals = text.find('=');
  const auto name = text.substr(0, equals);
  if (equals == std::string::npos || !is_variable(name))
    return not_wanted("--env " + text, "--env NAME=resource, with NAME of letters, digits and _");
  if (name.starts_with("WATCHWORD_"))
    return not_wanted("--env " + text, "a NAME that does not begin with WATCHWORD_, which are Watchword's own");
  const auto resource = text.substr(equals + 1);
  const auto found = std::ranges::find(wanted, resource, &Wanted::resource);
  if (found == wanted.end())
    return not_wanted("--env " + text, "a resource that this command line names",
                      "name " + resource + " before the --, or leave the --env out");
  return std::pair(static_cast<std::size_t>(found - wanted.begin()), name);
}

Result<VariableNames> own_name(const std::string& resource) {
  auto names = names_of(stem_of(resource) + std::string(kUrl));
  if (names.url.starts_with("WATCHWORD_") || names.url.starts_with("CI_"))
    return not_wanted(resource + ", whose variable would be " + names.url,
                      "a variable that is neither the CI system's (CI_*) nor Watchword's (WATCHWORD_*)",
                      use_env(resource));
  return names;
}

Status check_distinct(const std::vector<Wanted>& wanted, const All& all) {
  std::map<std::string, std::size_t> taken;
  for (std::size_t i = 0; i < all.size(); ++i)
    for (const auto& [url, stem] : all[i])
      for (const auto& name : {url, stem + "_HOST", stem + "_PORT", stem + "_SOCKET"}) {
        const auto [other, is_new] = taken.emplace(name, i);
        if (is_new || other->second == i) continue;
        return not_wanted(name + " for both " + wanted[other->second].resource + " and " + wanted[i].resource,
                          "a variable for each", use_env(wanted[i].resource));
      }
  return {};
}

}  // namespace

Result<std::vector<Wanted>> parse_wanted(const std::vector<std::string>& words) {
  std::vector<Wanted> all;
  for (const auto& word : words) {
    const auto slash = word.find('/');
    const auto resource = word.substr(0, slash);
    const auto action = slash == std::string::npos ? std::string() : word.substr(slash + 1);
    if (!is_name(resource) || (slash != std::string::npos && !is_name(action)))
      return not_wanted(word, "RESOURCE or RESOURCE/ACTION, such as billing-api/read: letters, digits, '.', '_', '-'");
    auto known = std::ranges::find(all, resource, &Wanted::resource);
    if (known == all.end()) {
      all.push_back({resource, action.empty() ? std::vector<std::string>() : std::vector{action}});
    } else if (action.empty()) {
      known->actions.clear();
    } else if (!known->actions.empty() && std::ranges::find(known->actions, action) == known->actions.end()) {
      known->actions.push_back(action);
    }
  }
  if (all.size() > kMostResources)
    return not_wanted(std::to_string(all.size()) + " resources", "at most " + std::to_string(kMostResources));
  return all;
}

Result<All> name_variables(const std::vector<Wanted>& wanted, const std::vector<std::string>& renames) {
  All all(wanted.size());
  for (const auto& text : renames) {
    WW_TRY(const auto rename, parse_rename(text, wanted));
    all[rename.first].push_back(names_of(rename.second));
  }
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].empty()) {
      WW_TRY(auto names, own_name(wanted[i].resource));
      all[i].push_back(std::move(names));
    }
  WW_CHECK(check_distinct(wanted, all));
  return all;
}

}  // namespace watchword::job
