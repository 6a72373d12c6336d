// The steady clock of the test's own process, which a test moves: a check's
// time (StoredCheckOptions::max_time) is over at the place that the test means,
// however fast the machine is.
//
// It stands in for clock_gettime(), so that it is linked where it is wanted
// only.
#ifndef TEKMATCH_TESTS_MATCHER_CHECK_MOVED_CLOCK_H_
#define TEKMATCH_TESTS_MATCHER_CHECK_MOVED_CLOCK_H_

#include "absl/time/time.h"

namespace tekmatch {

// More than any test takes.
constexpr absl::Duration kMoreThanATest = absl::Hours(10);

// From now on std::chrono::steady_clock is later by so much, not negative. For
// one thread at a time.
void MoveSteadyClock(absl::Duration by);

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_MATCHER_CHECK_MOVED_CLOCK_H_
