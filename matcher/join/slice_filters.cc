// Plan: a sighting belongs to all slices of time that an RPI within the
// tolerance may come from. How many sightings each interval has says what the
// slices hold, long ones or, of many sightings, short ones; then each slice
// gets its words, and its sightings' bits are cleared.
//
// A word's number is the begin of the RPIs that have bits in it. So sightings
// in the order of their RPIs come to the words of every filter in order, and
// what is written next is in the first cache. Threads take chunks of that
// order, and no two write one word.
#include "matcher/join/slice_filters.h"

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <utility>

#include "matcher/join/interval_counts.h"
#include "matcher/kernels/filter_bits.h"

namespace tekmatch {
namespace {

// At least this many bits for an entry, less than twice as many, while the
// filter stays within the part of a core's cache that it may take. Beyond that,
// more passes are cheaper than misses; but not below the smaller number.
constexpr uint64_t kBitsPerEntry = 48;
constexpr uint64_t kFewestBitsPerEntry = 12;
constexpr uint64_t kMostWords = uint64_t{1} << 18;       // 1 MiB
constexpr uint64_t kMostWordsOfDay = uint64_t{1} << 17;  // beyond: short slices
constexpr uint64_t kWordBits = 32;

// So many sightings have chunks enough for any number of threads to end at
// about the same time, and every filter has a word for each chunk; of fewer,
// one thread makes the filters in less time than another one takes to begin.
constexpr uint64_t kChunks = 128;
constexpr size_t kEnoughForChunks = size_t{1} << 16;

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
  return {std::max<int64_t>(0, sighted - tolerance), sighted + tolerance};
}

// The places [begin, begin + num) of a list of slices.
struct Places {
  uint32_t begin = 0;
  uint32_t num = 0;

  bool operator==(const Places&) const = default;
};

// The slices of each interval with sightings. Found by a table by number; where
// IntervalCounts has none, by searching.
class SlicesOfIntervals {
 public:
  // `slices`: of each of `counts`, in its turn. `counts` has to outlive this.
  SlicesOfIntervals(absl::Span<const IntervalCount> counts,
                    std::vector<Places> slices)
      : counts_(counts) {
    const uint64_t range =
        uint64_t{counts.back().interval} - counts.front().interval + 1;
    is_table_ = range <= IntervalCounts::kMostInTable;
    if (!is_table_) {
      slices_ = std::move(slices);
      return;
    }
    slices_.resize(range);
    for (size_t i = 0; i < counts.size(); ++i) {
      slices_[counts[i].interval - counts.front().interval] = slices[i];
    }
  }

  // Of an interval that is in `counts`.
  Places operator[](uint32_t interval) const {
    if (is_table_) return slices_[interval - counts_.front().interval];
    const auto found = std::lower_bound(
        counts_.begin(), counts_.end(), interval,
        [](const IntervalCount& c, uint32_t i) { return c.interval < i; });
    return slices_[static_cast<size_t>(found - counts_.begin())];
  }

 private:
  absl::Span<const IntervalCount> counts_;
  bool is_table_ = false;
  std::vector<Places> slices_;
};

// Slices of one length, ascending, with what they cover and the number of their
// entries; and, of each interval in its turn, the slices that it reaches.
struct Slices {
  std::vector<SliceFilters::Slice> slices;
  std::vector<Places> of_intervals;
};

Slices SlicesOf(absl::Span<const IntervalCount> counts, int64_t tolerance,
                uint32_t length) {
  Slices of;
  of.of_intervals.reserve(counts.size());
  std::vector<SliceFilters::Slice>& slices = of.slices;
  for (const IntervalCount& count : counts) {
    const auto [first, last] = Reach(count.interval, tolerance);
    const auto first_number = static_cast<uint32_t>(first / length);
    const auto last_number = static_cast<uint32_t>(last / length);
    // Both ends only grow from interval to interval. So what is there of this
    // one's slices is the last of `slices`, without gaps.
    size_t place = slices.size();
    while (place > 0 && slices[place - 1].number >= first_number) --place;
    of.of_intervals.push_back({.begin = static_cast<uint32_t>(place),
                               .num = last_number - first_number + 1});
    for (uint32_t n = first_number; n <= last_number; ++n, ++place) {
      if (place == slices.size()) slices.push_back({.number = n});
      const int64_t begin = int64_t{n} * length;
      slices[place].num_entries += count.num_sightings;
      slices[place].covered.Add(
          static_cast<uint32_t>(std::max(first, begin) - begin),
          static_cast<uint32_t>(std::min(last, begin + length - 1) - begin));
    }
  }
  return of;
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

// What a chunk of the sightings is put into.
struct Filter {
  uint32_t* words;
  uint32_t shift;
};

uint64_t NumWords(const Filter& filter) {
  return uint64_t{1} << (32 - filter.shift);
}

// The `chunk`-th of `num_chunks` parts of the sightings, by their RPIs.
Part ChunkOf(absl::Span<const Sighting> sightings, uint64_t chunk,
             uint64_t num_chunks) {
  const auto first_of = [&](uint64_t c) {
    const uint64_t first_hash = (uint64_t{1} << 32) / num_chunks * c;
    const auto found = std::partition_point(
        sightings.begin(), sightings.end(), [first_hash](const Sighting& s) {
          return FilterHash(s.rpi.bytes.data()) < first_hash;
        });
    return static_cast<size_t>(found - sightings.begin());
  };
  return {first_of(chunk), first_of(chunk + 1)};
}

// Clears the bits of the sightings in the filters of the slices that each
// reaches.
void ClearBits(absl::Span<const Sighting> sightings,
               const SlicesOfIntervals& slices,
               absl::Span<const Filter> filters) {
  for (const Sighting& sighting : sightings) {
    const Places reached = slices[IntervalOf(sighting)];
    const uint32_t h = FilterHash(sighting.rpi.bytes.data());
    const uint32_t bits = FilterBits(h);
    for (const Filter& filter : filters.subspan(reached.begin, reached.num)) {
      filter.words[h >> filter.shift] &= ~bits;
    }
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
                           const IntervalCounts& counts,
                           int64_t tolerance_intervals, const TaskRunner& tasks,
                           absl::FunctionRef<void(Part)> beside) {
  const std::vector<IntervalCount> intervals = counts.Ascending();
  if (intervals.empty()) return;
  Slices of = SlicesOf(intervals, tolerance_intervals, kLongSlice);
  if (ShortHalves(tolerance_intervals) && AnyIsTooLarge(of.slices)) {
    length_ = kShortSlice;
    of = SlicesOf(intervals, tolerance_intervals, kShortSlice);
  }
  slices_ = std::move(of.slices);
  slices_.shrink_to_fit();
  const uint64_t num_chunks = sightings.size() < kEnoughForChunks ? 1 : kChunks;
  for (Slice& slice : slices_) {
    const uint64_t words = std::max(NumWords(slice.num_entries), num_chunks);
    slice.first_word = num_words_;
    slice.shift = static_cast<uint32_t>(32 - std::countr_zero(words));
    num_words_ += words;
  }
  words_ = std::make_unique_for_overwrite<uint32_t[]>(num_words_);
  std::vector<Filter> filters;
  filters.reserve(slices_.size());
  for (const Slice& slice : slices_) {
    filters.push_back({words_.get() + slice.first_word, slice.shift});
  }
  const SlicesOfIntervals slices_of(intervals, std::move(of.of_intervals));
  tasks.Run(num_chunks, [&](size_t c) {
    for (const Filter& filter : filters) {
      const uint64_t num = NumWords(filter) / num_chunks;
      std::fill_n(filter.words + num * c, num, ~uint32_t{0});
    }
    // A piece stays in the first cache.
    constexpr size_t kPiece = 256;
    const Part chunk = ChunkOf(sightings, c, num_chunks);
    for (size_t begin = chunk.begin; begin < chunk.end; begin += kPiece) {
      const Part piece = {begin, std::min(begin + kPiece, chunk.end)};
      ClearBits(sightings.subspan(piece.begin, piece.end - piece.begin),
                slices_of, filters);
      beside(piece);
    }
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
