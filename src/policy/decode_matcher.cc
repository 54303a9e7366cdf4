// Decoding of principals.
#include "policy/decode_matcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace watchword::policy {
namespace {

using yaml::Decoder;
using yaml::Node;
using yaml::Type;

std::optional<Wanted> decode_wanted(Decoder& decoder, const Node& node) {
  switch (node.type) {
    case Type::string: {
      auto pattern = Pattern::parse(node.text);
      if (pattern) return *std::move(pattern);
      decoder.refuse(node, pattern.error());
      return std::nullopt;
    }
    case Type::boolean:
      if (const auto value = decoder.boolean(node)) return *value;
      return std::nullopt;
    case Type::integer:
      if (const auto value = yaml::to_integer(node.text)) return *value;
      decoder.refuse(node.at, fmt::format("'{}'", node.text), "an integer of 64 bits without leading zeros",
                     "put quotes around it if the claim is a string");
      return std::nullopt;
    case Type::null:
    case Type::number:
    case Type::list:
    case Type::object:
      break;
  }
  decoder.refuse(node.at, std::string(yaml::name(node.type)),
                 "a string, a pattern, true, false, an integer, or a list of those",
                 node.type == Type::number ? "put quotes around it" : "");
  return std::nullopt;
}

void decode_claim(Decoder& decoder, const yaml::Key& key, const Node& node, Matcher& out) {
  auto path = issuer::ClaimPath::parse(key.text);
  if (!path) {
    decoder.refuse(key.at, path.error().found, path.error().expected);
    return;
  }
  ClaimTest test{*std::move(path), {}};
  if (node.type != Type::list) {
    if (auto wanted = decode_wanted(decoder, node)) test.any_of.push_back(*std::move(wanted));
  } else if (const auto* items = decoder.list(node); items != nullptr) {
    for (const Node& item : *items)
      if (auto wanted = decode_wanted(decoder, item)) test.any_of.push_back(*std::move(wanted));
  }
  out.claims.push_back(std::move(test));
}

void decode_fields(Decoder& decoder, const Node& node, MatcherUse use, Matcher& out) {
  const auto* entries = decoder.object(node);
  if (entries == nullptr) return;
  for (const auto& [key, value] : *entries) {
    if (key.text == "issuer") {
      out.issuer = decoder.string(value).value_or("");
    } else if (key.text == "forks" && use == MatcherUse::binding && out.kind != issuer::Kind::person) {
      out.forks = decoder.boolean(value).value_or(false);
    } else if (key.text == "forks") {
      decoder.refuse(key.at, "'forks'",
                     use == MatcherUse::fence ? "claims: a deny rule always holds for forks too"
                                              : "claims: only jobs and services run in forks");
    } else {
      decode_claim(decoder, key, value, out);
    }
  }
  if (use == MatcherUse::binding && node.find("issuer") == nullptr)
    decoder.refuse(node.at, "a binding without an issuer", "'issuer': the name it has in watchword.yaml");
  if (use == MatcherUse::binding && out.claims.empty())
    decoder.refuse(node.at, "a binding without any claim", "at least one claim besides the issuer",
                   "name the project: everyone who can run a job at the issuer would hold the role");
  if (use == MatcherUse::fence && entries->empty())
    decoder.refuse(node.at, "an empty matcher", "an issuer or claims", "leave 'to' out if the rule is for everyone");
}

}  // namespace

std::optional<Matcher> decode_matcher(Decoder& decoder, const std::string& rule_file, const Node& node,
                                      MatcherUse use) {
  static const std::vector<std::string> kKinds = {"job", "service", "person"};
  const auto* entries = decoder.object(node);
  if (entries == nullptr) return std::nullopt;
  if (entries->size() != 1) {
    decoder.refuse(node.at, fmt::format("{} keys", entries->size()), "exactly one of job, service, person");
    return std::nullopt;
  }
  const auto& [key, fields] = entries->front();
  const auto kind = std::ranges::find(kKinds, key.text);
  if (kind == kKinds.end()) {
    decoder.refuse_word(key.at, "the kind of principal", key.text, kKinds);
    return std::nullopt;
  }
  constexpr std::array kKindOf = {issuer::Kind::job, issuer::Kind::service, issuer::Kind::person};
  Matcher out;
  out.kind = kKindOf.at(static_cast<std::size_t>(kind - kKinds.begin()));
  out.place = {fmt::format("{}:{}", rule_file, key.at.line), decoder.where(key.at)};
  decode_fields(decoder, fields, use, out);
  return out;
}

}  // namespace watchword::policy
