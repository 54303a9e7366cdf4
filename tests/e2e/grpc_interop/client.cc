// A gRPC client of grpc++, which knows nothing of Watchword: makes every kind of call, and prints what came of each.
// Usage: client ADDRESS AUTHORITY CA-FILE, "" for no TLS; the token is the first line of standard input.
// One line for each call: its name, the status's number, its text, what was received. grpc_interop_test.py knows what
// is right.
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/sync_stream.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace {

using grpc::ByteBuffer;
using grpc::internal::RpcMethod;

const std::string kBilling = "/acme.billing.v1.Billing/";
const std::string kAdmin = "/acme.billing.v1.Admin/";

ByteBuffer message(const std::string& text) {
  const grpc::Slice slice(text);
  return {&slice, 1};
}

std::string text_of(const ByteBuffer& message) {
  grpc::Slice slice;
  return message.DumpToSingleSlice(&slice).ok() ? std::string(slice.begin(), slice.end()) : "(no message)";
}

class Client {
 public:
  Client(std::shared_ptr<grpc::Channel> channel, std::string token)
      : channel_(std::move(channel)), token_(std::move(token)) {}

  using Call = std::function<grpc::Status(grpc::ClientContext&, std::vector<std::string>& received)>;

  void run(const std::string& name, const Call& call, bool with_token = true) {
    grpc::ClientContext context;
    if (with_token) context.AddMetadata("authorization", "Bearer " + token_);
    std::vector<std::string> received;
    const auto status = call(context, received);
    std::cout << name << '\t' << status.error_code() << '\t' << status.error_message() << '\t';
    for (const auto& one : received) std::cout << one << ' ';
    // The reason is named in google.rpc.ErrorInfo, the second field of the first detail.
    for (const char* detail : {"google.rpc.ErrorInfo", "NOT_PERMITTED", "TOKEN_MISSING"})
      if (status.error_details().find(detail) != std::string::npos) std::cout << detail << ' ';
    for (const auto& [key, value] : context.GetServerTrailingMetadata())
      if (key == "x-cost") std::cout << "x-cost=" << value << ' ';
    std::cout << '\n';
  }

  grpc::Status unary(const std::string& path, grpc::ClientContext& context, const std::string& request,
                     std::string& reply) {
    ByteBuffer answer;
    const RpcMethod method(path.c_str(), RpcMethod::NORMAL_RPC);
    auto status = grpc::internal::BlockingUnaryCall(channel_.get(), method, &context, message(request), &answer);
    if (status.ok()) reply = text_of(answer);
    return status;
  }

  std::unique_ptr<grpc::ClientReader<ByteBuffer>> watch(grpc::ClientContext& context) {
    const RpcMethod method(watch_.c_str(), RpcMethod::SERVER_STREAMING);
    return std::unique_ptr<grpc::ClientReader<ByteBuffer>>(
        grpc::internal::ClientReaderFactory<ByteBuffer>::Create(channel_.get(), method, &context, message("")));
  }

  grpc::Status collect(grpc::ClientContext& context, std::vector<std::string>& received) {
    ByteBuffer answer;
    const RpcMethod method(collect_.c_str(), RpcMethod::CLIENT_STREAMING);
    const std::unique_ptr<grpc::ClientWriter<ByteBuffer>> writer(
        grpc::internal::ClientWriterFactory<ByteBuffer>::Create(channel_.get(), method, &context, &answer));
    for (const char* part : {"a", "b", "c"}) writer->Write(message(part));
    writer->WritesDone();
    auto status = writer->Finish();
    received.push_back(text_of(answer));
    return status;
  }

  // Each word only after the answer to the one before.
  grpc::Status talk(grpc::ClientContext& context, std::vector<std::string>& received) {
    const RpcMethod method(talk_.c_str(), RpcMethod::BIDI_STREAMING);
    const std::unique_ptr<grpc::ClientReaderWriter<ByteBuffer, ByteBuffer>> stream(
        grpc::internal::ClientReaderWriterFactory<ByteBuffer, ByteBuffer>::Create(channel_.get(), method, &context));
    ByteBuffer answer;
    for (const char* word : {"one", "two", "three"})
      if (stream->Write(message(word)) && stream->Read(&answer)) received.push_back(text_of(answer));
    stream->WritesDone();
    return stream->Finish();
  }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  std::string token_;
  const std::string watch_ = kBilling + "Watch", collect_ = kBilling + "Collect", talk_ = kBilling + "Talk";
};

std::shared_ptr<grpc::Channel> connect(const std::string& address, const std::string& authority,
                                       const std::string& ca_file) {
  grpc::ChannelArguments arguments;
  if (ca_file.empty()) {
    arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, authority);
    return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  }
  std::ifstream file(ca_file);
  grpc::SslCredentialsOptions options;
  options.pem_root_certs.assign(std::istreambuf_iterator<char>(file), {});
  arguments.SetSslTargetNameOverride(authority);
  return grpc::CreateCustomChannel(address, grpc::SslCredentials(options), arguments);
}

void run_all(Client& client) {
  using Received = std::vector<std::string>;
  const auto unary = [&](const std::string& path, std::string request) {
    return [&client, path, request = std::move(request)](grpc::ClientContext& context, Received& received) {
      return client.unary(path, context, request, received.emplace_back());
    };
  };
  client.run("unary", unary(kBilling + "Get", "42"));
  client.run("fail", unary(kBilling + "Fail", ""));
  client.run("refused", unary(kAdmin + "Wipe", ""));
  client.run("nobody", unary(kBilling + "Get", ""), false);
  client.run("metadata", [&](grpc::ClientContext& context, Received& received) {
    context.AddMetadata("x-mine", "kept");
    context.AddMetadata("x-blob-bin", std::string("\0\xff\n", 3));
    context.AddMetadata("x-watchword-role", "root");
    return client.unary(kBilling + "Get", context, "metadata", received.emplace_back());
  });
  client.run("large", [&](grpc::ClientContext& context, Received& received) {
    std::string reply;
    auto status = client.unary(kBilling + "Get", context, std::string(3'000'000, 'x'), reply);
    received.push_back(std::to_string(reply.size()));
    return status;
  });
  client.run("collect", [&](auto& context, auto& received) { return client.collect(context, received); });
  client.run("talk", [&](auto& context, auto& received) { return client.talk(context, received); });
  client.run("cancel", [&](grpc::ClientContext& context, Received& received) {
    const auto reader = client.watch(context);
    ByteBuffer answer;
    while (received.size() < 3 && reader->Read(&answer)) received.push_back(text_of(answer));
    context.TryCancel();
    return reader->Finish();
  });
  client.run("deadline", [&](grpc::ClientContext& context, Received&) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(300));
    const auto reader = client.watch(context);
    for (ByteBuffer answer; reader->Read(&answer);) {
    }
    return reader->Finish();
  });
}

}  // namespace

int main(int count, char** arguments) {
  std::string token;
  if (count != 4 || !std::getline(std::cin, token)) {
    std::cerr << "usage: client ADDRESS AUTHORITY CA-FILE, the token on standard input\n";
    return 2;
  }
  Client client(connect(arguments[1], arguments[2], arguments[3]), token);
  run_all(client);
  return 0;
}
