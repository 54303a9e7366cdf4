// What a compiled policy knows without being asked about a request.
#include "policy/compiled_policy.h"

#include <algorithm>
#include <set>

namespace watchword::policy {
namespace {

void tighten(SessionLimits& limits, const SessionLimits& other) {
  limits.ttl = std::min(limits.ttl, other.ttl);
  limits.ends_with_job |= other.ends_with_job;
  limits.drain = std::min(limits.drain, other.drain);
  limits.single_exchange |= other.single_exchange;
  if (other.proof == Proof::dpop) limits.proof = Proof::dpop;
  limits.quota = strictest(limits.quota, other.quota);
}

SessionLimits strictest(const std::vector<const Role*>& roles) {
  if (roles.empty()) return {};
  SessionLimits out = roles.front()->limits;
  for (const Role* role : roles) tighten(out, role->limits);
  return out;
}

}  // namespace

const std::string& name_of(const Role& role) { return role.name; }

Roles CompiledPolicy::roles_of(const issuer::Principal& principal) const {
  Roles out;
  const issuer::Machine* machine = principal.machine();
  const bool fork = machine != nullptr && machine->fork;
  for (const std::uint32_t id : binding_index_->matching(principal)) {
    const BindingOf& binding = bindings_[id];
    const Role* role = &roles_[binding.role];
    if (fork && !binding.matcher->forks)
      out.fork_refused = true;
    else if (out.all.empty() || out.all.back() != role)  // a role's bindings stand together
      out.all.push_back(role);
  }
  out.limits = strictest(out.all);
  for (const std::uint32_t id : fence_index_->matching(principal)) out.fences.push_back(fences_[id]);
  std::ranges::sort(out.fences);
  out.fences.erase(std::ranges::unique(out.fences).begin(), out.fences.end());
  out.policy = shared_from_this();
  return out;
}

std::shared_ptr<const Roles> CompiledPolicy::shared_roles_of(const issuer::Principal& principal) const {
  return shared_roles_.share(roles_of(principal));
}

const CompiledPolicy::ResourceEntry* CompiledPolicy::find(std::string_view name) const {
  const auto at = by_name_.find(name);
  return at == by_name_.end() ? nullptr : &resources_[at->second];
}

const Resource* CompiledPolicy::resource(std::string_view name) const {
  const ResourceEntry* entry = find(name);
  return entry == nullptr ? nullptr : entry->resource.get();
}

const Resource* CompiledPolicy::resource_for(std::string_view host, std::string_view path) const {
  if (const auto at = by_host_.find(host); at != by_host_.end()) return resources_[at->second].resource.get();
  if (by_prefix_.empty()) return nullptr;
  // /billing covers /billing and /billing/..., and not /billing-old.
  const auto up_to_slash = [&](std::size_t last) {
    const auto slash = path.rfind('/', last);
    path = path.substr(0, slash == std::string_view::npos ? 0 : slash);
  };
  if (path.size() > longest_prefix_) up_to_slash(longest_prefix_);
  for (; !path.empty(); up_to_slash(std::string_view::npos))
    if (const auto at = by_prefix_.find(path); at != by_prefix_.end()) return resources_[at->second].resource.get();
  return nullptr;
}

std::vector<const Resource*> CompiledPolicy::resources() const {
  std::vector<const Resource*> out;
  for (const ResourceEntry& entry : resources_) out.push_back(entry.resource.get());
  return out;
}

std::vector<std::pair<std::string_view, std::string_view>> CompiledPolicy::permissions(const Roles& roles) const {
  if (roles.policy != nullptr && roles.policy.get() != this) return roles.policy->permissions(roles);
  std::set<std::uint32_t> numbers;
  for (const Role* role : roles.all)
    for (const auto& [number, permission] : role->by_action) numbers.insert(number);
  std::vector<std::pair<std::string_view, std::string_view>> out;
  for (const std::uint32_t number : numbers)
    out.emplace_back(actions_[number].resource->name(), *actions_[number].name);
  return out;
}

std::size_t CompiledPolicy::rule_count() const {
  std::size_t permissions = 0;
  for (const Role& role : roles_) permissions += role.permissions.size();
  return bindings_.size() + permissions + deny_.size();
}

std::vector<Policy::IssuerNamed> CompiledPolicy::issuers_named() const {
  std::vector<IssuerNamed> out;
  std::set<std::string_view> seen;
  for (const Matcher* matcher : matchers())
    if (!matcher->issuer.empty() && seen.insert(matcher->issuer).second)
      out.push_back({matcher->issuer, matcher->place.where});
  return out;
}

std::vector<const Matcher*> CompiledPolicy::matchers() const {
  std::vector<const Matcher*> out;
  for (const BindingOf& binding : bindings_) out.push_back(binding.matcher);
  for (const DenyRule& rule : deny_)
    for (const Matcher& matcher : rule.to) out.push_back(&matcher);
  return out;
}

}  // namespace watchword::policy
