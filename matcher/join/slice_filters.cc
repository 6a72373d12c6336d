// Plan: a sighting belongs to all slices of time that an RPI within the
// tolerance may come from. The slices are counted first, long ones or, of many
// sightings, short ones; then each gets its words, and its sightings' bits are
// cleared.
#include "matcher/join/slice_filters.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <memory>
#include <utility>

#include "keyformat/hash_tables.h"
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

// The first and the last interval whose RPIs the sighting can match.
std::pair<int64_t, int64_t> Reach(const Sighting& sighting, int64_t tolerance) {
  const int64_t sighted = sighting.unix_seconds / kIntervalSeconds;
  return {std::max<int64_t>(0, sighted - tolerance),
          std::min(kMaxInterval, sighted + tolerance)};
}

// Calls f(slice number, first interval, last interval) for the parts, slice by
// slice, of the intervals whose RPIs the sighting can match.
template <typename F>
void ForEachSlice(const Sighting& sighting, int64_t tolerance, int64_t length,
                  F f) {
  const auto [first, last] = Reach(sighting, tolerance);
  for (int64_t n = first / length; n <= last / length; ++n) {
    const int64_t begin = n * length;
    f(static_cast<uint32_t>(n),
      static_cast<uint32_t>(std::max(first, begin) - begin),
      static_cast<uint32_t>(std::min(last, begin + length - 1) - begin));
  }
}

// The slices of a run, found by number. Numbers of a phone's sightings lie
// close together, so a table by number finds them; where somebody made up times
// far apart, a map does.
class SlicesByNumber {
 public:
  // The slices of these sightings, with what they cover and the number of their
  // entries.
  SlicesByNumber(absl::Span<const Sighting> sightings, int64_t tolerance,
                 uint32_t length) {
    if (sightings.empty()) return;
    const auto [earliest, latest] =
        std::minmax_element(sightings.begin(), sightings.end(),
                            [](const Sighting& a, const Sighting& b) {
                              return a.unix_seconds < b.unix_seconds;
                            });
    const int64_t first_number = Reach(*earliest, tolerance).first / length;
    const int64_t last_number = Reach(*latest, tolerance).second / length;
    const int64_t range = last_number - first_number + 1;
    if (range <= kMostInTable) {
      first_ = static_cast<uint32_t>(first_number);
      table_.assign(static_cast<size_t>(range), kNone);
    }
    for (const Sighting& sighting : sightings) {
      ForEachSlice(sighting, tolerance, length,
                   [this](uint32_t number, uint32_t first, uint32_t last) {
                     uint32_t& place = PlaceOf(number);
                     if (place == kNone) {
                       place = static_cast<uint32_t>(slices_.size());
                       slices_.push_back({.number = number});
                     }
                     ++slices_[place].num_entries;
                     slices_[place].covered.Add(first, last);
                   });
    }
    std::sort(slices_.begin(), slices_.end(),
              [](const SliceFilters::Slice& a, const SliceFilters::Slice& b) {
                return a.number < b.number;
              });
    for (size_t i = 0; i < slices_.size(); ++i) {
      PlaceOf(slices_[i].number) = static_cast<uint32_t>(i);
    }
  }

  // Ascending by number.
  std::vector<SliceFilters::Slice>& slices() { return slices_; }

  const SliceFilters::Slice& Find(uint32_t number) const {
    return slices_[table_.empty() ? map_.find(number)->second
                                  : table_[number - first_]];
  }

 private:
  static constexpr int64_t kMostInTable = 1 << 16;
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

  uint32_t& PlaceOf(uint32_t number) {
    return table_.empty() ? map_.try_emplace(number, kNone).first->second
                          : table_[number - first_];
  }

  uint32_t first_ = 0;
  std::vector<uint32_t> table_;      // places in slices_, by number - first_
  HashMap<uint32_t, uint32_t> map_;  // instead of it
  std::vector<SliceFilters::Slice> slices_;
};

bool AnyIsTooLarge(absl::Span<const SliceFilters::Slice> slices) {
  return std::any_of(slices.begin(), slices.end(), [](const auto& slice) {
    return NumWords(slice.num_entries) > kMostWordsOfDay;
  });
}

uint32_t Hash(const Rpi& rpi) {
  return static_cast<uint32_t>(rpi.bytes[4]) |
         static_cast<uint32_t>(rpi.bytes[5]) << 8 |
         static_cast<uint32_t>(rpi.bytes[6]) << 16 |
         static_cast<uint32_t>(rpi.bytes[7]) << 24;
}

// Clears each sighting's bits in the filters of all its slices. The words lie
// all over memory, so each is asked for some time before it is changed.
void ClearBits(absl::Span<const Sighting> sightings, int64_t tolerance,
               uint32_t length, const SlicesByNumber& by_number,
               uint32_t* words) {
  struct Change {
    uint32_t* word;
    uint32_t bits;
  };
  constexpr size_t kAhead = 32;
  std::array<Change, kAhead> ahead;
  size_t num = 0;
  for (const Sighting& sighting : sightings) {
    const uint32_t h = Hash(sighting.rpi);
    const uint32_t bits = FilterBits(h);
    ForEachSlice(
        sighting, tolerance, length, [&](uint32_t number, uint32_t, uint32_t) {
          const SliceFilters::Slice& slice = by_number.Find(number);
          uint32_t* word = words + slice.first_word + (h >> slice.shift);
          __builtin_prefetch(word, 1);
          Change& change = ahead[num % kAhead];
          if (num >= kAhead) *change.word &= ~change.bits;
          change = {.word = word, .bits = bits};
          ++num;
        });
  }
  for (size_t i = 0; i < std::min(num, kAhead); ++i) {
    *ahead[i].word &= ~ahead[i].bits;
  }
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
  auto by_number = std::make_unique<SlicesByNumber>(
      sightings, tolerance_intervals, kLongSlice);
  if (AnyIsTooLarge(by_number->slices())) {
    length_ = kShortSlice;
    by_number = std::make_unique<SlicesByNumber>(sightings, tolerance_intervals,
                                                 kShortSlice);
  }
  uint64_t num_words = 0;
  for (Slice& slice : by_number->slices()) {
    const uint64_t words = NumWords(slice.num_entries);
    slice.first_word = num_words;
    slice.shift = static_cast<uint32_t>(32 - std::countr_zero(words));
    num_words += words;
  }
  words_.assign(num_words, ~uint32_t{0});
  ClearBits(sightings, tolerance_intervals, length_, *by_number, words_.data());
  slices_ = std::move(by_number->slices());
}

size_t SliceFilters::LowerBound(uint32_t number) const {
  return static_cast<size_t>(
      std::lower_bound(
          slices_.begin(), slices_.end(), number,
          [](const Slice& slice, uint32_t n) { return slice.number < n; }) -
      slices_.begin());
}

}  // namespace tekmatch
