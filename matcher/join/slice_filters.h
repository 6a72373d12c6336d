// A filter says of most RPIs that nobody heard them, without a look at the
// sightings. Time is cut into slices of a day, or all of them of a quarter of a
// day where any day has very many sightings, and the tolerance is so small that
// a quarter has at most half of a day's entries; each has a filter (kernels.h)
// of the RPIs heard in it or within the tolerance of it, since only those can
// match an RPI of the slice. So a filter stays small enough for a core's own
// cache, and where nothing was heard nothing has to be derived.
//
// An RPI of interval i that was sighted within the tolerance always passes the
// filter of i's slice, and i is covered. Of the others about one of 2,000
// passes, and with ten million sightings in two weeks one of 350.
#ifndef TEKMATCH_MATCHER_JOIN_SLICE_FILTERS_H_
#define TEKMATCH_MATCHER_JOIN_SLICE_FILTERS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "matcher/join/interval_counts.h"
#include "matcher/join/sighting.h"
#include "matcher/join/tasks.h"
#include "matcher/kernels/kernels.h"

namespace tekmatch {

// Slice n holds the intervals [n * length, (n + 1) * length), where length is
// one of these, the same for all slices. In a day's slice AES's key schedules
// are made once a key and cost little, and a sighting lies in 1.2 filters on
// average; in a quarter's, in 1.7.
inline constexpr uint32_t kLongSlice = 144;
inline constexpr uint32_t kShortSlice = 36;

// The intervals of a slice near which something was sighted.
class CoveredIntervals {
 public:
  void Add(uint32_t first, uint32_t last);
  // The first one from `from` on that is covered (or not), or `end`.
  uint32_t Next(uint32_t from, uint32_t end, bool covered) const;

 private:
  std::array<uint64_t, (kLongSlice + 63) / 64> bits_{};
};

class SliceFilters {
 public:
  // Of no sightings.
  SliceFilters() = default;
  // Of sightings sorted by RPI; times as SightingIndex takes them; `counts` are
  // of these. tolerance >= 0. `beside` is called for pieces of the sightings,
  // in any order and by threads of `tasks`, so that each is in one of them:
  // whoever has more to do with them finds them in the cache. Of no sightings
  // it is not called.
  SliceFilters(
      absl::Span<const Sighting> sightings, const IntervalCounts& counts,
      int64_t tolerance_intervals, const TaskRunner& tasks = InTurn(),
      absl::FunctionRef<void(Part)> beside = [](Part) {});

  struct Slice {
    uint32_t number = 0;
    uint32_t shift = 0;  // as in RpiFilter
    CoveredIntervals covered;
    uint64_t first_word = 0;  // of the filter
    uint64_t num_entries = 0;
  };

  // kLongSlice or kShortSlice.
  uint32_t length() const { return length_; }

  // Those with something sighted near by, ascending by number.
  absl::Span<const Slice> slices() const { return slices_; }
  RpiFilter filter(const Slice& slice) const {
    return {words_.get() + slice.first_word, slice.shift};
  }

  // The position in slices() of the first one with at least this number.
  size_t LowerBound(uint32_t number) const;

  size_t filter_bytes() const { return num_words_ * sizeof(uint32_t); }
  size_t memory_bytes() const {
    return slices_.capacity() * sizeof(Slice) + filter_bytes();
  }

 private:
  uint32_t length_ = kLongSlice;
  std::vector<Slice> slices_;
  // No vector: threads write the first value of each word, together.
  std::unique_ptr<uint32_t[]> words_;
  size_t num_words_ = 0;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_JOIN_SLICE_FILTERS_H_
