#include "registration/rules/guess_budget.h"

#include <cstdint>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/registration/rules/times.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

TEST(GuessBudgetTest, ValidateNamesTheField) {
  EXPECT_THAT(Validate(GuessBudgetOptions()), IsOk());
  EXPECT_THAT(Validate(AddressBucketOptions()), IsOk());
  EXPECT_THAT(Validate(GuessBudgetOptions{.wrong_per_hour = -1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("wrong_per_hour")));
  for (const absl::Duration delay : {absl::Seconds(-1), absl::Seconds(61)}) {
    EXPECT_THAT(
        Validate(GuessBudgetOptions{.wrong_per_hour = 1, .delay = delay}),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("delay")));
  }
  EXPECT_THAT(Validate(AddressBucketOptions{.burst = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("burst")));
  EXPECT_THAT(
      Validate(AddressBucketOptions{.burst = 1, .per_hour = 0}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("per_hour")));
}

// The table of R6.
TEST(R6, TheComputedRisk) {
  const struct {
    int64_t wrong;
    int64_t live;
    double expected;
    double probability;
  } kCases[] = {
      {0, 5000, 0, 0},
      {200, 0, 0, 0},
      {200, 5000, 0.01, 0.00995},
      {2000, 5000, 0.1, 0.0952},
      {36000, 5000, 1.8, 0.8347},
      // 24 hours' worth of numbers.
      {200, 120'000, 0.24, 0.2134},
      {8, 120'000, 0.0096, 0.00955},
  };
  for (const auto& [wrong, live, expected, probability] : kCases) {
    EXPECT_NEAR(ExpectedHitsPerHour(wrong, live), expected, 1e-9);
    EXPECT_NEAR(HitProbabilityPerHour(wrong, live), probability, 5e-5);
  }
}

TEST(R6, TheBudgetShrinksWithTheLife) {
  EXPECT_EQ(WrongPerHourFor(absl::Hours(1)), 200);
  EXPECT_EQ(WrongPerHourFor(absl::Minutes(15)), 200);
  EXPECT_EQ(WrongPerHourFor(absl::Hours(2)), 100);
  EXPECT_EQ(WrongPerHourFor(absl::Hours(24)), 8);
  EXPECT_EQ(WrongPerHourFor(absl::Hours(1000)), 1);
}

TEST(R6, WrongNumbersOverAllClientsAreDelayedBeyondTheBudget) {
  GuessBudget budget({.wrong_per_hour = 200, .delay = absl::Seconds(5)});
  const absl::Time start = At("2020-12-15T10:00:00Z");
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(budget.CountWrong(start + absl::Seconds(i)),
              absl::ZeroDuration());
  }
  EXPECT_EQ(budget.num_alarms(), 0);
  EXPECT_EQ(budget.NumWrong(start + absl::Seconds(200)), 200);
  EXPECT_EQ(budget.CountWrong(start + absl::Seconds(200)), absl::Seconds(5));
  EXPECT_EQ(budget.CountWrong(start + absl::Minutes(59)), absl::Seconds(5));
  EXPECT_EQ(budget.num_alarms(), 2);
  // An hour later, to the minute, the first ones are forgotten.
  EXPECT_EQ(budget.NumWrong(start + absl::Minutes(60)), 202);
  EXPECT_EQ(budget.NumWrong(start + absl::Minutes(61)), 142);
  EXPECT_EQ(budget.NumWrong(start + absl::Minutes(64)), 1);
  EXPECT_EQ(budget.CountWrong(start + absl::Minutes(64)), absl::ZeroDuration());
  EXPECT_EQ(budget.num_alarms(), 2);
  EXPECT_EQ(budget.NumWrong(start + absl::Hours(5)), 0);
}

// Whatever the pattern, no hour has more undelayed wrong answers than the
// budget.
TEST(R6, NoHourHasMoreThanTheBudgetUndelayed) {
  for (const int every_seconds : {1, 7, 17, 18, 61, 600}) {
    GuessBudget budget({.wrong_per_hour = 50});
    std::vector<int64_t> undelayed;
    for (int64_t t = 0; t < 18'000; t += every_seconds) {
      // A burst at each half hour.
      const int num = t % 1800 < every_seconds ? 40 : 1;
      for (int i = 0; i < num; ++i) {
        if (budget.CountWrong(absl::FromUnixSeconds(1608000000 + t)) ==
            absl::ZeroDuration()) {
          undelayed.push_back(t);
        }
      }
    }
    for (size_t i = 50; i < undelayed.size(); ++i) {
      EXPECT_GE(undelayed[i] - undelayed[i - 50], 3600) << every_seconds;
    }
  }
}

TEST(GuessBudgetTest, ABudgetOfNothingDelaysAll) {
  GuessBudget budget({.wrong_per_hour = 0});
  EXPECT_EQ(budget.CountWrong(At("2020-12-15T10:00:00Z")), absl::Seconds(5));
  EXPECT_EQ(budget.num_alarms(), 1);
}

TEST(GuessBudgetTest, AClockSetBackForgetsNothing) {
  GuessBudget budget({.wrong_per_hour = 2});
  const absl::Time now = At("2020-12-15T10:00:00Z");
  budget.CountWrong(now);
  budget.CountWrong(now - absl::Hours(2));
  EXPECT_EQ(budget.CountWrong(now - absl::Hours(2)), absl::Seconds(5));
  EXPECT_EQ(budget.NumWrong(now), 3);
  EXPECT_EQ(budget.NumWrong(now + absl::Minutes(60)), 3);
  EXPECT_EQ(budget.NumWrong(now + absl::Minutes(61)), 0);
}

TEST(GuessBudgetTest, ARestartForgetsNothing) {
  GuessBudget budget({.wrong_per_hour = 200});
  const absl::Time now = At("2020-12-15T10:30:00Z");
  budget.Restore(now - absl::Minutes(30), 150);
  budget.Restore(now - absl::Minutes(20), 50);
  budget.Restore(now - absl::Hours(3), 1000);  // too long ago
  EXPECT_EQ(budget.NumWrong(now), 200);
  EXPECT_EQ(budget.CountWrong(now), absl::Seconds(5));
}

TEST(GuessBudgetTest, AnAddressHasABucket) {
  const absl::Time now = At("2020-12-15T10:00:00Z");
  AddressBucket bucket({.burst = 3, .per_hour = 60}, now);
  EXPECT_TRUE(bucket.IsFull(now));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(bucket.MayTry(now));
    bucket.CountWrong(now);
  }
  EXPECT_FALSE(bucket.IsFull(now));
  EXPECT_FALSE(bucket.MayTry(now));
  EXPECT_EQ(bucket.RetryAfter(now), absl::Seconds(60));
  EXPECT_EQ(bucket.RetryAfter(now + absl::Milliseconds(59500)),
            absl::Seconds(1));
  // A clock that is set back for a while fills nothing.
  EXPECT_FALSE(bucket.MayTry(now - absl::Hours(2)));
  bucket.CountWrong(now - absl::Hours(2));
  EXPECT_FALSE(bucket.MayTry(now));
  EXPECT_TRUE(bucket.MayTry(now + absl::Seconds(60)));
  bucket.CountWrong(now + absl::Seconds(60));
  EXPECT_FALSE(bucket.MayTry(now + absl::Seconds(119)));
  // Wrong numbers that were on their way do not dig a hole.
  for (int i = 0; i < 100; ++i) bucket.CountWrong(now + absl::Seconds(60));
  EXPECT_TRUE(bucket.MayTry(now + absl::Seconds(120)));
  EXPECT_FALSE(bucket.IsFull(now + absl::Minutes(3)));
  EXPECT_TRUE(bucket.IsFull(now + absl::Minutes(4)));
  EXPECT_TRUE(bucket.IsFull(now + absl::Hours(100)));
}

TEST(R8, ThePhoneWaitsAndNeverGivesUp) {
  const struct {
    int64_t num_wrong;
    int seconds;
  } kCases[] = {{0, 0},   {1, 0},   {2, 0},
                {3, 5},   {4, 10},  {5, 15},
                {6, 20},  {13, 55}, {14, 60},
                {15, 60}, {99, 60}, {std::numeric_limits<int64_t>::max(), 60}};
  for (const auto& [num_wrong, seconds] : kCases) {
    EXPECT_EQ(WaitBeforeNextTry(num_wrong), absl::Seconds(seconds))
        << num_wrong;
  }
}

}  // namespace
}  // namespace tekmatch
