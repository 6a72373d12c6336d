// The join index: the sightings of a device in an order that finds all those
// of one RPI at once. Immutable once built, so any number of threads share one.
//
// Beyond the sightings themselves (36 bytes each) it takes at most 40 bytes a
// sighting, and 56 bytes for each slice of time near which there is one (560
// where there are 65,536 sightings or more): a table of 4 bytes a bucket, at
// most 1 byte a sighting, a byte of each sighting's RPI, and filters
// (slice_filters.h), whose slices are days, or quarters of them. While
// it is made it takes little more, since the sightings are sorted where they
// are: up to 2 MiB, and 1 MiB for each thread, of sightings within five years;
// of others some 60 bytes for each interval with a sighting.
#ifndef TEKMATCH_MATCHER_JOIN_SIGHTING_INDEX_H_
#define TEKMATCH_MATCHER_JOIN_SIGHTING_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "matcher/join/interval_counts.h"
#include "matcher/join/match_policy.h"
#include "matcher/join/sighting.h"
#include "matcher/join/slice_filters.h"
#include "matcher/join/tasks.h"

namespace tekmatch {

// Whether a phone can have heard them: whoever takes sightings from an app asks
// this first. INVALID_ARGUMENT, with the place in the input of the first that
// is not: a time before 1970 or after 2099, an RSSI that is not in
// kMinRssi..kMaxRssi.
absl::Status CheckHeard(absl::Span<const Sighting> sightings,
                        const TaskRunner& tasks = InTurn());

// A week: more than any clock is wrong.
inline constexpr int32_t kMaxToleranceIntervals = 7 * 144;

// A moved-from index may only be destroyed or assigned to.
class SightingIndex {
 public:
  // Takes the sightings in any order; exact duplicates are legal and stay.
  // `max_tolerance_intervals` is the largest tolerance (match_policy.h) that an
  // engine can have over this index. `tasks` share the work; the index is the
  // same whatever they are.
  //
  // INVALID_ARGUMENT, with the sighting's place in the input: what CheckHeard
  // refuses (an RSSI of 127, "not available", would be taken for the nearest of
  // contacts). Also if there are more sightings than a uint32_t counts, or the
  // tolerance is not in 0..kMaxToleranceIntervals.
  static absl::StatusOr<SightingIndex> Create(
      std::vector<Sighting> sightings,
      int32_t max_tolerance_intervals = MatchPolicy().tolerance_intervals,
      const TaskRunner& tasks = InTurn());

  SightingIndex(const SightingIndex&) = delete;
  SightingIndex& operator=(const SightingIndex&) = delete;
  SightingIndex(SightingIndex&&) = default;
  SightingIndex& operator=(SightingIndex&&) = default;

  // All sightings, sorted by (rpi, unix_seconds) and then every other field.
  // That order, and so a sighting's position in it, does not depend on the
  // order of the input.
  absl::Span<const Sighting> sightings() const { return sightings_; }

  // The sightings of an RPI, a part of sightings(); empty if there is none.
  // Most calls of a run end at a bucket without such a byte, hence inline.
  absl::Span<const Sighting> Find(const Rpi& rpi) const {
    const size_t bucket = BucketOf(rpi);
    const uint32_t begin = bucket_begins_[bucket];
    const uint32_t end = bucket_begins_[bucket + 1];
    if (!MayHold(rpi, begin, end)) return {};
    return FindBetween(rpi, begin, end);
  }

  // Brings what Find(rpi) reads first, or next, into the cache.
  void PrefetchBucket(const Rpi& rpi) const {
    __builtin_prefetch(&bucket_begins_[BucketOf(rpi)]);
  }
  void PrefetchBytes(const Rpi& rpi) const {
    __builtin_prefetch(&bytes_[bucket_begins_[BucketOf(rpi)]]);
  }

  const SliceFilters& filters() const { return filters_; }
  // The newest sighting's time; -1 if there is none.
  int64_t newest_seconds() const { return newest_seconds_; }
  int32_t max_tolerance_intervals() const { return max_tolerance_intervals_; }

  // Beyond the sightings themselves.
  size_t memory_bytes() const {
    return (num_buckets_ + 1) * sizeof(uint32_t) + sightings_.size() +
           sizeof(uint64_t) + filters_.memory_bytes();
  }

  // Position in sightings() of an element of it. The reference is to the
  // element itself, as Find gives it, not to a copy.
  uint32_t PositionOf(const Sighting& sighting) const {
    return static_cast<uint32_t>(&sighting - sightings_.data());
  }

 private:
  SightingIndex(std::vector<Sighting> sorted, const IntervalCounts& counts,
                int32_t max_tolerance_intervals, const TaskRunner& tasks);

  // The leading bits of the RPI. RPIs are ciphertext, so they spread evenly;
  // where somebody chose them to collide, the search inside the bucket is
  // still logarithmic.
  size_t BucketOf(const Rpi& rpi) const {
    const uint64_t leading = uint64_t{rpi.bytes[0]} << 24 |
                             uint64_t{rpi.bytes[1]} << 16 |
                             uint64_t{rpi.bytes[2]} << 8 | rpi.bytes[3];
    return static_cast<size_t>(leading >> shift_);
  }

  // A byte of the RPI that BucketOf does not look at, where RPIs are random.
  static uint8_t ByteOf(const Rpi& rpi) { return rpi.bytes[kRpiBytes - 1]; }

  // False: no sighting at [begin, end) has the RPI's byte. True of others, of
  // one in thirty where RPIs are random, and of all that share a bucket with
  // very many: looking at each of their bytes would take longer than the
  // search.
  bool MayHold(const Rpi& rpi, uint32_t begin, uint32_t end) const {
    constexpr uint32_t kWordBytes = sizeof(uint64_t);
    constexpr uint32_t kMostLookedAt = 4 * kWordBytes;
    constexpr uint64_t kEach = 0x0101010101010101;
    if (end - begin > kMostLookedAt) return true;
    for (; begin < end; begin += kWordBytes) {
      // bytes_ is longer than the sightings by a word.
      uint64_t word = 0;
      std::memcpy(&word, &bytes_[begin], sizeof(word));
      word ^= kEach * ByteOf(rpi);
      // What is zero now was equal.
      if (((word - kEach) & ~word & kEach << 7) != 0) return true;
    }
    return false;
  }

  // Writes what the table of buckets and bytes_ hold of the sightings at
  // [piece.begin, piece.end), and the begins of buckets before these.
  void FillBuckets(Part piece);

  absl::Span<const Sighting> FindBetween(const Rpi& rpi, uint32_t begin,
                                         uint32_t end) const;

  std::vector<Sighting> sightings_;
  // Bucket b holds the positions [bucket_begins_[b], bucket_begins_[b + 1]).
  // No vectors, here and below: threads write the first values, together.
  std::unique_ptr<uint32_t[]> bucket_begins_;
  size_t num_buckets_ = 0;
  // ByteOf each sighting, and eight more.
  std::unique_ptr<uint8_t[]> bytes_;
  SliceFilters filters_;
  int64_t newest_seconds_;
  int32_t max_tolerance_intervals_;
  int shift_ = 0;  // 32 less the number of leading bits in use: 0..32
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_JOIN_SIGHTING_INDEX_H_
