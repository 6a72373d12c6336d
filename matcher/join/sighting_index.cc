// Plan: Threads look at parts of the sightings once, for all there is to know
// before: whether their fields are right, without a branch for each, whether
// they are sorted, and how many each interval has. Only where one is wrong, a
// second pass finds the first and says why. They are sorted
// (sighting_order.h), and parts of them fill the table of buckets and the bytes
// of RPIs. A look-up searches one bucket.
#include "matcher/join/sighting_index.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "matcher/join/sighting_order.h"

namespace tekmatch {
namespace {

absl::Status CheckFields(const Sighting& sighting, size_t place) {
  const int64_t seconds = sighting.unix_seconds;
  if (seconds < 0 || seconds > kMaxHeardSeconds) {
    return absl::InvalidArgumentError(
        absl::StrCat("sighting ", place, ": its time is ",
                     seconds < 0 ? "before 1970" : "after 2099"));
  }
  if (sighting.rssi < kMinRssi || sighting.rssi > kMaxRssi) {
    return absl::InvalidArgumentError(absl::StrCat(
        "sighting ", place, ": its RSSI is not in ", kMinRssi, "..", kMaxRssi));
  }
  return absl::OkStatus();
}

// Whether CheckFields passes all, without a branch for each.
bool AllPass(absl::Span<const Sighting> sightings) {
  bool pass = true;
  for (const Sighting& sighting : sightings) {
    // A negative time is a very large number.
    pass &= static_cast<uint64_t>(int64_t{sighting.unix_seconds}) <=
            uint64_t{kMaxHeardSeconds};
    pass &= sighting.rssi >= kMinRssi && sighting.rssi <= kMaxRssi;
  }
  return pass;
}

// The first status of CheckFields that is none.
absl::Status FirstWrong(absl::Span<const Sighting> sightings) {
  for (size_t i = 0; i < sightings.size(); ++i) {
    TEKMATCH_RETURN_IF_ERROR(CheckFields(sightings[i], i));
  }
  return absl::OkStatus();
}

// What there is to know of sightings before they are sorted.
struct Survey {
  bool all_pass = true;
  bool are_sorted = true;
  IntervalCounts counts;  // if all pass
};

// Of a part of the sightings. It is sorted if the sighting before it, too,
// comes before its first.
Survey Look(absl::Span<const Sighting> sightings, Part part) {
  // So few are looked at for one reason after another while they are in the
  // first cache.
  constexpr size_t kSightings = 512;
  Survey survey;
  for (size_t begin = part.begin; begin < part.end; begin += kSightings) {
    const size_t num = std::min(kSightings, part.end - begin);
    const absl::Span<const Sighting> some = sightings.subspan(begin, num);
    if (!AllPass(some)) {
      survey.all_pass = false;
      return survey;
    }
    const size_t before = begin > 0 ? 1 : 0;
    survey.are_sorted = survey.are_sorted && AreSorted(sightings.subspan(
                                                 begin - before, num + before));
    survey.counts.Add(some);
  }
  return survey;
}

// From four to eight sightings a bucket, where RPIs are random.
constexpr size_t kSightingsPerBucket = 8;

}  // namespace

absl::Status CheckHeard(absl::Span<const Sighting> sightings,
                        const TaskRunner& tasks) {
  const size_t num_parts = tasks.num_threads();
  std::atomic<bool> all_pass = true;
  tasks.Run(num_parts, [&](size_t i) {
    const Part part = PartOf(sightings.size(), i, num_parts);
    if (!AllPass(sightings.subspan(part.begin, part.end - part.begin))) {
      all_pass = false;
    }
  });
  return all_pass ? absl::OkStatus() : FirstWrong(sightings);
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
  const size_t num_parts = tasks.num_threads();
  std::vector<Survey> surveys(num_parts);
  tasks.Run(num_parts, [&](size_t i) {
    surveys[i] = Look(sightings, PartOf(sightings.size(), i, num_parts));
  });
  Survey all = std::move(surveys[0]);
  for (size_t i = 1; i < num_parts; ++i) {
    const Survey part = std::move(surveys[i]);  // what it holds goes here
    all.all_pass = all.all_pass && part.all_pass;
    all.are_sorted = all.are_sorted && part.are_sorted;
    all.counts.Add(part.counts);
  }
  if (!all.all_pass) return FirstWrong(sightings);
  // As a .tksight is, and what was indexed before.
  if (!all.are_sorted) SortSightings(absl::MakeSpan(sightings), tasks);
  return SightingIndex(std::move(sightings), all.counts,
                       max_tolerance_intervals, tasks);
}

SightingIndex::SightingIndex(std::vector<Sighting> sorted,
                             const IntervalCounts& counts,
                             int32_t max_tolerance_intervals,
                             const TaskRunner& tasks)
    : sightings_(std::move(sorted)),
      num_buckets_(std::max<size_t>(
          1, std::bit_ceil(sightings_.size()) / kSightingsPerBucket)),
      newest_seconds_(counts.newest_seconds()),
      max_tolerance_intervals_(max_tolerance_intervals),
      shift_(32 - std::countr_zero(num_buckets_)) {
  bucket_begins_ = std::make_unique_for_overwrite<uint32_t[]>(num_buckets_ + 1);
  bytes_ = std::make_unique_for_overwrite<uint8_t[]>(sightings_.size() +
                                                     sizeof(uint64_t));
  std::fill_n(bytes_.get() + sightings_.size(), sizeof(uint64_t), 0);
  if (sightings_.empty()) FillBuckets({0, 0});
  filters_ = SliceFilters(sightings_, counts, max_tolerance_intervals, tasks,
                          [this](Part piece) { FillBuckets(piece); });
}

void SightingIndex::FillBuckets(Part piece) {
  size_t next =
      piece.begin == 0 ? 0 : BucketOf(sightings_[piece.begin - 1].rpi) + 1;
  for (size_t s = piece.begin; s < piece.end; ++s) {
    bytes_[s] = ByteOf(sightings_[s].rpi);
    const size_t bucket = BucketOf(sightings_[s].rpi);
    while (next <= bucket) bucket_begins_[next++] = static_cast<uint32_t>(s);
  }
  if (piece.end != sightings_.size()) return;
  while (next <= num_buckets_) {
    bucket_begins_[next++] = static_cast<uint32_t>(piece.end);
  }
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
