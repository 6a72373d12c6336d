// Plan: a sighting belongs to all slices of time that an RPI within the
// tolerance may come from. The sightings of each interval are counted first.
// The counts say what the slices hold, long ones or, of many sightings, short
// ones; then each slice gets its words, and its sightings' bits are cleared.
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

// The first and the last interval whose RPIs a sighting of an interval can
// match.
std::pair<int64_t, int64_t> Reach(int64_t sighted, int64_t tolerance) {
  return {std::max<int64_t>(0, sighted - tolerance),
          std::min(kMaxInterval, sighted + tolerance)};
}

uint32_t IntervalOf(const Sighting& sighting) {
  return static_cast<uint32_t>(static_cast<uint64_t>(sighting.unix_seconds) /
                               kIntervalSeconds);
}

// What there is to know of an interval with sightings.
struct Heard {
  uint64_t num_sightings = 0;
  // The slices that these can match: positions in SliceFilters::slices(), which
  // holds all of them, one after the other.
  uint32_t first_slice = 0;
  uint32_t num_slices = 0;
};

// The intervals with sightings, ascending, found by number. Those of a phone
// lie close together, so a table by number finds them; where somebody made up
// times far apart, a map does.
class HeardIntervals {
 public:
  HeardIntervals(absl::Span<const Sighting> sightings,
                 const TaskRunner& tasks) {
    if (sightings.empty()) return;
    const size_t num_parts = tasks.num_threads();
    struct Ends {
      int64_t first = std::numeric_limits<int64_t>::max();
      int64_t last = 0;
    };
    std::vector<Ends> ends(num_parts);
    tasks.Run(num_parts, [&](size_t i) {
      const Part part = PartOf(sightings.size(), i, num_parts);
      Ends own;
      for (size_t s = part.begin; s < part.end; ++s) {
        own.first = std::min(own.first, sightings[s].unix_seconds);
        own.last = std::max(own.last, sightings[s].unix_seconds);
      }
      ends[i] = own;
    });
    Ends all;
    for (const Ends& of_part : ends) {
      all.first = std::min(all.first, of_part.first);
      all.last = std::max(all.last, of_part.last);
    }
    first_ = static_cast<uint32_t>(all.first / kIntervalSeconds);
    const size_t range = static_cast<size_t>(all.last / kIntervalSeconds) -
                         static_cast<size_t>(first_) + 1;
    if (range > kMostInTable) {
      for (const Sighting& sighting : sightings) {
        ++map_[IntervalOf(sighting)].num_sightings;
      }
      return;
    }
    std::vector<std::vector<uint32_t>> counts(num_parts);
    tasks.Run(num_parts, [&](size_t i) {
      counts[i].assign(range, 0);
      const Part part = PartOf(sightings.size(), i, num_parts);
      for (size_t s = part.begin; s < part.end; ++s) {
        ++counts[i][IntervalOf(sightings[s]) - first_];
      }
    });
    table_.resize(range);
    for (const std::vector<uint32_t>& of_part : counts) {
      for (size_t i = 0; i < range; ++i) table_[i].num_sightings += of_part[i];
    }
  }

  Heard& operator[](uint32_t interval) {
    return table_.empty() ? map_.find(interval)->second
                          : table_[interval - first_];
  }
  const Heard& operator[](uint32_t interval) const {
    return table_.empty() ? map_.find(interval)->second
                          : table_[interval - first_];
  }

  // Ascending.
  std::vector<uint32_t> Numbers() const {
    std::vector<uint32_t> numbers;
    numbers.reserve(map_.size());
    for (const auto& [number, heard] : map_) numbers.push_back(number);
    std::sort(numbers.begin(), numbers.end());
    for (size_t i = 0; i < table_.size(); ++i) {
      if (table_[i].num_sightings > 0) {
        numbers.push_back(first_ + static_cast<uint32_t>(i));
      }
    }
    return numbers;
  }

 private:
  static constexpr size_t kMostInTable = size_t{1} << 16;  // more than a year

  uint32_t first_ = 0;
  std::vector<Heard> table_;      // by number - first_
  HashMap<uint32_t, Heard> map_;  // instead of it
};

// The slices of this length, ascending, with what they cover and the number of
// their entries; and, of each interval, which of them.
std::vector<SliceFilters::Slice> SlicesOf(absl::Span<const uint32_t> intervals,
                                          int64_t tolerance, uint32_t length,
                                          HeardIntervals& heard) {
  std::vector<SliceFilters::Slice> slices;
  for (const uint32_t interval : intervals) {
    const auto [first, last] = Reach(interval, tolerance);
    const auto first_number = static_cast<uint32_t>(first / length);
    const auto last_number = static_cast<uint32_t>(last / length);
    // Both ends only grow from interval to interval. So what is there of this
    // one's slices is the last of `slices`, without gaps.
    size_t place = slices.size();
    while (place > 0 && slices[place - 1].number >= first_number) --place;
    Heard& of_interval = heard[interval];
    of_interval.first_slice = static_cast<uint32_t>(place);
    of_interval.num_slices = last_number - first_number + 1;
    for (uint32_t n = first_number; n <= last_number; ++n, ++place) {
      if (place == slices.size()) slices.push_back({.number = n});
      const int64_t begin = int64_t{n} * length;
      slices[place].num_entries += of_interval.num_sightings;
      slices[place].covered.Add(
          static_cast<uint32_t>(std::max(first, begin) - begin),
          static_cast<uint32_t>(std::min(last, begin + length - 1) - begin));
    }
  }
  return slices;
}

// Whether a short slice's sightings are at most half of a long one's. With the
// tolerance of a day they are not: a quarter's filter would be as large as a
// day's, and each sighting in nine of them instead of three.
bool ShortHalves(int64_t tolerance) {
  return 2 * (kShortSlice + 2 * tolerance) <= kLongSlice + 2 * tolerance;
}

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

// Clears the bits of the sightings in the filters of slices [first, end). The
// words lie all over memory, so each is asked for some time before it is
// changed.
void ClearBits(absl::Span<const Sighting> sightings,
               absl::Span<const SliceFilters::Slice> slices, Part of_slices,
               const HeardIntervals& heard, uint32_t* words) {
  struct Filter {
    uint32_t* words;
    uint32_t shift;
  };
  std::vector<Filter> filters;
  filters.reserve(slices.size());
  for (const SliceFilters::Slice& slice : slices) {
    filters.push_back({words + slice.first_word, slice.shift});
  }
  struct Change {
    uint32_t* word;
    uint32_t bits;
  };
  constexpr size_t kAhead = 32;
  uint32_t nowhere = 0;
  std::array<Change, kAhead> ahead;
  ahead.fill({&nowhere, 0});
  size_t num = 0;
  for (const Sighting& sighting : sightings) {
    const Heard& of_interval = heard[IntervalOf(sighting)];
    const size_t begin =
        std::max<size_t>(of_interval.first_slice, of_slices.begin);
    const size_t end = std::min<size_t>(
        of_interval.first_slice + of_interval.num_slices, of_slices.end);
    const uint32_t h = Hash(sighting.rpi);
    const uint32_t bits = FilterBits(h);
    for (size_t i = begin; i < end; ++i) {
      uint32_t* word = filters[i].words + (h >> filters[i].shift);
      __builtin_prefetch(word, 1);
      Change& change = ahead[num++ % kAhead];
      *change.word &= ~change.bits;
      change = {.word = word, .bits = bits};
    }
  }
  for (const Change& change : ahead) *change.word &= ~change.bits;
}

// The slices parted so that each part has about as many entries.
std::vector<Part> ByEntries(absl::Span<const SliceFilters::Slice> slices,
                            size_t num_parts) {
  uint64_t all = 0;
  for (const SliceFilters::Slice& slice : slices) all += slice.num_entries;
  std::vector<Part> parts;
  parts.reserve(num_parts);
  size_t end = 0;
  uint64_t sum = 0;
  for (size_t i = 0; i < num_parts; ++i) {
    const size_t begin = end;
    // To the slice that brings the sum nearest to the part's share.
    while (end < slices.size() &&
           (i + 1 == num_parts ||
            sum + slices[end].num_entries / 2 < all / num_parts * (i + 1))) {
      sum += slices[end++].num_entries;
    }
    parts.push_back({begin, end});
  }
  return parts;
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
                           int64_t tolerance_intervals,
                           const TaskRunner& tasks) {
  HeardIntervals heard(sightings, tasks);
  const std::vector<uint32_t> intervals = heard.Numbers();
  slices_ = SlicesOf(intervals, tolerance_intervals, kLongSlice, heard);
  if (ShortHalves(tolerance_intervals) && AnyIsTooLarge(slices_)) {
    length_ = kShortSlice;
    slices_ = SlicesOf(intervals, tolerance_intervals, kShortSlice, heard);
  }
  slices_.shrink_to_fit();
  uint64_t num_words = 0;
  for (Slice& slice : slices_) {
    const uint64_t words = NumWords(slice.num_entries);
    slice.first_word = num_words;
    slice.shift = static_cast<uint32_t>(32 - std::countr_zero(words));
    num_words += words;
  }
  words_.assign(num_words, ~uint32_t{0});
  // Each thread has slices of its own, so that no two change one word.
  const std::vector<Part> parts = ByEntries(slices_, tasks.num_threads());
  tasks.Run(parts.size(), [&](size_t i) {
    ClearBits(sightings, slices_, parts[i], heard, words_.data());
  });
}

size_t SliceFilters::LowerBound(uint32_t number) const {
  return static_cast<size_t>(
      std::lower_bound(
          slices_.begin(), slices_.end(), number,
          [](const Slice& slice, uint32_t n) { return slice.number < n; }) -
      slices_.begin());
}

}  // namespace tekmatch
