#include "cli/envoy_health.h"

#include "terminal/output.h"

namespace watchword::cli {
namespace {

Json type_json(envoy::XdsType type, const envoy::XdsStream::TypeStatus& status) {
  auto json = Json::object({{"type", envoy::name_of(type)},
                            {"wanted", status.wanted},
                            {"taken", status.taken},
                            {"refused", static_cast<std::int64_t>(status.refused)}});
  if (!status.refusal.empty()) json.set("refusal", status.refusal);
  return json;
}

Json stream_json(const envoy::XdsStreamHealth& stream) {
  Json types = Json::array();
  for (const auto type : envoy::kXdsTypes)
    if (const auto& status = stream.types.at(static_cast<std::size_t>(type)); status.asked)
      types.push(type_json(type, status));
  auto json =
      Json::object({{"form", stream.form == envoy::XdsForm::delta ? "delta" : "sotw"}, {"types", std::move(types)}});
  if (!stream.address.empty()) json.set("address", stream.address);
  return json;
}

}  // namespace

Json envoy_health(const std::vector<envoy::XdsNodeHealth>& nodes) {
  Json list = Json::array();
  for (const auto& node : nodes) {
    Json streams = Json::array();
    for (const auto& stream : node.streams) streams.push(stream_json(stream));
    auto json = Json::object(
        {{"node", node.name}, {"streams", std::move(streams)}, {"refused", static_cast<std::int64_t>(node.refused)}});
    if (!node.refusal.empty()) json.set("refusal", node.refusal);
    if (node.trouble) json.set("trouble", terminal::to_json(*node.trouble));
    list.push(std::move(json));
  }
  return list;
}

}  // namespace watchword::cli
