#include "matcher/join/interval_counts.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace tekmatch {
namespace {

// Sorts them, and makes one of those of an interval.
void Fold(std::vector<IntervalCount>& counts) {
  std::sort(counts.begin(), counts.end(),
            [](const IntervalCount& a, const IntervalCount& b) {
              return a.interval < b.interval;
            });
  size_t num = 0;
  for (const IntervalCount& count : counts) {
    if (num > 0 && counts[num - 1].interval == count.interval) {
      counts[num - 1].num_sightings += count.num_sightings;
    } else {
      counts[num++] = count;
    }
  }
  counts.resize(num);
}

}  // namespace

void IntervalCounts::MakeRoom(uint32_t first, uint32_t last) {
  first = std::min(first, first_);
  last = std::max(last, last_);
  const uint64_t range = uint64_t{last} - first + 1;
  // Whose range was too wide once has a list for ever.
  if (range > table_.size() && list_.empty()) {
    std::vector<IntervalCount> counted = Ascending();
    if (range > kMostInTable) {
      table_ = {};
      list_ = std::move(counted);
    } else {
      table_.assign(std::bit_ceil(range), 0);
      for (const IntervalCount& count : counted) {
        InTable(count.interval) = count.num_sightings;
      }
    }
  }
  first_ = first;
  last_ = last;
}

void IntervalCounts::AddToList(IntervalCount count) {
  list_.push_back(count);
  if (list_.size() < most_in_list_) return;
  Fold(list_);
  most_in_list_ = std::max(most_in_list_, 2 * list_.size());
}

void IntervalCounts::Add(absl::Span<const Sighting> sightings) {
  if (sightings.empty()) return;
  int64_t oldest = sightings.front().unix_seconds;
  int64_t newest = oldest;
  for (const Sighting& sighting : sightings) {
    oldest = std::min<int64_t>(oldest, sighting.unix_seconds);
    newest = std::max<int64_t>(newest, sighting.unix_seconds);
  }
  newest_seconds_ = std::max(newest_seconds_, newest);
  MakeRoom(static_cast<uint32_t>(oldest / kIntervalSeconds),
           static_cast<uint32_t>(newest / kIntervalSeconds));
  if (table_.empty()) {
    for (const Sighting& sighting : sightings) {
      AddToList({IntervalOf(sighting), 1});
    }
    return;
  }
  uint32_t* const table = table_.data();
  const size_t mask = table_.size() - 1;
  for (const Sighting& sighting : sightings) {
    ++table[IntervalOf(sighting) & mask];
  }
}

void IntervalCounts::Add(const IntervalCounts& other) {
  if (other.first_ > other.last_) return;
  newest_seconds_ = std::max(newest_seconds_, other.newest_seconds_);
  MakeRoom(other.first_, other.last_);
  for (const IntervalCount& count : other.Ascending()) {
    if (table_.empty()) {
      AddToList(count);
    } else {
      InTable(count.interval) += count.num_sightings;
    }
  }
}

std::vector<IntervalCount> IntervalCounts::Ascending() const {
  std::vector<IntervalCount> counts = list_;
  Fold(counts);
  if (table_.empty()) return counts;
  for (uint64_t interval = first_; interval <= last_; ++interval) {
    const uint32_t num = table_[interval & (table_.size() - 1)];
    if (num > 0) counts.push_back({static_cast<uint32_t>(interval), num});
  }
  return counts;
}

}  // namespace tekmatch
