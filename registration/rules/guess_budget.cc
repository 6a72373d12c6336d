// Plan: Validation; what a budget means in hits an hour; the budget, by a
// ring of minutes; then a bucket an address, and how long an app waits
// before the next try.
#include "registration/rules/guess_budget.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "registration/rules/processing_number.h"

namespace tekmatch {
namespace {

constexpr int64_t kWrongPerHourOfAnHoursLife = 200;
constexpr int64_t kTriesWithoutWait = 2;
constexpr absl::Duration kWaitStep = absl::Seconds(5);
constexpr absl::Duration kLongestWait = absl::Minutes(1);

int64_t MinuteOf(absl::Time time) {
  return absl::ToInt64Minutes(
      absl::Floor(time - absl::UnixEpoch(), absl::Minutes(1)));
}

}  // namespace

absl::Status Validate(const GuessBudgetOptions& options) {
  if (options.wrong_per_hour < 0) {
    return absl::InvalidArgumentError("wrong_per_hour: negative");
  }
  if (options.delay < absl::ZeroDuration() ||
      options.delay > absl::Seconds(60)) {
    return absl::InvalidArgumentError("delay: not in 0..60 s");
  }
  return absl::OkStatus();
}

int64_t WrongPerHourFor(absl::Duration life) {
  const double hours = absl::ToDoubleHours(life);
  const double budget = std::floor(kWrongPerHourOfAnHoursLife / hours);
  return std::clamp(static_cast<int64_t>(budget), int64_t{1},
                    kWrongPerHourOfAnHoursLife);
}

double ExpectedHitsPerHour(int64_t wrong_per_hour, int64_t num_live) {
  return static_cast<double>(wrong_per_hour) * static_cast<double>(num_live) /
         static_cast<double>(kNumProcessingNumbers);
}

double HitProbabilityPerHour(int64_t wrong_per_hour, int64_t num_live) {
  return -std::expm1(-ExpectedHitsPerHour(wrong_per_hour, num_live));
}

void GuessBudget::MoveTo(int64_t minute) {
  if (minute <= minute_) return;
  if (minute - minute_ >= kMinutes) {
    wrong_.fill(0);
  } else {
    for (int64_t m = minute_ + 1; m <= minute; ++m) {
      wrong_[static_cast<size_t>(m % kMinutes)] = 0;
    }
  }
  minute_ = minute;
}

void GuessBudget::Restore(absl::Time at, int64_t num_wrong) {
  const int64_t minute = MinuteOf(at);
  MoveTo(minute);
  if (minute_ - minute >= kMinutes) return;
  wrong_[static_cast<size_t>(minute % kMinutes)] += num_wrong;
}

absl::Duration GuessBudget::CountWrong(absl::Time now) {
  MoveTo(MinuteOf(now));
  ++wrong_[static_cast<size_t>(minute_ % kMinutes)];
  if (NumWrong(now) <= options_.wrong_per_hour) return absl::ZeroDuration();
  ++num_alarms_;
  return options_.delay;
}

int64_t GuessBudget::NumWrong(absl::Time now) const {
  GuessBudget later = *this;
  later.MoveTo(MinuteOf(now));
  return std::accumulate(later.wrong_.begin(), later.wrong_.end(), int64_t{0});
}

absl::Status Validate(const AddressBucketOptions& options) {
  if (options.burst < 1) return absl::InvalidArgumentError("burst: below 1");
  if (options.per_hour < 1) {
    return absl::InvalidArgumentError("per_hour: below 1");
  }
  return absl::OkStatus();
}

AddressBucket::AddressBucket(const AddressBucketOptions& options,
                             absl::Time now)
    : options_(options),
      at_(now),
      tokens_(static_cast<double>(options.burst)) {}

double AddressBucket::Tokens(absl::Time now) const {
  const absl::Duration passed = std::max(absl::ZeroDuration(), now - at_);
  const double added =
      absl::ToDoubleHours(passed) * static_cast<double>(options_.per_hour);
  return std::min(static_cast<double>(options_.burst), tokens_ + added);
}

absl::Duration AddressBucket::RetryAfter(absl::Time now) const {
  const double missing = 1 - Tokens(now);
  if (missing <= 1e-9) return absl::ZeroDuration();
  return absl::Ceil(
      absl::Hours(missing / static_cast<double>(options_.per_hour)),
      absl::Seconds(1));
}

void AddressBucket::CountWrong(absl::Time now) {
  tokens_ = std::max(0.0, Tokens(now) - 1);
  at_ = std::max(at_, now);
}

bool AddressBucket::IsFull(absl::Time now) const {
  return Tokens(now) >= static_cast<double>(options_.burst) - 1e-9;
}

absl::Duration WaitBeforeNextTry(int64_t num_wrong) {
  if (num_wrong <= kTriesWithoutWait) return absl::ZeroDuration();
  return std::min(kLongestWait, kWaitStep * (num_wrong - kTriesWithoutWait));
}

}  // namespace tekmatch
