#include "registration/phone/phone.h"

#include <filesystem>
#include <memory>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/phone/phone_import.h"
#include "registration/rules/key_acceptance.h"
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
    folder_ = TempPath("phone");
    std::filesystem::remove_all(folder_);
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

  SendResult Send() {
    const auto result = phone_->Send();
    EXPECT_THAT(result, IsOk());
    return result.ok() ? *result : SendResult::kNotReady;
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

  std::string folder_;
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
  EXPECT_EQ(Send(), SendResult::kDone);
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
  EXPECT_EQ(Send(), SendResult::kGate);
  EXPECT_THAT(client_.calls, SizeIs(0));
  // Nor does what was typed before it count later.
  ASSERT_THAT(phone_->Consent(), IsOk());
  EXPECT_EQ(Send(), SendResult::kNotReady);
  EXPECT_THAT(client_.calls, SizeIs(0));
}

TEST_F(PhoneTest, R16WhoRegisteredSeesSoAndSendsNoMore) {
  Fill();
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_EQ(Send(), SendResult::kDone);
  EXPECT_EQ(Send(), SendResult::kDone);
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
  EXPECT_EQ(Send(), SendResult::kRefused);
  EXPECT_EQ(View().refusal.kind, RefusalKind::kUnreachable);
  EXPECT_TRUE(View().has_attempt);
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_EQ(Send(), SendResult::kDone);
  ASSERT_THAT(client_.calls, SizeIs(2));
  EXPECT_EQ(client_.calls[0].Json(), client_.calls[1].Json());
}

TEST_F(PhoneTest, R4KillBetweenSendAndAnswerLeadsToTheSameRequest) {
  Fill();
  EXPECT_EQ(Send(), SendResult::kRefused);  // no answer: as if it was lost
  Restart();
  const PhoneView view = View();
  EXPECT_TRUE(view.has_attempt);
  EXPECT_EQ(view.gate, Gate::kOpen);
  EXPECT_EQ(view.typed.number, "");
  EXPECT_FALSE(view.preview.has_value());
  EXPECT_EQ(Send(), SendResult::kNotReady);
  // Only the number is asked: neither symptoms nor a date, which would choose
  // other keys. A day later, too.
  clock_.Advance(absl::Hours(20));
  EXPECT_EQ(Submit({.symptoms = "", .date = "", .number = "3827 1946"}),
            FormResult::kReady);
  EXPECT_EQ(View().preview->num_keys, 5);
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_EQ(Send(), SendResult::kDone);
  ASSERT_THAT(client_.calls, SizeIs(2));
  EXPECT_EQ(client_.calls[0].Json(), client_.calls[1].Json());
}

TEST_F(PhoneTest, AnotherNumberAfterALostAnswerIsDoneBefore) {
  Fill();
  EXPECT_EQ(Send(), SendResult::kRefused);
  Restart();
  EXPECT_EQ(Submit(Form("11112222")), FormResult::kReady);
  client_.Answer(409, R"({"reason":"other_request"})");
  EXPECT_EQ(Send(), SendResult::kDone);
  EXPECT_EQ(View().settings.num_keys_sent, 5);
}

TEST_F(PhoneTest, AttemptGoesWithItsKeys) {
  Fill();
  EXPECT_EQ(Send(), SendResult::kRefused);
  clock_.Advance(absl::Hours(24 * 14));
  ASSERT_THAT(AddToPhone(folder_, {}, {}, clock_.Now()), IsOk());
  EXPECT_TRUE(View().has_attempt);
  clock_.Advance(absl::Hours(24 * 2));
  ASSERT_THAT(AddToPhone(folder_, {}, {}, clock_.Now()), IsOk());
  EXPECT_FALSE(View().has_attempt);
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
    EXPECT_EQ(Send(), SendResult::kRefused);
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
  EXPECT_EQ(Send(), SendResult::kRefused);
  // A second tap on the old page sends nothing.
  EXPECT_EQ(Send(), SendResult::kRefused);
  ASSERT_THAT(client_.calls, SizeIs(1));
  EXPECT_EQ(Submit(Form("11112222")), FormResult::kReady);
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_EQ(Send(), SendResult::kDone);
  EXPECT_NE(client_.calls[0].Json()["idempotencyKey"],
            client_.calls[1].Json()["idempotencyKey"]);
}

TEST_F(PhoneTest, R8WrongNumbersWaitAndNothingIsDiscarded) {
  Fill();
  int num_sent = 0;
  for (const int wait : {0, 0, 5, 10, 15, 20}) {
    client_.Answer(406, R"({"reason":"number_refused"})");
    EXPECT_EQ(Send(), SendResult::kRefused);
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
  EXPECT_EQ(Send(), SendResult::kDone);
  EXPECT_EQ(View().settings.num_wrong, 0);
}

TEST_F(PhoneTest, RetryAfterIsWaitedFor) {
  Fill();
  client_.Answer(429, R"({"reason":"too_many_wrong_numbers"})",
                 {{"Retry-After", "60"}});
  EXPECT_EQ(Send(), SendResult::kRefused);
  EXPECT_EQ(View().wait, absl::Seconds(60));
  EXPECT_EQ(Send(), SendResult::kWait);
  clock_.Advance(absl::Seconds(60));
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_EQ(Send(), SendResult::kDone);
  ASSERT_THAT(client_.calls, SizeIs(2));
  EXPECT_EQ(client_.calls[0].Json(), client_.calls[1].Json());
}

TEST_F(PhoneTest, TwoTapsSendOnce) {
  Fill();
  client_.holds = true;
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  std::vector<SendResult> results(4, SendResult::kNotReady);
  std::vector<std::thread> taps;
  taps.reserve(results.size());
  for (SendResult& result : results) {
    taps.emplace_back([this, &result] { result = *phone_->Send(); });
  }
  {
    std::unique_lock<std::mutex> lock(client_.mutex);
    client_.changed.wait(lock, [this] { return !client_.calls.empty(); });
    // The phone still answers, and a link changes nothing that is on its way.
    lock.unlock();
    phone_->KeepNumber("99998888");
    EXPECT_EQ(View().typed.number, kNumber);
    lock.lock();
    client_.holds = false;
    client_.changed.notify_all();
  }
  for (std::thread& tap : taps) tap.join();
  EXPECT_THAT(results, ::testing::Each(SendResult::kDone));
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
  EXPECT_EQ(Send(), SendResult::kNotReady);
  EXPECT_THAT(client_.calls, SizeIs(0));
  // After a request that has no answer the person is told so.
  Fill();
  EXPECT_EQ(Send(), SendResult::kRefused);
  EXPECT_THAT(phone_->Cancel(), IsOkAndHolds(CancelResult::kUnclear));
  EXPECT_FALSE(View().has_attempt);
  // On the page that was left open, after the end.
  Fill();
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_EQ(Send(), SendResult::kDone);
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
  EXPECT_EQ(Send(), SendResult::kGate);
  EXPECT_THAT(client_.calls, SizeIs(0));
  ASSERT_THAT(phone_->SetNotification(true), IsOk());
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_EQ(Send(), SendResult::kDone);
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
  EXPECT_EQ(Send(), SendResult::kNotReady);
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
  EXPECT_EQ(Send(), SendResult::kRefused);
  EXPECT_THAT(client_.calls, SizeIs(0));
}

TEST_F(PhoneTest, R17NumberOfALinkStaysUntilTheForm) {
  phone_->KeepNumber("１２３４５６７８");
  EXPECT_EQ(View().typed.number, "１２３４５６７８");
  ASSERT_THAT(phone_->Consent(), IsOk());
  EXPECT_EQ(View().typed.number, "１２３４５６７８");
  phone_->KeepNumber("\xFF");
  phone_->KeepNumber(std::string(5000, '1'));
  EXPECT_EQ(View().typed.number, "１２３４５６７８");
  EXPECT_THAT(AllFiles(), Not(HasSubstr("12345678")));
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
  EXPECT_EQ(Send(), SendResult::kRefused);
  EXPECT_TRUE(View().has_attempt);
  std::string files = AllFiles();
  for (const char* secret : {kNumber, "2020-12-09", "symptoms"}) {
    EXPECT_THAT(files, Not(HasSubstr(secret)));
  }
  const std::string idempotency_key =
      client_.calls[0].Json()["idempotencyKey"].get<std::string>();
  EXPECT_THAT(files, HasSubstr(idempotency_key));
  client_.Answer(200, R"({"accepted":5,"rejected":[]})");
  EXPECT_EQ(Send(), SendResult::kDone);
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
  EXPECT_EQ(Send(), SendResult::kDone);
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
  EXPECT_THAT(phone_->Send(), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(phone_->View(), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(client_.calls, SizeIs(0));
}

}  // namespace
}  // namespace tekmatch
