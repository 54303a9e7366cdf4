#include "policy/http_rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "http/uri.h"
#include "policy/target.h"

namespace watchword::policy {
namespace {

using yaml::Decoder;
using yaml::Node;
using yaml::Type;

// RFC 9110 9 and 5789, and those of WebDAV (RFC 4918, 3253, 5323) that backends still serve. CONNECT and TRACE are not
// forwarded by the gate.
const std::vector<std::string>& known_methods() {
  static const std::vector<std::string> kMethods = {"GET",     "HEAD",     "POST",      "PUT",   "PATCH", "DELETE",
                                                    "OPTIONS", "PROPFIND", "PROPPATCH", "MKCOL", "COPY",  "MOVE",
                                                    "LOCK",    "UNLOCK",   "REPORT",    "SEARCH"};
  return kMethods;
}

// Requests are matched in the spelling of http::normalise_path; a pattern in another would silently match none.
void check_spelling(Decoder& decoder, const Node& node, const std::string& text) {
  if (!text.starts_with('/')) return;
  auto path = text;
  std::ranges::replace_if(path, [](char c) { return c == '*' || c == '?'; }, '_');
  const auto normal = http::normalise_path(path);
  if (!normal)
    decoder.refuse(node.at, fmt::format("the path '{}' ({})", text, normal.error().found),
                   "a path that a request can have");
  else if (*normal != path)
    decoder.refuse(node.at, fmt::format("the path '{}'", text), fmt::format("its plain spelling, like '{}'", *normal));
}

Pattern decode_path(Decoder& decoder, const Node& node) {
  const auto text = decoder.string(node);
  if (!text) return Pattern::exactly("");
  auto pattern = Pattern::parse(*text);
  if (!pattern)
    decoder.refuse(node, pattern.error());
  else if (!text->starts_with('/') && !text->starts_with("re:") && !text->starts_with("**"))
    decoder.refuse(node.at, fmt::format("the path '{}'", *text), "a path that begins with '/'");
  else
    check_spelling(decoder, node, *text);
  return pattern ? *std::move(pattern) : Pattern::exactly("");
}

std::string decode_method(Decoder& decoder, const Node& node) {
  auto text = decoder.string(node);
  if (!text || *text == "*" || std::ranges::find(known_methods(), *text) != known_methods().end())
    return text.value_or("");
  if (*text == "CONNECT" || *text == "TRACE")
    decoder.refuse(node.at, fmt::format("the method '{}'", *text), "a method that the gate forwards");
  else if (ascii_lower(*text) == *text)
    decoder.refuse(node.at, fmt::format("the method '{}'", *text), "a method in upper case");
  else
    decoder.refuse_word(node.at, "the method", *text, known_methods());
  return {};
}

template <class T, class F>
std::vector<T> decode_list(Decoder& decoder, const Node* node, F decode) {
  std::vector<T> out;
  const auto* items = node == nullptr ? nullptr : decoder.list(*node);
  if (items == nullptr) return out;
  for (const Node& item : *items) out.push_back(decode(decoder, item));
  return out;
}

std::string grpc_fix(const std::string& text) {
  if (text.starts_with('/')) return "leave the first '/' out";
  if (text.contains("**")) return "one * is enough: a name holds no '/'";
  if (!text.contains('/') && grpc_path(text + "/*", "*?")) return fmt::format("did you mean '{}/*'?", text);
  return {};
}

// One of Service/Method, as the path on which gRPC, gRPC-Web and Connect call it.
Pattern decode_grpc(Decoder& decoder, const Node& node) {
  const auto text = decoder.string(node);
  const auto path = text && !text->contains("**") ? grpc_path(*text, "*?") : std::nullopt;
  if (text && !path)
    decoder.refuse(node.at, fmt::format("'{}'", *text), "Service/Method, such as acme.billing.v1.Billing/Get*",
                   grpc_fix(*text));
  auto pattern = Pattern::parse(path.value_or("/"));
  if (!pattern) decoder.refuse(node, pattern.error());
  return pattern ? *std::move(pattern) : Pattern::exactly("");
}

// One of three forms.
HttpRule decode_rule(Decoder& decoder, const Node& node) {
  const yaml::Object fields(decoder, node, "action", {"methods", "paths", "grpc", "websocket"});
  const Node *methods = fields.find("methods"), *paths = fields.find("paths"), *grpc = fields.find("grpc"),
             *websocket = fields.find("websocket");
  const int forms =
      (methods != nullptr || paths != nullptr ? 1 : 0) + (grpc != nullptr ? 1 : 0) + (websocket != nullptr ? 1 : 0);
  if (node.type == Type::object && forms > 1)
    decoder.refuse(node.at, "a rule of several forms", "methods and paths, or grpc, or websocket",
                   "write a list of rules");
  else if (node.type == Type::object && methods == nullptr && grpc == nullptr && websocket == nullptr)
    decoder.refuse(node.at, "no 'methods'", "methods, grpc or websocket");
  if (grpc != nullptr) return {{"POST"}, decode_list<Pattern>(decoder, grpc, decode_grpc), false, true};
  if (websocket != nullptr) return {{"GET"}, decode_list<Pattern>(decoder, websocket, decode_path), true};
  HttpRule rule{decode_list<std::string>(decoder, methods, decode_method), {}};
  if (paths == nullptr)
    rule.paths.push_back(*Pattern::parse("**"));
  else
    rule.paths = decode_list<Pattern>(decoder, paths, decode_path);
  return rule;
}

}  // namespace

std::vector<HttpRule> decode_rules(Decoder& decoder, const Node& node) {
  if (node.type == Type::list) return decode_list<HttpRule>(decoder, &node, decode_rule);
  std::vector<HttpRule> one;
  one.push_back(decode_rule(decoder, node));
  return one;
}

}  // namespace watchword::policy
