#include "registration/phone/phone.h"

#include <filesystem>
#include <memory>
#include <new>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/phone/phone_import.h"
#include "registration/phone/phone_store.h"
#include "registration/rules/key_acceptance.h"
#include "tests/memory_folder.h"
#include "tests/registration/phone/phone_testing.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kNumber[] = "38271946";

class PhoneTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.server = "http://127.0.0.1:1";
    options_.exports = "http://127.0.0.1:1";
    options_.policy = *PublicationPolicy("cocoa-1.2.1");
    options_.zone = Japan();
    Begin(KeysOfAFortnight());
  }

  void Begin(const std::vector<DiagnosisKey>& keys) {
    ASSERT_THAT(AddToPhone(folder_, keys, {}, kTestNow), IsOk());
    Restart();
  }

  // As after a kill: what was in memory is gone.
  void Restart() {
    phone_ = std::make_unique<Phone>(folder_, options_, client_, clock_);
  }

  RegistrationFormInput Form(const std::string& number = kNumber) const {
    return {.symptoms = "yes", .date = "2020-12-09", .number = number};
  }

  FormResult Submit(const RegistrationFormInput& input) {
    const auto submitted = phone_->Submit(input);
    EXPECT_THAT(submitted, IsOk());
    return submitted.ok() ? submitted->result : FormResult::kGate;
  }

  // From consent to the preview.
  void Fill() {
    ASSERT_THAT(phone_->Consent(), IsOk());
    ASSERT_EQ(Submit(Form()), FormResult::kReady);
  }

  // Presses the button of the page that shows the phone as it is.
  PhoneSendResult Send() {
    const std::string preview = View().preview.value_or(Preview()).id;
    const auto result = phone_->Send(preview);
    EXPECT_THAT(result, IsOk());
    return result.ok() ? *result : PhoneSendResult::kNotReady;
  }

  PhoneView View() {
    const auto view = phone_->View();
    EXPECT_THAT(view, IsOk());
    return view.ok() ? *view : PhoneView();
  }

  std::string AllFiles() const {
    std::string bytes;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(folder_)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      std::stringstream text;
      text << in.rdbuf();
      bytes += text.str();
    }
    return bytes;
  }

  const MemoryFolder memory_;
  const std::string folder_ = memory_.At("phone");
  PhoneOptions options_;
  FakeClient client_;
  FakeClock clock_;
  std::unique_ptr<Phone> phone_;
};

TEST_F(PhoneTest, FromConsentToTheEnd) {
  EXPECT_EQ(View().gate, Gate::kNoConsent);
  Fill();
  // 6 December 09:00 in Japan is the first start in the window.
  EXPECT_EQ(View().preview->num_days, 5);
  EXPECT_EQ(View().preview->num_keys, 5);
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_EQ(Send(), PhoneSendResult::kDone);
  ASSERT_THAT(client_.calls, SizeIs(1));
  EXPECT_EQ(client_.calls[0].method, "PUT");
  EXPECT_EQ(client_.calls[0].url, "http://127.0.0.1:1/v1/diagnosis");
  const nlohmann::json sent = client_.calls[0].Json();
  EXPECT_EQ(sent["verificationPayload"], kNumber);
  EXPECT_THAT(sent["keys"], SizeIs(5));
  const PhoneView view = View();
  EXPECT_EQ(view.gate, Gate::kRegistered);
  EXPECT_EQ(view.settings.registered_on, absl::CivilDay(2020, 12, 10));
  EXPECT_EQ(view.settings.num_keys_sent, 5);
  // Nothing else stays.
  EXPECT_EQ(view.typed.number, "");
  EXPECT_EQ(view.typed.symptoms, "");
  EXPECT_EQ(view.typed.date, "");
  EXPECT_FALSE(view.settings.consented);
  EXPECT_FALSE(view.has_attempt);
}

TEST_F(PhoneTest, ConsentComesFirst) {
  EXPECT_EQ(Submit(Form()), FormResult::kGate);
  EXPECT_EQ(Send(), PhoneSendResult::kGate);
  EXPECT_THAT(client_.calls, SizeIs(0));
  // Nor does what was typed before it count later.
  ASSERT_THAT(phone_->Consent(), IsOk());
  EXPECT_EQ(Send(), PhoneSendResult::kNotReady);
  EXPECT_THAT(client_.calls, SizeIs(0));
}

TEST_F(PhoneTest, R16WhoRegisteredSeesSoAndSendsNoMore) {
  Fill();
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_EQ(Send(), PhoneSendResult::kDone);
  EXPECT_EQ(Send(), PhoneSendResult::kDone);
  Restart();
  EXPECT_EQ(View().gate, Gate::kRegistered);
  EXPECT_EQ(Submit(Form()), FormResult::kGate);
  EXPECT_THAT(client_.calls, SizeIs(1));
  // All keys are new then.
  clock_.Advance(absl::Hours(24 * kDaysBetweenRegistrations));
  EXPECT_EQ(View().gate, Gate::kNoConsent);
}

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

// Nobody fetches, and the phone is looked at at most.
TEST_F(PhoneTest, WhatIsOverGoesWithoutAFetch) {
  const auto open = [this] {
    return *PhoneStore::Open(folder_, OpenMode::kExisting);
  };
  const std::vector<DateCount> days = {
      {.date = absl::CivilDay(2020, 12, 9), .num_keys = 1, .num_sightings = 1}};
  for (const bool is_looked_at : {false, true}) {
    SCOPED_TRACE(is_looked_at);
    ASSERT_THAT(AddToPhone(folder_, KeysOfAFortnight(), {}, kTestNow), IsOk());
    ASSERT_THAT(
        open()->SetFindings(CheckState::kComplete, absl::CivilDay(2020, 12, 10),
                            days, "440", {.created_ms = 1, .etag = ""}),
        IsOk());
    ASSERT_THAT(phone_->SetNotification(false), IsOk());
    clock_.Advance(absl::Hours(24 * 16));
    if (is_looked_at) {
      View();
    } else {
      ASSERT_THAT(phone_->Fetch(), IsOk());
    }
    EXPECT_THAT(open()->OwnKeys(), IsOkAndHolds(SizeIs(0)));
    EXPECT_THAT(open()->Findings()->days, SizeIs(0));
    clock_.Advance(-absl::Hours(24 * 16));
  }
  // Nor is it looked at.
  ASSERT_THAT(AddToPhone(folder_, KeysOfAFortnight(), {}, kTestNow), IsOk());
  clock_.Advance(absl::Hours(24 * 16));
  ASSERT_THAT(phone_->ForgetOld(true), IsOk());
  EXPECT_THAT(open()->OwnKeys(), IsOkAndHolds(SizeIs(0)));
  std::filesystem::remove_all(folder_);
  ASSERT_THAT(phone_->ForgetOld(true), IsOk());
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/phone.sqlite"));
}

TEST_F(PhoneTest, WhatWasTypedIsForgottenAfterAnHour) {
  Fill();
  clock_.Advance(kDraftLife - absl::Milliseconds(1));
  EXPECT_EQ(View().typed.number, kNumber);
  EXPECT_EQ(View().typed.date, "2020-12-09");
  const std::string preview = View().preview->id;
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_THAT(phone_->Send(preview), IsOkAndHolds(PhoneSendResult::kNotReady));
  EXPECT_EQ(View().typed.number, "");
  EXPECT_EQ(View().typed.symptoms, "");
  EXPECT_EQ(View().typed.date, "");
  EXPECT_FALSE(View().preview.has_value());
  EXPECT_THAT(client_.calls, SizeIs(0));
  EXPECT_EQ(phone_->KeepNumber("11112222"), KeptNumber::kKept);
  clock_.Advance(kDraftLife);
  ASSERT_THAT(phone_->ForgetOld(false), IsOk());
  EXPECT_EQ(View().typed.number, "");
}

TEST_F(PhoneTest, APreviewSendsWhatItShows) {
  ASSERT_THAT(phone_->Consent(), IsOk());
  ASSERT_EQ(Submit(Form()), FormResult::kReady);
  const std::string one = View().preview->id;
  EXPECT_THAT(one, Not(HasSubstr(kNumber)));
  // Another tab: other keys, another number.
  RegistrationFormInput later = Form();
  later.date = "2020-12-10";
  ASSERT_EQ(Submit(later), FormResult::kReady);
  const std::string other = View().preview->id;
  EXPECT_NE(one, other);
  EXPECT_THAT(phone_->Send(one), IsOkAndHolds(PhoneSendResult::kOtherPreview));
  EXPECT_THAT(phone_->Send(""), IsOkAndHolds(PhoneSendResult::kOtherPreview));
  ASSERT_EQ(Submit(Form("11112222")), FormResult::kReady);
  EXPECT_NE(View().preview->id, one);
  EXPECT_THAT(client_.calls, SizeIs(0));
  // The same is the same.
  ASSERT_EQ(Submit(Form("3827 1946")), FormResult::kReady);
  EXPECT_EQ(View().preview->id, one);
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_THAT(phone_->Send(one), IsOkAndHolds(PhoneSendResult::kDone));
  // Ids of two phones have nothing in common.
  Restart();
  ASSERT_THAT(phone_->Cancel(), IsOk());
  std::filesystem::remove_all(folder_);
  Begin(KeysOfAFortnight());
  Fill();
  EXPECT_NE(View().preview->id, one);
}

TEST_F(PhoneTest, AnExceptionEndsTheRequest) {
  Fill();
  client_.answer = [](const HttpCall&) -> absl::StatusOr<HttpResult> {
    throw std::bad_alloc();
  };
  const std::string preview = View().preview->id;
  EXPECT_THROW(phone_->Send(preview).IgnoreError(), std::bad_alloc);
  EXPECT_FALSE(View().is_sending);
  EXPECT_THROW(phone_->Fetch().IgnoreError(), std::bad_alloc);
  client_.answer = nullptr;
  EXPECT_THAT(phone_->Fetch(), IsOkAndHolds(FetchResult::kDone));
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_EQ(Send(), PhoneSendResult::kDone);
}

TEST_F(PhoneTest, ASecondFetchIsToldSo) {
  client_.holds = true;
  absl::StatusOr<FetchResult> first = absl::InternalError("not yet");
  std::thread fetch([&] { first = phone_->Fetch(); });
  {
    std::unique_lock<std::mutex> lock(client_.mutex);
    client_.changed.wait(lock, [this] { return !client_.calls.empty(); });
  }
  EXPECT_THAT(phone_->Fetch(), IsOkAndHolds(FetchResult::kBusy));
  {
    const std::lock_guard<std::mutex> lock(client_.mutex);
    client_.holds = false;
    client_.changed.notify_all();
  }
  fetch.join();
  EXPECT_THAT(first, IsOkAndHolds(FetchResult::kDone));
  EXPECT_THAT(client_.calls, SizeIs(1));
}

// A phone that once believed a list of the future goes on all the same.
TEST_F(PhoneTest, AnExportOfTheFutureHidesNoLaterOnes) {
  const auto store = PhoneStore::Open(folder_, OpenMode::kExisting);
  ASSERT_THAT(store, IsOk());
  const int64_t ahead = absl::ToUnixMillis(kTestNow + absl::Hours(24)) + 1;
  ASSERT_THAT(
      (*store)->SetFindings(CheckState::kComplete, absl::CivilDay(2020, 12, 10),
                            {}, "440", {.created_ms = ahead, .etag = "\"1\""}),
      IsOk());
  client_.Answer(200,
                 R"([{"region":"440","url":"1.zip","created":1607590000000}])");
  client_.Answer(200, "no export");
  ASSERT_THAT(phone_->Fetch(), IsOk());
  ASSERT_THAT(client_.calls, SizeIs(2));
  EXPECT_EQ(FindHeader(client_.calls[0].headers, "If-None-Match"), "");
  EXPECT_EQ(phone_->Findings()->state, CheckState::kIncomplete);
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

// Nor does anybody wait for the first one.
TEST_F(PhoneTest, TwoTapsSendOnce) {
  Fill();
  client_.holds = true;
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  const std::string preview = View().preview->id;
  absl::StatusOr<PhoneSendResult> first = absl::InternalError("not yet");
  std::thread tap([&] { first = phone_->Send(preview); });
  {
    std::unique_lock<std::mutex> lock(client_.mutex);
    client_.changed.wait(lock, [this] { return !client_.calls.empty(); });
  }
  EXPECT_THAT(phone_->Send(preview), IsOkAndHolds(PhoneSendResult::kSending));
  EXPECT_EQ(Submit(Form("11112222")), FormResult::kSending);
  EXPECT_THAT(phone_->Cancel(), IsOkAndHolds(CancelResult::kSending));
  // A link changes nothing that is on its way.
  EXPECT_EQ(phone_->KeepNumber("99998888"), KeptNumber::kOffered);
  phone_->TakeOffered(true);
  clock_.Advance(kDraftLife);
  EXPECT_TRUE(View().is_sending);
  EXPECT_EQ(View().typed.number, kNumber);
  {
    const std::lock_guard<std::mutex> lock(client_.mutex);
    client_.holds = false;
    client_.changed.notify_all();
  }
  tap.join();
  EXPECT_THAT(first, IsOkAndHolds(PhoneSendResult::kDone));
  EXPECT_FALSE(View().is_sending);
  EXPECT_THAT(phone_->Send(preview), IsOkAndHolds(PhoneSendResult::kDone));
  EXPECT_THAT(client_.calls, SizeIs(1));
}

TEST_F(PhoneTest, R20CancelAnywhereSendsNothing) {
  ASSERT_THAT(phone_->Consent(), IsOk());
  EXPECT_THAT(phone_->Cancel(), IsOkAndHolds(CancelResult::kCancelled));
  EXPECT_EQ(View().gate, Gate::kNoConsent);
  phone_->KeepNumber(kNumber);
  EXPECT_THAT(phone_->Cancel(), IsOkAndHolds(CancelResult::kCancelled));
  EXPECT_EQ(View().typed.number, "");
  Fill();
  EXPECT_THAT(phone_->Cancel(), IsOkAndHolds(CancelResult::kCancelled));
  EXPECT_EQ(View().typed.number, "");
  ASSERT_THAT(phone_->Consent(), IsOk());
  EXPECT_EQ(Send(), PhoneSendResult::kNotReady);
  EXPECT_THAT(client_.calls, SizeIs(0));
  // After a request that has no answer the person is told so.
  Fill();
  EXPECT_EQ(Send(), PhoneSendResult::kRefused);
  EXPECT_THAT(phone_->Cancel(), IsOkAndHolds(CancelResult::kUnclear));
  EXPECT_FALSE(View().has_attempt);
  // On the page that was left open, after the end.
  Fill();
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_EQ(Send(), PhoneSendResult::kDone);
  EXPECT_THAT(phone_->Cancel(), IsOkAndHolds(CancelResult::kRegistered));
  EXPECT_EQ(View().gate, Gate::kRegistered);
}

TEST_F(PhoneTest, R21NotificationIsAskedBeforeConsentAndForm) {
  ASSERT_THAT(phone_->SetNotification(false), IsOk());
  EXPECT_EQ(View().gate, Gate::kNotificationOff);
  ASSERT_THAT(phone_->Consent(), IsOk());
  EXPECT_EQ(Submit(Form()), FormResult::kGate);
  ASSERT_THAT(phone_->SetNotification(true), IsOk());
  EXPECT_EQ(Submit(Form()), FormResult::kReady);
  // Turned off in between: what was typed stays.
  ASSERT_THAT(phone_->SetNotification(false), IsOk());
  EXPECT_EQ(Send(), PhoneSendResult::kGate);
  EXPECT_THAT(client_.calls, SizeIs(0));
  ASSERT_THAT(phone_->SetNotification(true), IsOk());
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_EQ(Send(), PhoneSendResult::kDone);
}

TEST_F(PhoneTest, R9InstalledTodayHasNothingToRegister) {
  std::filesystem::remove_all(folder_);
  Begin({KeyOfDay(0)});
  ASSERT_THAT(phone_->Consent(), IsOk());
  EXPECT_EQ(View().gate, Gate::kNoKeyOfEarlierDay);
  EXPECT_EQ(Submit(Form()), FormResult::kGate);
  EXPECT_THAT(client_.calls, SizeIs(0));
}

TEST_F(PhoneTest, R22EachSubmitHasAReason) {
  ASSERT_THAT(phone_->Consent(), IsOk());
  auto submitted = phone_->Submit({});
  ASSERT_THAT(submitted, IsOk());
  EXPECT_EQ(submitted->result, FormResult::kFaults);
  EXPECT_EQ(submitted->faults.symptoms, SymptomsFault::kMissing);
  EXPECT_EQ(submitted->faults.date, DateFault::kMissing);
  EXPECT_EQ(submitted->faults.number, NumberFault::kEmpty);
  EXPECT_EQ(Send(), PhoneSendResult::kNotReady);
  submitted = phone_->Submit(
      {.symptoms = "yes", .date = "2020-12-11", .number = "1234567"});
  ASSERT_THAT(submitted, IsOk());
  EXPECT_EQ(submitted->faults.date, DateFault::kInFuture);
  EXPECT_EQ(submitted->faults.number, NumberFault::kTooShort);
  EXPECT_EQ(View().typed.date, "2020-12-11");
  EXPECT_EQ(View().typed.number, "1234567");
  // Longer than any form's.
  submitted = phone_->Submit({.symptoms = "yes",
                              .date = "2020-12-09",
                              .number = std::string(5000, '1')});
  ASSERT_THAT(submitted, IsOk());
  EXPECT_EQ(submitted->faults.number, NumberFault::kEmpty);
  // A window without a key.
  std::filesystem::remove_all(folder_);
  Begin({KeyOfDay(14)});
  ASSERT_THAT(phone_->Consent(), IsOk());
  EXPECT_EQ(Submit(Form()), FormResult::kNothingToSend);
  EXPECT_EQ(View().refusal.kind, RefusalKind::kNothingToSend);
  EXPECT_EQ(Send(), PhoneSendResult::kRefused);
  EXPECT_THAT(client_.calls, SizeIs(0));
}

TEST_F(PhoneTest, R17NumberOfALinkStaysUntilTheForm) {
  EXPECT_EQ(phone_->KeepNumber("１２３４５６７８"), KeptNumber::kKept);
  EXPECT_EQ(View().typed.number, "１２３４５６７８");
  ASSERT_THAT(phone_->Consent(), IsOk());
  EXPECT_EQ(View().typed.number, "１２３４５６７８");
  for (const std::string& none :
       {std::string(), std::string("\xFF"), std::string(5000, '1')}) {
    EXPECT_EQ(phone_->KeepNumber(none), KeptNumber::kNone);
  }
  EXPECT_EQ(View().typed.number, "１２３４５６７８");
  EXPECT_THAT(AllFiles(), Not(HasSubstr("12345678")));
}

// Any page can open a link.
TEST_F(PhoneTest, R17ALinkReplacesNoNumberThatWasTyped) {
  // The later of two messages counts, as long as nobody typed.
  EXPECT_EQ(phone_->KeepNumber("11112222"), KeptNumber::kKept);
  EXPECT_EQ(phone_->KeepNumber("33334444"), KeptNumber::kKept);
  EXPECT_EQ(View().typed.number, "33334444");
  Fill();
  // The same number does no harm.
  EXPECT_EQ(phone_->KeepNumber("３８２７－１９４６"), KeptNumber::kKept);
  EXPECT_TRUE(View().preview.has_value());
  for (const bool use : {false, true}) {
    EXPECT_EQ(phone_->KeepNumber("55556666"), KeptNumber::kOffered);
    EXPECT_EQ(View().offered, "55556666");
    EXPECT_EQ(View().typed.number, kNumber);
    EXPECT_TRUE(View().preview.has_value());
    phone_->TakeOffered(use);
    EXPECT_EQ(View().offered, "");
    EXPECT_EQ(View().typed.number, use ? "55556666" : kNumber);
    EXPECT_EQ(View().preview.has_value(), !use);
  }
  // Nothing is offered any more.
  phone_->TakeOffered(true);
  EXPECT_EQ(View().typed.number, "55556666");
  // A number with a fault was typed as well.
  EXPECT_EQ(Submit(Form("1234567")), FormResult::kFaults);
  EXPECT_EQ(phone_->KeepNumber("55556666"), KeptNumber::kOffered);
  // One that the server refused is of no use.
  EXPECT_EQ(Submit(Form()), FormResult::kReady);
  client_.Answer(406, R"({"reason":"number_refused"})");
  EXPECT_EQ(Send(), PhoneSendResult::kRefused);
  EXPECT_EQ(phone_->KeepNumber("55556666"), KeptNumber::kKept);
  EXPECT_EQ(View().typed.number, "55556666");
  EXPECT_EQ(View().typed.date, "2020-12-09");
}

TEST_F(PhoneTest, PoliciesChooseOtherKeys) {
  const auto num_keys = [this](const TransmissionWindowPolicy& policy,
                               const RegistrationFormInput& input) {
    options_.policy = policy;
    Restart();
    EXPECT_THAT(phone_->Cancel(), IsOk());
    EXPECT_THAT(phone_->Consent(), IsOk());
    EXPECT_EQ(Submit(input), FormResult::kReady);
    return View().preview->num_keys;
  };
  EXPECT_EQ(num_keys(*PublicationPolicy("cocoa-1.2.1"), Form()), 5);
  // The key that begins on the 6th at 09:00 ends on the 7th: a part of it lies
  // in the window.
  EXPECT_EQ(num_keys(*PublicationPolicy("civil"), Form()), 5);
  EXPECT_EQ(num_keys(*PublicationPolicy("legacy-14d"), Form()), 15);
  // Row 25: never more than 14 days, whatever the date.
  RegistrationFormInput long_ago = Form();
  long_ago.date = "2020-10-31";
  EXPECT_EQ(num_keys(*PublicationPolicy("cocoa-1.2.1"), long_ago), 15);
}

TEST_F(PhoneTest, R27NumberSymptomsAndDateAreInNoFile) {
  ASSERT_THAT(phone_->Consent(), IsOk());
  EXPECT_THAT(AllFiles(), Not(HasSubstr(kNumber)));
  ASSERT_EQ(Submit(Form()), FormResult::kReady);
  EXPECT_EQ(Send(), PhoneSendResult::kRefused);
  EXPECT_TRUE(View().has_attempt);
  std::string files = AllFiles();
  for (const char* secret : {kNumber, "2020-12-09", "symptoms"}) {
    EXPECT_THAT(files, Not(HasSubstr(secret)));
  }
  const std::string idempotency_key =
      client_.calls[0].Json()["idempotencyKey"].get<std::string>();
  EXPECT_THAT(files, HasSubstr(idempotency_key));
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_EQ(Send(), PhoneSendResult::kDone);
  files = AllFiles();
  for (const std::string& secret :
       {std::string(kNumber), std::string("2020-12-09"), idempotency_key}) {
    EXPECT_THAT(files, Not(HasSubstr(secret)));
  }
}

TEST_F(PhoneTest, ChaffLooksLikeARequest) {
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  ASSERT_THAT(phone_->SendChaff(), IsOk());
  Fill();
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_EQ(Send(), PhoneSendResult::kDone);
  ASSERT_THAT(client_.calls, SizeIs(2));
  const SentCall& chaff = client_.calls[0];
  const SentCall& real = client_.calls[1];
  EXPECT_EQ(chaff.body.size(), real.body.size());
  EXPECT_EQ(FindHeader(chaff.headers, "X-Chaff"), "1");
  EXPECT_EQ(FindHeader(real.headers, "X-Chaff"), "");
  size_t sizes[2] = {0, 0};
  for (int i = 0; i < 2; ++i) {
    for (const auto& [name, value] :
         client_.calls[static_cast<size_t>(i)].headers) {
      sizes[i] += name.size() + value.size();
    }
  }
  EXPECT_EQ(sizes[0], sizes[1]);
  // Nothing of the phone's is in it, nor left by it.
  EXPECT_EQ(chaff.Json().size(), real.Json().size());
  const nlohmann::json made = chaff.Json()["keys"];
  const nlohmann::json own = real.Json()["keys"];
  ASSERT_THAT(own, SizeIs(5));
  for (const nlohmann::json& key : made) {
    for (const nlohmann::json& own_key : own) {
      EXPECT_NE(key["keyData"], own_key["keyData"]);
    }
  }
}

TEST_F(PhoneTest, DamageIsSaidAndNothingIsSent) {
  Fill();
  WriteFile(folder_ + "/phone.sqlite", std::string(5000, 'x'));
  std::filesystem::remove(folder_ + "/phone.sqlite-wal");
  EXPECT_THAT(phone_->Send(""), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(phone_->View(), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(client_.calls, SizeIs(0));
}

}  // namespace
}  // namespace tekmatch
