#include "policy/meet.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "policy/cel/context_functions.h"
#include "policy/cel/parser.h"
#include "policy/choices.h"
#include "policy/pattern_samples.h"

namespace watchword::policy {
namespace {

using cel::Node;
using cel::Op;

constexpr std::size_t kMostWays = 16;
constexpr int kHoursOfAWeek = 7 * 24;
constexpr std::int64_t kMostNumber = std::int64_t{1} << 52;

// What an expression of the form a.b["c"] stands for.
struct Spot {
  enum class Root : std::uint8_t { claims, request, fact, now } root = Root::claims;
  ClaimSteps steps;
  const Node* call = nullptr;  // of a fact
};

bool is_claims(std::string_view name) { return name == "job" || name == "person" || name == "claims"; }

Json another(const Json& value) {
  if (value.boolean() != nullptr) return !*value.boolean();
  if (value.integer() != nullptr) return *value.integer() == 0 ? 1 : 0;
  return value.string() == nullptr ? Json("other") : Json(*value.string() + "-other");
}

// One way through the condition.
class Setter {
 public:
  Setter(const cel::Program& program, Scene& scene, std::size_t way)
      : program_(program), scene_(scene), choices_(way) {}

  void make(const Node& node, bool wanted) {
    const Op op = node.op;
    if (op == Op::logical_and || op == Op::logical_or) return make_junction(node, wanted);
    if (op == Op::logical_not) return make(operand(node, 0), !wanted);
    if (op == Op::conditional) return make_branch(node, wanted);
    if (op == Op::has) return make_presence(node, wanted);
    if (op == Op::equal || op == Op::not_equal) return make_equal(node, wanted == (op == Op::equal));
    if (op == Op::in) return make_member(node, wanted);
    if (op >= Op::less && op <= Op::greater_equal) return make_ordered(node, wanted);
    if (op == Op::call) return make_text(node, wanted);
    if (op == Op::all || op == Op::exists || op == Op::exists_one) return make_quantified(node, wanted);
    assign(place_of(node), Json(wanted));
  }

 private:
  const Node& operand(const Node& node, std::size_t at) const { return program_.operand(node, at); }

  // All of an && that shall hold; of one that shall not, one is enough. || the other way round.
  void make_junction(const Node& node, bool wanted) {
    const auto operands = program_.operands_of(node);
    if (wanted == (node.op == Op::logical_or))
      return make(program_.nodes[operands[choices_.of(operands.size())]], wanted);
    for (const cel::NodeId id : operands) make(program_.nodes[id], wanted);
  }

  void make_branch(const Node& node, bool wanted) {
    const bool then = choices_.of(2) == 0;
    make(operand(node, 0), then);
    make(operand(node, then ? 1 : 2), wanted);
  }

  void make_presence(const Node& node, bool wanted) {
    auto place = place_of(operand(node, 0));
    if (!place) return;
    place->steps.emplace_back(std::string(node.name));
    if (place->root == Spot::Root::claims && !wanted) {
      if (place->steps.size() == 1) remove(std::string(node.name));
    } else if (wanted && (place->root != Spot::Root::claims || find_claim(scene_.claims, place->steps) == nullptr)) {
      assign(place, Json(node.name == "environment" ? "production" : "sample"));
    }
  }
  void remove(std::string_view claim) {
    const Json before = scene_.claims;
    scene_.claims = without_claim(before, claim);
    if (!principal_of(scene_)) scene_.claims = before;
  }

  void make_equal(const Node& node, bool equal) {
    auto place = place_of(operand(node, 0));
    auto value = constant(operand(node, 1));
    if (!place || !value) {
      place = place_of(operand(node, 1));
      value = constant(operand(node, 0));
    }
    if (value) assign(place, equal ? *value : another(*value));
  }

  // x in ["a", "b"], or "a" in x.
  void make_member(const Node& node, bool wanted) {
    const auto list = constant(operand(node, 1));
    if (list && list->array_items() != nullptr && !list->array_items()->empty()) {
      const auto& items = *list->array_items();
      return assign(place_of(operand(node, 0)), wanted ? items[choices_.of(items.size())] : Json("other"));
    }
    const auto value = constant(operand(node, 0));
    if (value) assign(place_of(operand(node, 1)), wanted ? Json(Json::Array{*value}) : Json::array());
  }

  // Numbers; times are tried elsewhere.
  void make_ordered(const Node& node, bool wanted) {
    const bool turned = place_of(operand(node, 1)).has_value();
    const auto bound = constant(operand(node, turned ? 0 : 1));
    if (!bound || bound->integer() == nullptr) return;
    const bool less = (node.op == Op::less || node.op == Op::less_equal) != turned;
    const std::int64_t at = std::clamp(*bound->integer(), -kMostNumber, kMostNumber);
    assign(place_of(operand(node, turned ? 1 : 0)), Json(less == wanted ? at - 1 : at + 1));
  }

  // a.startsWith("x") and its kin.
  void make_text(const Node& node, bool wanted) {
    if (node.count != 2) return;
    const auto text = constant(operand(node, 1));
    if (!text || text->string() == nullptr) return;
    const std::string& part = *text->string();
    if (!wanted) return assign(place_of(operand(node, 0)), Json("other-7"));
    if (node.name == "startsWith") assign(place_of(operand(node, 0)), Json(part + (choices_.of(2) == 0 ? "x" : "")));
    if (node.name == "endsWith") assign(place_of(operand(node, 0)), Json((choices_.of(2) == 0 ? "x" : "") + part));
    if (node.name == "contains") assign(place_of(operand(node, 0)), Json(part));
    if (node.name != "matches") return;
    const auto pattern = Pattern::parse("re:" + part);
    const auto samples = pattern ? samples_of(*pattern, kMostValues) : std::vector<std::string>();
    if (!samples.empty()) assign(place_of(operand(node, 0)), Json(samples[choices_.of(samples.size())]));
  }

  // The first item stands for the macro's variable.
  void make_quantified(const Node& node, bool wanted) {
    auto place = place_of(operand(node, 0));
    if (!place) return;
    if (wanted == (node.op == Op::all) && choices_.of(2) == 0) return assign(place, Json::array());
    place->steps.emplace_back(std::size_t{0});
    locals_[node.name] = *std::move(place);
    make(operand(node, 1), wanted);
  }

  std::optional<Spot> place_of(const Node& node) const {
    if (node.op == Op::variable) {
      if (const auto local = locals_.find(node.name); local != locals_.end()) return local->second;
      if (is_claims(node.name)) return Spot{};
      if (node.name == "request") return Spot{Spot::Root::request, {}, nullptr};
      return std::nullopt;
    }
    if (node.op == Op::context_call) return Spot{Spot::Root::fact, {}, &node};
    if (node.op != Op::field && node.op != Op::index) return std::nullopt;
    auto place = place_of(operand(node, 0));
    if (!place) return place;
    if (node.op == Op::field) {
      place->steps.emplace_back(std::string(node.name));
      return place;
    }
    const auto key = constant(operand(node, 1));
    if (key && key->string() != nullptr)
      place->steps.emplace_back(*key->string());
    else if (key && key->integer() != nullptr && *key->integer() >= 0)
      place->steps.emplace_back(static_cast<std::size_t>(*key->integer()));
    else
      return std::nullopt;
    return place;
  }

  // A literal, or what a claim is in the scene.
  std::optional<Json> constant(const Node& node) const {
    if (node.op == Op::literal) {
      auto json = cel::to_json(node.literal);
      return json ? std::optional(*std::move(json)) : std::nullopt;
    }
    if (node.op == Op::list) {
      Json out = Json::array();
      for (const cel::NodeId id : program_.operands_of(node)) {
        auto item = constant(program_.nodes[id]);
        if (!item) return std::nullopt;
        out.push(*std::move(item));
      }
      return out;
    }
    const auto place = place_of(node);
    if (!place || place->root != Spot::Root::claims || place->steps.empty()) return std::nullopt;
    const Json* found = find_claim(scene_.claims, place->steps);
    return found == nullptr ? std::nullopt : std::optional(*found);
  }

  void assign(const std::optional<Spot>& place, const Json& value) {
    if (!place) return;
    if (place->root == Spot::Root::claims && !place->steps.empty()) set_claim(scene_, place->steps, value);
    if (place->root == Spot::Root::request && place->steps.size() == 1) set_request(place->steps[0], value);
    if (place->root == Spot::Root::fact) set_fact(*place, value);
  }

  void set_request(const ClaimSteps::value_type& field, const Json& value) {
    const auto* name = std::get_if<std::string>(&field);
    if (name == nullptr || value.string() == nullptr) return;
    if (*name == "method") scene_.method = *value.string();
    if (*name == "path") scene_.path = value.string()->starts_with('/') ? *value.string() : "/" + *value.string();
    if (*name == "host") scene_.host = *value.string();
  }

  // For any arguments, unless they differ from those of an earlier fact of the name.
  void set_fact(const Spot& place, const Json& value) {
    const Node& call = *place.call;
    Json arguments = Json::object();
    const auto& function = cel::context_functions()[call.index];
    for (std::size_t i = 0; i < function.arity && i < call.count; ++i)
      if (auto argument = constant(operand(call, i))) arguments.set(function.parameters[i].name, *std::move(argument));
    const bool whole = arguments.members()->size() == function.arity;
    Json kept = Json::array();
    const Json* earlier = nullptr;
    for (const Json& fact : *scene_.facts.array_items()) {
      const Json* of = fact.find("arguments");
      const bool same = fact.string_or("fact", "") == call.name && (of == nullptr || !whole || *of == arguments);
      if (same)
        earlier = fact.find("value");
      else
        kept.push(fact);
    }
    Json fact = Json::object(
        {{"fact", call.name}, {"value", with_claim(earlier == nullptr ? Json() : *earlier, place.steps, value)}});
    if (whole && function.arity > 0) fact.set("arguments", std::move(arguments));
    scene_.facts = kept.push(std::move(fact));
  }

  const cel::Program& program_;
  Scene& scene_;
  Choices choices_;
  std::map<std::string_view, Spot> locals_;
};

bool asks_time(const cel::Program& program) {
  return std::ranges::any_of(program.nodes, [](const Node& node) {
    return (node.op == Op::variable && node.name == "now") || (node.op == Op::context_call && node.name == "frozen");
  });
}

// Around the times that are written out, and each hour of a week.
std::vector<Time> times_of(const cel::Program& program, Time at) {
  std::vector<Time> out;
  for (const Node& node : program.nodes) {
    const auto* text = node.literal.as<std::string_view>();
    const auto time = node.op != Op::literal || text == nullptr ? std::nullopt : from_rfc3339(*text);
    if (!time) continue;
    for (const int hours : {-1, 0, 1}) out.push_back(*time + std::chrono::hours(hours));
  }
  for (int hour = 0; hour < kHoursOfAWeek; ++hour) out.push_back(at + std::chrono::hours(hour));
  return out;
}

bool at_some_time(const cel::Program& program, Scene& scene, const Holds& holds) {
  const Time before = scene.at;
  for (const Time time : times_of(program, before)) {
    scene.at = time;
    if (holds(scene)) return true;
  }
  scene.at = before;
  return false;
}

}  // namespace

bool meet(std::string_view condition, bool wanted, Scene& scene, const Holds& holds) {
  cel::Program program(condition);
  if (!cel::parse(program)) return false;
  for (std::size_t way = 0; way < kMostWays; ++way) {
    Scene tried = scene;
    Setter(program, tried, way).make(program.nodes[program.root], wanted);
    const bool met = holds(tried) || (way == 0 && asks_time(program) && at_some_time(program, tried, holds));
    if (!met) continue;
    scene = std::move(tried);
    return true;
  }
  return false;
}

}  // namespace watchword::policy
