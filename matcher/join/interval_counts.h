// How many sightings there are of each interval of time. Counted by pieces, so
// that who looks at sightings for other reasons, too, reads their memory once.
//
// Sightings of a phone lie close together, so their intervals are counted in a
// table by number; where somebody made up times far apart, by sorting them.
#ifndef TEKMATCH_MATCHER_JOIN_INTERVAL_COUNTS_H_
#define TEKMATCH_MATCHER_JOIN_INTERVAL_COUNTS_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/join/sighting.h"

namespace tekmatch {

// Of a time that SightingIndex takes.
inline uint32_t IntervalOf(const Sighting& sighting) {
  return static_cast<uint32_t>(sighting.unix_seconds) /
         uint32_t{kIntervalSeconds};
}

struct IntervalCount {
  uint32_t interval = 0;
  uint32_t num_sightings = 0;  // 1 or more

  bool operator==(const IntervalCount&) const = default;
};

class IntervalCounts {
 public:
  // A wider range of intervals is sorted; a table takes 1 MiB at most.
  static constexpr uint64_t kMostInTable = uint64_t{1} << 18;  // five years

  // Of times that SightingIndex takes; all in all no more sightings than a
  // uint32_t counts.
  void Add(absl::Span<const Sighting> sightings);
  void Add(const IntervalCounts& other);

  // Those with sightings, ascending.
  std::vector<IntervalCount> Ascending() const;

  // The newest sighting's time; -1 if there is none.
  int64_t newest_seconds() const { return newest_seconds_; }

 private:
  // Gives [first, last] a place each.
  void MakeRoom(uint32_t first, uint32_t last);
  uint32_t& InTable(uint32_t interval) {
    return table_[interval & (table_.size() - 1)];
  }
  void AddToList(IntervalCount count);

  // The range of what was counted; none if first_ > last_.
  uint32_t first_ = std::numeric_limits<uint32_t>::max();
  uint32_t last_ = 0;
  int64_t newest_seconds_ = -1;
  // By the last bits of the number; the size is a power of two, and not less
  // than the range.
  std::vector<uint32_t> table_;
  // Instead of it: in any order, and of an interval any number of them.
  std::vector<IntervalCount> list_;
  size_t most_in_list_ = 4096;  // then those of an interval are made one
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_JOIN_INTERVAL_COUNTS_H_
