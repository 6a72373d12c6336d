#include "registration/rules/redemption.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/registration/rules/times.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kMine[] = "123e4567-e89b-12d3-a456-426614174000";
constexpr char kOther[] = "00000000-0000-4000-8000-000000000001";

Claim Mine() { return *ClaimOf(kMine); }
Claim Other() { return *ClaimOf(kOther); }

absl::Time Expiry() { return At("2020-12-15T11:00:00+09:00"); }
absl::Time InTime() { return Expiry() - absl::Minutes(30); }

NumberRecord Row(NumberState state, std::optional<Claim> claim = {}) {
  return {.state = state, .claim = claim, .expires_at = Expiry()};
}
NumberRecord Live() { return Row(NumberState::kLive); }
NumberRecord Reserved() { return Row(NumberState::kReserved, Mine()); }
NumberRecord Redeemed() { return Row(NumberState::kRedeemed, Mine()); }
NumberRecord Voided() { return Row(NumberState::kVoided); }
NumberRecord VoidedClaim() { return Row(NumberState::kVoided, Mine()); }

std::string Name(const std::optional<NumberRecord>& record, bool registered,
                 const Claim& claim, absl::Time now = InTime()) {
  return std::string(
      ReserveOutcomeName(Reserve(record, registered, claim, now).outcome));
}

// Expected: printf 123e4567-e89b-12d3-a456-426614174000 | sha256sum
TEST(RedemptionTest, ClaimIsTheHashOfTheIdempotencyKey) {
  const auto claim = ClaimOf(kMine);
  ASSERT_THAT(claim, IsOk());
  EXPECT_EQ(absl::BytesToHexString(absl::string_view(
                reinterpret_cast<const char*>(claim->bytes.data()),
                claim->bytes.size())),
            "986c0dc956dc822b5d8f698661b9eb1ef880786ff9043c16744d2a420e99e9bb");
  EXPECT_EQ(*ClaimOf("123E4567-E89B-12D3-A456-426614174000"), *claim);
  EXPECT_NE(Other(), *claim);
  for (const char* bad : {"", "secret", "123e4567-e89b-12d3-a456-42661417400",
                          "123e4567-e89b-12d3-a456-4266141740000",
                          "123e4567ae89b-12d3-a456-426614174000",
                          "123e4567-e89b-12d3-a456-42661417400g",
                          "{123e4567-e89b-12d3-a456-4266141740}",
                          "123e4567e89b12d3a456426614174000"}) {
    EXPECT_THAT(ClaimOf(bad), StatusIs(absl::StatusCode::kInvalidArgument,
                                       Not(HasSubstr("secret"))))
        << bad;
  }
}

TEST(R3, ExpiryToTheSecond) {
  const struct {
    absl::Duration beside;
    const char* want;
  } kCases[] = {
      {-absl::Hours(1), "granted"},       {-absl::Seconds(1), "granted"},
      {-absl::Nanoseconds(1), "granted"}, {absl::ZeroDuration(), "expired"},
      {absl::Seconds(1), "expired"},      {absl::Minutes(10), "expired"},
      {absl::Hours(24), "expired"},       {absl::Hours(24 * 365), "expired"},
  };
  for (const auto& [beside, want] : kCases) {
    EXPECT_EQ(Name(Live(), false, Mine(), Expiry() + beside), want) << beside;
    // Who was granted the number in time keeps it.
    EXPECT_EQ(Name(Reserved(), false, Mine(), Expiry() + beside), "repeated");
    EXPECT_EQ(Name(Redeemed(), true, Mine(), Expiry() + beside), "repeated");
  }
}

TEST(R4, TheSameClaimGetsTheSameAnswer) {
  Reservation first = Reserve(Live(), false, Mine(), InTime());
  EXPECT_EQ(first.outcome, ReserveOutcome::kGranted);
  EXPECT_EQ(first.record, Reserved());
  for (int i = 0; i < 3; ++i) {
    const Reservation again =
        Reserve(first.record, false, Mine(), Expiry() + absl::Hours(i));
    EXPECT_EQ(again.outcome, ReserveOutcome::kRepeated);
    EXPECT_EQ(again.record, first.record);
    EXPECT_TRUE(IsGranted(again.outcome));
  }
  const Confirmation confirmed = Confirm(first.record, false, Mine());
  EXPECT_EQ(confirmed.outcome, ConfirmOutcome::kRegisters);
  EXPECT_EQ(confirmed.record, Redeemed());
  EXPECT_EQ(Reserve(confirmed.record, true, Mine(), InTime()).outcome,
            ReserveOutcome::kRepeated);
  EXPECT_EQ(Confirm(confirmed.record, true, Mine()).outcome,
            ConfirmOutcome::kRepeated);
}

TEST(RedemptionTest, ReserveOverAllRows) {
  const struct {
    std::optional<NumberRecord> record;
    bool registered;
    const char* mine;
    const char* other;
  } kCases[] = {
      {std::nullopt, false, "unknown", "unknown"},
      {Live(), false, "granted", "granted"},
      {Live(), true, "registered", "registered"},
      {Reserved(), false, "repeated", "claimed"},
      {Reserved(), true, "repeated", "claimed"},
      {Redeemed(), true, "repeated", "used"},
      {Voided(), false, "voided", "voided"},
      {Voided(), true, "voided", "voided"},
      {VoidedClaim(), false, "voided", "voided"},
      {VoidedClaim(), true, "voided", "voided"},
  };
  for (const auto& [record, registered, mine, other] : kCases) {
    EXPECT_EQ(Name(record, registered, Mine()), mine);
    EXPECT_EQ(Name(record, registered, Other()), other);
    // Nothing but a grant changes a row.
    const Reservation by_other = Reserve(record, registered, Other(), InTime());
    if (by_other.outcome == ReserveOutcome::kGranted) {
      EXPECT_EQ(by_other.record, Row(NumberState::kReserved, Other()));
    } else {
      EXPECT_EQ(by_other.record, record);
    }
  }
}

// Row 17: one text outside, the true reason inside.
TEST(R2, OneRefusalOutsideThatNamesBothCauses) {
  EXPECT_THAT(std::string(kRefusalText), HasSubstr("正しくない"));
  EXPECT_THAT(std::string(kRefusalText), HasSubstr("有効期限"));
  EXPECT_THAT(std::string(kRefusalText), HasSubstr("電話番号"));
  EXPECT_EQ(Name(Live(), false, Mine(), Expiry()), "expired");
  EXPECT_EQ(Name(std::nullopt, false, Mine()), "unknown");
  for (int i = 0; i < kNumReserveOutcomes; ++i) {
    const auto outcome = static_cast<ReserveOutcome>(i);
    EXPECT_EQ(ReserveOutcomeLabel(outcome).empty(), IsGranted(outcome));
  }
}

TEST(RedemptionTest, ConfirmOverAllRows) {
  const struct {
    std::optional<NumberRecord> record;
    bool registered;
    const char* want;
    NumberState state;
  } kCases[] = {
      {Reserved(), false, "registers", NumberState::kRedeemed},
      {Reserved(), true, "another_time", NumberState::kRedeemed},
      {Redeemed(), true, "repeated", NumberState::kRedeemed},
      // The keys are stored: a claim that was voided meanwhile still counts.
      {VoidedClaim(), false, "registers", NumberState::kRedeemed},
      {VoidedClaim(), true, "another_time", NumberState::kRedeemed},
      {Live(), false, "unknown", NumberState::kLive},
      {Voided(), false, "unknown", NumberState::kVoided},
      {Row(NumberState::kReserved, Other()), false, "unknown",
       NumberState::kReserved},
  };
  for (const auto& [record, registered, want, state] : kCases) {
    const Confirmation confirmation = Confirm(record, registered, Mine());
    EXPECT_EQ(ConfirmOutcomeName(confirmation.outcome), want);
    EXPECT_EQ(confirmation.record->state, state);
    EXPECT_EQ(confirmation.record->claim, record->claim);
  }
  EXPECT_EQ(Confirm(std::nullopt, false, Mine()).outcome,
            ConfirmOutcome::kUnknown);
}

// A patient with three numbers, and whatever happens in whatever order: never
// is a patient registered twice, never is a number good for two claims, and
// after a success none is good for a new claim.
class Patient {
 public:
  Patient() : numbers_(3, Live()) {}

  bool Step(size_t what) {
    const size_t number = what % 3;
    const Claim claim = what / 3 % 2 == 0 ? Mine() : Other();
    NumberRecord& record = numbers_[number];
    switch (what / 6) {
      case 0: {
        const Reservation reservation =
            Reserve(record, registered_, claim, InTime());
        if (reservation.outcome == ReserveOutcome::kGranted && registered_) {
          return false;
        }
        const bool changed = *reservation.record != record;
        if (changed != (reservation.outcome == ReserveOutcome::kGranted)) {
          return false;
        }
        record = *reservation.record;
        return true;
      }
      case 1: {
        const Confirmation confirmation = Confirm(record, registered_, claim);
        record = *confirmation.record;
        if (confirmation.outcome != ConfirmOutcome::kRegisters) return true;
        for (size_t i = 0; i < numbers_.size(); ++i) {
          if (i != number) numbers_[i] = AfterSuccess(numbers_[i]);
        }
        registered_ = true;
        return ++num_registrations_ == 1;
      }
      default:
        for (NumberRecord& each : numbers_) each = AfterNewIssue(each);
        return true;
    }
  }

 private:
  std::vector<NumberRecord> numbers_;
  bool registered_ = false;
  int num_registrations_ = 0;
};

TEST(R5, OneSuccessAPatientInAnyOrderOfEvents) {
  constexpr size_t kEvents = 13;  // 6 reserves, 6 confirms, a new issue
  constexpr size_t kSteps = 5;
  size_t num_orders = 1;
  for (size_t i = 0; i < kSteps; ++i) num_orders *= kEvents;
  for (size_t order = 0; order < num_orders; ++order) {
    Patient patient;
    size_t rest = order;
    for (size_t step = 0; step < kSteps; ++step) {
      ASSERT_TRUE(patient.Step(rest % kEvents)) << order << " " << step;
      rest /= kEvents;
    }
  }
}

// R16: a second registration is refused in the same words as anything else.
TEST(R16, AfterASuccessEveryOtherNumberIsVoid) {
  EXPECT_EQ(AfterSuccess(Live()), Voided());
  EXPECT_EQ(AfterSuccess(Reserved()), VoidedClaim());
  EXPECT_EQ(AfterSuccess(Redeemed()), Redeemed());
  EXPECT_EQ(AfterSuccess(Voided()), Voided());
  EXPECT_FALSE(IsGranted(
      Reserve(AfterSuccess(Live()), true, Other(), InTime()).outcome));
}

// Row 12: a reissue keeps an earlier number, whose message may arrive last.
TEST(RedemptionTest, ANewIssueVoidsReservationsOnly) {
  EXPECT_EQ(AfterNewIssue(Live()), Live());
  EXPECT_EQ(AfterNewIssue(Reserved()), VoidedClaim());
  EXPECT_EQ(AfterNewIssue(Redeemed()), Redeemed());
  EXPECT_EQ(AfterNewIssue(Voided()), Voided());
}

TEST(RedemptionTest, Retention) {
  const absl::Duration second = absl::Seconds(1);
  EXPECT_FALSE(MayDelete(Live(), Expiry() + absl::Minutes(10) - second));
  EXPECT_TRUE(MayDelete(Live(), Expiry() + absl::Minutes(10)));
  EXPECT_TRUE(MayDelete(Redeemed(), InTime()));
  EXPECT_TRUE(MayDelete(Voided(), InTime()));
  for (const NumberRecord& waits : {Reserved(), VoidedClaim()}) {
    EXPECT_FALSE(MayDelete(waits, Expiry() + absl::Hours(24) - second));
    EXPECT_TRUE(MayDelete(waits, Expiry() + absl::Hours(24)));
  }
  EXPECT_EQ(NumberStateName(NumberState::kVoided), "voided");
}

}  // namespace
}  // namespace tekmatch
