#include "envoy/config_check_parts.h"

#include <algorithm>
#include <array>

#include "net/stream.h"

namespace watchword::envoy {

const Json* at(const Json& json, std::initializer_list<std::string_view> path) {
  const Json* value = &json;
  for (const auto key : path) {
    value = value->find(key);
    if (value == nullptr) return nullptr;
  }
  return value;
}

const Json::Array& items(const Json* list) {
  static const Json::Array kNone;
  return list == nullptr || list->array_items() == nullptr ? kNone : *list->array_items();
}

bool is_true(const Json* value) { return value != nullptr && value->boolean() != nullptr && *value->boolean(); }

bool is_enum(const Json* value, std::string_view name, int number) {
  if (value == nullptr) return false;
  if (value->string() != nullptr) return *value->string() == name;
  return value->integer() != nullptr && *value->integer() == number;
}

bool is_type(const Json& config, std::string_view message) {
  const auto type = config.string_or("@type", "");
  return type.ends_with(message) && type.substr(0, type.size() - message.size()).ends_with('.');
}

std::string name_of(const Json& item) { return std::string(item.string_or("name", "without a name")); }

bool is_server_error(const Json* code) {
  if (code == nullptr) return false;
  if (code->integer() != nullptr) return *code->integer() >= 500 && *code->integer() <= 599;
  constexpr std::array kNames = {"InternalServerError", "BadGateway", "ServiceUnavailable", "GatewayTimeout"};
  return code->string() != nullptr && std::ranges::find(kNames, *code->string()) != kNames.end();
}

bool only_here(const Json* address) {
  if (address == nullptr) return false;
  if (address->find("pipe") != nullptr) return true;
  const Json* socket = address->find("socket_address");
  if (socket == nullptr) return false;
  net::Address parsed;
  parsed.host = socket->string_or("address", "");
  return parsed.loopback();
}

}  // namespace watchword::envoy
