// What follows an answer, a refusal, or an answer that does not come: the same
// request again or another one, and who has to wait.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/phone/phone.h"
#include "tests/registration/phone/phone_testing.h"
#include "tests/registration/phone/phone_world.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::SizeIs;

TEST_F(PhoneTest, R4LostAnswerLeadsToTheSameRequest) {
  Fill();
  EXPECT_EQ(Send(), PhoneSendResult::kRefused);
  EXPECT_EQ(View().refusal.kind, RefusalKind::kUnreachable);
  EXPECT_TRUE(View().has_attempt);
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_EQ(Send(), PhoneSendResult::kDone);
  ASSERT_THAT(client_.calls, SizeIs(2));
  EXPECT_EQ(client_.calls[0].Json(), client_.calls[1].Json());
}

TEST_F(PhoneTest, R4KillBetweenSendAndAnswerLeadsToTheSameRequest) {
  Fill();
  EXPECT_EQ(Send(), PhoneSendResult::kRefused);  // no answer: as if it was lost
  Restart();
  const PhoneView view = View();
  EXPECT_TRUE(view.has_attempt);
  EXPECT_EQ(view.gate, Gate::kOpen);
  EXPECT_EQ(view.typed.number, "");
  EXPECT_FALSE(view.preview.has_value());
  EXPECT_EQ(Send(), PhoneSendResult::kNotReady);
  // Only the number is asked: neither symptoms nor a date, which would choose
  // other keys. A day later, too.
  clock_.Advance(absl::Hours(20));
  EXPECT_EQ(Submit({.symptoms = "", .date = "", .number = "3827 1946"}),
            FormResult::kReady);
  EXPECT_EQ(View().preview->num_keys, 5);
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_EQ(Send(), PhoneSendResult::kDone);
  ASSERT_THAT(client_.calls, SizeIs(2));
  EXPECT_EQ(client_.calls[0].Json(), client_.calls[1].Json());
}

TEST_F(PhoneTest, AnotherNumberAfterALostAnswerIsDoneBefore) {
  Fill();
  EXPECT_EQ(Send(), PhoneSendResult::kRefused);
  Restart();
  EXPECT_EQ(Submit(Form("11112222")), FormResult::kReady);
  client_.Answer(409, R"({"reason":"other_request"})");
  EXPECT_EQ(Send(), PhoneSendResult::kDone);
  EXPECT_EQ(View().settings.num_keys_sent, 5);
}

// The server forgets requests after a day. Then the whole form is asked, and
// the new day's key goes out as well.
TEST_F(PhoneTest, AttemptEndsADayAfterItBegan) {
  std::vector<DiagnosisKey> keys = KeysOfAFortnight();
  keys.push_back(KeyOfDay(-1));
  Begin(keys);
  Fill();
  EXPECT_EQ(Send(), PhoneSendResult::kRefused);
  // Sent again, it is no younger.
  clock_.Advance(absl::Hours(24) - absl::Milliseconds(1));
  EXPECT_EQ(Submit(Form()), FormResult::kReady);
  EXPECT_EQ(Send(), PhoneSendResult::kRefused);
  EXPECT_TRUE(View().has_attempt);
  clock_.Advance(absl::Milliseconds(1));
  // A preview of its keys is none any more.
  EXPECT_EQ(Send(), PhoneSendResult::kNotReady);
  EXPECT_FALSE(View().has_attempt);
  EXPECT_EQ(Submit({.symptoms = "", .date = "", .number = kNumber}),
            FormResult::kFaults);
  EXPECT_EQ(Submit(Form()), FormResult::kReady);
  client_.Answer(200, R"({"accepted":6,"rejected":[]})");
  EXPECT_EQ(Send(), PhoneSendResult::kDone);
  ASSERT_THAT(client_.calls, SizeIs(3));
  EXPECT_EQ(client_.calls[0].Json(), client_.calls[1].Json());
  EXPECT_NE(client_.calls[0].Json()["idempotencyKey"],
            client_.calls[2].Json()["idempotencyKey"]);
  EXPECT_THAT(client_.calls[2].Json()["keys"], SizeIs(6));
}

// A number is reserved under the idempotency key, the server cannot go on, the
// number ends, and another one is issued: it is good, and counts as such.
TEST_F(PhoneTest, AReissuedNumberIsNotRefusedForTheOldOne) {
  for (const bool restarts : {false, true}) {
    SCOPED_TRACE(restarts);
    client_.calls.clear();
    ASSERT_THAT(phone_->Cancel(), IsOk());
    Fill();
    client_.Answer(503, R"({"reason":"unreachable"})");
    EXPECT_EQ(Send(), PhoneSendResult::kRefused);
    if (restarts) Restart();
    EXPECT_EQ(Submit(Form("11112222")), FormResult::kReady);
    client_.Answer(406, R"({"reason":"number_refused"})");
    client_.Answer(406, R"({"reason":"number_refused"})");
    EXPECT_EQ(Send(), PhoneSendResult::kRefused);
    ASSERT_THAT(client_.calls, SizeIs(3));
    nlohmann::json second = client_.calls[1].Json();
    nlohmann::json third = client_.calls[2].Json();
    EXPECT_EQ(client_.calls[0].Json()["idempotencyKey"],
              second["idempotencyKey"]);
    EXPECT_NE(second["idempotencyKey"], third["idempotencyKey"]);
    second.erase("idempotencyKey");
    third.erase("idempotencyKey");
    EXPECT_EQ(second, third);
    // One wrong number was typed.
    EXPECT_EQ(View().settings.num_wrong, restarts ? 2 : 1);
  }
  client_.calls.clear();
  ASSERT_THAT(phone_->Cancel(), IsOk());
  Fill();
  client_.Answer(503, R"({"reason":"unreachable"})");
  EXPECT_EQ(Send(), PhoneSendResult::kRefused);
  EXPECT_EQ(Submit(Form("11112222")), FormResult::kReady);
  client_.Answer(406, R"({"reason":"number_refused"})");
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_EQ(Send(), PhoneSendResult::kDone);
  EXPECT_EQ(View().settings.num_wrong, 0);
  EXPECT_FALSE(View().has_attempt);
}

TEST_F(PhoneTest, TheSameNumberIsRefusedOnce) {
  Fill();
  client_.Answer(503, R"({"reason":"unreachable"})");
  EXPECT_EQ(Send(), PhoneSendResult::kRefused);
  EXPECT_EQ(Submit(Form("3827-1946")), FormResult::kReady);
  client_.Answer(406, R"({"reason":"number_refused"})");
  EXPECT_EQ(Send(), PhoneSendResult::kRefused);
  EXPECT_THAT(client_.calls, SizeIs(2));
  EXPECT_EQ(View().settings.num_wrong, 1);
}

TEST_F(PhoneTest, EachAnswer) {
  struct Case {
    int status;
    std::string body;
    RefusalKind kind;
    bool attempt_stays;
  };
  const std::vector<Case> cases = {
      {400, R"({"reason":"malformed"})", RefusalKind::kBadRequest, false},
      {400, R"({"reason":"bad_number_format"})", RefusalKind::kBadNumberFormat,
       false},
      {400, R"({"reason":"unsupported_region"})", RefusalKind::kBadRequest,
       false},
      {400, R"({"reason":"nothing_to_send"})", RefusalKind::kNothingToSend,
       false},
      {400, R"({"reason":"too_many_keys"})", RefusalKind::kBadRequest, false},
      {400, R"({"reason":"no_acceptable_key"})", RefusalKind::kNoAcceptableKey,
       false},
      {413, R"({"reason":"too_large"})", RefusalKind::kBadRequest, false},
      {406, R"({"reason":"number_refused"})", RefusalKind::kNumberRefused,
       false},
      {503, R"({"reason":"unreachable"})", RefusalKind::kUnavailable, true},
      {429, R"({"reason":"too_many_wrong_numbers"})",
       RefusalKind::kTooManyWrong, true},
      // Not of this server: a proxy, a hotel's network.
      {200, "<html>Welcome to our network</html>", RefusalKind::kUnreachable,
       true},
      {200, R"({"ok":true})", RefusalKind::kUnreachable, true},
      {200, R"({"accepted":-1})", RefusalKind::kUnreachable, true},
      {200, R"({"accepted":31})", RefusalKind::kUnreachable, true},
      {406, "Not Acceptable", RefusalKind::kUnreachable, true},
      {406, R"({"reason":"language"})", RefusalKind::kUnreachable, true},
      {400, R"({"reason":"anything"})", RefusalKind::kUnreachable, true},
      {409, R"({"reason":"conflict"})", RefusalKind::kUnreachable, true},
      {500, R"({"reason":"internal"})", RefusalKind::kUnreachable, true},
      {301, "", RefusalKind::kUnreachable, true},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.body);
    ASSERT_THAT(phone_->Cancel(), IsOk());
    Fill();
    client_.Answer(c.status, c.body);
    EXPECT_EQ(Send(), PhoneSendResult::kRefused);
    const PhoneView view = View();
    EXPECT_EQ(view.refusal.kind, c.kind);
    EXPECT_EQ(view.has_attempt, c.attempt_stays);
    EXPECT_EQ(view.preview.has_value(), c.attempt_stays);
    EXPECT_EQ(view.typed.number, kNumber);  // R8: what was typed stays
    EXPECT_EQ(view.gate, Gate::kOpen);
  }
}

TEST_F(PhoneTest, AfterARefusalTheNextRequestIsAnotherOne) {
  Fill();
  client_.Answer(406, R"({"reason":"number_refused"})");
  EXPECT_EQ(Send(), PhoneSendResult::kRefused);
  // A second tap on the old page sends nothing.
  EXPECT_EQ(Send(), PhoneSendResult::kRefused);
  ASSERT_THAT(client_.calls, SizeIs(1));
  EXPECT_EQ(Submit(Form("11112222")), FormResult::kReady);
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_EQ(Send(), PhoneSendResult::kDone);
  EXPECT_NE(client_.calls[0].Json()["idempotencyKey"],
            client_.calls[1].Json()["idempotencyKey"]);
}

TEST_F(PhoneTest, R8WrongNumbersWaitAndNothingIsDiscarded) {
  Fill();
  int num_sent = 0;
  for (const int wait : {0, 0, 5, 10, 15, 20}) {
    client_.Answer(406, R"({"reason":"number_refused"})");
    EXPECT_EQ(Send(), PhoneSendResult::kRefused);
    ++num_sent;
    EXPECT_EQ(View().wait, absl::Seconds(wait));
    EXPECT_EQ(View().refusal.num_wrong, num_sent);
    if (wait > 0) {
      EXPECT_EQ(Submit(Form("11112222")), FormResult::kWait);
      EXPECT_EQ(View().typed.number, "11112222");
      // A restart forgives nothing.
      Restart();
      clock_.Advance(absl::Seconds(wait) - absl::Milliseconds(1));
      EXPECT_EQ(View().wait, absl::Seconds(1));
      EXPECT_EQ(Submit(Form("11112222")), FormResult::kWait);
      clock_.Advance(absl::Milliseconds(1));
    }
    EXPECT_EQ(Submit(Form()), FormResult::kReady);
  }
  EXPECT_THAT(client_.calls, SizeIs(num_sent));
  // The right one ends it.
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_EQ(Send(), PhoneSendResult::kDone);
  EXPECT_EQ(View().settings.num_wrong, 0);
}

TEST_F(PhoneTest, RetryAfterIsWaitedFor) {
  Fill();
  client_.Answer(429, R"({"reason":"too_many_wrong_numbers"})",
                 {{"Retry-After", "60"}});
  EXPECT_EQ(Send(), PhoneSendResult::kRefused);
  EXPECT_EQ(View().wait, absl::Seconds(60));
  EXPECT_EQ(Send(), PhoneSendResult::kWait);
  clock_.Advance(absl::Seconds(60));
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_EQ(Send(), PhoneSendResult::kDone);
  ASSERT_THAT(client_.calls, SizeIs(2));
  EXPECT_EQ(client_.calls[0].Json(), client_.calls[1].Json());
}

}  // namespace
}  // namespace tekmatch
