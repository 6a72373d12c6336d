// What says of most RPIs, without a look at the sightings, that nobody heard
// them. Time is cut into slices of six hours; each has a filter (kernels.h) of
// the RPIs heard in it or within the tolerance of it, since only those can
// match an RPI of the slice. So a filter stays small enough for a core's own
// cache, and where nothing was heard nothing has to be derived.
//
// An RPI of interval i that was sighted within the tolerance always passes the
// filter of i's slice, and i is covered. Some others pass: about one of 250.
#ifndef TEKMATCH_MATCHER_SLICE_FILTERS_H_
#define TEKMATCH_MATCHER_SLICE_FILTERS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/kernels/kernels.h"
#include "matcher/sighting.h"

namespace tekmatch {

// Slice n holds the intervals [36 n, 36 n + 36). With a quarter of a day, the
// key schedules of AES are made four times a key and cost little, and a
// sighting lies in 1.7 filters on average.
inline constexpr uint32_t kSliceIntervals = 36;

class SliceFilters {
 public:
  // Of no sightings.
  SliceFilters() = default;
  // Sightings sorted by RPI; times as SightingIndex takes them. tolerance >= 0.
  SliceFilters(absl::Span<const Sighting> sightings,
               int64_t tolerance_intervals);

  struct Slice {
    uint32_t number = 0;
    uint32_t shift = 0;       // as in RpiFilter
    uint64_t covered = 0;     // bit j: a sighting is near interval 36 n + j
    uint64_t first_word = 0;  // of the filter
    uint64_t num_entries = 0;
  };

  // Those with something sighted near by, ascending by number.
  absl::Span<const Slice> slices() const { return slices_; }
  RpiFilter filter(const Slice& slice) const {
    return {words_.data() + slice.first_word, slice.shift};
  }

  // The position in slices() of the first one with at least this number.
  size_t LowerBound(uint32_t number) const;

  size_t memory_bytes() const {
    return slices_.capacity() * sizeof(Slice) +
           words_.capacity() * sizeof(uint32_t);
  }

 private:
  std::vector<Slice> slices_;
  std::vector<uint32_t> words_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_SLICE_FILTERS_H_
