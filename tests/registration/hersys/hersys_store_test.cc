// The management system's tables against the rules, over the real SQLite store.
#include "registration/hersys/hersys_store.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/rules/issuance.h"
#include "registration/rules/redemption.h"
#include "tests/registration/hersys/hersys_testing.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1607590800);  // 18:00 in Japan

std::string Uuid(int n) {
  return absl::StrFormat("00000000-0000-4000-8000-%012d", n);
}

NumberHash HashOf(int n) {
  NumberHash hash;
  hash.bytes[0] = static_cast<uint8_t>(n);
  return hash;
}

Claim ClaimFor(int n) {
  Claim claim;
  claim.bytes[0] = static_cast<uint8_t>(n);
  return claim;
}

PatientRecord GoodRecord() { return CompleteRecord("090-1234-5678"); }

class HersysStoreTest : public ::testing::Test {
 protected:
  HersysStoreTest() : store_(Open()) {
    centre_ = *store_->PutCentre("千代田保健所", "03-1234-5678");
    patient_ = *store_->AddPatient(centre_, GoodRecord(), "center", kNow);
  }

  static std::unique_ptr<HersysStore> Open() {
    auto store = HersysStore::Open(TempPath("hersys"), OpenMode::kCreate);
    EXPECT_THAT(store.status(), IsOk());
    return *std::move(store);
  }

  absl::StatusOr<IssueDecision> Queue(int n, absl::Time now = kNow) {
    return store_->QueueIssue(
        {.uuid = Uuid(n), .centre = centre_, .patient = patient_}, now);
  }
  IssueVerdict VerdictOf(int n, absl::Time now = kNow) {
    const auto decision = Queue(n, now);
    EXPECT_THAT(decision.status(), IsOk());
    return decision.ok() ? decision->verdict : IssueVerdict::kClosed;
  }
  // As the courier does: a number, and the hand-over.
  void Send(int n, absl::Time now = kNow) {
    ASSERT_THAT(store_->numbers().Add(HashOf(n), patient_, Uuid(n),
                                      now + absl::Hours(1)),
                IsOk());
    ASSERT_THAT(store_->HandOver(Uuid(n), HashOf(n), now, now + absl::Hours(1)),
                IsOkAndHolds(true));
  }
  ReserveOutcome Reserve(int n, int claim, absl::Time now = kNow) {
    const std::vector<NumberHash> hashes = {HashOf(n)};
    return *store_->Reserve(hashes, ClaimFor(claim), now);
  }
  IssueState StateOf(int n) { return store_->FindIssue(Uuid(n))->state; }

  std::unique_ptr<HersysStore> store_;
  int64_t centre_ = 0;
  int64_t patient_ = 0;
};

TEST_F(HersysStoreTest, PatientIsAsItWasEntered) {
  const Patient patient = *store_->FindPatient(centre_, patient_);
  EXPECT_EQ(patient.record.name, "厚労 太郎");
  EXPECT_EQ(patient.record.kana, "コウロウ　タロウ");
  EXPECT_EQ(patient.record.contact, "090-1234-5678");
  EXPECT_EQ(patient.record.centre, "千代田保健所");
  EXPECT_EQ(patient.record.diagnosed_on, absl::CivilDay(2020, 12, 9));
  EXPECT_EQ(patient.contact_origin, "center");
  EXPECT_THAT(MissingForIssue(patient.record), IsEmpty());
  EXPECT_FALSE(patient.registered_at.has_value());
}

// Row 30.
TEST_F(HersysStoreTest, AnotherCentresPatientIsNotThere) {
  const int64_t other = *store_->PutCentre("港保健所", "03-9999-9999");
  ASSERT_NE(other, centre_);
  for (const int64_t patient : {patient_, patient_ + 1000}) {
    EXPECT_THAT(store_->FindPatient(other, patient),
                StatusIs(absl::StatusCode::kNotFound,
                         "no such patient of this centre"));
    EXPECT_THAT(store_->IssuesOf(other, patient),
                StatusIs(absl::StatusCode::kNotFound));
    EXPECT_THAT(store_->ClosePatient(other, patient, std::nullopt, kNow),
                StatusIs(absl::StatusCode::kNotFound));
    EXPECT_THAT(
        store_->QueueIssue(
            {.uuid = Uuid(1), .centre = other, .patient = patient}, kNow),
        StatusIs(absl::StatusCode::kNotFound));
  }
  EXPECT_FALSE(store_->FindPatient(centre_, patient_)->closed);
}

// Row 4: a double click makes one issue.
TEST_F(HersysStoreTest, AUuidIssuesOnce) {
  EXPECT_EQ(VerdictOf(1), IssueVerdict::kMayIssue);
  EXPECT_THAT(Queue(1), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(store_->IssuesOf(centre_, patient_)->size(), 1);
  EXPECT_THAT(
      store_->QueueIssue(
          {.uuid = "1234", .centre = centre_, .patient = patient_}, kNow),
      StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(store_->CountAudit("issue"), IsOkAndHolds(1));
}

TEST_F(HersysStoreTest, SaysWhatIsMissing) {
  PatientRecord record = GoodRecord();
  record.consented = false;
  record.contact = "03-1234-5678";
  patient_ = *store_->AddPatient(centre_, record, "center", kNow);
  const IssueDecision decision = *Queue(1);
  EXPECT_EQ(decision.verdict, IssueVerdict::kSomethingMissing);
  EXPECT_THAT(decision.missing,
              ElementsAre(MissingItem::kConsent, MissingItem::kContact));
  EXPECT_THAT(store_->FindIssue(Uuid(1)),
              StatusIs(absl::StatusCode::kNotFound));
}

// Row 12: five a day of Japan, three live at once.
TEST_F(HersysStoreTest, LimitsOfADayAndOfLiveNumbers) {
  for (int n = 1; n <= 3; ++n) {
    EXPECT_EQ(VerdictOf(n), IssueVerdict::kMayIssue);
    Send(n);
  }
  EXPECT_EQ(VerdictOf(4), IssueVerdict::kTooManyLive);
  const absl::Time later = kNow + absl::Hours(1);
  for (int n = 4; n <= 5; ++n) {
    EXPECT_EQ(VerdictOf(n, later), IssueVerdict::kMayIssue);
  }
  EXPECT_EQ(VerdictOf(6, later), IssueVerdict::kTooManyToday);
  const absl::Time midnight = kNow + absl::Hours(6);
  EXPECT_EQ(VerdictOf(6, midnight - absl::Seconds(1)),
            IssueVerdict::kTooManyToday);
  EXPECT_EQ(VerdictOf(6, midnight), IssueVerdict::kMayIssue);
  // Two of the day before wait still, so three are to be live.
  EXPECT_EQ(VerdictOf(7, midnight), IssueVerdict::kTooManyLive);
}

TEST_F(HersysStoreTest, StatesChangeAsTheRulesHaveThem) {
  for (int s = 0; s < kNumIssueStates; ++s) {
    for (int e = 0; e < kNumIssueEvents; ++e) {
      const auto state = static_cast<IssueState>(s);
      const auto event = static_cast<IssueEvent>(e);
      SCOPED_TRACE(absl::StrFormat("state %d, event %d", s, e));
      patient_ = *store_->AddPatient(centre_, GoodRecord(), "center", kNow);
      const int n = 1 + kNumIssueEvents * s + e;
      ASSERT_EQ(VerdictOf(n), IssueVerdict::kMayIssue);
      ASSERT_THAT(store_->numbers().Add(HashOf(n), patient_, Uuid(n),
                                        kNow + absl::Hours(1)),
                  IsOk());
      const auto redeem = [&] {
        return IsGranted(Reserve(n, n)) &&
               *store_->Confirm(ClaimFor(n), kNow) != ConfirmOutcome::kUnknown;
      };
      const absl::Time end = kNow + absl::Hours(1);
      if (state == IssueState::kHanded || state == IssueState::kDelivered) {
        ASSERT_TRUE(*store_->HandOver(Uuid(n), HashOf(n), kNow, end));
      }
      if (state == IssueState::kDelivered) {
        ASSERT_TRUE(*store_->Deliver(Uuid(n), kNow, std::nullopt));
      }
      if (state == IssueState::kFailed) {
        ASSERT_TRUE(*store_->Fail(Uuid(n), FailureReason::kGatewayGaveUp));
      }
      if (state == IssueState::kExpired) {
        ASSERT_TRUE(*store_->Expire(Uuid(n)));
      }
      if (state == IssueState::kRedeemed) {
        ASSERT_TRUE(redeem());
      }
      ASSERT_EQ(StateOf(n), state);

      const std::optional<IssueState> next = NextIssueState(state, event);
      switch (event) {
        case IssueEvent::kHandOver:
          EXPECT_EQ(*store_->HandOver(Uuid(n), HashOf(n), kNow, end),
                    next.has_value());
          break;
        case IssueEvent::kDelivery:
          EXPECT_EQ(*store_->Deliver(Uuid(n), kNow, std::nullopt),
                    next.has_value());
          break;
        case IssueEvent::kFailure:
          EXPECT_EQ(*store_->Fail(Uuid(n), FailureReason::kReportedByGateway),
                    next.has_value());
          break;
        case IssueEvent::kExpiry:
          EXPECT_EQ(*store_->Expire(Uuid(n)), next.has_value());
          break;
        case IssueEvent::kRedemption:
          EXPECT_TRUE(redeem());
          break;
      }
      EXPECT_EQ(StateOf(n), next.value_or(state));
    }
  }
}

// Row 13, R5: after a success nothing is issued, and nothing that waited goes
// out.
TEST_F(HersysStoreTest, R5OneSuccessEndsAllOfAPatients) {
  for (int n = 1; n <= 2; ++n) {
    ASSERT_EQ(VerdictOf(n), IssueVerdict::kMayIssue);
    Send(n);
  }
  ASSERT_EQ(VerdictOf(3), IssueVerdict::kMayIssue);
  EXPECT_EQ(store_->IssuesToSend(10, kNow)->size(), 1);
  ASSERT_EQ(Reserve(1, 1), ReserveOutcome::kGranted);
  EXPECT_THAT(store_->Confirm(ClaimFor(1), kNow),
              IsOkAndHolds(ConfirmOutcome::kRegisters));
  EXPECT_EQ(StateOf(1), IssueState::kRedeemed);
  EXPECT_EQ(StateOf(2), IssueState::kExpired);
  EXPECT_EQ(StateOf(3), IssueState::kExpired);
  EXPECT_THAT(*store_->IssuesToSend(10, kNow), IsEmpty());
  EXPECT_EQ(Reserve(2, 2), ReserveOutcome::kVoided);
  EXPECT_EQ(VerdictOf(4), IssueVerdict::kRegistered);
  EXPECT_EQ(store_->FindPatient(centre_, patient_)->registered_at, kNow);
  // Told again, the day stays (R4).
  EXPECT_THAT(store_->Confirm(ClaimFor(1), kNow + absl::Hours(5)),
              IsOkAndHolds(ConfirmOutcome::kRepeated));
  EXPECT_EQ(store_->FindPatient(centre_, patient_)->registered_at, kNow);
  EXPECT_THAT(store_->CountAudit("registered"), IsOkAndHolds(1));
}

TEST_F(HersysStoreTest, AnIssueVoidsReservations) {
  ASSERT_EQ(VerdictOf(1), IssueVerdict::kMayIssue);
  Send(1);
  ASSERT_EQ(Reserve(1, 1), ReserveOutcome::kGranted);
  ASSERT_EQ(VerdictOf(2), IssueVerdict::kMayIssue);
  EXPECT_EQ(Reserve(1, 1), ReserveOutcome::kVoided);
}

// Row 13: 8 issues race a redemption, each over a connection of its own. What
// was queued before the success is over by it; nothing is queued after it.
TEST_F(HersysStoreTest, EightIssuesRaceARedemption) {
  for (int round = 0; round < 5; ++round) {
    patient_ = *store_->AddPatient(centre_, GoodRecord(), "center", kNow);
    const int first = 100 * (round + 1);
    ASSERT_EQ(VerdictOf(first), IssueVerdict::kMayIssue);
    ASSERT_THAT(store_->numbers().Add(HashOf(round), patient_, Uuid(first),
                                      kNow + absl::Hours(1)),
                IsOk());
    ASSERT_EQ(Reserve(round, round), ReserveOutcome::kGranted);
    std::atomic<int> num_issued = 0;
    std::atomic<int> num_wrong = 0;
    std::vector<std::thread> threads;
    threads.reserve(8);
    for (int n = 1; n <= 8; ++n) {
      threads.emplace_back([&, n] {
        const std::unique_ptr<HersysStore> store = Open();
        const auto decision = store->QueueIssue(
            {.uuid = Uuid(first + n), .centre = centre_, .patient = patient_},
            kNow);
        if (!decision.ok()) {
          ++num_wrong;
        } else if (decision->verdict == IssueVerdict::kMayIssue) {
          ++num_issued;
        }
      });
    }
    EXPECT_THAT(store_->Confirm(ClaimFor(round), kNow),
                IsOkAndHolds(ConfirmOutcome::kRegisters));
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(num_wrong, 0);
    EXPECT_LE(num_issued, 2);  // with the first, three
    EXPECT_THAT(*store_->IssuesToSend(100, kNow), IsEmpty());
    EXPECT_EQ(VerdictOf(first + 9), IssueVerdict::kRegistered);
    int num_redeemed = 0;
    const auto issues = store_->IssuesOf(centre_, patient_);
    ASSERT_THAT(issues.status(), IsOk());
    for (const Issue& issue : *issues) {
      num_redeemed += issue.state == IssueState::kRedeemed ? 1 : 0;
      EXPECT_NE(issue.state, IssueState::kQueued);
    }
    EXPECT_EQ(num_redeemed, 1);
  }
}

TEST_F(HersysStoreTest, EightDoubleClicksMakeOneIssue) {
  std::atomic<int> num_issued = 0;
  std::atomic<int> num_known = 0;
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int n = 0; n < 8; ++n) {
    threads.emplace_back([&] {
      const auto decision = Open()->QueueIssue(
          {.uuid = Uuid(1), .centre = centre_, .patient = patient_}, kNow);
      num_issued += decision.ok() ? 1 : 0;
      num_known += absl::IsAlreadyExists(decision.status()) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(num_issued, 1);
  EXPECT_EQ(num_known, 7);
}

TEST_F(HersysStoreTest, R1AgeOfTheQueueAlarms) {
  EXPECT_FALSE(store_->AgeOfQueue(kNow)->alarm);
  ASSERT_EQ(VerdictOf(1), IssueVerdict::kMayIssue);
  EXPECT_FALSE(store_->AgeOfQueue(kNow + absl::Seconds(599))->alarm);
  EXPECT_TRUE(store_->AgeOfQueue(kNow + absl::Seconds(600))->alarm);
  Send(1);
  EXPECT_FALSE(store_->AgeOfQueue(kNow + absl::Hours(2))->alarm);
}

TEST_F(HersysStoreTest, NumbersAndPatientsGo) {
  ASSERT_EQ(VerdictOf(1), IssueVerdict::kMayIssue);
  Send(1);
  const absl::Time end = kNow + absl::Hours(1);
  EXPECT_THAT(store_->Purge(end - absl::Seconds(1)), IsOkAndHolds(0));
  EXPECT_EQ(StateOf(1), IssueState::kHanded);
  EXPECT_THAT(store_->PurgePatients(end, end - absl::Seconds(1)),
              IsOkAndHolds(0));
  EXPECT_THAT(store_->Purge(end), IsOkAndHolds(0));
  EXPECT_EQ(StateOf(1), IssueState::kExpired);
  EXPECT_THAT(store_->Purge(end + absl::Minutes(10)), IsOkAndHolds(1));
  EXPECT_THAT(store_->PurgePatients(kNow, end), IsOkAndHolds(0));
  EXPECT_THAT(store_->PurgePatients(end, end), IsOkAndHolds(1));
  EXPECT_THAT(store_->Checkpoint(), IsOk());
  EXPECT_THAT(store_->FindPatient(centre_, patient_),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store_->FindIssue(Uuid(1)),
              StatusIs(absl::StatusCode::kNotFound));
}

// A kill between the number's redemption and the issue's.
TEST_F(HersysStoreTest, PurgeSettlesWhatAKillLeft) {
  ASSERT_EQ(VerdictOf(1), IssueVerdict::kMayIssue);
  Send(1);
  ASSERT_EQ(Reserve(1, 1), ReserveOutcome::kGranted);
  EXPECT_THAT(store_->numbers().Confirm(ClaimFor(1), kNow),
              IsOkAndHolds(ConfirmOutcome::kRegisters));
  EXPECT_EQ(StateOf(1), IssueState::kHanded);
  EXPECT_THAT(store_->Purge(kNow), IsOkAndHolds(1));
  EXPECT_EQ(StateOf(1), IssueState::kRedeemed);
}

}  // namespace
}  // namespace tekmatch
