// Plan: one thread sorts in place by some leading bits of the RPI after another
// ("American flag sort"; McIlroy, Bostic, McIlroy, Engineering Radix Sort,
// 1993), and what is left in order is sorted by insertion. Several threads
// first part the sightings at the first bits, all of them together; then each
// sorts parts.
#include "matcher/join/sighting_order.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace tekmatch {
namespace {

constexpr int kKeyBits = 64;

// The first eight bytes of the RPI: their order is the order of the numbers.
uint64_t Key(const Sighting& sighting) {
  uint64_t key = 0;
  std::memcpy(&key, sighting.rpi.bytes.data(), sizeof(key));
  if constexpr (std::endian::native == std::endian::little) {
    key = __builtin_bswap64(key);
  }
  return key;
}

bool Less(const Sighting& a, const Sighting& b) {
  const uint64_t key_a = Key(a);
  const uint64_t key_b = Key(b);
  return key_a != key_b ? key_a < key_b : ByRpiThenTime(a, b);
}

// Of so few, insertion is the fastest.
constexpr ptrdiff_t kFew = 24;

// [begin, end) is not empty.
void SortByInsertion(Sighting* begin, Sighting* end) {
  for (Sighting* s = begin + 1; s < end; ++s) {
    if (!Less(*s, *(s - 1))) continue;
    const Sighting moving = *s;
    Sighting* to = s;
    do {
      *to = *(to - 1);
      --to;
    } while (to != begin && Less(moving, *(to - 1)));
    *to = moving;
  }
}

constexpr int kMostBits = 8;  // of the key, at a time
constexpr size_t kMostValues = size_t{1} << kMostBits;

// Where the sightings of each value of some bits begin; the last end, too.
using Begins = std::array<Sighting*, kMostValues + 1>;

// Brings the sightings to the places of their values. `value` is that of a
// sighting; begins[0..num_values] are given.
template <typename Value>
void Permute(const Begins& begins, size_t num_values, Value value) {
  // A place is written some visits after it was asked for.
  constexpr ptrdiff_t kAhead = 4;
  // Each value's first place that may hold another value's sighting.
  std::array<Sighting*, kMostValues> next;
  std::copy(begins.begin(), begins.begin() + num_values, next.begin());
  for (size_t v = 0; v < num_values; ++v) {
    while (next[v] != begins[v + 1]) {
      // Takes the one that is there to its place, and the one from that place
      // to its own, until one of this value comes.
      Sighting moving = *next[v];
      for (size_t to = value(moving); to != v; to = value(moving)) {
        Sighting* const place = next[to]++;
        __builtin_prefetch(place + kAhead, 1);
        std::swap(moving, *place);
      }
      *next[v]++ = moving;
    }
  }
}

// Sorts [begin, end), whose keys agree in their first `done` bits. Where all
// keys agree in the next bits, too, nothing is moved, and no call is made: so
// chosen RPIs cost 16 looks at each at most, and the depth is as small.
void Sort(Sighting* begin, Sighting* end, int done) {
  while (end - begin > kFew) {
    if (done >= kKeyBits) {
      std::sort(begin, end, ByRpiThenTime);
      return;
    }
    // As many values as sightings, so that a value has few of them.
    const auto size = static_cast<size_t>(end - begin);
    const int bits = std::min(
        {kMostBits, static_cast<int>(std::bit_width(size)), kKeyBits - done});
    const size_t num_values = size_t{1} << bits;
    const auto value = [done, bits](const Sighting& s) {
      return static_cast<size_t>(Key(s) << done >> (kKeyBits - bits));
    };
    std::array<size_t, kMostValues> counts;
    std::fill_n(counts.begin(), num_values, 0);
    for (const Sighting* s = begin; s != end; ++s) ++counts[value(*s)];
    done += bits;
    const size_t most =
        *std::max_element(counts.begin(), counts.begin() + num_values);
    if (most == size) continue;
    Begins begins;
    begins[0] = begin;
    for (size_t v = 0; v < num_values; ++v) {
      begins[v + 1] = begins[v] + counts[v];
    }
    Permute(begins, num_values, value);
    // Few of each value: what is to be moved yet is moved within them.
    if (most <= static_cast<size_t>(kFew)) break;
    for (size_t v = 0; v < num_values; ++v) {
      Sort(begins[v], begins[v + 1], done);
    }
    return;
  }
  if (begin != end) SortByInsertion(begin, end);
}

// ------------------------------------------------------------ several threads

struct Range {
  Sighting* begin;
  Sighting* end;
};

// Fewer are sorted before a thread has started.
constexpr size_t kEnoughForThreads = size_t{1} << 15;

// The parts of `ranges`, in their order, from the `skip`-th sighting on, `size`
// sightings in all.
std::vector<Range> Cut(const std::vector<Range>& ranges, size_t skip,
                       size_t size) {
  std::vector<Range> cut;
  for (const Range& range : ranges) {
    const auto length = static_cast<size_t>(range.end - range.begin);
    const size_t from = std::min(skip, length);
    const size_t taken = std::min(size, length - from);
    if (taken > 0) {
      cut.push_back({range.begin + from, range.begin + from + taken});
    }
    skip -= from;
    size -= taken;
  }
  return cut;
}

// Swaps the sightings of two lists of ranges, as many in each.
void Swap(const std::vector<Range>& a, const std::vector<Range>& b) {
  if (b.empty()) return;
  size_t j = 0;
  Sighting* other = b[0].begin;
  for (const Range& range : a) {
    for (Sighting* s = range.begin; s != range.end; ++s) {
      if (other == b[j].end) other = b[++j].begin;
      std::swap(*s, *other++);
    }
  }
}

// Brings those with a 0 as the key's bit `bit` (0 is the first) to the front;
// returns where the others begin. Each thread parts a piece; then what lies on
// the wrong side of the border changes places.
Sighting* PartAtBit(Sighting* begin, Sighting* end, int bit,
                    const TaskRunner& tasks) {
  const auto size = static_cast<size_t>(end - begin);
  const size_t num = tasks.num_threads();
  std::vector<Range> zeros(num);
  std::vector<Range> ones(num);
  tasks.Run(num, [&](size_t i) {
    const Part part = PartOf(size, i, num);
    Sighting* const border = std::partition(
        begin + part.begin, begin + part.end, [bit](const Sighting& s) {
          return (Key(s) << bit >> (kKeyBits - 1)) == 0;
        });
    zeros[i] = {begin + part.begin, border};
    ones[i] = {border, begin + part.end};
  });
  Sighting* border = begin;
  for (const Range& range : zeros) border += range.end - range.begin;
  // Those before the border that belong behind it, and the other way round.
  std::vector<Range> wrong_ones;
  std::vector<Range> wrong_zeros;
  size_t num_wrong = 0;
  for (size_t i = 0; i < num; ++i) {
    if (ones[i].begin < std::min(ones[i].end, border)) {
      wrong_ones.push_back({ones[i].begin, std::min(ones[i].end, border)});
      num_wrong += static_cast<size_t>(wrong_ones.back().end - ones[i].begin);
    }
    if (std::max(zeros[i].begin, border) < zeros[i].end) {
      wrong_zeros.push_back({std::max(zeros[i].begin, border), zeros[i].end});
    }
  }
  tasks.Run(num, [&](size_t i) {
    const Part part = PartOf(num_wrong, i, num);
    const size_t length = part.end - part.begin;
    Swap(Cut(wrong_ones, part.begin, length),
         Cut(wrong_zeros, part.begin, length));
  });
  return border;
}

}  // namespace

bool AreSorted(absl::Span<const Sighting> sightings) {
  return std::is_sorted(sightings.begin(), sightings.end(), Less);
}

void SortSightings(absl::Span<Sighting> sightings, const TaskRunner& tasks) {
  Sighting* const begin = sightings.data();
  Sighting* const end = begin + sightings.size();
  const size_t num_threads = tasks.num_threads();
  if (num_threads == 1 || sightings.size() < kEnoughForThreads) {
    Sort(begin, end, 0);
    return;
  }
  // As many parts as threads, or, where that is no power of two, so many that
  // the threads end at about the same time.
  const int bits = std::has_single_bit(num_threads)
                       ? std::countr_zero(num_threads)
                       : static_cast<int>(std::bit_width(num_threads)) + 2;
  std::vector<Range> parts = {{begin, end}};
  for (int bit = 0; bit < bits; ++bit) {
    std::vector<Range> halves;
    halves.reserve(2 * parts.size());
    for (const Range& part : parts) {
      Sighting* const border = PartAtBit(part.begin, part.end, bit, tasks);
      halves.push_back({part.begin, border});
      halves.push_back({border, part.end});
    }
    parts = std::move(halves);
  }
  tasks.Run(parts.size(),
            [&](size_t i) { Sort(parts[i].begin, parts[i].end, bits); });
}

}  // namespace tekmatch
