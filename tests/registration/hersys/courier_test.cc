// What the courier sends, to whom, how often, and what a number that was sent
// is good for afterwards.
#include "registration/hersys/courier.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/hersys/hersys_store.h"
#include "registration/hersys/message_gateway.h"
#include "registration/rules/issuance.h"
#include "registration/rules/processing_number.h"
#include "registration/rules/redemption.h"
#include "tests/registration/hersys/courier_world.h"
#include "tests/registration/hersys/hersys_testing.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// Row 5: one message, to the right address, by the contact's kind.
TEST_F(CourierTest, OneMessageToEach) {
  Queue(1, AddPatient("090-1234-5678"));
  Queue(2, AddPatient("taro@example.jp"));
  EXPECT_EQ(Send().num_taken, 2);
  EXPECT_EQ(Send().num_taken, 0);
  ASSERT_THAT(gateway_.sent, SizeIs(2));
  EXPECT_EQ(gateway_.sent[0].to, "09012345678");
  EXPECT_EQ(gateway_.sent[0].id, Uuid(1) + ".1");
  EXPECT_EQ(gateway_.sent[1].to, "taro@example.jp");
  EXPECT_THAT(gateway_.sent[0].text, ::testing::HasSubstr("03-1234-5678"));
  EXPECT_EQ(IssueOf(1).state, IssueState::kHanded);
  EXPECT_EQ(IssueOf(1).expires, kCourierNow + absl::Hours(1));
  EXPECT_EQ(Reserve(NumberIn(gateway_.sent[0].text), 1),
            ReserveOutcome::kGranted);
  EXPECT_EQ(Reserve(NumberIn(gateway_.sent[1].text), 2),
            ReserveOutcome::kGranted);
}

// Row 10: the hour counts from the hand-over.
TEST_F(CourierTest, R1NothingDeadIsSentHoweverLongTheGatewayWasAway) {
  Queue(1, AddPatient("090-1234-5678"));
  gateway_.result = SendResult::kNotTaken;
  EXPECT_EQ(Send().num_waiting, 1);
  const ProcessingNumber never_sent = NumberIn(gateway_.sent[0].text);
  EXPECT_EQ(Reserve(never_sent, 9), ReserveOutcome::kUnknown);
  clock_.now += absl::Hours(3);
  EXPECT_TRUE(store_->AgeOfQueue(clock_.now)->alarm);
  gateway_.result = SendResult::kTaken;
  EXPECT_EQ(Send().num_taken, 1);
  const ProcessingNumber number = NumberIn(gateway_.sent[1].text);
  EXPECT_EQ(IssueOf(1).handed, clock_.now);
  EXPECT_EQ(IssueOf(1).expires, clock_.now + absl::Hours(1));
  clock_.now += absl::Hours(1);
  EXPECT_EQ(Reserve(number, 1), ReserveOutcome::kExpired);
  clock_.now -= absl::Seconds(1);
  EXPECT_EQ(Reserve(number, 1), ReserveOutcome::kGranted);
}

// The gateway takes its time: the hour counts from its answer.
TEST_F(CourierTest, R1LifeCountsFromTheAnswer) {
  Queue(1, AddPatient("090-1234-5678"));
  gateway_.meanwhile = [this] { clock_.now += absl::Seconds(9); };
  EXPECT_EQ(Send().num_taken, 1);
  EXPECT_EQ(IssueOf(1).expires,
            kCourierNow + absl::Seconds(9) + absl::Hours(1));
  clock_.now = kCourierNow + absl::Hours(1) + absl::Seconds(8);
  EXPECT_EQ(Reserve(NumberIn(gateway_.sent[0].text), 1),
            ReserveOutcome::kGranted);
}

// Counted from the button, an hour can be over in the queue.
TEST_F(CourierTest, R1WhatIsDeadByTheButtonIsNotSent) {
  options_.life.from = LifeFrom::kIssue;
  Queue(1, AddPatient("090-1234-5678"));
  clock_.now += absl::Hours(1);
  EXPECT_EQ(Send().num_failed, 1);
  EXPECT_THAT(gateway_.sent, IsEmpty());
  EXPECT_EQ(IssueOf(1).state, IssueState::kExpired);
}

TEST_F(CourierTest, UnclearResultsMakeAnotherNumber) {
  const int64_t patient = AddPatient("090-1234-5678");
  Queue(1, patient);
  gateway_.result = SendResult::kUnclear;
  EXPECT_EQ(Send().num_waiting, 1);
  EXPECT_EQ(IssueOf(1).state, IssueState::kQueued);
  gateway_.result = SendResult::kTaken;
  EXPECT_EQ(Send().num_taken, 1);
  ASSERT_THAT(gateway_.sent, SizeIs(2));
  EXPECT_NE(gateway_.sent[0].id, gateway_.sent[1].id);
  const ProcessingNumber first = NumberIn(gateway_.sent[0].text);
  const ProcessingNumber second = NumberIn(gateway_.sent[1].text);
  EXPECT_FALSE(first == second);
  // Both are good; the first success ends the other.
  EXPECT_EQ(Reserve(first, 1), ReserveOutcome::kGranted);
  Claim claim;
  claim.bytes[0] = 1;
  EXPECT_THAT(store_->Confirm(claim, clock_.now),
              IsOkAndHolds(ConfirmOutcome::kRegisters));
  EXPECT_EQ(Reserve(second, 2), ReserveOutcome::kVoided);
  EXPECT_EQ(IssueOf(1).state, IssueState::kRedeemed);
}

// So that a gateway whose answers get lost makes no heap of good numbers.
TEST_F(CourierTest, UnclearResultsEndAtThreeLiveNumbers) {
  options_.most_tries = 10;
  Queue(1, AddPatient("090-1234-5678"));
  gateway_.result = SendResult::kUnclear;
  for (int i = 0; i < 5; ++i) Send();
  EXPECT_THAT(gateway_.sent, SizeIs(kMostLiveNumbers));
  clock_.now += absl::Hours(1);
  gateway_.result = SendResult::kTaken;
  EXPECT_EQ(Send().num_taken, 1);
}

TEST_F(CourierTest, GivesUpWithAReason) {
  Queue(1, AddPatient("090-1234-5678"));
  gateway_.result = SendResult::kNotTaken;
  for (int i = 0; i < 6; ++i) Send();
  EXPECT_THAT(gateway_.sent, SizeIs(4));
  EXPECT_EQ(IssueOf(1).state, IssueState::kFailed);
  EXPECT_EQ(IssueOf(1).failure, FailureReason::kGatewayGaveUp);
  EXPECT_EQ(IssueOf(1).tries, 4);

  Queue(2, AddPatient("080-1234-5678"));
  gateway_.result = SendResult::kRefused;
  EXPECT_EQ(Send().num_failed, 1);
  EXPECT_EQ(IssueOf(2).failure, FailureReason::kRefusedAddress);
  EXPECT_EQ(Reserve(NumberIn(gateway_.sent.back().text), 1),
            ReserveOutcome::kUnknown);
}

TEST_F(CourierTest, TriesAgainNoSoonerThanItsWait) {
  options_.first_wait = absl::Hours(1);
  options_.longest_wait = absl::Hours(2);
  Queue(1, AddPatient("090-1234-5678"));
  gateway_.result = SendResult::kNotTaken;
  EXPECT_EQ(Send().num_waiting, 1);
  EXPECT_EQ(Send().num_waiting, 0);
  EXPECT_THAT(gateway_.sent, SizeIs(1));
}

// What was read from the queue, and is over by the time of its turn.
TEST_F(CourierTest, R5NothingGoesToWhoRegisteredMeanwhile) {
  Queue(1, AddPatient("090-1234-5671"));
  const int64_t patient = AddPatient("090-1234-5672");
  Queue(2, patient);
  NumberHash hash;
  ASSERT_THAT(store_->numbers().Add(hash, patient, Uuid(2),
                                    kCourierNow + absl::Hours(1)),
              IsOk());
  gateway_.meanwhile = [&] {
    Claim claim;
    ASSERT_THAT(
        store_->Reserve(std::vector<NumberHash>{hash}, claim, kCourierNow),
        IsOkAndHolds(ReserveOutcome::kGranted));
    ASSERT_THAT(store_->Confirm(claim, kCourierNow),
                IsOkAndHolds(ConfirmOutcome::kRegisters));
  };
  EXPECT_EQ(Send().num_taken, 1);
  EXPECT_THAT(gateway_.sent, SizeIs(1));
}

// The message goes out while the patient registers by an earlier number.
TEST_F(CourierTest, NumberOfARegisteredPatientIsGoodForNothing) {
  const int64_t patient = AddPatient("090-1234-5678");
  Queue(1, patient);
  Send();
  Queue(2, patient);
  // The issue voided no reservation, as there was none.
  gateway_.meanwhile = [this] {
    Claim claim;
    claim.bytes[0] = 1;
    EXPECT_EQ(Reserve(NumberIn(gateway_.sent[0].text), 1),
              ReserveOutcome::kGranted);
    EXPECT_THAT(store_->Confirm(claim, clock_.now),
                IsOkAndHolds(ConfirmOutcome::kRegisters));
  };
  Send();
  EXPECT_EQ(IssueOf(1).state, IssueState::kRedeemed);
  EXPECT_EQ(IssueOf(2).state, IssueState::kExpired);
  EXPECT_FALSE(IsGranted(Reserve(NumberIn(gateway_.sent[1].text), 2)));
}

// The contact is changed while a message is on its way to the old one.
TEST_F(CourierTest, AContactThatChangesGetsAMessageOfItsOwn) {
  const int64_t patient = AddPatient("090-1234-5671");
  Queue(1, patient);
  gateway_.meanwhile = [&] {
    EXPECT_THAT(store_->UpdateContact({.centre = centre_, .patient = patient},
                                      CompleteRecord("090-1234-5672"), "center",
                                      clock_.now),
                IsOk());
    gateway_.meanwhile = [] {};
  };
  EXPECT_EQ(Send().num_taken, 0);
  EXPECT_EQ(IssueOf(1).state, IssueState::kQueued);
  EXPECT_FALSE(IsGranted(Reserve(NumberIn(gateway_.sent[0].text), 1)));
  EXPECT_EQ(Send().num_taken, 1);
  EXPECT_EQ(IssueOf(1).state, IssueState::kHanded);
  EXPECT_EQ(gateway_.sent[1].to, "09012345672");
  EXPECT_TRUE(IsGranted(Reserve(NumberIn(gateway_.sent[1].text), 1)));
}

// What was read from the queue with another contact.
TEST_F(CourierTest, TheContactIsThatOfTheTry) {
  Queue(1, AddPatient("090-1234-5671"));
  const int64_t patient = AddPatient("090-1234-5672");
  Queue(2, patient);
  gateway_.meanwhile = [&] {
    EXPECT_THAT(store_->UpdateContact({.centre = centre_, .patient = patient},
                                      CompleteRecord("taro@example.jp"),
                                      "center", clock_.now),
                IsOk());
    gateway_.meanwhile = [] {};
  };
  EXPECT_EQ(Send().num_taken, 2);
  EXPECT_EQ(gateway_.sent[1].to, "taro@example.jp");
}

// Row 1: consent is taken back while the message is on its way.
TEST_F(CourierTest, NoConsentNoNumber) {
  const int64_t patient = AddPatient("090-1234-5671");
  Queue(1, patient);
  gateway_.meanwhile = [&] {
    PatientRecord record = CompleteRecord("090-1234-5671");
    record.consented = false;
    EXPECT_THAT(store_->UpdateContact({.centre = centre_, .patient = patient},
                                      record, "center", clock_.now),
                IsOk());
  };
  Send();
  EXPECT_EQ(IssueOf(1).state, IssueState::kFailed);
  EXPECT_EQ(IssueOf(1).failure, FailureReason::kRecordChanged);
  EXPECT_FALSE(IsGranted(Reserve(NumberIn(gateway_.sent[0].text), 1)));
  EXPECT_EQ(Send().num_taken, 0);
}

// Row 6: the number is in no file. Its hash is, and looks like nothing.
TEST_F(CourierTest, NumberIsInNoFile) {
  Queue(1, AddPatient("090-1234-5678"));
  Send();
  const ProcessingNumber number = NumberIn(gateway_.sent[0].text);
  const std::string digits(number.digits());
  int num_files = 0;
  for (const char* name : {"hersys.sqlite", "hersys.sqlite-wal",
                           "hersys.sqlite-shm", "number-keys"}) {
    const std::string bytes = ReadFile(folder_ + "/" + name);
    num_files += bytes.empty() ? 0 : 1;
    EXPECT_FALSE(absl::StrContains(bytes, digits)) << name;
  }
  EXPECT_EQ(num_files, 4);
}

TEST_F(CourierTest, OptionsThatAreNone) {
  EXPECT_THAT(Validate(options_), IsOk());
  options_.life = {.life = absl::Hours(20), .from = LifeFrom::kDelivery};
  EXPECT_THAT(Validate(options_), StatusIs(absl::StatusCode::kInvalidArgument));
  options_.life.from = LifeFrom::kHandOver;
  EXPECT_THAT(Validate(options_), IsOk());
  for (const int none : {0, -1, 65}) {
    options_.num_senders = none;
    EXPECT_THAT(Validate(options_),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
  options_.num_senders = 64;
  EXPECT_THAT(Validate(options_), IsOk());
  options_.link = "ftp://example.jp/";
  EXPECT_THAT(Validate(options_), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace tekmatch
