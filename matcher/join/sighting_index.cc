#include "matcher/join/sighting_index.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "keyformat/status_macros.h"

namespace tekmatch {
namespace {

bool ByRpiThenTime(const Sighting& a, const Sighting& b) {
  const auto order = a.rpi <=> b.rpi;
  return order != 0 ? order < 0 : a < b;
}

// Below this many, comparing is faster than counting bytes.
constexpr ptrdiff_t kFewSightings = 64;

// Sorts [begin, end), whose RPIs agree in their first `place` bytes, by
// ByRpiThenTime: in place by one byte after another, since RPIs are random
// ("American flag sort"; McIlroy, Bostic, McIlroy, Engineering Radix Sort,
// 1993). Ten million take a third of the time that std::sort takes. Where
// somebody chose RPIs that agree in all bytes, all of them are passed over 16
// times.
void SortByRpi(Sighting* begin, Sighting* end, size_t place) {
  if (end - begin < kFewSightings || place == kRpiBytes) {
    std::sort(begin, end, ByRpiThenTime);
    return;
  }
  const auto byte_of = [place](const Sighting& s) {
    return size_t{s.rpi.bytes[place]};
  };
  // Of each value: where its sightings begin, and end.
  std::array<Sighting*, 257> ends;
  std::array<size_t, 256> counts{};
  for (const Sighting* s = begin; s != end; ++s) ++counts[byte_of(*s)];
  ends[0] = begin;
  for (size_t v = 0; v < 256; ++v) ends[v + 1] = ends[v] + counts[v];
  // Each value's first place that may hold another value's sighting.
  std::array<Sighting*, 256> next;
  std::copy(ends.begin(), ends.end() - 1, next.begin());
  for (size_t v = 0; v < 256; ++v) {
    while (next[v] != ends[v + 1]) {
      // Takes the one that is there to its place, and the one from that place
      // to its own, until one of this value comes.
      Sighting moving = *next[v];
      for (size_t to = byte_of(moving); to != v; to = byte_of(moving)) {
        std::swap(moving, *next[to]++);
      }
      *next[v]++ = moving;
    }
  }
  for (size_t v = 0; v < 256; ++v) SortByRpi(ends[v], ends[v + 1], place + 1);
}

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

size_t CountDistinctRpis(absl::Span<const Sighting> sorted) {
  size_t num_distinct = 0;
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (i == 0 || sorted[i].rpi != sorted[i - 1].rpi) ++num_distinct;
  }
  return num_distinct;
}

}  // namespace

absl::Status CheckHeard(absl::Span<const Sighting> sightings) {
  for (size_t i = 0; i < sightings.size(); ++i) {
    TEKMATCH_RETURN_IF_ERROR(
        CheckFields(sightings[i], i, kMaxHeardSeconds, "after 2099"));
  }
  return absl::OkStatus();
}

absl::StatusOr<SightingIndex> SightingIndex::Create(
    std::vector<Sighting> sightings, int32_t max_tolerance_intervals) {
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
  for (size_t i = 0; i < sightings.size(); ++i) {
    TEKMATCH_RETURN_IF_ERROR(
        CheckFields(sightings[i], i, kMaxSightingSeconds,
                    "past the last 32-bit interval number"));
  }
  SortByRpi(sightings.data(), sightings.data() + sightings.size(), 0);
  return SightingIndex(std::move(sightings), max_tolerance_intervals);
}

SightingIndex::SightingIndex(std::vector<Sighting> sorted,
                             int32_t max_tolerance_intervals)
    : sightings_(std::move(sorted)),
      filters_(sightings_, max_tolerance_intervals),
      max_tolerance_intervals_(max_tolerance_intervals) {
  // Fewer than two buckets a distinct RPI, hence the bound on memory above.
  const size_t num_buckets = std::bit_ceil(CountDistinctRpis(sightings_));
  shift_ = 32 - std::countr_zero(num_buckets);
  bucket_begins_.assign(num_buckets + 1, 0);
  for (size_t i = 0; i < sightings_.size(); ++i) {
    bucket_begins_[BucketOf(sightings_[i].rpi) + 1] =
        static_cast<uint32_t>(i + 1);
  }
  // An empty bucket begins and ends where the one before it ends.
  for (size_t b = 1; b < bucket_begins_.size(); ++b) {
    bucket_begins_[b] = std::max(bucket_begins_[b], bucket_begins_[b - 1]);
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
