// Plan: a sighting belongs to all slices of time that an RPI within the
// tolerance may come from. How many sightings each interval has says what the
// slices hold, long ones or, of many sightings, short ones; then each slice
// gets its words, and its sightings' bits are cleared.
//
// Where the tolerance is a number of slices, as the day is that `match` looks
// around, all sightings of a slice belong to the same slices. Then each clears
// the bits of one filter alone, and the filters are joined word by word: three
// random changes of a word become one. A filter of more words than another one
// cannot be made of it; that one's sightings clear their bits there, too.
#include "matcher/join/slice_filters.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <memory>
#include <utility>

#include "matcher/join/interval_counts.h"
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

// So many parts of the filters are joined one after the other, by whichever
// thread is free: of ten million sightings' 64 MB one stays in a core's own
// cache. No filter has fewer words then. Of fewer sightings two parts do, which
// every filter has words for.
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
  return {std::max<int64_t>(0, sighted - tolerance),
          std::min(kMaxInterval, sighted + tolerance)};
}

// The places [begin, begin + num) of a list: of slices, or of filters.
struct Places {
  uint32_t begin = 0;
  uint32_t num = 0;

  bool operator==(const Places&) const = default;
};

// Intervals of one slice, `own`, whose sightings belong to the same slices.
struct Group {
  Places slices;
  uint32_t own = 0;

  bool operator==(const Group&) const = default;
};

// The group of each interval with sightings. Found by a table by number; where
// IntervalCounts has none, by searching.
class GroupsOfIntervals {
 public:
  // `numbers`: of each of `counts`, in its turn. `counts` has to outlive this.
  GroupsOfIntervals(absl::Span<const IntervalCount> counts,
                    std::vector<uint32_t> numbers)
      : counts_(counts) {
    const uint64_t range =
        uint64_t{counts.back().interval} - counts.front().interval + 1;
    is_table_ = range <= IntervalCounts::kMostInTable;
    if (!is_table_) {
      numbers_ = std::move(numbers);
      return;
    }
    numbers_.resize(range);
    for (size_t i = 0; i < counts.size(); ++i) {
      numbers_[counts[i].interval - counts.front().interval] = numbers[i];
    }
  }

  // Of an interval that is in `counts`.
  uint32_t operator[](uint32_t interval) const {
    if (is_table_) return numbers_[interval - counts_.front().interval];
    const auto found = std::lower_bound(
        counts_.begin(), counts_.end(), interval,
        [](const IntervalCount& c, uint32_t i) { return c.interval < i; });
    return numbers_[static_cast<size_t>(found - counts_.begin())];
  }

 private:
  absl::Span<const IntervalCount> counts_;
  bool is_table_ = false;
  std::vector<uint32_t> numbers_;
};

// Slices of one length, ascending, with what they cover and the number of their
// entries; the groups; and, of each interval in its turn, its group.
struct Slices {
  std::vector<SliceFilters::Slice> slices;
  std::vector<Group> groups;
  std::vector<uint32_t> group_of;
};

Slices SlicesOf(absl::Span<const IntervalCount> counts, int64_t tolerance,
                uint32_t length) {
  Slices of;
  of.group_of.reserve(counts.size());
  std::vector<SliceFilters::Slice>& slices = of.slices;
  for (const IntervalCount& count : counts) {
    const auto [first, last] = Reach(count.interval, tolerance);
    const auto first_number = static_cast<uint32_t>(first / length);
    const auto last_number = static_cast<uint32_t>(last / length);
    // Both ends only grow from interval to interval. So what is there of this
    // one's slices is the last of `slices`, without gaps.
    size_t place = slices.size();
    while (place > 0 && slices[place - 1].number >= first_number) --place;
    const auto begin_of_all = static_cast<uint32_t>(place);
    const Group group = {
        .slices = {.begin = begin_of_all,
                   .num = last_number - first_number + 1},
        .own = begin_of_all + count.interval / length - first_number};
    if (of.groups.empty() || of.groups.back() != group) {
      of.groups.push_back(group);
    }
    of.group_of.push_back(static_cast<uint32_t>(of.groups.size() - 1));
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

uint32_t Hash(const Rpi& rpi) {
  return static_cast<uint32_t>(rpi.bytes[4]) |
         static_cast<uint32_t>(rpi.bytes[5]) << 8 |
         static_cast<uint32_t>(rpi.bytes[6]) << 16 |
         static_cast<uint32_t>(rpi.bytes[7]) << 24;
}

// In which of the slices that a sighting reaches its bits are cleared one by
// one.
enum class Directly : uint8_t {
  kInAll,
  // In that of its own time.
  kInOwn,
  // In those with more words than that of its own time.
  kInLarger,
};

// What there is to know to clear the bits.
struct Plan {
  absl::Span<const Sighting> sightings;
  const GroupsOfIntervals& group_of;
  absl::Span<const Group> groups;
  absl::Span<const SliceFilters::Slice> slices;
  uint32_t* words = nullptr;

  bool IsMeant(Directly directly, size_t slice, size_t own) const {
    return directly == Directly::kInAll ||
           (directly == Directly::kInOwn
                ? slice == own
                : slices[slice].shift < slices[own].shift);
  }
};

uint32_t NumWords(const SliceFilters::Slice& slice) {
  return uint32_t{1} << (32 - slice.shift);
}

// Clears the sightings' bits in the filters of slices `of_slices`. The words
// lie all over memory, so each is asked for some time before it is changed.
// Calls `beside` for pieces of the sightings [share.begin, share.end).
void ClearBits(const Plan& plan, Directly directly, Part of_slices, Part share,
               absl::FunctionRef<void(Part)> beside) {
  struct Filter {
    uint32_t* words;
    uint32_t shift;
  };
  // For sightings with nothing to change here. Looking whether there is
  // anything would be a branch that no processor foresees.
  uint32_t nowhere = 0;
  std::vector<Filter> filters = {{&nowhere, 32}};
  std::vector<Places> targets;  // of each group
  targets.reserve(plan.groups.size());
  for (const Group& group : plan.groups) {
    const auto begin = static_cast<uint32_t>(filters.size());
    for (size_t s = std::max<size_t>(group.slices.begin, of_slices.begin);
         s <
         std::min<size_t>(group.slices.begin + group.slices.num, of_slices.end);
         ++s) {
      if (!plan.IsMeant(directly, s, group.own)) continue;
      filters.push_back(
          {plan.words + plan.slices[s].first_word, plan.slices[s].shift});
    }
    const auto num = static_cast<uint32_t>(filters.size()) - begin;
    targets.push_back(num > 0 ? Places{.begin = begin, .num = num}
                              : Places{.begin = 0, .num = 1});
  }
  struct Change {
    uint32_t* word;
    uint32_t bits;
  };
  constexpr size_t kAhead = 32;
  std::array<Change, kAhead> ahead;
  ahead.fill({&nowhere, 0});
  size_t num = 0;
  const auto clear = [&](const Sighting& sighting) {
    const Places of_sighting = targets[plan.group_of[IntervalOf(sighting)]];
    const uint32_t h = Hash(sighting.rpi);
    const uint32_t bits = FilterBits(h);
    const Filter* filter = &filters[of_sighting.begin];
    const Filter* const end = filter + of_sighting.num;
    do {
      uint32_t* word = filter->words + (uint64_t{h} >> filter->shift);
      __builtin_prefetch(word, 1);
      Change& change = ahead[num++ % kAhead];
      *change.word &= ~change.bits;
      change = {.word = word, .bits = bits};
    } while (++filter != end);
  };
  // A piece stays in the first cache.
  constexpr size_t kPiece = 256;
  for (size_t begin = 0; begin < plan.sightings.size(); begin += kPiece) {
    const size_t end = std::min(begin + kPiece, plan.sightings.size());
    for (size_t s = begin; s < end; ++s) clear(plan.sightings[s]);
    const Part both = {std::max(begin, share.begin), std::min(end, share.end)};
    if (both.begin < both.end) beside(both);
  }
  for (const Change& change : ahead) *change.word &= ~change.bits;
}

// Whether a sighting of some slice reaches one with more words.
bool AnyReachesLarger(const Plan& plan) {
  for (const Group& group : plan.groups) {
    for (size_t s = group.slices.begin;
         s < group.slices.begin + group.slices.num; ++s) {
      if (plan.IsMeant(Directly::kInLarger, s, group.own)) return true;
    }
  }
  return false;
}

// Clears in `to` what is clear in any of the `ratio` words of `from` that a
// word of it stands for: a word's number are the first bits of h.
void ClearAsIn(const uint32_t* from, uint32_t ratio, uint32_t* to,
               size_t num_words) {
  if (ratio == 1) {
    for (size_t w = 0; w < num_words; ++w) to[w] &= from[w];
    return;
  }
  for (size_t w = 0; w < num_words; ++w) {
    for (uint32_t i = 0; i < ratio; ++i) to[w] &= *from++;
  }
}

// Where each slice has its own sightings' bits: clears in each what is clear in
// those up to `most` before and after it, with as many words or more. Does the
// `chunk`-th of `num_chunks` equal parts of every filter; no filter has fewer
// words.
void JoinSlices(const Plan& plan, uint32_t most, size_t chunk,
                size_t num_chunks) {
  // What this slice and those before it had before others were joined to them.
  std::vector<std::vector<uint32_t>> had(size_t{most} + 1);
  const auto words_of = [&](size_t s) {
    return plan.words + plan.slices[s].first_word +
           NumWords(plan.slices[s]) / num_chunks * chunk;
  };
  for (size_t s = 0; s < plan.slices.size(); ++s) {
    const SliceFilters::Slice& slice = plan.slices[s];
    uint32_t* const own = words_of(s);
    const size_t num = NumWords(slice) / num_chunks;
    had[s % had.size()].assign(own, own + num);
    const auto join = [&](size_t other, const uint32_t* words) {
      const uint32_t num_other = NumWords(plan.slices[other]);
      if (num_other < NumWords(slice)) return;
      ClearAsIn(words, num_other / NumWords(slice), own, num);
    };
    for (size_t o = s; o-- > 0;) {
      if (slice.number - plan.slices[o].number > most) break;
      join(o, had[o % had.size()].data());
    }
    for (size_t o = s + 1; o < plan.slices.size(); ++o) {
      if (plan.slices[o].number - slice.number > most) break;
      join(o, words_of(o));
    }
  }
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
  // All of a slice belong to the same slices. So they are put into their own,
  // and the slices into each other.
  const bool by_slices = tolerance_intervals % length_ == 0;
  const auto most = static_cast<uint32_t>(tolerance_intervals / length_);
  const bool are_joined = by_slices && most > 0;
  const uint64_t num_chunks =
      are_joined && sightings.size() >= kEnoughForChunks ? kChunks : 2;
  for (Slice& slice : slices_) {
    const uint64_t words = std::max(NumWords(slice.num_entries), num_chunks);
    slice.first_word = num_words_;
    slice.shift = static_cast<uint32_t>(32 - std::countr_zero(words));
    num_words_ += words;
  }
  words_ = std::make_unique_for_overwrite<uint32_t[]>(num_words_);
  const GroupsOfIntervals group_of(intervals, std::move(of.group_of));
  const Plan plan = {.sightings = sightings,
                     .group_of = group_of,
                     .groups = of.groups,
                     .slices = slices_,
                     .words = words_.get()};
  // Each thread has slices of its own, so that no two change one word.
  const std::vector<Part> parts = ByEntries(slices_, tasks.num_threads());
  tasks.Run(parts.size(), [&](size_t i) {
    const Part share = PartOf(sightings.size(), i, parts.size());
    const Part part = parts[i];
    if (part.begin == part.end) {
      if (share.begin < share.end) beside(share);
      return;
    }
    const Slice& last = slices_[part.end - 1];
    std::fill(words_.get() + slices_[part.begin].first_word,
              words_.get() + last.first_word + NumWords(last), ~uint32_t{0});
    ClearBits(plan, by_slices ? Directly::kInOwn : Directly::kInAll, part,
              share, beside);
  });
  if (!are_joined) return;
  tasks.Run(num_chunks,
            [&](size_t chunk) { JoinSlices(plan, most, chunk, num_chunks); });
  if (!AnyReachesLarger(plan)) return;
  tasks.Run(parts.size(), [&](size_t i) {
    ClearBits(plan, Directly::kInLarger, parts[i], {0, 0}, beside);
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
