// Plan: rules; trust, own keys, threads and kernel; sightings; what they decide
// of a run: whose own keys are whose, and its time.
#include "tools/commands/match_inputs.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "matcher/check/thread_tasks.h"
#include "matcher/kernels/dispatch.h"
#include "tools/commands/command.h"
#include "tools/commands/config_flag.h"
#include "tools/commands/key_lines.h"
#include "tools/commands/trusted_key_flag.h"

namespace tekmatch {
absl::Time AsOf(const MatchRules& rules, int64_t newest_seconds) {
  if (rules.now_is_given || newest_seconds < 0) return rules.now;
  return std::min(rules.now, absl::FromUnixSeconds(newest_seconds));
}

absl::StatusOr<MatchRules> LoadMatchRules(const MatchOptions& options) {
  MatchRules rules;
  TEKMATCH_ASSIGN_OR_RETURN(rules.window_policy,
                            LoadWindowPolicy(options.window_policy));
  if (!options.config.empty()) {
    TEKMATCH_ASSIGN_OR_RETURN(rules.config, LoadExposureConfig(options.config));
  }
  // Dates are UTC's unless asked for; a rule's local dates are its authority's.
  const bool given = !options.time_zone.empty();
  TEKMATCH_ASSIGN_OR_RETURN(rules.dates_zone,
                            ParseTimeZone(given ? options.time_zone : "UTC"));
  TEKMATCH_ASSIGN_OR_RETURN(
      rules.window_zone,
      ParseTimeZone(given ? options.time_zone
                          : DefaultTimeZone(rules.window_policy)));
  TEKMATCH_ASSIGN_OR_RETURN(rules.now, ParseTime("--now", options.now));
  rules.now_is_given = !options.now.empty();
  if (!options.explain.empty()) {
    if (!rules.config.has_value()) {
      return absl::InvalidArgumentError("--explain needs --config");
    }
    TEKMATCH_ASSIGN_OR_RETURN(rules.explain,
                              ParseDate("--explain", options.explain));
  }
  return rules;
}

absl::StatusOr<ExposureCheckOptions> LoadCheckOptions(
    const MatchOptions& options, const MatchRules& rules) {
  ExposureCheckOptions check;
  check.window_policy = rules.window_policy;
  check.window_zone = rules.window_zone;
  // They take memory, and only an explanation tells of them.
  check.keep_dropped = rules.explain.has_value();
  check.config = rules.config;
  check.zone = rules.dates_zone;
  check.now = rules.now;
  TEKMATCH_ASSIGN_OR_RETURN(check.files.trusted,
                            LoadTrustedKeys(options.trusted_keys));
  check.files.allow_unsigned = options.allow_unsigned;
  check.files.no_verify = options.no_verify;
  check.skip_bad_files = options.skip_bad_files;
  if (!options.own_keys.empty()) {
    TEKMATCH_ASSIGN_OR_RETURN(check.own_keys, ReadOwnKeys(options.own_keys));
  }
  check.num_threads = NumThreads(options);
  // A kernel that is asked for and is not there is an error, no fallback.
  const char* kernel = std::getenv("TEKMATCH_KERNEL");
  if (kernel != nullptr && *kernel != '\0') {
    const absl::StatusOr<const Kernels*> found = FindKernels(kernel);
    if (!found.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("TEKMATCH_KERNEL: ", found.status().message()));
    }
    check.kernels = *found;
  }
  return check;
}

int NumThreads(const MatchOptions& options) {
  if (options.num_threads > 0) return options.num_threads;
  // The system may not know how many cores there are, and say 0.
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

absl::StatusOr<MatchSightings> LoadMatchSightings(const MatchOptions& options,
                                                  Progress& progress) {
  const ThreadTasks tasks(static_cast<size_t>(NumThreads(options)));
  absl::StatusOr<RunSightings> read =
      ReadStores(options.sightings, {.skip_bad = options.skip_bad_sightings,
                                     .progress = ShowSightings(progress),
                                     .tasks = &tasks});
  progress.Finish();
  if (!read.ok()) return read.status();
  for (const std::string& message : read->messages) {
    Say(absl::StrCat("skipped ", message));
  }
  if (!PrintsResult(options)) SayLosses(read->counts);
  progress.Announce([&read] {
    return absl::StrCat("indexing ", read->counts.num_read, " sightings");
  });
  absl::StatusOr<std::shared_ptr<const SightingIndex>> index =
      IndexSightings(std::move(read->sightings), tasks);
  progress.Finish();
  if (!index.ok()) return index.status();
  return MatchSightings{.index = *std::move(index),
                        .counts = std::move(read->counts)};
}

void SayLosses(const SightingsCounts& counts) {
  for (const SightingsLoss& loss : counts.losses) {
    Say(absl::StrCat("lost ", loss.file, ": ", loss.reason));
  }
}

OwnKeyCounts FitOwnKeys(const SightingsCounts& sightings, OwnKeys& own) {
  if (sightings.by_device.empty()) {
    if (auto of_only = own.of_device.extract(0); !of_only.empty()) {
      own.of_all.insert(of_only.mapped().begin(), of_only.mapped().end());
    }
  }
  OwnKeyCounts counts;
  counts.of_all_devices = own.of_all.size();
  for (const auto& [device, keys] : own.of_device) {
    // Keys of a device without sightings have no effect, which a person who
    // mistyped its number has to learn.
    (sightings.by_device.contains(device) ? counts.of_one_device
                                          : counts.of_no_device) += keys.size();
  }
  return counts;
}

OwnKeyCounts FitToSightings(const MatchSightings& sightings,
                            const MatchRules& rules,
                            ExposureCheckOptions& check) {
  return FitToSightings(sightings.counts,
                        AsOf(rules, sightings.index->newest_seconds()), check);
}

OwnKeyCounts FitToSightings(const SightingsCounts& sightings, absl::Time as_of,
                            ExposureCheckOptions& check) {
  for (const auto& [device, num_sightings] : sightings.by_device) {
    check.devices.insert(device);
  }
  check.as_of = as_of;
  return FitOwnKeys(sightings, check.own_keys);
}

}  // namespace tekmatch
