// Plan: each partial is asked first whether it is one that is expected; what
// several shards say of one file is united, and what it has much of goes into
// sorts and numbers that need not fit in memory. Then all files are concluded,
// and candidates are resolved in the order of devices and keys.
#include "matcher/check/shard_merger.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "keyformat/hash_tables.h"
#include "keyformat/status_macros.h"
#include "matcher/check/check_halves.h"
#include "matcher/check/no_exceptions.h"
#include "matcher/check/tek_prefixes.h"
#include "matcher/check/thread_tasks.h"
#include "matcher/exposure/key_publications.h"
#include "matcher/join/match_order.h"

namespace tekmatch {
namespace {

// As people count them.
std::string ShardName(size_t shard) {
  return absl::StrCat("shard ", shard + 1);
}

absl::Status NotOfShard(const std::string& name, absl::string_view what) {
  return absl::DataLossError(
      absl::StrCat(name, ": not what this shard writes: ", what));
}

bool ByPosition(const PositionInFile& a, const PositionInFile& b) {
  return a.position < b.position;
}

absl::Status CaughtIn(absl::FunctionRef<absl::Status()> work) {
  return WithoutExceptions<bool>([&]() -> absl::StatusOr<bool> {
           TEKMATCH_RETURN_IF_ERROR(work());
           return true;
         })
      .status();
}

}  // namespace

// Candidates are what there is most of.
ShardMerger::ShardMerger(const ShardPlan& plan, MergeSettings settings)
    : plan_(plan),
      names_(plan.shards.size()),
      first_position_(plan.shards.size(), 0),
      files_(plan.paths.size()),
      known_(plan.paths.size(), false),
      spill_(std::move(settings.folder)),
      candidates_(ByDeviceAndKey, settings.memory_bytes / 3 * 2, &spill_),
      outside_tolerance_(ByPosition, settings.memory_bytes / 6, &spill_),
      prefixes_(settings.memory_bytes / 6, &spill_),
      prefixes_of_file_(plan.paths.size()) {
  if (!plan.by_devices) return;
  uint64_t next = 0;
  for (size_t i = 0; i < plan.shards.size(); ++i) {
    first_position_[i] = static_cast<uint32_t>(next);
    next += plan.shards[i].num_sightings;
  }
}

// ---------------------------------------------------------------- partials

absl::Status ShardMerger::Add(const ByteSource& partial) {
  return CaughtIn([&] { return AddOrThrow(partial); });
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
  if (header.shard >= plan_.shards.size()) {
    return NotOfShard(name, "its number");
  }
  if (!names_[header.shard].empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(name, ": ", ShardName(header.shard), " is there twice; ",
                     names_[header.shard], " is it, too"));
  }
  if (header.num_files != plan_.FilesOf(header.shard).size()) {
    return NotOfShard(name, "the number of its files");
  }
  if (header.num_sightings != plan_.shards[header.shard].num_sightings) {
    return NotOfShard(name, "the number of its sightings");
  }
  names_[header.shard] = name;
  return AddFiles(name, header.shard, reader);
}

absl::Status ShardMerger::AddFiles(const std::string& name, uint32_t shard,
                                   PartialReader& reader) {
  const std::set<uint32_t>& devices = plan_.DevicesOf(shard);
  const bool are_named = plan_.by_devices || !devices.empty();
  const uint32_t first = first_position_[shard];
  PartialFile file;
  uint32_t number = 0;
  bool is_checked = false;
  const auto check_file = [&]() -> absl::Status {
    if (is_checked) return absl::OkStatus();
    is_checked =
        file.number == number && file.matched.file.path == plan_.paths[number];
    return is_checked ? absl::OkStatus()
                      : NotOfShard(name, "which files it has");
  };
  Prefixes prefixes;
  const PartialSinks sinks = {
      .candidate = [&](const Match& match) -> absl::Status {
        TEKMATCH_RETURN_IF_ERROR(check_file());
        if (are_named && !devices.contains(match.sighting.device)) {
          return NotOfShard(name, "a device of another shard");
        }
        Match moved = match;
        moved.sighting_position += first;
        return candidates_.Add(moved);
      },
      .outside_tolerance = [&](uint32_t position) -> absl::Status {
        TEKMATCH_RETURN_IF_ERROR(check_file());
        return outside_tolerance_.Add({position + first, number});
      },
      .prefixes = [&](absl::Span<const uint32_t> some) -> absl::Status {
        // By devices the first shard tells of all keys; by files, one does.
        if (plan_.by_devices && shard != 0) {
          return NotOfShard(name, "keys that another shard tells of");
        }
        prefixes.num += some.size();
        return prefixes_.Add(some);
      }};
  for (const uint32_t expected : plan_.FilesOf(shard)) {
    number = expected;
    is_checked = false;
    prefixes = {.begin = prefixes_.size()};
    TEKMATCH_ASSIGN_OR_RETURN(const bool more, reader.Next(&file, sinks));
    if (!more) return NotOfShard(name, "which files it has");
    TEKMATCH_RETURN_IF_ERROR(check_file());
    if (prefixes.num > 0) prefixes_of_file_[number] = prefixes;
    TEKMATCH_RETURN_IF_ERROR(Unite(name, shard, std::move(file)));
  }
  return reader.Next(&file, sinks).status();
}

absl::Status ShardMerger::Unite(const std::string& name, uint32_t shard,
                                PartialFile file) {
  MatchedFile& more = file.matched;
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
  more.publications.VisitAll(
      [&all](const KeyPublication& publication, uint64_t num) {
        all.publications.Unite(publication, num);
      });
  all.num_own_keys += more.num_own_keys;
  all.num_compared += more.num_compared;
  all.num_duplicates += more.num_duplicates;
  return absl::OkStatus();
}

// --------------------------------------------------------------- conclusion

absl::Status ShardMerger::CheckComplete() const {
  std::vector<size_t> missing;
  for (size_t i = 0; i < names_.size(); ++i) {
    if (names_[i].empty()) missing.push_back(i + 1);
  }
  if (missing.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("no result: of the ", names_.size(), " shards, ",
                   missing.size() == 1 ? "this one is" : "these are",
                   " missing: ", absl::StrJoin(missing, ", ")));
}

absl::StatusOr<bool> ShardMerger::HoldsMore(
    size_t file, const HashMap<Tek, uint64_t>& known) const {
  PrefixCounter counter(known);
  bool more = false;
  const Prefixes& prefixes = prefixes_of_file_[file];
  TEKMATCH_RETURN_IF_ERROR(prefixes_.Visit(
      prefixes.begin, prefixes.num, [&](absl::Span<const uint32_t> some) {
        more = more || counter.HoldsMoreWith(some);
        return absl::OkStatus();
      }));
  return more;
}

absl::Status ShardMerger::ConcludeAllFiles(const SightingNumbers& sightings) {
  TEKMATCH_RETURN_IF_ERROR(CheckComplete());
  TEKMATCH_RETURN_IF_ERROR(Validate(options_));
  TEKMATCH_RETURN_IF_ERROR(candidates_.Finish());
  TEKMATCH_RETURN_IF_ERROR(outside_tolerance_.Finish());
  own_ = OwnKeysFor(options_);
  std::mutex asking;
  TEKMATCH_ASSIGN_OR_RETURN(
      concluded_, ConcludeFiles(
                      files_, sightings, own_, options_,
                      [this](size_t file, const HashMap<Tek, uint64_t>& known) {
                        return HoldsMore(file, known);
                      },
                      ReadAgainAtPaths(options_, asking),
                      ThreadTasks(static_cast<size_t>(options_.num_threads))));
  files_ = {};
  counts_.resize(concluded_.order.size());
  for (size_t i = 0; i < concluded_.order.size(); ++i) {
    counts_[concluded_.order[i]] = concluded_.run.files[i].counts();
  }
  resolver_.emplace(concluded_, own_, options_);
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> ShardMerger::CountOutsideTolerance() const {
  uint64_t num = 0;
  std::optional<uint32_t> last;
  TEKMATCH_RETURN_IF_ERROR(
      outside_tolerance_.Visit([&](const PositionInFile& one) {
        if (counts_[one.file] && last != one.position) {
          last = one.position;
          ++num;
        }
        return absl::OkStatus();
      }));
  return num;
}

absl::Status ShardMerger::Resolve(ExposureCheckResult* run,
                                  KeySink sink) const {
  std::vector<Match> some;  // of one device and key
  const auto resolve = [&]() -> absl::Status {
    if (some.empty()) return absl::OkStatus();
    TEKMATCH_RETURN_IF_ERROR(CheckGoesOn(options_));
    const std::vector<Match> matches = resolver_->Resolve(some, run);
    some.clear();
    return matches.empty() ? absl::OkStatus() : sink(matches);
  };
  TEKMATCH_RETURN_IF_ERROR(
      candidates_.Visit([&](const Match& match) -> absl::Status {
        if (!counts_[match.source]) return absl::OkStatus();
        if (!some.empty() &&
            (some.back().sighting.device != match.sighting.device ||
             some.back().tek != match.tek)) {
          TEKMATCH_RETURN_IF_ERROR(resolve());
        }
        some.push_back(match);
        return absl::OkStatus();
      }));
  return resolve();
}

absl::StatusOr<ExposureCheckResult> ShardMerger::ConcludeOrThrow(
    const SightingNumbers& sightings, KeySink sink) {
  TEKMATCH_RETURN_IF_ERROR(ConcludeAllFiles(sightings));
  ExposureCheckResult run = std::move(concluded_.run);
  if (!run.complete) return run;
  TEKMATCH_ASSIGN_OR_RETURN(run.num_outside_tolerance, CountOutsideTolerance());
  TEKMATCH_RETURN_IF_ERROR(Resolve(&run, sink));
  TEKMATCH_RETURN_IF_ERROR(CheckGoesOn(options_));
  return run;
}

absl::StatusOr<ExposureCheckResult> ShardMerger::Conclude(
    const SightingNumbers& sightings, const ExposureCheckOptions& options,
    KeySink sink) {
  return WithoutExceptions<ExposureCheckResult>(
      [&]() -> absl::StatusOr<ExposureCheckResult> {
        options_ = options;
        options_.keep_dropped = false;
        std::optional<Match> last;
        TEKMATCH_ASSIGN_OR_RETURN(
            ExposureCheckResult run,
            ConcludeOrThrow(sightings, [&](absl::Span<const Match> matches) {
              last = matches.back();
              return sink(matches);
            }));
        if (last.has_value()) run.result.matches.push_back(*last);
        return run;
      });
}

absl::StatusOr<ExposureCheckResult> ShardMerger::ConcludeInMemory(
    const SightingNumbers& sightings, const ExposureCheckOptions& options) {
  return WithoutExceptions<ExposureCheckResult>(
      [&]() -> absl::StatusOr<ExposureCheckResult> {
        options_ = options;
        std::vector<Match> all;
        TEKMATCH_ASSIGN_OR_RETURN(
            ExposureCheckResult run,
            ConcludeOrThrow(sightings, [&all](absl::Span<const Match> matches) {
              all.insert(all.end(), matches.begin(), matches.end());
              return absl::OkStatus();
            }));
        if (!run.complete) return run;
        std::sort(all.begin(), all.end(), InResultOrder);
        run.result.matches = std::move(all);
        run.findings = FindAll(options_, run.result.matches);
        return run;
      });
}

absl::Status ShardMerger::VisitFindings(
    absl::FunctionRef<absl::Status(uint32_t, const ExposureFindings&)> sink)
    const {
  return CaughtIn([&] { return VisitFindingsOrThrow(sink); });
}

absl::Status ShardMerger::VisitFindingsOrThrow(
    absl::FunctionRef<absl::Status(uint32_t, const ExposureFindings&)> sink)
    const {
  const std::set<uint32_t> only = {0};
  const bool are_named = !options_.devices.empty();
  const std::set<uint32_t>& devices = are_named ? options_.devices : only;
  auto next = devices.begin();
  std::vector<Match> matches;  // of *next
  const auto tell = [&]() -> absl::Status {
    std::sort(matches.begin(), matches.end(), InResultOrder);
    TEKMATCH_RETURN_IF_ERROR(sink(*next, FindingsOf(matches, options_)));
    matches.clear();
    ++next;
    return absl::OkStatus();
  };
  ExposureCheckResult counted;  // once more, for nobody
  TEKMATCH_RETURN_IF_ERROR(
      Resolve(&counted, [&](absl::Span<const Match> some) -> absl::Status {
        const uint32_t device = are_named ? some[0].sighting.device : 0;
        while (next != devices.end() && *next < device) {
          TEKMATCH_RETURN_IF_ERROR(tell());
        }
        if (next != devices.end() && *next == device) {
          matches.insert(matches.end(), some.begin(), some.end());
        }
        return absl::OkStatus();
      }));
  while (next != devices.end()) TEKMATCH_RETURN_IF_ERROR(tell());
  return absl::OkStatus();
}

}  // namespace tekmatch
