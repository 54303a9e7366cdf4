// What became of a request joins the record of its decision, and nothing else is written: not for strangers' ids, not
// twice, not without bound.
#include "envoy/access_log_service.h"

#include <gtest/gtest.h>

#include <thread>

#include "envoy/access_log_entry.h"
#include "http/grpc.h"
#include "proto/access_log.pb.h"
#include "support/gate_fixture.h"
#include "support/http_call.h"

namespace watchword::envoy {
namespace {

namespace wire = wire::accesslog;
using access::RequestRecords;
using testing::Reply;
using testing::TestGate;

constexpr const char* kRecord = "01M7YMVAF5K70WB9Q2S4T6V8XZ";

wire::Struct& told(wire::HTTPAccessLogEntry& entry, const std::string& filter = "envoy.filters.http.ext_authz") {
  auto& space = *entry.mutable_common_properties()->mutable_metadata()->add_filter_metadata();
  space.set_key(filter);
  return *space.mutable_value();
}
void add(wire::Struct& members, const std::string& name, const std::string& value) {
  auto& field = *members.add_fields();
  field.set_key(name);
  field.mutable_value()->set_string_value(value);
}

wire::HTTPAccessLogEntry envoys_entry(const std::string& record = kRecord) {
  wire::HTTPAccessLogEntry entry;
  auto& members = told(entry);
  add(members, "decision", "allow");
  add(members, "record", record);
  add(members, "resource", "billing-api");
  add(members, "action", "read");
  auto& common = *entry.mutable_common_properties();
  auto& upstream = *common.mutable_upstream_remote_address()->mutable_socket_address();
  upstream.set_address("192.0.2.80");
  upstream.set_port_value(8443);
  common.set_upstream_cluster("resource/billing-api");
  common.mutable_duration()->set_seconds(1);
  common.mutable_duration()->set_nanos(234'567'890);
  common.set_access_log_type(6);
  entry.mutable_request()->set_request_body_bytes(7);
  auto& response = *entry.mutable_response();
  response.mutable_response_code()->set_value(200);
  response.set_response_body_bytes(4711);
  response.set_response_code_details("via_upstream");
  return entry;
}

std::string message_of(const std::vector<std::string>& entries) {
  wire::StreamAccessLogsMessage message;
  for (const auto& entry : entries) message.mutable_http_logs()->add_log_entry(entry);
  return message.SerializeAsString();
}
std::string message_of(const wire::HTTPAccessLogEntry& entry) { return message_of({entry.SerializeAsString()}); }

class AccessLogTest : public ::testing::Test {
 protected:
  Reply send(const std::vector<std::string>& messages, RequestRecords records = RequestRecords::batch) {
    const auto service = AccessLogService::make(gate_.service(), records);
    return send(*service, messages);
  }
  static Reply send(AccessLogService& service, const std::vector<std::string>& messages) {
    std::string body;
    for (const auto& message : messages) body += http::grpc_frame(message);
    return testing::call(service, {.method = "POST",
                                   .target = std::string(kAccessLog),
                                   .headers = {{"content-type", "application/grpc"}},
                                   .body = std::move(body),
                                   .authority = "gate",
                                   .piece = 64 * 1024});
  }
  std::uint64_t count(const std::string& outcome) {
    return gate_.metrics.counter("watchword_envoy_log_entries", "", {{"outcome", outcome}}).value();
  }
  std::vector<Json> written() {
    std::vector<Json> found;
    for (auto& entry : gate_.log())
      if (entry.string_or("event", "") == "request_done") found.push_back(std::move(entry));
    return found;
  }

  TestGate gate_;
};

TEST_F(AccessLogTest, AnEntryNamesTheRecordAndSaysHowTheRequestEnded) {
  const auto reply = send({message_of(envoys_entry())});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, http::grpc_frame({})) << "an empty StreamAccessLogsResponse";
  EXPECT_EQ(reply.trailers, (http::Headers{{"grpc-status", "0"}}));
  const auto log = written();
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0].string_or("resource", ""), "billing-api");
  EXPECT_EQ(log[0].string_or("action", ""), "read");
  EXPECT_EQ(log[0].string_or("decision", ""), "allow");
  EXPECT_EQ(log[0].find("detail")->dump(), R"({"bytes_down":4711,"bytes_up":7,"duration_ms":1234,)"
                                           R"("ended":"via_upstream","request":"01M7YMVAF5K70WB9Q2S4T6V8XZ",)"
                                           R"("status":200,"upstream":"192.0.2.80:8443"})");
  EXPECT_EQ(count("recorded"), 1u);
}

TEST_F(AccessLogTest, TheSessionIsNamedWithWhoItIs) {
  const auto token = gate_.access_token(gate_.id_token());
  const std::string session(gate_.log().back().string_or("session", ""));
  auto entry = envoys_entry();
  add(*entry.mutable_common_properties()->mutable_metadata()->mutable_filter_metadata(0)->mutable_value(), "session",
      session);
  send({message_of(entry)});
  ASSERT_EQ(written().size(), 1u);
  EXPECT_EQ(written()[0].string_or("session", "none"), session);
  EXPECT_EQ(written()[0].find("who")->string_or("project", ""), "acme/billing");
}

TEST_F(AccessLogTest, WhatNamesNoRecordIsCountedAndNotWritten) {
  wire::HTTPAccessLogEntry nothing, elsewhere;
  add(told(elsewhere, "envoy.filters.http.jwt_authn"), "record", kRecord);
  std::vector<std::string> entries{nothing.SerializeAsString(), elsewhere.SerializeAsString()};
  for (const auto* record : {"", "01M7", "81M7YMVAF5K70WB9Q2S4T6V8XZ", "01m7ymvaf5k70wb9q2s4t6v8xz",
                             "01M7YMVAF5K70WB9Q2S4T6V8X\n", "01M7YMVAF5K70WB9Q2S4T6V8XZ0"})
    entries.push_back(envoys_entry(record).SerializeAsString());
  EXPECT_EQ(send({message_of(entries)}).trailers, (http::Headers{{"grpc-status", "0"}}));
  EXPECT_TRUE(written().empty());
  EXPECT_EQ(count("no_record"), entries.size());
}

TEST_F(AccessLogTest, RefusalsAndRequestsThatGoOnAreSkipped) {
  wire::HTTPAccessLogEntry denied;
  auto& members = told(denied);
  add(members, "decision", "deny");
  add(members, "record", kRecord);
  auto started = envoys_entry(), goes_on = envoys_entry();
  started.mutable_common_properties()->set_access_log_type(4);
  goes_on.mutable_common_properties()->set_intermediate_log_entry(true);
  send({message_of({denied.SerializeAsString(), started.SerializeAsString(), goes_on.SerializeAsString()})});
  EXPECT_TRUE(written().empty());
  EXPECT_EQ(count("skipped"), 3u);
}

TEST_F(AccessLogTest, WhatWasCutAfterItHadBeenLetThroughIsNoRefusal) {
  auto entry = envoys_entry();
  auto& members = *entry.mutable_common_properties()->mutable_metadata()->mutable_filter_metadata(0)->mutable_value();
  members.mutable_fields(0)->mutable_value()->set_string_value("deny");
  add(members, "session", kRecord);
  EXPECT_EQ(read_log_entry(entry.SerializeAsString()).kind, LogEntry::Kind::done);
}

TEST_F(AccessLogTest, WithoutRecordsOfRequestsThereAreNoneOfTheirEnds) {
  const auto before = gate_.log().size();
  send({message_of(envoys_entry())}, RequestRecords::off);
  EXPECT_EQ(gate_.log().size(), before);
  EXPECT_EQ(count("skipped"), 1u);
}

TEST_F(AccessLogTest, ABrokenEntryCostsNoOtherAndABrokenMessageEndsTheStream) {
  const auto good = envoys_entry().SerializeAsString();
  EXPECT_EQ(send({message_of({"\xff\xff", good})}).trailers, (http::Headers{{"grpc-status", "0"}}));
  EXPECT_EQ(written().size(), 1u);
  EXPECT_EQ(send({"\xff\xff", message_of({good})}).header("grpc-status"), "3");
  const std::vector<std::string> many(kMaxLogEntries + 1, good.substr(0, 0));
  EXPECT_EQ(send({message_of(many)}).header("grpc-status"), "8");
  EXPECT_EQ(send({std::string(kMaxLogMessage + 1, 'x')}).header("grpc-status"), "8");
  EXPECT_EQ(written().size(), 1u);
}

TEST_F(AccessLogTest, TextFromOutsideIsBounded) {
  auto entry = envoys_entry();
  auto& common = *entry.mutable_common_properties();
  common.mutable_upstream_remote_address()->mutable_socket_address()->set_address(std::string(100'000, 'a'));
  entry.mutable_response()->set_response_code_details(std::string(100'000, '\n'));
  entry.mutable_request()->set_request_body_bytes(UINT64_MAX);
  common.mutable_duration()->set_seconds(INT64_MAX);
  common.mutable_duration()->set_nanos(-1);
  add(*common.mutable_metadata()->mutable_filter_metadata(0)->mutable_value(), "session", std::string(100'000, '\xff'));
  const auto read = read_log_entry(entry.SerializeAsString());
  ASSERT_EQ(read.kind, LogEntry::Kind::done);
  EXPECT_TRUE(read.session.empty());
  EXPECT_LT(read.detail.dump().size(), 2500u);
  EXPECT_EQ(read.detail.find("bytes_up")->dump(), "9007199254740991");
  EXPECT_EQ(read.detail.find("duration_ms")->dump(), "1000000000000");
}

TEST_F(AccessLogTest, HowARequestEndedIsToldByItsFlags) {
  auto entry = envoys_entry();
  auto& common = *entry.mutable_common_properties();
  common.mutable_response_flags()->set_downstream_connection_termination(true);
  common.mutable_response_flags()->set_duration_timeout(true);
  common.mutable_upstream_remote_address()->mutable_socket_address()->set_address("2001:db8::1");
  entry.mutable_response()->mutable_response_code()->set_value(0);
  const auto detail = read_log_entry(entry.SerializeAsString()).detail;
  EXPECT_EQ(detail.string_or("flags", ""), "DC,DT");
  EXPECT_EQ(detail.string_or("upstream", ""), "[2001:db8::1]:8443");
  EXPECT_EQ(detail.find("status"), nullptr) << "there was no answer";
  common.mutable_upstream_remote_address()->Clear();
  EXPECT_EQ(read_log_entry(entry.SerializeAsString()).detail.string_or("upstream", ""), "resource/billing-api");
}

TEST_F(AccessLogTest, TheRecordMayComeWithTheMetadataOfExtProc) {
  auto entry = envoys_entry();
  entry.mutable_common_properties()->mutable_metadata()->mutable_filter_metadata(0)->set_key(
      "envoy.filters.http.ext_proc");
  EXPECT_EQ(read_log_entry(entry.SerializeAsString()).record, kRecord);
}

TEST_F(AccessLogTest, AMessageWaitsForTheStoreAndIsLostToNoFailure) {
  const auto service = AccessLogService::make(gate_.service(), RequestRecords::batch);
  gate_.store().hold();
  std::jthread envoy([&] { send(*service, {message_of(envoys_entry()), message_of(envoys_entry())}); });
  const auto wait_for_one = [&] {
    while (gate_.store().held() == 0) std::this_thread::yield();
  };
  wait_for_one();
  EXPECT_EQ(gate_.store().held(), 1u) << "the second message waits for the first";
  gate_.store().release(false);
  wait_for_one();
  EXPECT_EQ(count("recorded"), 0u) << "it failed, and is written again";
  gate_.store().release_all();
  envoy.join();
  EXPECT_EQ(written().size(), 2u);
  EXPECT_EQ(count("lost"), 0u);
}

TEST_F(AccessLogTest, AGateThatStopsWaitsForNoStore) {
  const auto service = AccessLogService::make(gate_.service(), RequestRecords::batch);
  gate_.store().fail(true);
  std::jthread envoy([&] { send(*service, {message_of(envoys_entry())}); });
  service->stop();
  envoy.join();
  EXPECT_EQ(count("recorded"), 0u);
  EXPECT_EQ(send(*service, {message_of(envoys_entry())}).header("grpc-status"), "14");
}

TEST_F(AccessLogTest, AnythingElseIsNotFound) {
  const auto service = AccessLogService::make(gate_.service(), RequestRecords::batch);
  const auto reply = testing::call(*service, {.target = std::string(kAccessLog)});
  EXPECT_EQ(reply.status, 404);
}

}  // namespace
}  // namespace watchword::envoy
