// The one Policy: documents with their names resolved, and the indexes that make a decision independent of their
// number.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "policy/document.h"
#include "policy/matcher_index.h"
#include "policy/near_miss.h"
#include "policy/policy.h"
#include "policy/shared_roles.h"

namespace watchword::policy {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
template <class T>
using ByText = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

class CompiledPolicy final : public Policy, public std::enable_shared_from_this<CompiledPolicy> {
 public:
  const std::string& digest() const override { return digest_; }
  Roles roles_of(const issuer::Principal& principal) const override;
  std::shared_ptr<const Roles> shared_roles_of(const issuer::Principal& principal) const override;
  Verdict evaluate(const Question& question) const override;
  std::vector<Considered> explain(const Question& question) const override;
  std::optional<NearMiss> nearest(const Question& question, Told told) const override;
  const Resource* resource(std::string_view name) const override;
  const Resource* resource_for(std::string_view host, std::string_view path) const override;
  std::vector<const Resource*> resources() const override;
  std::vector<std::pair<std::string_view, std::string_view>> permissions(const Roles& roles) const override;
  std::size_t rule_count() const override;
  std::vector<IssuerNamed> issuers_named() const override;
  std::vector<const Matcher*> matchers() const override;
  // For policy/rules.h.
  const std::vector<Role>& roles() const { return roles_; }
  const std::vector<DenyRule>& deny_rules() const { return deny_; }
  const std::vector<FreezeWindow>& freezes() const { return freezes_; }
  std::pair<const Resource*, const std::string*> action(std::uint32_t number) const {
    return {actions_[number].resource, actions_[number].name};
  }

 private:
  friend class Compiler;

  // Every action of every resource has a number, counted through.
  struct ResourceEntry {
    std::unique_ptr<Resource> resource;
    Place place;
    ByText<std::uint32_t> actions;
  };
  struct NumberedAction {
    const Resource* resource;
    const std::string* name;
  };
  // Deny rules with the same permissions; all actions that those cover share it.
  struct Extent {
    std::vector<std::uint32_t> all;       // every rule, ascending
    std::vector<std::uint32_t> everyone;  // those without `to`
  };
  struct BindingOf {
    std::uint32_t role;
    const Matcher* matcher;
  };
  const ResourceEntry* find(std::string_view name) const;
  // The question's roles, or `own` made anew when those are another policy's.
  const Roles& roles_for(const Question& question, Roles& own) const;
  // The deny rules of the action whose `to` names the principal or nobody, in the policy's order.
  std::vector<std::uint32_t> fences_for(const Roles& roles, std::uint32_t action) const;
  std::optional<Verdict> denied(const Question& question, const Roles& roles, std::uint32_t action) const;
  Verdict permitted(const Question& question, const Roles& roles, std::uint32_t action) const;
  struct NearFence {
    bool denied = false;           // by a deny rule
    std::optional<NearMiss> miss;  // that alone does, for a single part
  };
  NearFence near_fence(const Question& question, const Roles& roles, std::uint32_t action) const;
  bool would_allow(const Question& question, const Roles& roles, const Role& role,
                   std::optional<std::uint32_t> action) const;
  std::optional<NearMiss> near_binding(const Question& question, const Roles& roles,
                                       std::optional<std::uint32_t> action, Told told) const;
  void explain_role(const Question& question, const Role& role, std::uint32_t action,
                    std::vector<Considered>& out) const;
  void explain_fence(const Question& question, const DenyRule& rule, std::vector<Considered>& out) const;

  std::string digest_;
  std::vector<ResourceEntry> resources_;
  std::vector<NumberedAction> actions_;
  ByText<std::uint32_t> by_name_, by_host_, by_prefix_;
  std::size_t longest_prefix_ = 0;
  std::vector<Role> roles_;
  std::vector<BindingOf> bindings_;
  std::unique_ptr<MatcherIndex> binding_index_;  // over bindings_
  std::unique_ptr<NearIndex> near_index_;        // over bindings_
  std::vector<FreezeWindow> freezes_;
  std::vector<DenyRule> deny_;
  std::vector<Extent> extents_;
  std::vector<std::vector<std::uint32_t>> extents_of_;  // by action
  std::vector<Roles::Fence> fences_;
  std::unique_ptr<MatcherIndex> fence_index_;  // over fences_, each by one matcher of its rule
  mutable SharedRoles shared_roles_;
};

Question with_facts(const Question& question, const context::Facts& facts);  // borrows them
// The condition's view of a question. `accept`: how old its facts may be, beyond the normal limit.
ConditionInput input_of(const Question& question, Duration accept = {});
// What a deny rule's conditions come to: `no` lets the request pass this rule, all else denies it.
struct Denial {
  Truth truth = Truth::yes;
  std::string found, expected, fix;
};
Denial conditions_of(const DenyRule& rule, const ConditionInput& input);

}  // namespace watchword::policy
