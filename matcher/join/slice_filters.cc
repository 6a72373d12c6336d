// Plan: a sighting belongs to all slices of time that an RPI within the
// tolerance may come from. The slices are counted first, long ones or, of many
// sightings, short ones; then each gets its words, and its sightings' bits are
// cleared.
#include "matcher/join/slice_filters.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "absl/container/flat_hash_map.h"
#include "matcher/kernels/filter_bits.h"

namespace tekmatch {
namespace {

constexpr int64_t kMaxInterval = std::numeric_limits<EnIntervalNumber>::max();

// At least this many bits for an entry, less than twice as many, while the
// filter stays within the part of a core's cache that it may take. Beyond that,
// more passes are cheaper than misses; but not below the smaller number.
constexpr uint64_t kBitsPerEntry = 48;
constexpr uint64_t kFewestBitsPerEntry = 12;
constexpr uint64_t kMostWords = uint64_t{1} << 18;       // 1 MiB
constexpr uint64_t kMostWordsOfDay = uint64_t{1} << 17;  // beyond: short slices
constexpr uint64_t kWordBits = 32;

uint64_t NumWords(uint64_t num_entries) {
  const auto words_for = [num_entries](uint64_t bits) {
    return std::bit_ceil((num_entries * bits + kWordBits - 1) / kWordBits);
  };
  const uint64_t most = std::max(kMostWords, words_for(kFewestBitsPerEntry));
  // RpiFilter has from 2 to 2^27 words.
  return std::clamp(std::min(words_for(kBitsPerEntry), most), uint64_t{2},
                    uint64_t{1} << 27);
}

// Calls f(slice number, first interval, last interval) for the parts, slice by
// slice, of the intervals whose RPIs the sighting can match.
template <typename F>
void ForEachSlice(const Sighting& sighting, int64_t tolerance, int64_t length,
                  F f) {
  const int64_t sighted = sighting.unix_seconds / kIntervalSeconds;
  const int64_t first = std::max<int64_t>(0, sighted - tolerance);
  const int64_t last = std::min(kMaxInterval, sighted + tolerance);
  for (int64_t n = first / length; n <= last / length; ++n) {
    const int64_t begin = n * length;
    f(static_cast<uint32_t>(n),
      static_cast<uint32_t>(std::max(first, begin) - begin),
      static_cast<uint32_t>(std::min(last, begin + length - 1) - begin));
  }
}

using SlicesByNumber = absl::flat_hash_map<uint32_t, SliceFilters::Slice>;

// With what they cover and the number of their entries.
SlicesByNumber MakeSlices(absl::Span<const Sighting> sightings,
                          int64_t tolerance, uint32_t length) {
  SlicesByNumber slices;
  for (const Sighting& sighting : sightings) {
    ForEachSlice(sighting, tolerance, length,
                 [&](uint32_t number, uint32_t first, uint32_t last) {
                   SliceFilters::Slice& slice = slices[number];
                   slice.number = number;
                   ++slice.num_entries;
                   slice.covered.Add(first, last);
                 });
  }
  return slices;
}

bool AnyIsTooLarge(const SlicesByNumber& slices) {
  return std::any_of(slices.begin(), slices.end(), [](const auto& slice) {
    return NumWords(slice.second.num_entries) > kMostWordsOfDay;
  });
}

uint32_t Hash(const Rpi& rpi) {
  return static_cast<uint32_t>(rpi.bytes[4]) |
         static_cast<uint32_t>(rpi.bytes[5]) << 8 |
         static_cast<uint32_t>(rpi.bytes[6]) << 16 |
         static_cast<uint32_t>(rpi.bytes[7]) << 24;
}

}  // namespace

void CoveredIntervals::Add(uint32_t first, uint32_t last) {
  for (uint32_t word = first / 64; word <= last / 64; ++word) {
    uint64_t mask = ~uint64_t{0};
    if (word == first / 64) mask &= ~uint64_t{0} << (first % 64);
    if (word == last / 64) mask &= ~uint64_t{0} >> (63 - last % 64);
    bits_[word] |= mask;
  }
}

uint32_t CoveredIntervals::Next(uint32_t from, uint32_t end,
                                bool covered) const {
  while (from < end) {
    const uint64_t word = covered ? bits_[from / 64] : ~bits_[from / 64];
    const uint64_t left = word >> (from % 64);
    if (left != 0) {
      return std::min(end,
                      from + static_cast<uint32_t>(std::countr_zero(left)));
    }
    from += 64 - from % 64;
  }
  return end;
}

SliceFilters::SliceFilters(absl::Span<const Sighting> sightings,
                           int64_t tolerance_intervals) {
  SlicesByNumber by_number =
      MakeSlices(sightings, tolerance_intervals, kLongSlice);
  if (AnyIsTooLarge(by_number)) {
    length_ = kShortSlice;
    by_number = MakeSlices(sightings, tolerance_intervals, kShortSlice);
  }
  slices_.reserve(by_number.size());
  for (const auto& [number, slice] : by_number) slices_.push_back(slice);
  std::sort(slices_.begin(), slices_.end(),
            [](const Slice& a, const Slice& b) { return a.number < b.number; });
  uint64_t num_words = 0;
  for (Slice& slice : slices_) {
    const uint64_t words = NumWords(slice.num_entries);
    slice.first_word = num_words;
    slice.shift = static_cast<uint32_t>(32 - std::countr_zero(words));
    num_words += words;
    by_number[slice.number] = slice;
  }
  words_.assign(num_words, ~uint32_t{0});
  for (const Sighting& sighting : sightings) {
    const uint32_t h = Hash(sighting.rpi);
    ForEachSlice(sighting, tolerance_intervals, length_,
                 [&](uint32_t number, uint32_t, uint32_t) {
                   const Slice& slice = by_number.find(number)->second;
                   words_[slice.first_word + (h >> slice.shift)] &=
                       ~FilterBits(h);
                 });
  }
}

size_t SliceFilters::LowerBound(uint32_t number) const {
  return static_cast<size_t>(
      std::lower_bound(
          slices_.begin(), slices_.end(), number,
          [](const Slice& slice, uint32_t n) { return slice.number < n; }) -
      slices_.begin());
}

}  // namespace tekmatch
