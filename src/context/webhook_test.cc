// Vectors: the tests of the Standard Webhooks reference libraries (Python, JavaScript and Rust).
#include "context/webhook.h"

#include <gmock/gmock.h>

#include <optional>

#include "base/text.h"
#include "crypto/digest.h"

namespace watchword::context {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::string_view kOtherSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
constexpr std::string_view kId = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr std::string_view kBody = R"({"test": 2432232314})";
constexpr std::string_view kSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
constexpr std::string_view kToken = "glhook-0123456789abcdef";
constexpr std::string_view kUuid = "13792a34-cac6-4fda-95a8-c58e00a3954e";
const Time kSent = from_unix(1614265330);

WebhookSecrets secrets(std::initializer_list<std::string_view> texts) {
  WebhookSecrets all;
  for (const std::string_view text : texts) EXPECT_TRUE(add_secret(all, Secret(text)).has_value()) << text;
  return all;
}

struct Delivery {
  std::optional<std::string> id, timestamp, signature, token, idempotency_key, event_uuid;
  std::string body = std::string(kBody);

  Result<IncomingWebhook> opened(Time now, const WebhookSecrets& with) const {
    const auto header = [](const std::optional<std::string>& value) { return value ? &*value : nullptr; };
    return IncomingWebhook::open(with,
                                 {.id = header(id),
                                  .timestamp = header(timestamp),
                                  .signature = header(signature),
                                  .token = header(token),
                                  .idempotency_key = header(idempotency_key),
                                  .event_uuid = header(event_uuid)},
                                 now);
  }
  Result<std::string> at(Time now, const WebhookSecrets& with, std::size_t piece = 7) const {
    WW_TRY(auto incoming, opened(now, with));
    for (std::size_t i = 0; i < body.size(); i += piece) incoming.add(std::string_view(body).substr(i, piece));
    return incoming.finish();
  }
};

Delivery with_signature(std::string_view signature = kSignature) {
  Delivery delivery;
  delivery.id = kId;
  delivery.timestamp = "1614265330";
  delivery.signature = signature;
  return delivery;
}

Delivery with_token(std::string_view token = kToken) {
  Delivery delivery;
  delivery.token = token;
  return delivery;
}

Reason refusal(const Result<std::string>& result) {
  if (result) return Reason::internal;
  EXPECT_FALSE(result.error().found.empty());
  EXPECT_FALSE(result.error().expected.empty());
  return result.error().reason;
}

TEST(Webhook, TakesThePublishedVectors) {
  EXPECT_EQ(with_signature().at(kSent, secrets({kSecret})).value(), kId);

  Delivery rust = with_signature("v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
  rust.id = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
  rust.timestamp = "1649367553";
  rust.body = R"({"email":"test@example.com","username":"test_user"})";
  EXPECT_EQ(rust.at(from_unix(1649367553), secrets({kOtherSecret})).value(), "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk");
}

TEST(Webhook, OneRightSignatureAmongSeveralIsEnough) {
  const std::string wrong = "Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";
  const std::string around = "v1," + wrong + "  v2," + wrong + " " + std::string(kSignature) + " v1," + wrong;
  EXPECT_TRUE(with_signature(around).at(kSent, secrets({kSecret})).has_value());
  EXPECT_EQ(refusal(with_signature("v1," + wrong + " v1," + wrong).at(kSent, secrets({kSecret}))),
            Reason::webhook_unauthenticated);
}

TEST(Webhook, EitherKeyHoldsWhileOneIsBeingReplaced) {
  EXPECT_TRUE(with_signature().at(kSent, secrets({kSecret, kOtherSecret})).has_value());
  EXPECT_TRUE(with_signature().at(kSent, secrets({kOtherSecret, kSecret})).has_value());
  EXPECT_EQ(refusal(with_signature().at(kSent, secrets({kOtherSecret}))), Reason::webhook_unauthenticated);
}

TEST(Webhook, IsStaleBeyondFiveMinutesEitherWay) {
  const auto both = secrets({kSecret});
  for (const auto off : {seconds(0), seconds(300), seconds(-300)})
    EXPECT_TRUE(with_signature().at(kSent + off, both).has_value()) << off.count();
  for (const Duration off : {Duration(seconds(300)) + microseconds(1), -Duration(seconds(300)) - microseconds(1),
                             Duration(std::chrono::hours(24)), -Duration(std::chrono::hours(24))})
    EXPECT_EQ(refusal(with_signature().at(kSent + off, both)), Reason::webhook_stale) << off.count();
}

Reason refused_by_headers(const Delivery& delivery, const WebhookSecrets& with) {
  const auto incoming = delivery.opened(kSent, with);
  return incoming ? Reason::internal : incoming.error().reason;
}

TEST(Webhook, WhatCannotBeRightIsRefusedByItsHeadersAlone) {
  const auto both = secrets({kSecret, kToken});
  Delivery stale = with_signature(), timeless = with_signature(), odd_id = with_signature(), odd_key = with_token();
  stale.timestamp = "1614260000";
  timeless.timestamp = "soon";
  odd_id.id = odd_key.idempotency_key = "a.b";
  EXPECT_EQ(refused_by_headers(stale, both), Reason::webhook_stale);
  EXPECT_EQ(refused_by_headers(timeless, both), Reason::request_invalid);
  EXPECT_EQ(refused_by_headers(odd_id, both), Reason::request_invalid);
  EXPECT_EQ(refused_by_headers(odd_key, both), Reason::request_invalid);
  EXPECT_EQ(refused_by_headers(Delivery(), both), Reason::webhook_unauthenticated);
  EXPECT_EQ(refused_by_headers(with_token("not-the-token-at-all"), both), Reason::webhook_unauthenticated);
  EXPECT_EQ(refused_by_headers(with_signature("v1,AAAA v1a," + std::string(44, 'A')), both),
            Reason::webhook_unauthenticated);
  EXPECT_EQ(refused_by_headers(with_signature(), secrets({kToken})), Reason::webhook_unauthenticated);
}

TEST(Webhook, OnlyATokenVouchesBeforeTheBody) {
  const auto both = secrets({kSecret, kToken});
  Delivery with_both = with_signature(), with_wrong = with_signature();
  with_both.token = kToken;
  with_wrong.token = "not-the-token-at-all";
  EXPECT_TRUE(with_token().opened(kSent, both)->vouched());
  EXPECT_TRUE(with_both.opened(kSent, both)->vouched());
  EXPECT_FALSE(with_wrong.opened(kSent, both)->vouched());
  EXPECT_FALSE(with_signature().opened(kSent, both)->vouched());
}

TEST(Webhook, ABodyMayArriveInAnyPieces) {
  for (const std::size_t piece : {1U, 3U, 1000U}) {
    EXPECT_EQ(with_signature().at(kSent, secrets({kOtherSecret, kSecret}), piece).value(), kId);
    EXPECT_EQ(with_token().at(kSent, secrets({kToken}), piece).value(), crypto::sha256_hex(kBody));
  }
}

TEST(Webhook, RefusesForgedAndTruncatedSignatures) {
  const std::string good(kSignature);
  const std::string truncated[] = {"", "v1", "v1,", good.substr(0, 8), good.substr(0, good.size() - 1)};
  for (const std::string& text : truncated)
    EXPECT_EQ(refusal(with_signature(text).at(kSent, secrets({kSecret}))), Reason::webhook_unauthenticated) << text;
  for (const std::string& text :
       {good + "=", good + ",", "V1" + good.substr(2), "v1, " + good.substr(3),
        good.substr(0, good.size() - 2) + "F=", std::string("v1,g0hM9SsE-OTPJTGt_tmIKtSyZlE3uFJELVlNIOLJ1OE=")})
    EXPECT_EQ(refusal(with_signature(text).at(kSent, secrets({kSecret}))), Reason::webhook_unauthenticated) << text;

  Delivery changed[] = {with_signature(), with_signature(), with_signature()};
  changed[0].body += " ";
  changed[1].id = "msg_p5jXN8AQM9LWM0D4loKWxJeK";
  changed[2].timestamp = "01614265330";  // the same time in other characters
  for (const Delivery& delivery : changed)
    EXPECT_EQ(refusal(delivery.at(kSent, secrets({kSecret}))), Reason::webhook_unauthenticated);
}

TEST(Webhook, PassesOverOtherVersions) {
  for (const char* version : {"v1a,", "v2,", "v0,", "v1 ,", ","})
    EXPECT_EQ(refusal(with_signature(version + std::string(kSignature.substr(3))).at(kSent, secrets({kSecret}))),
              Reason::webhook_unauthenticated)
        << version;
}

TEST(Webhook, TakesAnIssuersTokensAndNoOther) {
  const auto tokens = secrets({kToken, "the-other-token-of-it"});
  EXPECT_TRUE(with_token().at(kSent, tokens).has_value());
  EXPECT_TRUE(with_token("the-other-token-of-it").at(kSent, tokens).has_value());
  for (const std::string& wrong : {std::string(), std::string(kToken.substr(1)), std::string(kToken) + "x",
                                   std::string("GLHOOK-0123456789ABCDEF"), std::string(kToken) + '\0'})
    EXPECT_EQ(refusal(with_token(wrong).at(kSent, tokens)), Reason::webhook_unauthenticated) << wrong;
  EXPECT_EQ(refusal(Delivery().at(kSent, tokens)), Reason::webhook_unauthenticated);
}

TEST(Webhook, RefusesWhatNoSecretIsConfiguredFor) {
  EXPECT_EQ(refusal(with_token().at(kSent, secrets({kSecret}))), Reason::webhook_unauthenticated);
  EXPECT_EQ(refusal(with_signature().at(kSent, secrets({kToken}))), Reason::webhook_unauthenticated);
  EXPECT_EQ(refusal(with_token("").at(kSent, WebhookSecrets())), Reason::webhook_unauthenticated);
  EXPECT_EQ(refusal(with_token(kSecret).at(kSent, secrets({kSecret}))), Reason::webhook_unauthenticated);
}

TEST(Webhook, ATokenDoesNotMakeUpForAWrongSignature) {
  Delivery both = with_signature();
  both.token = kToken;
  EXPECT_TRUE(both.at(kSent, secrets({kSecret, kToken})).has_value());
  EXPECT_EQ(refusal(both.at(kSent, secrets({kToken}))), Reason::webhook_unauthenticated);
  EXPECT_EQ(refusal(both.at(kSent + seconds(301), secrets({kSecret, kToken}))), Reason::webhook_stale);
  both.body = "{}";
  EXPECT_EQ(refusal(both.at(kSent, secrets({kSecret, kToken}))), Reason::webhook_unauthenticated);
  both.signature = "";
  EXPECT_EQ(refusal(both.at(kSent, secrets({kSecret, kToken}))), Reason::webhook_unauthenticated);
}

TEST(Webhook, AWrongTokenDoesNotSpoilARightSignature) {
  Delivery both = with_signature();
  both.token = "not-the-token-at-all";
  EXPECT_TRUE(both.at(kSent, secrets({kSecret, kToken})).has_value());
}

TEST(Webhook, RefusesASignatureWithoutWhatItCovers) {
  Delivery without_id = with_signature(), without_time = with_signature();
  without_id.id.reset();
  without_time.timestamp.reset();
  EXPECT_EQ(refusal(without_id.at(kSent, secrets({kSecret}))), Reason::request_invalid);
  EXPECT_EQ(refusal(without_time.at(kSent, secrets({kSecret}))), Reason::request_invalid);
}

TEST(Webhook, RefusesMalformedAndHugeHeaders) {
  for (const char* time : {"", "hello", "-1", "+1614265330", "1614265330.5", " 1614265330", "1614265330\n", "0x10",
                           "1614265330000", "99999999999999999999999"}) {
    Delivery delivery = with_signature();
    delivery.timestamp = time;
    EXPECT_EQ(refusal(delivery.at(kSent, secrets({kSecret}))), Reason::request_invalid) << time;
  }
  Delivery last = with_signature();
  last.timestamp = "999999999999";
  EXPECT_EQ(refusal(last.at(kSent, secrets({kSecret}))), Reason::webhook_stale);
  const std::string many = std::string(4096 - kSignature.size(), ' ') + std::string(kSignature);
  EXPECT_TRUE(with_signature(many).at(kSent, secrets({kSecret})).has_value());
  EXPECT_EQ(refusal(with_signature(many + " ").at(kSent, secrets({kSecret}))), Reason::request_invalid);
}

TEST(Webhook, AnIdIs128LettersDigitsDashesAndUnderlines) {
  const auto tokens = secrets({kToken});
  const std::string longest(128, 'a');
  for (const std::string& id : {longest, std::string("-"), std::string("AZaz09_-")}) {
    Delivery delivery = with_token();
    delivery.idempotency_key = id;
    EXPECT_EQ(delivery.at(kSent, tokens).value(), id);
  }
  for (const std::string& id : {std::string(), longest + "a", std::string("a.b"), std::string("a b"),
                                std::string("a\0b", 3), std::string("a\n"), std::string("\xc3\xa9"),
                                std::string("\"a\""), std::string("a/b"), std::string(1 << 20, 'a')}) {
    Delivery token = with_token(), token_with_uuid = with_token(), other = with_signature();
    token.idempotency_key = token_with_uuid.event_uuid = other.id = id;
    EXPECT_EQ(refusal(token.at(kSent, tokens)), Reason::request_invalid) << printable(id.substr(0, 10));
    EXPECT_EQ(refusal(token_with_uuid.at(kSent, tokens)), Reason::request_invalid) << printable(id.substr(0, 10));
    EXPECT_EQ(refusal(other.at(kSent, secrets({kSecret}))), Reason::request_invalid) << printable(id.substr(0, 10));
  }
}

TEST(Webhook, ADotInTheIdCannotMoveTheTimestamp) {  // "{id}.{ts}.{body}" would be the same text
  Delivery moved = with_signature();
  moved.id = std::string(kId) + ".1614265330";
  moved.timestamp = "0";
  EXPECT_EQ(refusal(moved.at(kSent, secrets({kSecret}))), Reason::request_invalid);
}

TEST(Webhook, OfSeveralIdsTheMostTrustworthyCounts) {
  Delivery all = with_signature();
  all.token = kToken;
  all.idempotency_key = "f5e5f430-f57b-4e6e-9fac-d9128cd7232f";
  all.event_uuid = kUuid;
  EXPECT_EQ(all.at(kSent, secrets({kSecret, kToken})).value(), kId);
  all.signature.reset();  // then webhook-id is nobody's word
  EXPECT_EQ(all.at(kSent, secrets({kSecret, kToken})).value(), "f5e5f430-f57b-4e6e-9fac-d9128cd7232f");
  all.idempotency_key.reset();
  EXPECT_EQ(all.at(kSent, secrets({kSecret, kToken})).value(), std::string(kUuid) + "-" + crypto::sha256_hex(kBody));
  all.event_uuid.reset();
  EXPECT_EQ(all.at(kSent, secrets({kSecret, kToken})).value(), crypto::sha256_hex(kBody));
}

TEST(Webhook, EventsOfOneChainShareAUuidButNotAnId) {
  Delivery first = with_token(), second = with_token();
  first.event_uuid = second.event_uuid = std::string(63, 'u');
  second.body = R"({"test": 2432232315})";
  const auto tokens = secrets({kToken});
  EXPECT_NE(first.at(kSent, tokens).value(), second.at(kSent, tokens).value());
  EXPECT_EQ(first.at(kSent, tokens).value(), first.at(kSent, tokens).value());
  EXPECT_EQ(first.at(kSent, tokens).value().size(), 128U);
  first.event_uuid = std::string(64, 'u');
  EXPECT_EQ(refusal(first.at(kSent, tokens)), Reason::request_invalid);
}

TEST(WebhookSecrets, AreSortedByTheirForm) {
  const auto all = secrets({kSecret, kToken});
  ASSERT_EQ(all.signing.size(), 1U);
  EXPECT_EQ(all.signing[0].reveal().size(), 24U);
  ASSERT_EQ(all.tokens.size(), 1U);
  EXPECT_EQ(all.tokens[0].reveal(), kToken);
}

TEST(WebhookSecrets, RefusesWeakAndMalformedOnesWithoutQuotingThem) {
  const std::string weak[] = {"",
                              "whsec_",
                              "whsec_c2hvcnQ=",
                              "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
                              "whsec_" + std::string(88, 'A') + "AAA=",
                              "whsec_not!base64!but-long-enough-for-a-token",
                              "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                              "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                              "fifteen-charact",
                              "a-line-break-at-the-end\n",
                              " a-space-before-the-token"};
  for (const std::string& text : weak) {
    WebhookSecrets all;
    const auto added = add_secret(all, Secret(std::string_view(text)));
    ASSERT_FALSE(added.has_value()) << text;
    EXPECT_EQ(added.error().reason, Reason::config_invalid) << text;
    EXPECT_TRUE(all.signing.empty() && all.tokens.empty()) << text;
    if (text.size() > 8) {
      EXPECT_THAT(to_string(added.error()), Not(HasSubstr(text.substr(6, 8))));
    }
  }
}

}  // namespace
}  // namespace watchword::context
