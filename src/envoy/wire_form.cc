#include "envoy/wire_form.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <memory>

#include "proto/envoy_descriptors.h"

namespace watchword::envoy {
namespace {

namespace protobuf = google::protobuf;

const std::string kPrefix = "type.googleapis.com";

// A pool of their own: nothing else of the process need know these messages.
class Messages {
 public:
  Messages() {
    protobuf::FileDescriptorSet files;
    bool whole = files.ParseFromArray(kEnvoyDescriptors, sizeof kEnvoyDescriptors);
    for (const auto& file : files.file()) whole = pool_.BuildFile(file) != nullptr && whole;
    if (whole) resolver_.reset(protobuf::util::NewTypeResolverForDescriptorPool(kPrefix, &pool_));
  }
  protobuf::util::TypeResolver* resolver() const { return resolver_.get(); }

 private:
  protobuf::DescriptorPool pool_;
  std::unique_ptr<protobuf::util::TypeResolver> resolver_;
};

}  // namespace

Result<std::string> to_wire(std::string_view type, const Json& message) {
  static const Messages kMessages;
  if (kMessages.resolver() == nullptr) return fail(Reason::internal, "descriptors that do not fit each other");
  Json plain = Json::object();
  if (message.members() != nullptr)
    for (const auto& [key, value] : *message.members())
      if (key != "@type") plain.set(key, value);
  std::string bytes;
  const auto status =
      protobuf::util::JsonToBinaryString(kMessages.resolver(), kPrefix + "/" + std::string(type), plain.dump(), &bytes);
  if (status.ok()) return bytes;
  return fail(Reason::internal, status.ToString(), "only fields that proto/envoy has", std::string(type));
}

}  // namespace watchword::envoy
