// Plan: Sightings are checked, by threads and without a branch for each;
// only where one is wrong, a second pass finds the first and says why. They
// are sorted (sighting_order.h), and parts of them fill the table of buckets
// and the bytes of RPIs. A look-up searches one bucket.
#include "matcher/join/sighting_index.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "keyformat/status_macros.h"
#include "matcher/join/sighting_order.h"

namespace tekmatch {
namespace {

absl::Status CheckFields(const Sighting& sighting, size_t place,
                         int64_t max_seconds, absl::string_view too_late) {
  const int64_t seconds = sighting.unix_seconds;
  if (seconds < 0 || seconds > max_seconds) {
    return absl::InvalidArgumentError(
        absl::StrCat("sighting ", place, ": its time is ",
                     seconds < 0 ? "before 1970" : too_late));
  }
  if (sighting.rssi < kMinRssi || sighting.rssi > kMaxRssi) {
    return absl::InvalidArgumentError(absl::StrCat(
        "sighting ", place, ": its RSSI is not in ", kMinRssi, "..", kMaxRssi));
  }
  return absl::OkStatus();
}

// Whether CheckFields passes all, without a branch for each.
bool AllPass(absl::Span<const Sighting> sightings, int64_t max_seconds) {
  bool pass = true;
  for (const Sighting& sighting : sightings) {
    // A negative time is a very large number.
    pass &= static_cast<uint64_t>(sighting.unix_seconds) <=
            static_cast<uint64_t>(max_seconds);
    pass &= sighting.rssi >= kMinRssi && sighting.rssi <= kMaxRssi;
  }
  return pass;
}

// The first status of CheckFields that is none.
absl::Status CheckAll(absl::Span<const Sighting> sightings, int64_t max_seconds,
                      absl::string_view too_late, const TaskRunner& tasks) {
  const size_t num_parts = tasks.num_threads();
  std::atomic<bool> pass = true;
  tasks.Run(num_parts, [&](size_t i) {
    const Part part = PartOf(sightings.size(), i, num_parts);
    if (!AllPass(sightings.subspan(part.begin, part.end - part.begin),
                 max_seconds)) {
      pass = false;
    }
  });
  if (pass) return absl::OkStatus();
  for (size_t i = 0; i < sightings.size(); ++i) {
    TEKMATCH_RETURN_IF_ERROR(
        CheckFields(sightings[i], i, max_seconds, too_late));
  }
  return absl::OkStatus();
}

// From four to eight sightings a bucket, where RPIs are random.
constexpr size_t kSightingsPerBucket = 8;

}  // namespace

absl::Status CheckHeard(absl::Span<const Sighting> sightings,
                        const TaskRunner& tasks) {
  return CheckAll(sightings, kMaxHeardSeconds, "after 2099", tasks);
}

absl::StatusOr<SightingIndex> SightingIndex::Create(
    std::vector<Sighting> sightings, int32_t max_tolerance_intervals,
    const TaskRunner& tasks) {
  if (max_tolerance_intervals < 0 ||
      max_tolerance_intervals > kMaxToleranceIntervals) {
    return absl::InvalidArgumentError(absl::StrCat(
        "max_tolerance_intervals: not in 0..", kMaxToleranceIntervals));
  }
  if (sightings.size() > std::numeric_limits<uint32_t>::max()) {
    return absl::InvalidArgumentError(
        absl::StrCat(sightings.size(), " sightings are more than an index of ",
                     std::numeric_limits<uint32_t>::max(), " holds"));
  }
  TEKMATCH_RETURN_IF_ERROR(CheckAll(sightings, kMaxSightingSeconds,
                                    "past the last 32-bit interval number",
                                    tasks));
  SortSightings(absl::MakeSpan(sightings), tasks);
  return SightingIndex(std::move(sightings), max_tolerance_intervals, tasks);
}

SightingIndex::SightingIndex(std::vector<Sighting> sorted,
                             int32_t max_tolerance_intervals,
                             const TaskRunner& tasks)
    : sightings_(std::move(sorted)),
      filters_(sightings_, max_tolerance_intervals, tasks),
      max_tolerance_intervals_(max_tolerance_intervals) {
  const size_t num_buckets = std::max<size_t>(
      1, std::bit_ceil(sightings_.size()) / kSightingsPerBucket);
  shift_ = 32 - std::countr_zero(num_buckets);
  bucket_begins_.resize(num_buckets + 1);
  bytes_.resize(sightings_.size() + sizeof(uint64_t));
  // Each part writes the begins of the buckets that no sighting before it
  // reaches, up to that of its last sighting.
  const size_t num_parts = tasks.num_threads();
  tasks.Run(num_parts, [&](size_t i) {
    const Part part = PartOf(sightings_.size(), i, num_parts);
    size_t next =
        part.begin == 0 ? 0 : BucketOf(sightings_[part.begin - 1].rpi) + 1;
    for (size_t s = part.begin; s < part.end; ++s) {
      bytes_[s] = ByteOf(sightings_[s].rpi);
      const size_t bucket = BucketOf(sightings_[s].rpi);
      while (next <= bucket) {
        bucket_begins_[next++] = static_cast<uint32_t>(s);
      }
    }
    if (part.end != sightings_.size() || i + 1 != num_parts) return;
    while (next <= num_buckets) {
      bucket_begins_[next++] = static_cast<uint32_t>(sightings_.size());
    }
  });
}

absl::Span<const Sighting> SightingIndex::FindBetween(const Rpi& rpi,
                                                      uint32_t begin,
                                                      uint32_t end) const {
  const Sighting* const bucket_end = sightings_.data() + end;
  const Sighting* const first = std::lower_bound(
      sightings_.data() + begin, bucket_end, rpi,
      [](const Sighting& s, const Rpi& value) { return s.rpi < value; });
  if (first == bucket_end || first->rpi != rpi) return {};
  const Sighting* const last = std::upper_bound(
      first, bucket_end, rpi,
      [](const Rpi& value, const Sighting& s) { return value < s.rpi; });
  return absl::MakeConstSpan(first, last);
}

}  // namespace tekmatch
