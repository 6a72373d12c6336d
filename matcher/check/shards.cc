// Plan: the keys counted that a shard's own index does not cover; the shard;
// HeardIntervals.
#include "matcher/check/shards.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>

#include "keyformat/hash_tables.h"
#include "keyformat/key_block.h"
#include "keyformat/status_macros.h"
#include "matcher/check/check_halves.h"
#include "matcher/check/exposure_check.h"
#include "matcher/check/no_exceptions.h"

namespace tekmatch {
namespace {

// The number of keys that are not own and that `heard` meets, by file.
class ComparedKeys {
 public:
  ComparedKeys(size_t num_files, const HeardIntervals& heard,
               const HashSet<Tek>& own)
      : heard_(heard), own_(own), num_of_file_(num_files) {}

  // One thread at a time of one file.
  void Add(size_t file, const KeyBlock& block) {
    uint64_t num = 0;
    for (size_t i = 0; i < block.size(); ++i) {
      if (!own_.empty() && own_.contains(block.teks()[i])) continue;
      num += heard_.Meet(block.rolling_starts()[i], block.rolling_periods()[i])
                 ? 1
                 : 0;
    }
    num_of_file_[file] += num;
  }
  uint64_t of_file(size_t file) const { return num_of_file_[file]; }

 private:
  const HeardIntervals& heard_;
  const HashSet<Tek>& own_;
  std::vector<uint64_t> num_of_file_;
};

absl::StatusOr<std::vector<PartialFile>> MatchShardOrThrow(
    const ShardTask& task, const std::shared_ptr<const SightingIndex>& index,
    const ExposureCheckOptions& options) {
  const OwnKeys own = OwnKeysFor(options);
  const HeardIntervals none;
  const bool counts = task.tells_keys && task.all_heard != nullptr;
  ComparedKeys compared(task.paths.size(), counts ? *task.all_heard : none,
                        own.of_all);
  std::function<absl::Status(size_t, const KeyBlock&)> read;
  if (counts) {
    read = [&compared](size_t file, const KeyBlock& block) {
      compared.Add(file, block);
      return absl::OkStatus();
    };
  }
  // A partial cannot say that notes were given up: a shard that tells of keys
  // notes all of them.
  TEKMATCH_ASSIGN_OR_RETURN(
      std::vector<MatchedFile> matched,
      MatchAllFiles(task.paths, index, options,
                    task.tells_keys ? std::numeric_limits<uint64_t>::max() : 0,
                    read));
  std::vector<PartialFile> files;
  files.reserve(matched.size());
  for (size_t i = 0; i < matched.size(); ++i) {
    MatchedFile& file = matched[i];
    if (!task.tells_keys) {
      file.num_own_keys = 0;
      file.num_compared = 0;
    } else if (counts && file.file.accepted) {
      file.num_compared = compared.of_file(i);
    }
    files.push_back({task.numbers[i], std::move(file)});
  }
  return files;
}

}  // namespace

HeardIntervals HeardIntervals::Of(absl::Span<const Sighting> sightings) {
  std::vector<int64_t> heard;
  heard.reserve(sightings.size());
  for (const Sighting& sighting : sightings) {
    heard.push_back(sighting.unix_seconds / kIntervalSeconds);
  }
  std::sort(heard.begin(), heard.end());
  HeardIntervals result;
  for (const int64_t interval : heard) {
    const auto first = static_cast<EnIntervalNumber>(
        std::max<int64_t>(0, interval - kSearchedIntervals));
    const auto last =
        static_cast<EnIntervalNumber>(interval + kSearchedIntervals);
    if (!result.runs.empty() && first <= result.runs.back().second + 1) {
      result.runs.back().second = last;
    } else {
      result.runs.emplace_back(first, last);
    }
  }
  return result;
}

void HeardIntervals::Add(const HeardIntervals& other) {
  if (runs == other.runs) return;
  decltype(runs) all;
  all.reserve(runs.size() + other.runs.size());
  std::merge(runs.begin(), runs.end(), other.runs.begin(), other.runs.end(),
             std::back_inserter(all));
  runs.clear();
  for (const auto& run : all) {
    if (!runs.empty() && run.first <= runs.back().second + 1) {
      runs.back().second = std::max(runs.back().second, run.second);
    } else {
      runs.push_back(run);
    }
  }
}

bool HeardIntervals::Meet(EnIntervalNumber start, uint8_t period) const {
  const auto run = std::lower_bound(
      runs.begin(), runs.end(), start,
      [](const auto& a, EnIntervalNumber first) { return a.second < first; });
  return run != runs.end() && run->first < uint64_t{start} + period;
}

absl::StatusOr<std::vector<PartialFile>> MatchShard(
    const ShardTask& task, const std::shared_ptr<const SightingIndex>& index,
    const ExposureCheckOptions& options) {
  return WithoutExceptions<std::vector<PartialFile>>(
      [&] { return MatchShardOrThrow(task, index, options); });
}

}  // namespace tekmatch
