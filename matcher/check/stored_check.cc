// Plan: one check at a time (CheckLock). Its steps, each a file of its own:
//
//   what is too old goes (SightingStore::Retain, expiry.h, Ledger::Tidy)
//   sightings that came since an export was processed are compared with its
//   kept keys (late_comparison.h)
//   exports that are given are processed one by one (export_intake.h)
//   what all exports say of keys that were heard for the first time is looked
//   up, once for all of the steps before (key_look_up.h)
//   what they say of all keys that were heard is matched with all sightings,
//   and concluded from (stored_conclusion.h)
//   the mark moves
//
// They share a StoredRun, which is what was asked, and a LedgerImage, which is
// what is known. Which keys were heard is all that is remembered of matching.
// It is so for the widest tolerance (kSearchedIntervals), whoever owns a key
// and whatever the rules: those are applied at the end.
#include "matcher/check/stored_check.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "keyformat/status_macros.h"
#include "matcher/check/check_lock.h"
#include "matcher/check/expiry.h"
#include "matcher/check/export_intake.h"
#include "matcher/check/exposure_check.h"
#include "matcher/check/key_look_up.h"
#include "matcher/check/late_comparison.h"
#include "matcher/check/ledger.h"
#include "matcher/check/ledger_image.h"
#include "matcher/check/no_exceptions.h"
#include "matcher/check/run_limits.h"
#include "matcher/check/stored_conclusion.h"
#include "matcher/check/stored_run.h"
#include "matcher/join/sighting_index.h"
#include "matcher/store/meta.h"

namespace tekmatch {
namespace {

constexpr char kMark[] = "processed_until";  // in the table meta

absl::Status ValidateStored(const StoredCheckOptions& options) {
  const ExposureCheckOptions& check = options.check;
  if (check.now == absl::InfiniteFuture() ||
      check.now == absl::InfinitePast()) {
    return absl::InvalidArgumentError("a stored check needs options.check.now");
  }
  if (check.files.allow_unsigned || check.files.no_verify) {
    return absl::InvalidArgumentError(
        "a store takes only exports that a trusted key signed");
  }
  const auto& own_of = check.own_keys.of_device;
  if (!check.devices.empty() ||
      std::any_of(own_of.begin(), own_of.end(),
                  [](const auto& own) { return own.first != 0; })) {
    return absl::InvalidArgumentError("a store is of one device");
  }
  return Validate(check);
}

// Removes sightings that are too old. Returns the clock that is believed: one
// that is far ahead makes nothing old.
absl::StatusOr<absl::Time> RetainSightings(SightingStore& store, absl::Time now,
                                           RunLimits& limits,
                                           RetentionResult* retained) {
  TEKMATCH_ASSIGN_OR_RETURN(*retained,
                            store.Retain(now, kMaxEraseWait, [&limits]() {
                              return limits.UnlessCancelled();
                            }));
  if (retained->clock != ClockJump::kForward) return now;
  TEKMATCH_ASSIGN_OR_RETURN(const StoreStatus status, store.Status());
  return std::min(now, status.clock.value_or(now));
}

absl::StatusOr<LedgerImage> LoadImage(const StoredRun& run) {
  LedgerImage image;
  TEKMATCH_ASSIGN_OR_RETURN(image.pending, run.ledger.Pending());
  TEKMATCH_ASSIGN_OR_RETURN(
      image.entries,
      run.ledger.Entries(run.check.files.trusted, [&run]() -> absl::Status {
        return run.limits.UnlessCancelled();
      }));
  return image;
}

// The mark up to which everything is processed moves only after a check to
// which nothing was lacking.
absl::Status MoveMark(const StoredRun& run, const LedgerImage& image,
                      const StoredCheckResult& result) {
  const auto& files = result.checked.files;
  if (!result.needed_again.empty() ||
      !std::all_of(
          files.begin(), files.end(),
          [](const ExportFileResult& file) { return file.accepted; })) {
    return absl::OkStatus();
  }
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> mark,
                            GetNumber(run.database, kMark));
  std::optional<int64_t> newest = mark;
  for (const LedgerEntry& entry : image.entries) {
    const std::optional<absl::Time> end = PublishedAt(entry, run.check.now);
    if (!end.has_value()) continue;
    // What is published later than now can still come before that end.
    const int64_t seconds = absl::ToUnixSeconds(std::min(*end, run.check.now));
    newest = std::max(newest.value_or(seconds), seconds);
  }
  if (newest == mark) return absl::OkStatus();
  TEKMATCH_ASSIGN_OR_RETURN(
      Transaction transaction,
      Transaction::Begin(run.database, Durability::kFull));
  TEKMATCH_RETURN_IF_ERROR(SetNumber(run.database, kMark, *newest));
  return transaction.Commit();
}

absl::StatusOr<StoredCheckResult> CheckLocked(
    Database& database, const std::vector<std::string>& paths,
    const StoredCheckOptions& options) {
  const ExposureCheckOptions& check = options.check;
  Ledger ledger(database);
  const OwnKeys own = OwnKeysFor(check);
  RunLimits limits(check, options.max_time);
  const StoredRun run = {.database = database,
                         .ledger = ledger,
                         .check = check,
                         .own = own,
                         .retention = options.retention,
                         .limits = limits};
  // What nobody can interrupt is a commit that moves the -wal into the
  // database: 4 MB by SQLite's own measure. Apps' batches of sightings keep
  // that one, as it syncs less often.
  constexpr int kCheckpointPages = 256;
  database.CheckpointAfter(kCheckpointPages);
  const absl::Cleanup as_usual = [&database] {
    database.CheckpointAfter(Database::kUsualCheckpointPages);
  };
  StoredCheckResult result;
  for (const std::string& path : paths) result.given.push_back({.path = path});

  TEKMATCH_ASSIGN_OR_RETURN(SightingStore store,
                            SightingStore::Create(database, options.retention));
  TEKMATCH_ASSIGN_OR_RETURN(
      const absl::Time believed_now,
      RetainSightings(store, check.now, limits, &result.retained));
  const Horizon horizon = Horizon::Of(believed_now, options.retention);
  TEKMATCH_ASSIGN_OR_RETURN(LedgerImage image, LoadImage(run));
  TEKMATCH_ASSIGN_OR_RETURN(const ExpiryResult expired,
                            ExpireEntries(run, horizon, image));
  result.num_expired_exports = expired.num_exports;
  result.retained.erased = result.retained.erased && expired.erased;
  image.heard = image.pending;
  for (const LedgerEntry& entry : image.entries) {
    for (const DiagnosisKey& key : entry.heard) image.heard.insert(key.tek);
  }

  TEKMATCH_ASSIGN_OR_RETURN(StoredSightings all, store.Read());
  image.generation = all.generation;
  TEKMATCH_ASSIGN_OR_RETURN(const std::shared_ptr<const SightingIndex> index,
                            IndexSightings(std::move(all.sightings)));

  bool removed_keys = false;
  TEKMATCH_RETURN_IF_ERROR(limits.UnlessStopped(ledger.Tidy(
      horizon.first_day,
      [&limits]() -> absl::Status { return limits.GoesOn(); }, &removed_keys)));
  // Not before the next commits would they else be gone from the file.
  if (removed_keys) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool erased,
                              database.Checkpoint(kMaxEraseWait));
    result.retained.erased = result.retained.erased && erased;
  }
  // What an earlier check left comes first, so that checks that stop come to an
  // end, however much each of them adds.
  TEKMATCH_RETURN_IF_ERROR(limits.UnlessStopped(LookUpPending(run, image)));
  TEKMATCH_RETURN_IF_ERROR(
      limits.UnlessStopped(CompareLateSightings(run, image)));
  ExportIntake intake(run, horizon, options.keep_keys, index, image);
  TEKMATCH_RETURN_IF_ERROR(limits.UnlessStopped(intake.GiveAll(result.given)));
  TEKMATCH_RETURN_IF_ERROR(limits.UnlessStopped(LookUpPending(run, image)));
  TEKMATCH_RETURN_IF_ERROR(
      limits.UnlessStopped(intake.GiveAgain(result.given)));
  TEKMATCH_RETURN_IF_ERROR(limits.UnlessStopped(LookUpPending(run, image)));

  TEKMATCH_ASSIGN_OR_RETURN(StoredConclusion conclusion,
                            ConcludeFromLedger(run, image, index, result.given,
                                               std::move(intake.refused())));
  result.checked = std::move(conclusion.checked);
  result.needed_again = std::move(conclusion.needed_again);
  result.num_untrusted = conclusion.num_untrusted;
  result.num_exports = image.entries.size();
  result.stopped = limits.stopped();
  TEKMATCH_RETURN_IF_ERROR(MoveMark(run, image, result));
  return result;
}

}  // namespace

absl::StatusOr<StoredCheckResult> CheckStored(
    Database& database, const std::vector<std::string>& paths,
    const StoredCheckOptions& options) {
  return WithoutExceptions<StoredCheckResult>(
      [&]() -> absl::StatusOr<StoredCheckResult> {
        TEKMATCH_RETURN_IF_ERROR(ValidateStored(options));
        TEKMATCH_ASSIGN_OR_RETURN(const CheckLock lock,
                                  CheckLock::Take(database.folder()));
        return CheckLocked(database, paths, options);
      });
}

absl::StatusOr<LedgerStatus> ReadLedgerStatus(Database& database) {
  return WithoutExceptions<LedgerStatus>([&]() -> absl::StatusOr<LedgerStatus> {
    Ledger ledger(database);
    TEKMATCH_ASSIGN_OR_RETURN(
        const std::vector<LedgerEntry> entries,
        ledger.Entries(TrustedKeys(), [] { return absl::OkStatus(); }));
    LedgerStatus status;
    status.num_exports = entries.size();
    TEKMATCH_ASSIGN_OR_RETURN(status.num_keys_kept, ledger.NumKeptKeys());
    TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> mark,
                              GetNumber(database, kMark));
    if (mark.has_value()) {
      status.processed_until = absl::FromUnixSeconds(*mark);
    }
    return status;
  });
}

absl::Status CheckLedger(Database& database) {
  return WithoutExceptions<bool>([&]() -> absl::StatusOr<bool> {
           Ledger ledger(database);
           const auto goes_on = [] { return absl::OkStatus(); };
           TEKMATCH_RETURN_IF_ERROR(ledger.Pending().status());
           TEKMATCH_ASSIGN_OR_RETURN(const std::vector<LedgerEntry> entries,
                                     ledger.Entries(TrustedKeys(), goes_on));
           for (const LedgerEntry& entry : entries) {
             if (!entry.kept) continue;
             TEKMATCH_RETURN_IF_ERROR(ledger.ReadKept(
                 entry, DaySpan(),
                 [](const KeyBlock&) { return absl::OkStatus(); }));
           }
           return true;
         })
      .status();
}

}  // namespace tekmatch
