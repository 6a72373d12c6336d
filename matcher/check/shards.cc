// Plan: HeardIntervals; a shard, with the keys counted that its own index does
// not cover; the merger, which asks of each partial first whether it is one
// that is expected, and unites what several shards say of one file.
#include "matcher/check/shards.h"

#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "keyformat/hash_tables.h"
#include "keyformat/key_block.h"
#include "keyformat/status_macros.h"
#include "matcher/check/check_halves.h"
#include "matcher/check/exposure_check.h"
#include "matcher/check/no_exceptions.h"
#include "matcher/exposure/key_publications.h"

namespace tekmatch {
namespace {

// As people count them.
std::string ShardName(size_t shard) {
  return absl::StrCat("shard ", shard + 1);
}

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
  TEKMATCH_ASSIGN_OR_RETURN(
      std::vector<MatchedFile> matched,
      MatchAllFiles(task.paths, index, options, task.tells_keys, read));
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

ShardMerger::ShardMerger(const ShardPlan& plan)
    : plan_(plan),
      names_(plan.shards.size()),
      first_position_(plan.shards.size(), 0),
      files_(plan.paths.size()),
      known_(plan.paths.size(), false) {
  if (!plan.by_devices) return;
  uint64_t next = 0;
  for (size_t i = 0; i < plan.shards.size(); ++i) {
    first_position_[i] = static_cast<uint32_t>(next);
    next += plan.shards[i].num_sightings;
  }
}

absl::Status ShardMerger::Add(const ByteSource& partial) {
  return WithoutExceptions<bool>([&]() -> absl::StatusOr<bool> {
           TEKMATCH_RETURN_IF_ERROR(AddOrThrow(partial));
           return true;
         })
      .status();
}

absl::Status ShardMerger::AddOrThrow(const ByteSource& partial) {
  TEKMATCH_ASSIGN_OR_RETURN(PartialReader reader, PartialReader::Open(partial));
  const PartialHeader& header = reader.header();
  const std::string& name = partial.name();
  if (header.plan != plan_.digest) {
    return absl::FailedPreconditionError(
        absl::StrCat(name,
                     ": is of another plan, or of this one before it was "
                     "made anew"));
  }
  const auto damaged = [&name](absl::string_view what) {
    return absl::DataLossError(
        absl::StrCat(name, ": not what this shard writes: ", what));
  };
  if (header.shard >= plan_.shards.size()) return damaged("its number");
  if (!names_[header.shard].empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(name, ": ", ShardName(header.shard), " is there twice; ",
                     names_[header.shard], " is it, too"));
  }
  const ExpectedShard& shard = plan_.shards[header.shard];
  const std::vector<uint32_t>& numbers = plan_.FilesOf(header.shard);
  if (header.num_files != numbers.size()) {
    return damaged("the number of its files");
  }
  if (header.num_sightings != shard.num_sightings) {
    return damaged("the number of its sightings");
  }
  names_[header.shard] = name;
  for (const uint32_t number : numbers) {
    PartialFile file;
    TEKMATCH_ASSIGN_OR_RETURN(const bool more, reader.Next(&file));
    if (!more || file.number != number ||
        file.matched.file.path != plan_.paths[number]) {
      return damaged("which files it has");
    }
    TEKMATCH_RETURN_IF_ERROR(Unite(name, header.shard, std::move(file)));
  }
  PartialFile none;
  return reader.Next(&none).status();
}

absl::Status ShardMerger::Unite(const std::string& name, uint32_t shard,
                                PartialFile file) {
  const std::set<uint32_t>& devices = plan_.DevicesOf(shard);
  const bool are_named = plan_.by_devices || !devices.empty();
  const uint32_t first = first_position_[shard];
  MatchedFile& more = file.matched;
  for (Match& match : more.candidates) {
    if (are_named && !devices.contains(match.sighting.device)) {
      return absl::DataLossError(absl::StrCat(
          name, ": not what this shard writes: a device of another shard"));
    }
    match.sighting_position += first;
  }
  HashSet<uint32_t> positions;
  positions.reserve(more.outside_tolerance.size());
  for (const uint32_t position : more.outside_tolerance) {
    positions.insert(position + first);
  }
  more.outside_tolerance = std::move(positions);
  MatchedFile& all = files_[file.number];
  if (!known_[file.number]) {
    known_[file.number] = true;
    all = std::move(more);
    return absl::OkStatus();
  }
  TEKMATCH_ASSIGN_OR_RETURN(const std::string before,
                            FileDescription(all.file));
  TEKMATCH_ASSIGN_OR_RETURN(const std::string now, FileDescription(more.file));
  if (before != now) {
    return absl::DataLossError(
        absl::StrCat(name, ": ", ShardName(shard), " has met another file at ",
                     all.file.path, " than an earlier one"));
  }
  all.candidates.insert(all.candidates.end(), more.candidates.begin(),
                        more.candidates.end());
  more.publications.VisitAll(
      [&all](const KeyPublication& publication, uint64_t num) {
        all.publications.Unite(publication, num);
      });
  for (const std::vector<uint32_t>& prefixes : more.teks.all()) {
    all.teks.Add(prefixes);
  }
  all.outside_tolerance.insert(more.outside_tolerance.begin(),
                               more.outside_tolerance.end());
  all.num_own_keys += more.num_own_keys;
  all.num_compared += more.num_compared;
  all.num_duplicates += more.num_duplicates;
  return absl::OkStatus();
}

absl::StatusOr<ExposureCheckResult> ShardMerger::Conclude(
    const SightingNumbers& sightings, const ExposureCheckOptions& options) {
  std::vector<size_t> missing;
  for (size_t i = 0; i < names_.size(); ++i) {
    if (names_[i].empty()) missing.push_back(i + 1);
  }
  if (!missing.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("no result: of the ", names_.size(), " shards, ",
                     missing.size() == 1 ? "this one is" : "these are",
                     " missing: ", absl::StrJoin(missing, ", ")));
  }
  return WithoutExceptions<ExposureCheckResult>(
      [&] { return ConcludeFromFiles(std::move(files_), sightings, options); });
}

}  // namespace tekmatch
