// tekmatch check: as `match`, but over a store that remembers exports and
// sightings from run to run, as an app's does.
//
// Plan: options that have no effect on what is asked for are refused. --status,
// --forget and --set-aside are works of their own, the last two while no check
// runs (LockStore). Otherwise what the options name is loaded, as for `match`;
// sightings are added to the store, which they stay in whatever follows; the
// check is made (CheckStored); its report is that of `match`. No output may lie
// in the store's folder.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "keyformat/key_block.h"
#include "keyformat/printable.h"
#include "keyformat/signature.h"
#include "keyformat/status_macros.h"
#include "matcher/check/check_lock.h"
#include "matcher/check/stored_check.h"
#include "matcher/store/database.h"
#include "matcher/store/sighting_store.h"
#include "tools/commands/command.h"
#include "tools/commands/command_line.h"
#include "tools/commands/export_arguments.h"
#include "tools/commands/match_inputs.h"
#include "tools/commands/match_options.h"
#include "tools/commands/match_results.h"
#include "tools/commands/progress.h"
#include "tools/files/json_text.h"
#include "tools/report/store_report.h"
#include "tools/sightings/sightings_stores.h"

namespace tekmatch {
namespace {

constexpr char kDatabaseName[] = "/tekmatch.sqlite";  // in the store's folder

// Of --max-seconds: a leap year, which no clock's range is too small for.
constexpr uint64_t kMostSeconds = uint64_t{366} * 24 * 3600;

struct StoreOptions {
  MatchOptions match;
  std::string store;
  std::string sightings;
  bool status = false;
  bool forget = false;
  bool set_aside = false;
  bool keep_no_keys = false;
  int retention_days = 14;
  std::optional<uint64_t> max_seconds;
  std::vector<std::string> given;  // OptionSet::Given
};

// A work of its own takes the options that it says, and none of a check's: one
// that is declared tomorrow is refused until somebody adds it here.
absl::Status CheckWork(const StoreOptions& options, absl::string_view work,
                       std::vector<absl::string_view> with_effect) {
  with_effect.insert(with_effect.end(), {"--store", work});
  for (const std::string& name : options.given) {
    if (std::find(with_effect.begin(), with_effect.end(), name) ==
        with_effect.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " has no effect on ", work));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckStoreOptions(const StoreOptions& options) {
  TEKMATCH_RETURN_IF_ERROR(CheckFolder("--store", options.store));
  if (options.store.empty()) {
    return absl::InvalidArgumentError("--store: a folder is wanted");
  }
  if (int{options.status} + int{options.forget} + int{options.set_aside} > 1) {
    return absl::InvalidArgumentError(
        "--status, --forget and --set-aside are works of their own: give one");
  }
  if (options.status) {
    return CheckWork(options, "--status", {"--format", "--out"});
  }
  if (options.forget) return CheckWork(options, "--forget", {});
  if (options.set_aside) return CheckWork(options, "--set-aside", {});
  if (options.match.skip_bad_sightings && options.match.sightings.empty()) {
    return absl::InvalidArgumentError(
        "--skip-bad-sightings has no effect without --sightings");
  }
  return CheckMatchOptions(options.match);
}

// The whole folder is the store's: an output in it would take a file's place,
// or be taken for one. Its files have names elsewhere, too, where they are
// linked: so it is also read.
void UsesStore(const StoreOptions& options, RunPaths* paths) {
  paths->WritesFolder("--store", options.store);
  paths->Reads("--store", options.store);
}

// A damaged store is nobody's but the person's to put away. Not every DATA_LOSS
// is its: an export may have changed while it was read.
absl::Status WithAdvice(const StoreOptions& options,
                        const absl::Status& status) {
  absl::string_view path = status.message();
  absl::ConsumePrefix(&path, "./");
  if (!absl::IsDataLoss(status) ||
      !absl::StartsWith(path, options.store + kDatabaseName)) {
    return status;
  }
  return absl::DataLossError(
      absl::StrCat(status.message(),
                   " (check --set-aside puts it out of the way, under another "
                   "name; a new store needs all exports and sightings again)"));
}

// Held to the end by what empties a store or renames it. NOT_FOUND where the
// folder has none, nor anything of one: then no lock is made in it.
absl::StatusOr<CheckLock> LockStore(const std::string& folder) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<std::string> set_aside,
                            Database::ListSetAside(folder));
  if (set_aside.empty()) {
    const absl::Status there =
        Database::Open(folder, OpenMode::kReadOnly).status();
    if (absl::IsNotFound(there)) return there;
  }
  return CheckLock::Take(folder);
}

// Reads all that a check may ever read of the store: DATA_LOSS where that would
// tell it that the store is damaged.
absl::Status ReadWhole(const std::string& folder) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                            Database::Open(folder, OpenMode::kExisting));
  TEKMATCH_RETURN_IF_ERROR(database->CheckIntegrity());
  TEKMATCH_ASSIGN_OR_RETURN(SightingStore store,
                            SightingStore::Create(*database));
  TEKMATCH_RETURN_IF_ERROR(store.Read().status());
  return CheckLedger(*database);
}

absl::StatusOr<int> PutAside(const StoreOptions& options) {
  TEKMATCH_ASSIGN_OR_RETURN(const CheckLock lock, LockStore(options.store));
  const absl::Status read = ReadWhole(options.store);
  if (read.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(
        options.store,
        ": the store is sound, and stays as it is (--forget empties it)"));
  }
  if (!absl::IsDataLoss(read)) return read;
  TEKMATCH_ASSIGN_OR_RETURN(const std::string path,
                            Database::SetAside(options.store));
  TEKMATCH_RETURN_IF_ERROR(
      Print(absl::StrCat("set aside: ", Printable(path), "\n")));
  return kExitDone;
}

absl::StatusOr<bool> ForgetIn(const std::string& folder, OpenMode mode) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                            Database::Open(folder, mode));
  return ForgetEverything(*database);
}

absl::StatusOr<int> Forget(const StoreOptions& options) {
  TEKMATCH_ASSIGN_OR_RETURN(const CheckLock lock, LockStore(options.store));
  absl::StatusOr<bool> erased = ForgetIn(options.store, OpenMode::kExisting);
  if (absl::IsDataLoss(erased.status()) || absl::IsUnknown(erased.status())) {
    // Damaged, or on a medium that does not give it back any more. What is set
    // aside is forgotten, too.
    TEKMATCH_RETURN_IF_ERROR(Database::SetAside(options.store).status());
    erased = ForgetIn(options.store, OpenMode::kCreate);
  } else if (absl::IsNotFound(erased.status())) {
    // The lock was given: what was set aside is all there is.
    TEKMATCH_RETURN_IF_ERROR(Database::EraseSetAside(options.store));
    erased = true;
  }
  if (!erased.ok()) return erased.status();
  if (*erased) return kExitDone;
  return absl::UnavailableError(absl::StrCat(
      options.store,
      ": emptied, but another process reads the store, so that what was in it "
      "is not erased yet: once more when that has ended"));
}

std::string DayOrNone(const std::optional<absl::CivilDay>& day) {
  return day.has_value() ? absl::FormatCivilTime(*day) : "none";
}

absl::StatusOr<int> ShowStatus(const StoreOptions& options) {
  RunPaths paths;
  UsesStore(options, &paths);
  paths.Writes("--out", options.match.out);
  TEKMATCH_RETURN_IF_ERROR(paths.Check());
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                            Database::Open(options.store, OpenMode::kReadOnly));
  TEKMATCH_ASSIGN_OR_RETURN(SightingStore store,
                            SightingStore::Create(*database));
  TEKMATCH_ASSIGN_OR_RETURN(const StoreStatus status, store.Status());
  TEKMATCH_ASSIGN_OR_RETURN(const LedgerStatus ledger,
                            ReadLedgerStatus(*database));
  const std::string newest =
      ledger.processed_until.has_value()
          ? absl::FormatTime(absl::RFC3339_sec, *ledger.processed_until,
                             absl::UTCTimeZone())
          : "none";
  const std::string clock =
      status.clock.has_value()
          ? absl::FormatTime(absl::RFC3339_sec, *status.clock,
                             absl::UTCTimeZone())
          : "none";
  std::string text;
  if (options.match.format == "json") {
    const nlohmann::ordered_json json = {
        {"sightings", status.num_sightings},
        {"oldest_day", DayOrNone(status.oldest_day)},
        {"newest_day", DayOrNone(status.newest_day)},
        {"exports", ledger.num_exports},
        {"keys_kept", ledger.num_keys_kept},
        {"processed_until", newest},
        {"clock", clock},
        {"bytes", status.bytes_on_disk},
        {"schema_version", status.schema_version},
        {"set_aside", status.set_aside}};
    text = DumpJson(json, 2) + "\n";
  } else {
    text =
        absl::StrCat("sightings:      ", status.num_sightings,
                     "\nfrom:           ", DayOrNone(status.oldest_day),
                     "\nto:             ", DayOrNone(status.newest_day),
                     "\nexports:        ", ledger.num_exports,
                     "\nkeys kept:      ", ledger.num_keys_kept,
                     "\nprocessed to:   ", newest, "\nclock:          ", clock,
                     "\nbytes:          ", status.bytes_on_disk,
                     "\nschema version: ", status.schema_version, "\n");
    for (const std::string& path : status.set_aside) {
      absl::StrAppend(&text, "set aside:      ", Printable(path), "\n");
    }
  }
  TEKMATCH_RETURN_IF_ERROR(WriteResult(options.match.out, text));
  return kExitDone;
}

// What was read and added of --sightings.
struct Given {
  SightingsCounts counts;
  AddedSightings added;
};

absl::StatusOr<Given> AddSightings(const StoreOptions& options, absl::Time now,
                                   Database& database, Progress& progress) {
  Given given;
  if (options.match.sightings.empty()) return given;
  TEKMATCH_ASSIGN_OR_RETURN(
      SightingStore store,
      SightingStore::Create(database,
                            absl::Hours(24 * options.retention_days)));
  absl::StatusOr<RunSightings> read = ReadStores(
      options.match.sightings, {.skip_bad = options.match.skip_bad_sightings,
                                .progress = ShowSightings(progress)});
  progress.Finish();
  if (!read.ok()) return read.status();
  if (!read->counts.by_device.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--sightings ", options.sightings,
                     ": names a device, and a store is of one"));
  }
  for (const std::string& message : read->messages) {
    Say(absl::StrCat("skipped ", message));
  }
  if (!PrintsResult(options.match)) SayLosses(read->counts);
  TEKMATCH_ASSIGN_OR_RETURN(given.added, store.Add(read->sightings, now));
  given.counts.num_bad = read->counts.num_bad;
  given.counts.bad_reasons = std::move(read->counts.bad_reasons);
  given.counts.dropped.previous_scan = read->counts.dropped.previous_scan;
  given.counts.conversion = std::move(read->counts.conversion);
  given.counts.losses = std::move(read->counts.losses);
  return given;
}

absl::StatusOr<StoredCheckResult> RunStored(
    const StoreOptions& options, const std::vector<std::string>& exports,
    const ExposureCheckOptions& check, Database& database, Progress& progress) {
  StoredCheckOptions stored;
  stored.check = check;
  stored.retention = absl::Hours(24 * options.retention_days);
  stored.keep_keys = !options.keep_no_keys;
  if (options.max_seconds.has_value()) {
    stored.max_time = absl::Seconds(*options.max_seconds);
  }
  TEKMATCH_ASSIGN_OR_RETURN(stored.check.files.sources, ReadPipes(exports));
  const size_t num_files = exports.size();
  stored.check.progress = [&progress, num_files](size_t file,
                                                 uint64_t num_keys) {
    progress.Update(
        [&] { return FilesProgressText(file, num_files, num_keys); });
  };
  absl::StatusOr<StoredCheckResult> checked =
      CheckStored(database, exports, stored);
  progress.Finish();
  return checked;
}

// For a page. Another process may have added some since the check.
absl::StatusOr<std::vector<Sighting>> ReadSortedByRpi(Database& database) {
  TEKMATCH_ASSIGN_OR_RETURN(SightingStore store,
                            SightingStore::Create(database));
  TEKMATCH_ASSIGN_OR_RETURN(StoredSightings stored, store.Read());
  std::vector<Sighting> sightings = std::move(stored.sightings);
  std::sort(sightings.begin(), sightings.end(),
            [](const Sighting& a, const Sighting& b) { return a.rpi < b.rpi; });
  return sightings;
}

// DATA_LOSS: there is no answer; what is lacking is then said on stderr.
absl::Status CheckHasAnswer(const StoreOptions& options,
                            const StoreAccount& store,
                            const SightingsCounts& sightings) {
  const ExposureCheckResult& run = store.checked.checked;
  absl::Status status = CheckCompared(run, sightings.num_bad);
  if (!run.complete) {
    status = absl::DataLossError(
        store.checked.stopped
            ? "no result yet, since the time was over (--max-seconds): what "
              "was done stays done, and the same command goes on"
            : "no result: every export has to be accepted "
              "(--skip-bad-files leaves others out)");
  }
  if (status.ok()) return status;
  SayRefused(run.files);
  SayLines(StoreRemarks(store, Language::kEnglish));
  if (PrintsResult(options.match)) SayLosses(sightings);
  return status;
}

absl::StatusOr<int> CheckExports(const StoreOptions& options) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<std::string> exports,
                            ListExports(options.match.exports));
  RunPaths paths = MatchPaths(options.match, exports);
  UsesStore(options, &paths);
  TEKMATCH_RETURN_IF_ERROR(paths.Check());
  TEKMATCH_ASSIGN_OR_RETURN(const MatchRules rules,
                            LoadMatchRules(options.match));
  TEKMATCH_ASSIGN_OR_RETURN(ExposureCheckOptions check,
                            LoadCheckOptions(options.match, rules));
  const OwnKeyCounts own_keys = FitOwnKeys({}, check.own_keys);
  check.own_keys.of_device.clear();  // of other devices: counted, and said
  check.as_of = rules.now;

  Progress progress;
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                            Database::Open(options.store, OpenMode::kCreate));
  TEKMATCH_ASSIGN_OR_RETURN(
      Given given, AddSightings(options, rules.now, *database, progress));
  TEKMATCH_ASSIGN_OR_RETURN(
      const StoredCheckResult checked,
      RunStored(options, exports, check, *database, progress));
  given.counts.num_read = checked.checked.num_sightings;
  TEKMATCH_ASSIGN_OR_RETURN(std::vector<std::string> set_aside,
                            Database::ListSetAside(options.store));
  const StoreAccount store = {.checked = checked,
                              .added = given.added,
                              .set_aside = std::move(set_aside)};
  TEKMATCH_RETURN_IF_ERROR(CheckHasAnswer(options, store, given.counts));
  if (!PrintsReasons(options.match)) SayRefused(checked.checked.files);

  const RunAccount account = {
      .run = checked.checked, .sightings = given.counts, .own_keys = own_keys};
  const std::string report =
      MatchReport(options.match, rules, check, account, &store);
  std::string page;
  if (!options.match.html.empty()) {
    TEKMATCH_ASSIGN_OR_RETURN(const std::vector<Sighting> sightings,
                              ReadSortedByRpi(*database));
    page = MatchResultPage(options.match, rules, check, account, sightings,
                           &store);
  }
  TEKMATCH_RETURN_IF_ERROR(
      WriteMatchResults(options.match, account, report, page));
  // Printed last: a run that fails has printed no result.
  if (PrintsResult(options.match)) TEKMATCH_RETURN_IF_ERROR(Print(report));
  return kExitDone;
}

absl::StatusOr<int> DoWork(const StoreOptions& options) {
  TEKMATCH_RETURN_IF_ERROR(CheckStoreOptions(options));
  if (options.set_aside) return PutAside(options);
  if (options.forget) return Forget(options);
  absl::StatusOr<int> done =
      options.status ? ShowStatus(options) : CheckExports(options);
  if (done.ok()) return done;
  return WithAdvice(options, done.status());
}

}  // namespace

void AddCheckCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "check", "As match, over a store that remembers, as an app does");
  const auto o = std::make_shared<StoreOptions>();
  AddExportArguments(command, o->match.exports);
  command
      .Text("--store", o->store,
            "Folder of the store: made where there is none")
      .Required();
  const Option sightings =
      command.Text("--sightings", o->sightings,
                   "Sightings to add, in any form that match reads; what\n"
                   "the store has is not added again");
  AddTrustedKeyOption(command, o->match);
  command.Flag("--skip-bad-files", o->match.skip_bad_files,
               "Leave refused files out instead of giving no result");
  command.Flag("--skip-bad-sightings", o->match.skip_bad_sightings,
               "Leave malformed rows out, and use what is left of a\n"
               "damaged database, instead of stopping");
  const NoticeOptions notice = AddRuleOptions(command, o->match);
  command.Text("--now", o->match.now,
               "Time (RFC 3339 or Unix seconds) in place of the clock's: the\n"
               "result is made for it, and what is old by it goes");
  command
      .Number("--retention-days", o->retention_days,
              "How long sightings and keys are kept", 1, 3650)
      .ShowDefault();
  command.Flag("--keep-no-keys", o->keep_no_keys,
               "Keep no keys: sightings that come later need their\n"
               "exports again");
  command.Number("--max-seconds", o->max_seconds,
                 "Stop cleanly after so long; the same command goes on", 0,
                 kMostSeconds);
  command.Flag("--status", o->status, "Say what is in the store");
  command.Flag("--forget", o->forget,
               "Empty the store, and erase what was in it");
  command.Flag("--set-aside", o->set_aside,
               "Rename a damaged store, which loses nothing");
  command.Runs([o, notice, sightings, command]() -> absl::StatusOr<int> {
    TEKMATCH_RETURN_IF_ERROR(notice.Tell(o->match));
    if (sightings.given()) o->match.sightings = {o->sightings};
    o->given = command.Given();
    return DoWork(*o);
  });
}

}  // namespace tekmatch
