// Plan: sightings are brought to the places of their values of some leading
// bits of the RPI, in place ("American flag sort"; McIlroy, Bostic, McIlroy,
// Engineering Radix Sort, 1993), then those of each value by the bits after
// them. A few hundred are copied to their places instead, and what is left is
// sorted by insertion.
//
// Several threads do the first bits together. Each has a part of the room of
// every value, and fills it with what lies in its parts. The few sightings that
// find no room are moved to the end of the room in which they lie, and one
// thread brings them to their places ("PARADIS"; Cho, Brand,
// Bordawekar, Finkler, Kulandaisamy, Puri, 2015). Then each thread sorts the
// sightings of a value.
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

constexpr int kBits = 8;  // of the key, the most at a time
constexpr int kFewestBits = 4;
constexpr size_t kValues = size_t{1} << kBits;

// The value of a sighting: some bits of its key, those after the first `done`.
struct SomeBits {
  int done;
  int num;

  size_t num_values() const { return size_t{1} << num; }
  size_t operator()(const Sighting& sighting) const {
    return static_cast<size_t>(Key(sighting) << done >> (kKeyBits - num));
  }
};

// The places [next, end) for sightings of a value.
struct Room {
  size_t next;
  size_t end;
};
using Rooms = std::array<Room, kValues>;

// Brings the sightings that are in the rooms of all values to those of their
// values, and empties these: next is end. What finds no room is moved to the
// end of the room that it is in, which then ends before it.
void Permute(Sighting* data, Rooms& rooms, SomeBits value) {
  // A place is written some visits after it was asked for.
  constexpr ptrdiff_t kAhead = 4;
  // So many rooms are filled in turn: what is done for one does not wait for
  // what was done for another. Of ten million sightings in no order that takes
  // 11 ns each, one by one it takes 14.
  constexpr size_t kAtOnce = 6;
  std::array<size_t, kAtOnce> open;
  size_t num_open = 0;
  size_t next_value = 0;
  const size_t num_values = value.num_values();
  while (next_value < std::min(num_values, kAtOnce)) {
    open[num_open++] = next_value++;
  }
  size_t i = 0;
  while (num_open > 0) {
    if (i >= num_open) i = 0;
    Room& here = rooms[open[i]];
    if (here.next == here.end) {
      open[i] = next_value < num_values ? next_value++ : open[--num_open];
      continue;
    }
    Sighting& sighting = data[here.next];
    const size_t of = value(sighting);
    Room& its = rooms[of];
    if (of == open[i]) {
      ++here.next;
    } else if (its.next == its.end) {
      std::swap(sighting, data[--here.end]);
    } else {
      Sighting* const place = data + its.next++;
      __builtin_prefetch(place + kAhead, 1);
      std::swap(sighting, *place);
    }
    ++i;
  }
}

// Of one thread.
class Sorter {
 public:
  // Sorts [begin, end), whose keys agree in their first `done` bits. Where all
  // keys agree in the next bits, too, nothing is moved, and no call is made: so
  // chosen RPIs cost 16 looks at each at most, and the depth is as small.
  void Sort(Sighting* begin, Sighting* end, int done) {
    while (end - begin > kFew) {
      if (done >= kKeyBits) {
        std::sort(begin, end, ByRpiThenTime);
        return;
      }
      const auto size = static_cast<size_t>(end - begin);
      const bool are_copied = size <= copies_.size();
      // Of those that are copied as many values as sightings, so that a value
      // has few of them; of others so many that values are copied next.
      const int width = static_cast<int>(std::bit_width(size));
      const int bits = std::min(
          std::clamp(are_copied ? width : width - kBits, kFewestBits, kBits),
          kKeyBits - done);
      const SomeBits value = {.done = done, .num = bits};
      const size_t num_values = value.num_values();
      std::array<size_t, kValues> ends;
      std::fill_n(ends.begin(), num_values, 0);
      for (const Sighting* s = begin; s != end; ++s) ++ends[value(*s)];
      done += bits;
      size_t most = 0;
      size_t sum = 0;
      for (size_t v = 0; v < num_values; ++v) {
        most = std::max(most, ends[v]);
        rooms_[v].next = sum;
        sum += ends[v];
        rooms_[v].end = ends[v] = sum;
      }
      if (most == size) continue;
      if (are_copied) {
        std::copy(begin, end, copies_.begin());
        for (size_t i = 0; i < size; ++i) {
          begin[rooms_[value(copies_[i])].next++] = copies_[i];
        }
      } else {
        Permute(begin, rooms_, value);
      }
      // Few of each value: what is to be moved yet is moved within them.
      if (most <= static_cast<size_t>(kFew)) break;
      for (size_t v = 0; v < num_values; ++v) {
        Sort(begin + (v == 0 ? 0 : ends[v - 1]), begin + ends[v], done);
      }
      return;
    }
    if (begin != end) SortByInsertion(begin, end);
  }

 private:
  Rooms rooms_;
  std::array<Sighting, 512> copies_;
};

// ------------------------------------------------------------ several threads

// Fewer are sorted before a thread has started.
constexpr size_t kEnoughForThreads = size_t{1} << 15;

constexpr SomeBits kFirstByte = {.done = 0, .num = kBits};

// `filled` are what threads have filled of their parts of a value's room, one
// after the other. Moves what they left over to the end of the room, and
// returns where that begins.
size_t GatherLeft(Sighting* data, Part room, absl::Span<const Part> filled) {
  size_t begin = room.begin;
  for (const Part& part : filled) begin += part.end - part.begin;
  // What is left before there changes places with what is filled after it.
  size_t from = filled.size();
  size_t at = 0;
  size_t first = 0;
  for (size_t i = 0; i < filled.size(); ++i) {
    const size_t end = i + 1 < filled.size() ? filled[i + 1].begin : room.end;
    for (size_t left = filled[i].end; left < std::min(end, begin); ++left) {
      while (at == first) {
        --from;
        first = std::max(filled[from].begin, begin);
        at = std::max(filled[from].end, first);
      }
      std::swap(data[left], data[--at]);
    }
  }
  return begin;
}

// Brings sightings to the places of their first byte; returns where those of
// each begin.
std::array<Part, kValues> PartByFirstByte(absl::Span<Sighting> sightings,
                                          const TaskRunner& tasks) {
  // With less room most sightings would find none in their thread's part.
  constexpr size_t kFewestOfPart = 64;
  const size_t num = std::clamp<size_t>(
      sightings.size() / (kFewestOfPart * kValues), 1, tasks.num_threads());
  std::vector<std::array<size_t, kValues>> counts(num);
  tasks.Run(num, [&](size_t i) {
    const Part part = PartOf(sightings.size(), i, num);
    std::array<size_t, kValues> of_part = {};
    for (size_t s = part.begin; s < part.end; ++s) {
      ++of_part[kFirstByte(sightings[s])];
    }
    counts[i] = of_part;
  });
  std::array<Part, kValues> rooms;
  size_t sum = 0;
  for (size_t v = 0; v < kValues; ++v) {
    rooms[v].begin = sum;
    for (const auto& of_part : counts) sum += of_part[v];
    rooms[v].end = sum;
  }
  // By value and thread.
  std::vector<Part> filled(kValues * num);
  tasks.Run(num, [&](size_t i) {
    Rooms own;
    for (size_t v = 0; v < kValues; ++v) {
      const Part part = PartOf(rooms[v].end - rooms[v].begin, i, num);
      own[v] = {rooms[v].begin + part.begin, rooms[v].begin + part.end};
      filled[v * num + i].begin = own[v].next;
    }
    Permute(sightings.data(), own, kFirstByte);
    for (size_t v = 0; v < kValues; ++v) filled[v * num + i].end = own[v].end;
  });
  Rooms left;
  for (size_t v = 0; v < kValues; ++v) {
    left[v] = {GatherLeft(sightings.data(), rooms[v],
                          absl::MakeConstSpan(filled).subspan(v * num, num)),
               rooms[v].end};
  }
  Permute(sightings.data(), left, kFirstByte);
  return rooms;
}

}  // namespace

bool AreSorted(absl::Span<const Sighting> sightings) {
  return std::is_sorted(sightings.begin(), sightings.end(), Less);
}

void SortSightings(absl::Span<Sighting> sightings, const TaskRunner& tasks) {
  if (tasks.num_threads() == 1 || sightings.size() < kEnoughForThreads) {
    Sorter().Sort(sightings.begin(), sightings.end(), 0);
    return;
  }
  const std::array<Part, kValues> parts = PartByFirstByte(sightings, tasks);
  tasks.Run(parts.size(), [&](size_t i) {
    Sorter().Sort(sightings.begin() + parts[i].begin,
                  sightings.begin() + parts[i].end, kBits);
  });
}

}  // namespace tekmatch
