// What a person enters, and what is asked before: consent, notification, the
// form with its faults, the number of a link, the end of all that was typed.
#include <filesystem>
#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/phone/phone.h"
#include "registration/rules/key_acceptance.h"
#include "tests/registration/phone/phone_testing.h"
#include "tests/registration/phone/phone_world.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

TEST_F(PhoneTest, ConsentComesFirst) {
  EXPECT_EQ(Submit(Form()), FormResult::kGate);
  EXPECT_EQ(Send(), PhoneSendResult::kGate);
  EXPECT_THAT(client_.calls, SizeIs(0));
  // Nor does what was typed before it count later.
  ASSERT_THAT(phone_->Consent(), IsOk());
  EXPECT_EQ(Send(), PhoneSendResult::kNotReady);
  EXPECT_THAT(client_.calls, SizeIs(0));
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

}  // namespace
}  // namespace tekmatch
