// gRPC's framing is read strictly, and a refusal says the same as problem+json does.
#include "http/grpc.h"

#include <gmock/gmock.h>

#include "base/encoding.h"
#include "http/problem.h"
#include "net/loop.h"

namespace watchword::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pointee;

using std::string_literals::operator""s;

class Pieces final : public Body {
 public:
  explicit Pieces(std::string all, std::size_t piece) : all_(std::move(all)), piece_(piece) {}
  net::Task<Result<std::string_view>> next() override {
    const auto piece = std::string_view(all_).substr(at_, piece_);
    at_ += piece.size();
    co_return piece;
  }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }
  const Headers& trailers() const override { return trailers_; }

 private:
  std::string all_;
  std::size_t at_ = 0, piece_;
  Headers trailers_;
};

Result<std::string> read_unary(std::string body, std::size_t max = 8) {
  Pieces pieces(std::move(body), 3);
  return net::run_blocking(read_grpc_message(pieces, max, std::chrono::seconds(10)));
}

Reason why_not(const std::string& body, std::size_t max = 8) {
  const auto read = read_unary(body, max);
  return read ? Reason::internal : read.error().reason;
}

TEST(Grpc, CutsABodyIntoItsMessagesWhereverThePiecesEnd) {
  const auto body = grpc_frame("one") + grpc_frame("") + grpc_frame("three");
  for (std::size_t piece = 1; piece <= body.size(); ++piece) {
    GrpcMessages messages(5);
    std::vector<std::string> found;
    for (std::size_t at = 0; at < body.size(); at += piece) {
      messages.feed(std::string_view(body).substr(at, piece));
      for (auto next = messages.next(); next.value(); next = messages.next()) found.push_back(**next);
    }
    EXPECT_EQ(found, (std::vector<std::string>{"one", "", "three"})) << piece;
    EXPECT_TRUE(messages.between());
  }
}

TEST(Grpc, ReadsTheOneMessageOfAUnaryCall) {
  EXPECT_EQ(read_unary("\0\0\0\0\x03"
                       "abc"s)
                .value(),
            "abc");
  EXPECT_EQ(read_unary(grpc_frame("12345678")).value(), "12345678");
}

TEST(Grpc, RefusesWhatIsNotOnePlainMessage) {
  EXPECT_EQ(why_not(""), Reason::http_malformed);
  EXPECT_EQ(why_not("\0\0\0\0"s), Reason::http_malformed);
  EXPECT_EQ(why_not("\0\0\0\0\x03"
                    "ab"s),
            Reason::http_malformed)
      << "cut short";
  EXPECT_EQ(why_not(grpc_frame("a") + grpc_frame("b")), Reason::http_malformed) << "two";
  EXPECT_EQ(why_not("\x01\0\0\0\x01"
                    "a"s),
            Reason::http_malformed)
      << "compressed";
  EXPECT_EQ(why_not("\x02\0\0\0\x01"
                    "a"s),
            Reason::http_malformed)
      << "unknown flags";
  EXPECT_EQ(why_not(grpc_frame("123456789")), Reason::http_too_large);
}

TEST(Grpc, ALengthIsBelievedOnlyUpToTheLimit) {
  GrpcMessages messages(1000);
  messages.feed("\0\xff\xff\xff\xff"s);
  EXPECT_EQ(messages.next().error().reason, Reason::http_too_large) << "before any of it has arrived";
}

TEST(Grpc, KnowsAClientThatSpeaksIt) {
  for (const char* type : {"application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"})
    EXPECT_TRUE(is_grpc({{"content-type", type}})) << type;
  for (const char* type : {"application/grpc-web", "application/grpc-web+proto", "application/json", ""})
    EXPECT_FALSE(is_grpc({{"content-type", type}})) << type;
  EXPECT_FALSE(is_grpc({}));
}

TEST(Grpc, TheStatusTellsDeniedFromCouldNotAsk) {
  EXPECT_EQ(grpc_code(Reason::token_missing), GrpcCode::unauthenticated);
  EXPECT_EQ(grpc_code(Reason::not_permitted), GrpcCode::permission_denied);
  EXPECT_EQ(grpc_code(Reason::store_unavailable), GrpcCode::unavailable);
  EXPECT_EQ(grpc_code(Reason::internal), GrpcCode::internal);
  EXPECT_EQ(grpc_code(Reason::path_ambiguous), GrpcCode::invalid_argument);
  EXPECT_EQ(grpc_code(Reason::host_unknown), GrpcCode::not_found);
  EXPECT_EQ(grpc_code(Reason::upstream_timeout), GrpcCode::deadline_exceeded);
  EXPECT_EQ(grpc_code(Reason::http_too_large), GrpcCode::resource_exhausted);
  EXPECT_EQ(grpc_code(Reason::limit_reached), GrpcCode::resource_exhausted);
  for (const Reason reason : all_reasons()) EXPECT_NE(grpc_code(reason), GrpcCode::ok) << name(reason);
}

std::string details_of(const ResponseHead& head) {
  auto text = *head.headers.find("grpc-status-details-bin");
  EXPECT_THAT(text, Not(HasSubstr("=")));
  text.resize((text.size() + 3) / 4 * 4, '=');
  const auto bytes = from_base64(text);
  return bytes ? *bytes : "not base64";
}

TEST(Grpc, ARefusalCarriesTheReasonAndWhatItsProblemTells) {
  const Error error{Reason::not_permitted, "role 100% \xc3\xbc", "another", {}, {}};
  const auto head = grpc_refusal(error.reason, problem(error, true, "rec-1"), {{"dpop-nonce", "n"}});
  EXPECT_EQ(head.status, 200);
  EXPECT_THAT(head.headers.find("content-type"), Pointee("application/grpc"s));
  EXPECT_THAT(head.headers.find("grpc-status"), Pointee("7"s));
  EXPECT_THAT(head.headers.find("grpc-message"), Pointee("not_permitted: found role 100%25 %C3%BC, expected another"s));
  EXPECT_THAT(head.headers.find("dpop-nonce"), Pointee("n"s));
  const auto told = details_of(head);
  EXPECT_THAT(told, ::testing::StartsWith("\x08\x07\x12"s));
  EXPECT_THAT(told, HasSubstr("type.googleapis.com/google.rpc.ErrorInfo"));
  EXPECT_THAT(told, HasSubstr("\x0a\x0dNOT_PERMITTED\x12\x09watchword\x1a"s));
  EXPECT_THAT(told, HasSubstr("\x0a\x06record\x12\x05rec-1"s));
  EXPECT_THAT(told, HasSubstr("\x0a\x08"
                              "expected\x12\x07"
                              "another"s));
}

TEST(Grpc, AStrangerLearnsTheReasonAndNoMore) {
  const Error error{Reason::no_binding, "ref 'feature/x'", "ref 'main'", {}, "run on main"};
  const auto head = grpc_refusal(error.reason, problem(error, false));
  EXPECT_THAT(*head.headers.find("grpc-message"), ::testing::StartsWith("no_binding: "));
  EXPECT_THAT(*head.headers.find("grpc-message") + details_of(head), Not(HasSubstr("main")));
}

TEST(Grpc, TextThatACallerCanGrowStaysWithinTheHeadersThatClientsTake) {
  std::string found;
  for (int i = 0; i < 10'000; ++i) found += "\xc3\xbc";
  const Error error{Reason::not_permitted, found, found, {}, {}};
  const auto head = grpc_refusal(error.reason, problem(error, true));
  std::size_t size = 0;
  for (const auto& header : head.headers) size += header.name.size() + header.value.size();
  EXPECT_LT(size, 8000u);
}

}  // namespace
}  // namespace watchword::http
