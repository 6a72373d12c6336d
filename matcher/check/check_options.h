// What a check is asked: whom to believe, which contacts count, what they add
// up to, and with what means.
#ifndef TEKMATCH_MATCHER_CHECK_CHECK_OPTIONS_H_
#define TEKMATCH_MATCHER_CHECK_CHECK_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/check/export_files.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/exposure/transmission_window.h"
#include "matcher/join/match_policy.h"
#include "matcher/join/own_keys.h"
#include "matcher/kernels/kernels.h"

namespace tekmatch {

struct ExposureCheckOptions {
  // Whom to trust, what else to accept, contents that are no files. The size of
  // blocks is set by block_keys, the latest rolling start by `now`.
  ExportFileOptions files;
  // Leave files that are not accepted out, instead of giving no result.
  bool skip_bad_files = false;
  MatchPolicy policy;
  // Which contacts count, and whose dates its local dates are.
  TransmissionWindowPolicy window_policy;
  // Needed with a policy that has dates: COCOA's zone is Asia/Tokyo.
  std::optional<absl::TimeZone> window_zone;
  // What contacts add up to, by an authority's configuration: with one, the
  // result has findings.
  std::optional<ExposureConfig> config;
  std::optional<absl::TimeZone>
      zone;  // of the findings' dates; needed for them
  // The caller's clock: the library reads none. Keys that start more than a day
  // later are rejected. Default: none are.
  absl::Time now = absl::InfiniteFuture();
  // The time that findings are made for. Default: `now`, which then is finite.
  std::optional<absl::Time> as_of;
  // Devices whose findings are told apart (Sighting::device), also such that
  // heard nothing; then no sighting is of another one. Default: all sightings
  // are of one person, whose number here is 0.
  std::set<uint32_t> devices;
  // What a key without report type counts as, for revisions, where there is no
  // configuration to say it: neither unknown nor recursive nor revoked.
  ReportType report_type_when_missing = ReportType::kConfirmedTest;
  // A device in it is a Sighting::device.
  OwnKeys own_keys;
  const Kernels* kernels = nullptr;  // null: the default ones
  int num_threads = 1;               // at least 1
  size_t block_keys = 0;  // of a block; 0: what suits sightings and threads
  // Keep the matches that a rule drops, for those who ask why.
  bool keep_dropped = false;
  // Called now and then with the numbers of files begun and of keys read so
  // far, by one thread at a time.
  std::function<void(size_t, uint64_t)> progress;
  // Asked before each file and at each block, also of files that are read
  // again, and before each later step; by one thread at a time. True ends the
  // check.
  std::function<bool()> cancelled;
};

// Own keys as the engine wants them: where there is one device, its own keys
// are own to all.
OwnKeys OwnKeysFor(const ExposureCheckOptions& options);

// INVALID_ARGUMENT, with the option's name: a value that is none, or one that
// is needed and lacks. The match policy is the engine's to judge.
absl::Status Validate(const ExposureCheckOptions& options);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_CHECK_OPTIONS_H_
