#include "registration/phone/diagnosis_call.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/rules/redemption.h"
#include "registration/service/uuid.h"
#include "tests/registration/phone/phone_testing.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::SizeIs;

TEST(DiagnosisCallTest, BodyIsWhatTheServerReads) {
  const std::vector<DiagnosisKey> keys = {KeyOfDay(1)};
  const auto body = DiagnosisBody(
      {.idempotency_key = "the-uuid", .keys = keys, .number = "01234567"});
  ASSERT_THAT(body, IsOk());
  EXPECT_THAT(body->text(), SizeIs(4096));
  nlohmann::json object = nlohmann::json::parse(body->text());
  EXPECT_TRUE(object.contains("padding"));
  object.erase("padding");
  EXPECT_EQ(object, nlohmann::json::parse(R"({
      "keys": [{"keyData": "oaGhoaGhoaGhoaGhoaGhoQ==",
                "rollingStartNumber": 2679120, "rollingPeriod": 144,
                "reportType": 1}],
      "regions": ["440"], "verificationPayload": "01234567",
      "idempotencyKey": "the-uuid"})"));
}

TEST(DiagnosisCallTest, AllBodiesHaveOneSize) {
  for (const size_t num_keys : {1, 2, 15, 30}) {
    const std::vector<DiagnosisKey> keys(num_keys, KeyOfDay(1));
    const auto body = DiagnosisBody(
        {.idempotency_key = NewUuid(), .keys = keys, .number = "01234567"});
    ASSERT_THAT(body, IsOk());
    EXPECT_THAT(body->text(), SizeIs(4096)) << num_keys;
  }
}

TEST(DiagnosisCallTest, IdempotencyKeysAreRandomUuids) {
  std::set<std::string> keys;
  for (int i = 0; i < 1000; ++i) {
    const std::string key = NewUuid();
    EXPECT_THAT(ClaimOf(key), IsOk());
    EXPECT_EQ(key[14], '4');
    EXPECT_NE(std::string("89ab").find(key[19]), std::string::npos) << key;
    keys.insert(key);
  }
  EXPECT_THAT(keys, SizeIs(1000));
}

TEST(DiagnosisCallTest, RetryAfterIsBounded) {
  const auto wait = [](const std::string& value) {
    return ReadDiagnosisAnswer(
               {.status = 429,
                .headers = {{"Retry-After", value}},
                .body = R"({"reason":"too_many_wrong_numbers"})"})
        .retry_after;
  };
  EXPECT_EQ(wait("30"), absl::Seconds(30));
  EXPECT_EQ(wait("3600"), absl::Hours(1));
  EXPECT_EQ(wait("99999999"), absl::Hours(1));
  for (const char* none : {"", "-1", "soon", "99999999999999999999"}) {
    EXPECT_EQ(wait(none), absl::ZeroDuration()) << none;
  }
}

TEST(DiagnosisCallTest, UnreachableWhateverGoesWrongOnTheWay) {
  FakeClient client;
  const std::vector<DiagnosisKey> keys = {KeyOfDay(1)};
  const auto result = SendDiagnosis(
      client, "http://127.0.0.1:1",
      {.idempotency_key = "x", .keys = keys, .number = "01234567"});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->answer, DiagnosisAnswer::kUnreachable);
  client.Answer(200, R"({"accepted":1,"accepted":2})");
  EXPECT_EQ(SendDiagnosis(
                client, "http://127.0.0.1:1",
                {.idempotency_key = "x", .keys = keys, .number = "01234567"})
                ->answer,
            DiagnosisAnswer::kUnreachable);
}

}  // namespace
}  // namespace tekmatch
