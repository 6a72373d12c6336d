// The order of sightings in the join index, and the sort that makes it.
#ifndef TEKMATCH_MATCHER_JOIN_SIGHTING_ORDER_H_
#define TEKMATCH_MATCHER_JOIN_SIGHTING_ORDER_H_

#include "absl/types/span.h"
#include "matcher/join/sighting.h"
#include "matcher/join/tasks.h"

namespace tekmatch {

// By RPI, then by time and every other field. Only equal sightings are equal in
// it, so a sorted array does not depend on the order that it had.
inline bool ByRpiThenTime(const Sighting& a, const Sighting& b) {
  const auto order = a.rpi <=> b.rpi;
  return order != 0 ? order < 0 : a < b;
}

// Whether they are sorted by ByRpiThenTime.
bool AreSorted(absl::Span<const Sighting> sightings);

// Sorts by ByRpiThenTime, in place: beyond the sightings it takes 32 KiB of the
// stack for each thread, 64 of RPIs that somebody chose, and of several threads
// 6 KiB more each. RPIs are ciphertext, and sorted by their bits in a time that
// is linear in practice; where somebody chose them, it is as std::sort's, n log
// n. Of what is sorted already it takes as long.
void SortSightings(absl::Span<Sighting> sightings, const TaskRunner& tasks);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_JOIN_SIGHTING_ORDER_H_
