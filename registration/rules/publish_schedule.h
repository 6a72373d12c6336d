// When keys that a server took are published, and for how long it keeps them.
//
//   slot       a time of the UTC day at which the publisher runs: by default
//              15:00, midnight in Japan, as COCOA had it in December 2020
//   release    a key goes out in the first slot at or after both its arrival
//              and its ReleaseTime: 2 hours after its end (keyformat/release.h
//              says why), or its start with ReleaseRule::kSameDay, as COCOA did
//   min_keys   with fewer keys the publisher waits for more (0: never), so that
//              a file does not show one person; but not longer than
//              longest_wait, and never past the last slot in which a key is
//              still young enough (R15)
//   too old    15 days after its start a key is deleted, published or not
//
// Key acceptance and publication share these rules: a key is accepted only if
// SlotOf finds it a slot (R14, F7: COCOA's server took keys of exactly 14 days
// and never exported them, since its two queries had two limits). All limits
// are half-open: a key may go out from ReleaseTime on, and no more from
// TooOldFrom on.
//
// Sources: REGISTRATION rows 22, 25, 27, section 3 (retention), section 6 rules
// 5 and 6; UPSTREAM 1.4, R14, R15, F7.
#ifndef TEKMATCH_REGISTRATION_RULES_PUBLISH_SCHEDULE_H_
#define TEKMATCH_REGISTRATION_RULES_PUBLISH_SCHEDULE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/release.h"

namespace tekmatch {

struct PublishSchedule {
  // Times of the UTC day, whole seconds in [0, 24 h), ascending, 1 to 1440.
  std::vector<absl::Duration> slots = {absl::Hours(15)};
  ReleaseRule rule = ReleaseRule::kAfterEnd;
  int64_t min_keys = 0;
  // Counted from the first slot in which a key could have gone out.
  absl::Duration longest_wait = absl::Hours(24);
};

// INVALID_ARGUMENT, with the field's name, for a schedule that is not as the
// comments above say, or has a negative min_keys or longest_wait. All functions
// below take valid schedules.
absl::Status Validate(const PublishSchedule& schedule);

inline constexpr absl::Duration kServerKeeps = absl::Hours(15 * 24);

// A key that a server holds and has not published.
struct WaitingKey {
  EnIntervalNumber rolling_start = 0;
  uint8_t rolling_period = kMaxRollingPeriod;
  // May be rounded down: servers store the hour only.
  absl::Time arrived;
};

// From when on a key may be published.
absl::Time ReleaseTime(EnIntervalNumber rolling_start, uint8_t rolling_period,
                       ReleaseRule rule);

// From when on a key is not published any more, and is deleted.
absl::Time TooOldFrom(EnIntervalNumber rolling_start);

// The first slot at or after `from`, and the last one at or before `by`.
absl::Time FirstSlotFrom(absl::Time from, const PublishSchedule& schedule);
absl::Time LastSlotBy(absl::Time by, const PublishSchedule& schedule);

// The slot that a publisher has to run for now, whose last run was for the slot
// `last_done`: the last one in (last_done, now]. Slots that were missed are not
// caught up one by one; the run takes all keys. nullopt: none is due, also
// where the clock was set back.
std::optional<absl::Time> DueSlot(absl::Time last_done, absl::Time now,
                                  const PublishSchedule& schedule);

// The slot in which a key goes out if the publisher runs at each, and does not
// wait for more keys. nullopt: the key is too old by then.
std::optional<absl::Time> SlotOf(const WaitingKey& key,
                                 const PublishSchedule& schedule);

enum class ReleaseVerdict : uint8_t {
  kGoesOut,
  kEmbargoed,     // before its ReleaseTime
  kWaitsForMore,  // min_keys
  // Nobody ran the publisher in time. It is never published; the publisher
  // says so and deletes it.
  kTooOld,
};

// "goes_out", "embargoed", "waits_for_more", "too_old".
absl::string_view ReleaseVerdictName(ReleaseVerdict verdict);

struct ReleasePlan {
  std::vector<ReleaseVerdict> verdicts;  // in the order of the keys
  int64_t num_going_out = 0;
  // Since its arrival, of those that stay and are not too old. R15: a server
  // shows it.
  std::optional<absl::Duration> oldest_unpublished_age;
};

// Which of all unpublished keys go out in the run for `slot`: what DueSlot
// gave, or the present time of a run by hand. A run that is late, or is begun
// again after a crash, is still the run for its slot and plans the same; so a
// key that has a slot is not lost by a publisher that comes late. Old keys are
// deleted after the run, not before.
ReleasePlan PlanRelease(absl::Span<const WaitingKey> keys, absl::Time slot,
                        const PublishSchedule& schedule);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_RULES_PUBLISH_SCHEDULE_H_
