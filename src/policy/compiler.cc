// Name resolution and indexes.
#include "policy/compiler.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"

namespace watchword::policy {

class Compiler {
 public:
  explicit Compiler(std::string digest) : policy_(std::make_shared<CompiledPolicy>()) {
    policy_->digest_ = std::move(digest);
  }

  std::expected<std::shared_ptr<const CompiledPolicy>, std::vector<Error>> run(std::vector<Document> documents) {
    for (Document& document : documents) {
      for (ResourceRule& rule : document.resources) add_resource(std::move(rule));
      for (Role& role : document.roles) add_role(std::move(role));
      std::ranges::move(document.deny, std::back_inserter(policy_->deny_));
      std::ranges::move(document.freezes, std::back_inserter(policy_->freezes_));
    }
    number_actions();
    for (Role& role : policy_->roles_) resolve(role);
    index_bindings();
    index_fences();
    if (!errors_.empty()) return std::unexpected(std::move(errors_));
    return std::move(policy_);
  }

 private:
  void refuse(const std::string& where, std::string found, std::string expected, std::string fix = {}) {
    errors_.push_back({Reason::policy_invalid, std::move(found), std::move(expected), where, std::move(fix)});
  }
  // Notes an error and gives false when `key` is taken.
  bool claim(ByText<std::uint32_t>& table, const std::string& key, std::string_view kind, const Place& place) {
    const auto [at, fresh] = table.emplace(key, static_cast<std::uint32_t>(policy_->resources_.size()));
    if (fresh) return true;
    refuse(place.where, fmt::format("the {} '{}' a second time", kind, key),
           fmt::format("each {} once; it stands at {} already", kind, policy_->resources_[at->second].place.where));
    return false;
  }

  void add_resource(ResourceRule rule) {
    if (!claim(policy_->by_name_, rule.resource->name(), "resource", rule.place)) return;
    if (const HttpTarget* http = rule.resource->http(); http != nullptr) {
      if (!http->host.empty() && !claim(policy_->by_host_, http->host, "host", rule.place)) return;
      if (!http->prefix.empty() && !claim(policy_->by_prefix_, http->prefix, "prefix", rule.place)) return;
      policy_->longest_prefix_ = std::max(policy_->longest_prefix_, http->prefix.size());
    }
    policy_->resources_.push_back({std::move(rule.resource), std::move(rule.place), {}});
  }

  void add_role(Role role) {
    const auto [at, fresh] = role_places_.emplace(role.name, role.place.where);
    if (fresh)
      policy_->roles_.push_back(std::move(role));
    else
      refuse(role.place.where, fmt::format("the role '{}' a second time", role.name),
             fmt::format("each role once; it stands at {} already", at->second));
  }

  void number_actions() {
    for (auto& entry : policy_->resources_) {
      resource_names_.push_back(entry.resource->name());
      for (const std::string& action : entry.resource->actions()) {
        entry.actions.emplace(action, static_cast<std::uint32_t>(policy_->actions_.size()));
        policy_->actions_.push_back({entry.resource.get(), &action});
      }
    }
  }

  void refuse_name(const std::string& where, std::string_view kind, const std::string& name,
                   const std::vector<std::string>& words) {
    const auto near = nearest(name, words);
    refuse(where, fmt::format("the {} '{}'", kind, name), fmt::format("a {} that a policy file defines", kind),
           near ? fmt::format("did you mean '{}'?", *near) : "");
  }

  void resolve(Role& role) {
    for (const Permission& permission : role.permissions) {
      const auto* entry = policy_->find(permission.resource);
      if (entry == nullptr) {
        refuse_name(permission.place.where, "resource", permission.resource, resource_names_);
      } else if (permission.action == "*") {
        for (const auto& [name, number] : entry->actions) role.by_action.emplace_back(number, &permission);
      } else if (const auto at = entry->actions.find(permission.action); at != entry->actions.end()) {
        role.by_action.emplace_back(at->second, &permission);
      } else {
        refuse_name(permission.place.where, "action", permission.action, entry->resource->actions());
      }
    }
    std::ranges::sort(role.by_action);  // permissions stand in one vector: their addresses keep the file's order
    refuse_idle_permissions(role);
  }

  // Beside a permission without condition, another one for the same action has no effect, and looks as if it had.
  void refuse_idle_permissions(const Role& role) {
    for (auto from = role.by_action.begin(); from != role.by_action.end();) {
      const auto number = from->first;
      const auto to = std::find_if(from, role.by_action.end(), [&](const auto& one) { return one.first != number; });
      const auto free = std::find_if(from, to, [](const auto& one) { return !one.second->when; });
      for (; from != to; ++from) {
        if (free == to || from == free) continue;
        const Permission& idle = *from->second;
        refuse(idle.place.where, fmt::format("'{}/{}' again", idle.resource, *policy_->actions_[number].name),
               fmt::format("each permission once; it is allowed at {} without condition", free->second->place.where));
      }
    }
  }

  void index_bindings() {
    std::vector<const Matcher*> matchers;
    for (std::uint32_t i = 0; i < policy_->roles_.size(); ++i)
      for (const Matcher& matcher : policy_->roles_[i].bindings) {
        policy_->bindings_.push_back({i, &matcher});
        matchers.push_back(&matcher);
      }
    policy_->near_index_ = std::make_unique<NearIndex>(matchers);
    policy_->binding_index_ = std::make_unique<MatcherIndex>(std::move(matchers));
  }

  void index_fences() {
    std::map<std::vector<std::string>, std::vector<std::uint32_t>> groups;  // rules by their permissions
    std::map<std::string, std::vector<std::uint32_t>> extents;              // actions by permission
    for (std::uint32_t i = 0; i < policy_->deny_.size(); ++i) {
      std::vector<std::string> texts;
      for (const DenyRule::Fence& fence : policy_->deny_[i].permissions) {
        const auto [at, fresh] = extents.try_emplace(fence.text);
        if (fresh) at->second = extent(fence);
        if (at->second.empty())
          refuse(fence.where, fmt::format("'{}', which is no action of any resource", fence.text),
                 "a permission that exists, or a glob that covers one", near_permission(fence.text));
        texts.push_back(fence.text);
      }
      groups[std::move(texts)].push_back(i);
    }
    policy_->extents_of_.resize(policy_->actions_.size());
    std::vector<const Matcher*> matchers;
    for (const auto& [texts, rules] : groups) {
      const auto number = add_extent(rules, matchers);
      std::set<std::uint32_t> actions;
      for (const std::string& text : texts) actions.insert(extents[text].begin(), extents[text].end());
      for (const std::uint32_t action : actions) policy_->extents_of_[action].push_back(number);
    }
    policy_->fence_index_ = std::make_unique<MatcherIndex>(std::move(matchers));
  }

  std::vector<std::uint32_t> extent(const DenyRule::Fence& fence) const {
    std::vector<std::uint32_t> out;
    const auto add = [&](const CompiledPolicy::ResourceEntry& entry) {
      for (const auto& [name, number] : entry.actions)
        if (fence.action.matches(name)) out.push_back(number);
    };
    if (fence.resource.exact()) {
      if (const auto* entry = policy_->find(fence.resource.text()); entry != nullptr) add(*entry);
    } else {
      for (const auto& entry : policy_->resources_)
        if (fence.resource.matches(entry.resource->name())) add(entry);
    }
    return out;
  }

  std::string near_permission(const std::string& text) const {
    std::vector<std::string> words;
    for (const auto& action : policy_->actions_) words.push_back(action.resource->name() + "/" + *action.name);
    const auto near = nearest(text, words);
    return near ? fmt::format("did you mean '{}'?", *near) : "";
  }

  std::uint32_t add_extent(const std::vector<std::uint32_t>& rules, std::vector<const Matcher*>& matchers) {
    const auto number = static_cast<std::uint32_t>(policy_->extents_.size());
    auto& extent = policy_->extents_.emplace_back(rules, std::vector<std::uint32_t>());
    for (const std::uint32_t rule : rules) {
      const auto& to = policy_->deny_[rule].to;
      if (to.empty()) extent.everyone.push_back(rule);
      for (const Matcher& matcher : to) {
        policy_->fences_.push_back({number, rule});
        matchers.push_back(&matcher);
      }
    }
    return number;
  }

  std::shared_ptr<CompiledPolicy> policy_;
  std::vector<Error> errors_;
  std::map<std::string, std::string> role_places_;
  std::vector<std::string> resource_names_;
};

std::expected<std::shared_ptr<const CompiledPolicy>, std::vector<Error>> compile(std::vector<Document> documents,
                                                                                 std::string digest) {
  return Compiler(std::move(digest)).run(std::move(documents));
}

}  // namespace watchword::policy
