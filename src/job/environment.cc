#include "job/environment.h"

#include <algorithm>
#include <array>
#include <span>

namespace watchword::job {
namespace {

std::string_view name_in(std::string_view entry) { return entry.substr(0, entry.find('=')); }

}  // namespace

Environment::Environment(char** inherited) {
  for (; *inherited != nullptr; ++inherited) inherited_.push_back(*inherited);
}

void Environment::forget(const Secret& token, std::string_view variable) {
  std::erase_if(inherited_, [&](char* entry) {
    const std::string_view text(entry);
    if (name_in(text) != variable && (token.empty() || !text.contains(token.reveal()))) return false;
    const auto equals = text.find('=');
    wipe(std::span(entry, text.size()).subspan(equals == std::string_view::npos ? 0 : equals + 1));
    return true;
  });
}

void Environment::set(std::string_view name, std::string_view value) {
  std::erase_if(inherited_, [&](const char* entry) { return name_in(entry) == name; });
  std::erase_if(own_, [&](const std::string& entry) { return name_in(entry) == name; });
  own_.push_back(std::string(name) + "=" + std::string(value));
}

std::string_view Environment::get(std::string_view name) const {
  const auto found = std::ranges::find_if(inherited_, [&](const char* entry) { return name_in(entry) == name; });
  const std::string_view entry = found == inherited_.end() ? "" : *found;
  return entry.size() > name.size() ? entry.substr(name.size() + 1) : "";
}

void Environment::reach_directly(std::string_view host) {
  constexpr std::array<std::string_view, 7> kProxies{"http_proxy", "HTTP_PROXY",  "all_proxy",  "ALL_PROXY",
                                                     "grpc_proxy", "https_proxy", "HTTPS_PROXY"};
  if (std::ranges::all_of(kProxies, [this](auto name) { return get(name).empty(); })) return;
  const std::string lower(get("no_proxy")), upper(get("NO_PROXY")), grpc(get("no_grpc_proxy"));
  const auto with_host = [host](const std::string& hosts) {
    return hosts == "*" ? hosts : hosts + (hosts.empty() ? "" : ",") + std::string(host);
  };
  set("no_proxy", with_host(lower.empty() ? upper : lower));
  set("NO_PROXY", with_host(upper.empty() ? lower : upper));
  if (!grpc.empty()) set("no_grpc_proxy", with_host(grpc));
}

std::vector<char*> Environment::pointers() {
  auto all = inherited_;
  for (auto& entry : own_) all.push_back(entry.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace watchword::job
