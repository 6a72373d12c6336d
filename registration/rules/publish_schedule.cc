// Plan: first the times of one key (release, too old), then the slots, then
// the plan of a run. Slots are found by whole UTC days, which have no summer
// time. A run first says of each key whether it may go out; then, where these
// are fewer than min_keys, whether one of them cannot wait. If one cannot, all
// go, so that it is not alone in its file.
#include "registration/rules/publish_schedule.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "absl/strings/str_cat.h"

namespace tekmatch {
namespace {

constexpr std::array<absl::string_view, 4> kVerdictNames = {
    "goes_out", "embargoed", "waits_for_more", "too_old"};

constexpr absl::Duration kDay = absl::Hours(24);
constexpr size_t kMostSlots = 1440;

absl::Time IntervalTime(int64_t interval) {
  return absl::FromUnixSeconds(interval * kIntervalSeconds);
}

absl::Time UtcMidnight(absl::Time time) {
  return absl::UnixEpoch() + absl::Floor(time - absl::UnixEpoch(), kDay);
}

// The first moment at which the key could be in a file.
absl::Time ReadyFrom(const WaitingKey& key, ReleaseRule rule) {
  return std::max(key.arrived,
                  ReleaseTime(key.rolling_start, key.rolling_period, rule));
}

// Whether a key that could go out now may not wait for the slot after `now`.
bool CannotWait(const WaitingKey& key, absl::Time now,
                const PublishSchedule& schedule) {
  const absl::Time next = FirstSlotFrom(now + absl::Nanoseconds(1), schedule);
  // A run by hand may be between slots, before the first one of the key. Then
  // the key waits from now on.
  const absl::Time first =
      std::min(now, FirstSlotFrom(ReadyFrom(key, schedule.rule), schedule));
  return next >= TooOldFrom(key.rolling_start) ||
         next - first > schedule.longest_wait;
}

// The arrival is not asked for: a key that came after the slot, but before a
// late run for it, goes out with the others.
ReleaseVerdict Judge(const WaitingKey& key, absl::Time now, ReleaseRule rule) {
  if (now >= TooOldFrom(key.rolling_start)) return ReleaseVerdict::kTooOld;
  if (now < ReleaseTime(key.rolling_start, key.rolling_period, rule)) {
    return ReleaseVerdict::kEmbargoed;
  }
  return ReleaseVerdict::kGoesOut;
}

}  // namespace

absl::Status Validate(const PublishSchedule& schedule) {
  if (schedule.slots.empty() || schedule.slots.size() > kMostSlots) {
    return absl::InvalidArgumentError(
        absl::StrCat("slots: not 1..", kMostSlots));
  }
  for (size_t i = 0; i < schedule.slots.size(); ++i) {
    const absl::Duration slot = schedule.slots[i];
    if (slot < absl::ZeroDuration() || slot >= kDay ||
        absl::Trunc(slot, absl::Seconds(1)) != slot) {
      return absl::InvalidArgumentError("slots: not a whole second of the day");
    }
    if (i > 0 && slot <= schedule.slots[i - 1]) {
      return absl::InvalidArgumentError("slots: not ascending");
    }
  }
  if (schedule.min_keys < 0) {
    return absl::InvalidArgumentError("min_keys: negative");
  }
  if (schedule.longest_wait < absl::ZeroDuration()) {
    return absl::InvalidArgumentError("longest_wait: negative");
  }
  return absl::OkStatus();
}

absl::Time ReleaseTime(EnIntervalNumber rolling_start, uint8_t rolling_period,
                       ReleaseRule rule) {
  if (rule == ReleaseRule::kSameDay) return IntervalTime(rolling_start);
  return IntervalTime(int64_t{rolling_start} + rolling_period) +
         absl::Seconds(kEmbargoSeconds);
}

absl::Time TooOldFrom(EnIntervalNumber rolling_start) {
  return IntervalTime(rolling_start) + kServerKeeps;
}

absl::Time FirstSlotFrom(absl::Time from, const PublishSchedule& schedule) {
  const absl::Time midnight = UtcMidnight(from);
  for (const absl::Duration slot : schedule.slots) {
    if (midnight + slot >= from) return midnight + slot;
  }
  // None is left on this day.
  return midnight + kDay + schedule.slots.front();
}

absl::Time LastSlotBy(absl::Time by, const PublishSchedule& schedule) {
  const absl::Time midnight = UtcMidnight(by);
  for (auto slot = schedule.slots.rbegin(); slot != schedule.slots.rend();
       ++slot) {
    if (midnight + *slot <= by) return midnight + *slot;
  }
  // None has been on this day.
  return midnight - kDay + schedule.slots.back();
}

std::optional<absl::Time> DueSlot(absl::Time last_done, absl::Time now,
                                  const PublishSchedule& schedule) {
  const absl::Time slot = LastSlotBy(now, schedule);
  // Earlier only where the clock was set back. No slot is done twice.
  if (slot <= last_done) return std::nullopt;
  return slot;
}

std::optional<absl::Time> SlotOf(const WaitingKey& key,
                                 const PublishSchedule& schedule) {
  const absl::Time slot =
      FirstSlotFrom(ReadyFrom(key, schedule.rule), schedule);
  if (slot >= TooOldFrom(key.rolling_start)) return std::nullopt;
  return slot;
}

absl::string_view ReleaseVerdictName(ReleaseVerdict verdict) {
  return kVerdictNames[static_cast<size_t>(verdict)];
}

ReleasePlan PlanRelease(absl::Span<const WaitingKey> keys, absl::Time slot,
                        const PublishSchedule& schedule) {
  ReleasePlan plan;
  plan.verdicts.reserve(keys.size());
  bool one_cannot_wait = false;
  for (const WaitingKey& key : keys) {
    const ReleaseVerdict verdict = Judge(key, slot, schedule.rule);
    plan.verdicts.push_back(verdict);
    if (verdict != ReleaseVerdict::kGoesOut) continue;
    ++plan.num_going_out;
    one_cannot_wait = one_cannot_wait || CannotWait(key, slot, schedule);
  }
  if (plan.num_going_out < schedule.min_keys && !one_cannot_wait) {
    std::replace(plan.verdicts.begin(), plan.verdicts.end(),
                 ReleaseVerdict::kGoesOut, ReleaseVerdict::kWaitsForMore);
    plan.num_going_out = 0;
  }
  // Only now is it known which keys stay. Those that are too old are left out:
  // they never go out, so their age says nothing about the wait.
  for (size_t i = 0; i < keys.size(); ++i) {
    if (plan.verdicts[i] != ReleaseVerdict::kEmbargoed &&
        plan.verdicts[i] != ReleaseVerdict::kWaitsForMore) {
      continue;
    }
    const absl::Duration age = slot - keys[i].arrived;
    plan.oldest_unpublished_age =
        std::max(plan.oldest_unpublished_age.value_or(age), age);
  }
  return plan;
}

}  // namespace tekmatch
