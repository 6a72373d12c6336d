// Sending: what goes out once, to whom it goes, and what it leaves in files.
#include <filesystem>
#include <mutex>
#include <new>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/phone/phone.h"
#include "registration/service/http_client.h"
#include "tests/registration/phone/phone_testing.h"
#include "tests/registration/phone/phone_world.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

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
