// Plan: one check at a time (CheckLock); what is too old goes; sightings that
// came since an export was processed are compared with its kept keys
// (CompareLate); exports that are given are processed one by one (Give); what
// all exports say of the keys that were heard is matched with all sightings,
// and concluded from (Conclude).
//
// Which keys were heard is all that is remembered of matching. It is so for the
// widest tolerance (kSearchedIntervals), whoever owns a key and whatever the
// rules: those are applied at the end. When keys are heard for the first time,
// what all exports say of them is looked up in their kept keys, once for all of
// a run (LookUpPending).
#include "matcher/check/stored_check.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "matcher/check/check_lock.h"
#include "matcher/check/conclusion.h"
#include "matcher/check/exposure_check.h"
#include "matcher/check/file_matcher.h"
#include "matcher/check/ledger.h"
#include "matcher/check/no_exceptions.h"
#include "matcher/check/publication_order.h"
#include "matcher/check/tek_prefixes.h"
#include "matcher/join/key_plan.h"
#include "matcher/join/match_engine.h"
#include "matcher/kernels/dispatch.h"
#include "matcher/store/meta.h"

namespace tekmatch {
namespace {

using Clock = std::chrono::steady_clock;

// In a block that is read. It takes 30 bytes a key, and 40 to be matched; and
// nobody is asked whether to go on while it is.
constexpr size_t kMostKeysAtOnce = size_t{1} << 14;

constexpr char kNotReached[] = "not_reached";
constexpr char kNeededAgainVerdict[] = "needed_again";
constexpr char kMark[] = "processed_until";  // in the table meta

// Keys that end later than so many days from now are not kept: those that start
// more than a day from now are rejected anyhow, and come again with their
// export when a clock that was wrong is right.
constexpr DayNumber kDaysAhead = 16;
// Far beyond all times that are legal.
constexpr DayNumber kLastDay = 1 << 20;

// Bounds for what an authority could publish and never does: real exports have
// some dozens of validities. Beyond the second bound the least of what an
// export says of keys that were heard is what counts.
constexpr size_t kMostValidities = 1 << 14;
constexpr size_t kMostHeardOfExport = 1 << 16;

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

// The positions, among the validities, of those with a covered interval, and so
// of keys that are compared.
absl::StatusOr<std::set<Validity>> NearSightings(
    const std::map<Validity, uint64_t>& validities,
    const SliceFilters& filters) {
  KeyBlock block;
  for (const auto& [validity, num_keys] : validities) {
    block.Append({.rolling_start = validity.rolling_start,
                  .rolling_period = validity.rolling_period});
  }
  KeyPlan plan;
  TEKMATCH_RETURN_IF_ERROR(
      PlanKeys(block, 0, block.size(), {}, filters, &plan));
  std::set<Validity> near;
  for (size_t i = 0; i < plan.num_keys; ++i) {
    const DiagnosisKey key = block.key(plan.positions[i]);
    near.insert({key.rolling_start, key.rolling_period});
  }
  return near;
}

// A span of intervals, both ends in it.
struct IntervalSpan {
  int64_t first = 0;
  int64_t last = 0;
};

// The intervals in which a key may be valid that one of the sightings is near.
IntervalSpan SpanNear(const std::vector<Sighting>& sightings) {
  const auto [first, last] =
      std::minmax_element(sightings.begin(), sightings.end(),
                          [](const Sighting& a, const Sighting& b) {
                            return a.unix_seconds < b.unix_seconds;
                          });
  return {.first = first->unix_seconds / kIntervalSeconds - kSearchedIntervals,
          .last = last->unix_seconds / kIntervalSeconds + kSearchedIntervals};
}

// The days in which such a key may end.
DaySpan DaysOf(const IntervalSpan& span) {
  const auto day = [](int64_t interval) {
    return static_cast<DayNumber>(
        std::clamp<int64_t>(interval / kMaxRollingPeriod, 0, kLastDay));
  };
  return {.first = day(span.first), .last = day(span.last + kMaxRollingPeriod)};
}

bool IsIn(const UnkeptKeys& keys, const IntervalSpan& span) {
  return keys.num_keys > 0 && int64_t{keys.first_start} <= span.last &&
         int64_t{keys.last_end} > span.first;
}

bool IsIn(const Validity& validity, const IntervalSpan& span) {
  return int64_t{validity.rolling_start} <= span.last &&
         int64_t{validity.rolling_start} + validity.rolling_period > span.first;
}

class StoredRun {
 public:
  StoredRun(Database& database, const std::vector<std::string>& paths,
            const StoredCheckOptions& options)
      : database_(database),
        paths_(paths),
        options_(options),
        check_(options.check),
        own_(OwnKeysFor(options.check)),
        ledger_(database),
        deadline_(DeadlineAfter(options.max_time)) {}

  absl::StatusOr<StoredCheckResult> Make() {
    for (const std::string& path : paths_) {
      result_.given.push_back({.path = path});
    }
    TEKMATCH_RETURN_IF_ERROR(Retain());
    TEKMATCH_RETURN_IF_ERROR(LoadEntries());
    TEKMATCH_RETURN_IF_ERROR(ExpireEntries());
    TEKMATCH_RETURN_IF_ERROR(LoadSightings());
    TEKMATCH_RETURN_IF_ERROR(UnlessStopped(ledger_.Tidy(
        first_day_, [this]() -> absl::Status { return GoesOn(); })));
    TEKMATCH_RETURN_IF_ERROR(UnlessStopped(CompareLate()));
    TEKMATCH_RETURN_IF_ERROR(UnlessStopped(GiveAll()));
    TEKMATCH_RETURN_IF_ERROR(LookUpPending());
    // A key that a later file made heard may stand in an earlier one whose keys
    // are not kept.
    TEKMATCH_RETURN_IF_ERROR(UnlessStopped(GiveAgain()));
    TEKMATCH_RETURN_IF_ERROR(LookUpPending());
    TEKMATCH_RETURN_IF_ERROR(ConcludeAll());
    TEKMATCH_RETURN_IF_ERROR(MoveMark());
    return std::move(result_);
  }

 private:
  static Clock::time_point DeadlineAfter(absl::Duration max_time) {
    // More than anybody waits, and less than overflows.
    constexpr absl::Duration kLongest = absl::Hours(24 * 366);
    if (max_time > kLongest) return Clock::time_point::max();
    return Clock::now() +
           absl::ToChronoNanoseconds(std::max(max_time, absl::ZeroDuration()));
  }

  // CANCELLED: the caller wants an end, or the time is over, which then is in
  // result_.stopped.
  absl::Status GoesOn() {
    TEKMATCH_RETURN_IF_ERROR(UnlessCancelled());
    if (Clock::now() < deadline_) return absl::OkStatus();
    result_.stopped = true;
    return absl::CancelledError("the time for the check is over");
  }
  // What the caller said once stands: `cancelled` need not say it again.
  absl::Status UnlessCancelled() {
    if (!is_cancelled_) is_cancelled_ = !CheckGoesOn(check_).ok();
    return is_cancelled_ ? absl::CancelledError("the check was cancelled")
                         : absl::OkStatus();
  }
  // An end of the time is no error of the run.
  absl::Status UnlessStopped(const absl::Status& status) const {
    const bool is_stopped = result_.stopped && !is_cancelled_;
    return absl::IsCancelled(status) && is_stopped ? absl::OkStatus() : status;
  }

  // What is too old goes: sightings here, by the clock, which may be not
  // believed; then it makes nothing old.
  absl::Status Retain() {
    TEKMATCH_ASSIGN_OR_RETURN(
        SightingStore store,
        SightingStore::Create(database_, options_.retention));
    TEKMATCH_ASSIGN_OR_RETURN(result_.retained, store.Retain(check_.now));
    believed_now_ = check_.now;
    if (result_.retained.clock == ClockJump::kForward) {
      TEKMATCH_ASSIGN_OR_RETURN(const StoreStatus status, store.Status());
      believed_now_ =
          std::min(believed_now_, status.clock.value_or(check_.now));
    }
    // A sighting can be of a key that ended up to kSearchedIntervals before it.
    first_day_ = DayOf(believed_now_ - options_.retention) - 2;
    last_day_ = DayOf(believed_now_) + kDaysAhead;
    return absl::OkStatus();
  }

  // At least 2, as no time before 1970 is legal.
  static DayNumber DayOf(absl::Time time) {
    constexpr int64_t kDaySeconds = kMaxRollingPeriod * kIntervalSeconds;
    return static_cast<DayNumber>(std::clamp<int64_t>(
        absl::ToUnixSeconds(time) / kDaySeconds, 2, kLastDay));
  }

  absl::Status LoadEntries() {
    TEKMATCH_ASSIGN_OR_RETURN(pending_, ledger_.Pending());
    TEKMATCH_ASSIGN_OR_RETURN(
        entries_,
        ledger_.Entries(check_.files.trusted, [this]() -> absl::Status {
          return UnlessCancelled();
        }));
    return absl::OkStatus();
  }

  // Takes out of the entries what no sighting can be of any more, and entries
  // that are too old as a whole.
  absl::Status ExpireEntries() {
    bool any_change = false;
    for (LedgerEntry& entry : entries_) {
      if (entry.stored.first_day >= first_day_) continue;
      TEKMATCH_RETURN_IF_ERROR(ExpireKeys(entry));
      any_change = true;
    }
    if (any_change) {
      ForgetOldHeard();
      ForgetOldExports();
      TEKMATCH_RETURN_IF_ERROR(ledger_.Rewrite(entries_));
      // What they had of keys that were heard is not to stay in the -wal.
      TEKMATCH_ASSIGN_OR_RETURN(const bool erased,
                                database_.Checkpoint(absl::Seconds(1)));
      result_.retained.erased = result_.retained.erased && erased;
    }
    heard_ = pending_;
    for (const LedgerEntry& entry : entries_) {
      for (const DiagnosisKey& key : entry.heard) heard_.insert(key.tek);
    }
    return absl::OkStatus();
  }

  absl::Status ExpireKeys(LedgerEntry& entry) {
    StoredExport& stored = entry.stored;
    ValidityCounts own = stored.own_validities;
    if (entry.kept && !own_.of_all.empty()) {
      // Whose they are cannot be asked later.
      TEKMATCH_RETURN_IF_ERROR(ledger_.ReadKept(
          entry, {.first = stored.first_day, .last = first_day_ - 1},
          [&](const KeyBlock& block) -> absl::Status {
            TEKMATCH_RETURN_IF_ERROR(UnlessCancelled());
            CountOwn(block, own_, &own);
            return absl::OkStatus();
          }));
    }
    std::erase_if(stored.validities, [&](const auto& counted) {
      if (EndDay(counted.first) >= first_day_) return false;
      const auto owned = own.find(counted.first);
      stored.before.Add(counted.first, counted.second,
                        owned == own.end() ? 0 : owned->second);
      stored.own_validities.erase(counted.first);
      return true;
    });
    stored.first_day = first_day_;
    return absl::OkStatus();
  }

  // Of a key that was heard everything goes, where all that any export says of
  // it is too old: as sightings do.
  void ForgetOldHeard() {
    absl::flat_hash_set<Tek> recent = pending_;
    for (const LedgerEntry& entry : entries_) {
      for (const DiagnosisKey& key : entry.heard) {
        if (EndDay(key.rolling_start, key.rolling_period) >= first_day_) {
          recent.insert(key.tek);
        }
      }
    }
    for (LedgerEntry& entry : entries_) {
      std::erase_if(entry.heard, [&](const DiagnosisKey& key) {
        return !recent.contains(key.tek);
      });
    }
  }

  // An export goes when its newest key, and what it says of its publication,
  // are older than twice the retention: no server still lists it. The files of
  // a batch go together, since one without the others counts as incomplete.
  void ForgetOldExports() {
    const absl::Time horizon = believed_now_ - 2 * options_.retention;
    using Batch = std::tuple<std::string, uint64_t, uint64_t, int>;
    const auto batch_of = [](const LedgerEntry& entry) {
      const ExportMetadata& metadata = entry.stored.file.report.metadata;
      return Batch(metadata.region, metadata.start_timestamp,
                   metadata.end_timestamp, metadata.batch_size);
    };
    std::map<Batch, absl::Time> newest;
    for (const LedgerEntry& entry : entries_) {
      const absl::Time last_key = absl::FromUnixSeconds(
          int64_t{entry.stored.last_end()} * kIntervalSeconds);
      absl::Time& time =
          newest.try_emplace(batch_of(entry), absl::InfinitePast())
              .first->second;
      time = std::max(time, last_key);
      if (const auto end = PublishedAt(entry); end.has_value()) {
        time = std::max(time, *end);
      }
    }
    result_.num_expired_exports =
        std::erase_if(entries_, [&](const LedgerEntry& entry) {
          return newest.at(batch_of(entry)) < horizon;
        });
  }

  // What the export says, unless that is yet to come.
  std::optional<absl::Time> PublishedAt(const LedgerEntry& entry) const {
    const auto end = TimesOf(entry.stored.file.report.metadata).end_seconds;
    if (!end.has_value()) return std::nullopt;
    const absl::Time time = absl::FromUnixSeconds(*end);
    if (time > check_.now + absl::Hours(24)) return std::nullopt;
    return time;
  }

  absl::Status LoadSightings() {
    TEKMATCH_ASSIGN_OR_RETURN(
        SightingStore store,
        SightingStore::Create(database_, options_.retention));
    TEKMATCH_ASSIGN_OR_RETURN(StoredSightings all, store.Read());
    generation_ = all.generation;
    TEKMATCH_ASSIGN_OR_RETURN(index_, IndexSightings(std::move(all.sightings)));
    return absl::OkStatus();
  }

  // An engine that finds every key that was heard.
  absl::StatusOr<MatchEngine> SearchEngine(
      std::shared_ptr<const SightingIndex> index) const {
    MatchPolicy widest = check_.policy;
    widest.tolerance_intervals = kSearchedIntervals;
    return MatchEngine::Create(std::move(index), widest, {}, kernels());
  }
  const Kernels& kernels() const {
    return check_.kernels != nullptr ? *check_.kernels : DefaultKernels();
  }

  // Compares kept keys with the sightings that came since their export was,
  // and commits each export.
  absl::Status CompareLate() {
    std::map<int64_t, std::vector<LedgerEntry*>> by_generation;
    for (LedgerEntry& entry : entries_) {
      if (entry.generation == kNeededAgain || entry.generation >= generation_) {
        continue;
      }
      by_generation[entry.generation].push_back(&entry);
    }
    for (const auto& [generation, entries] : by_generation) {
      TEKMATCH_RETURN_IF_ERROR(CompareLate(generation, entries));
    }
    return absl::OkStatus();
  }

  absl::Status CompareLate(int64_t generation,
                           const std::vector<LedgerEntry*>& entries) {
    TEKMATCH_RETURN_IF_ERROR(GoesOn());
    TEKMATCH_ASSIGN_OR_RETURN(
        SightingStore store,
        SightingStore::Create(database_, options_.retention));
    TEKMATCH_ASSIGN_OR_RETURN(StoredSightings late, store.Read(generation));
    std::vector<const LedgerEntry*> not_near;
    if (late.sightings.empty()) {
      for (LedgerEntry* entry : entries) {
        entry->generation = generation_;
        not_near.push_back(entry);
      }
      return ledger_.Update(not_near, {});
    }
    const IntervalSpan span = SpanNear(late.sightings);
    TEKMATCH_ASSIGN_OR_RETURN(const auto index,
                              IndexSightings(std::move(late.sightings)));
    TEKMATCH_ASSIGN_OR_RETURN(const MatchEngine engine, SearchEngine(index));
    std::vector<LedgerEntry*> near;
    for (LedgerEntry* entry : entries) {
      const StoredExport& stored = entry->stored;
      const bool is_near = std::any_of(
          stored.validities.begin(), stored.validities.end(),
          [&](const auto& validity) { return IsIn(validity.first, span); });
      // Keys would be needed that are not there.
      if (IsIn(stored.before, span) || IsIn(stored.after, span) ||
          (is_near && !entry->kept)) {
        needed_.insert(entry->id);
      } else if (is_near) {
        near.push_back(entry);
      } else {
        entry->generation = generation_;
        not_near.push_back(entry);
      }
    }
    TEKMATCH_RETURN_IF_ERROR(ledger_.Update(not_near, {}));
    for (LedgerEntry* entry : near) {
      absl::flat_hash_set<Tek> newly;
      TEKMATCH_RETURN_IF_ERROR(FindHeard(engine, *entry, span, &newly));
      entry->generation = generation_;
      TEKMATCH_RETURN_IF_ERROR(ledger_.Update({entry}, newly));
      TakeHeard(newly);
    }
    return absl::OkStatus();
  }

  // Adds the kept keys of the entry that were heard for the first time.
  absl::Status FindHeard(const MatchEngine& engine, const LedgerEntry& entry,
                         const IntervalSpan& span,
                         absl::flat_hash_set<Tek>* newly) {
    MatchScratch scratch;
    return ledger_.ReadKept(
        entry, DaysOf(span), [&](const KeyBlock& block) -> absl::Status {
          TEKMATCH_RETURN_IF_ERROR(GoesOn());
          MatchBatch batch;
          TEKMATCH_RETURN_IF_ERROR(
              engine.MatchBlock(block, 0, &scratch, &batch));
          for (const Match& match : batch.candidates) {
            if (!heard_.contains(match.tek)) newly->insert(match.tek);
          }
          return absl::OkStatus();
        });
  }

  // Of keys that were heard for the first time, and are pending in the ledger.
  void TakeHeard(const absl::flat_hash_set<Tek>& newly) {
    heard_.insert(newly.begin(), newly.end());
    pending_.insert(newly.begin(), newly.end());
  }

  // Looks up what all exports say of the pending keys. The time may be over: it
  // takes little, and without it there is no answer, and no way on.
  absl::Status LookUpPending() {
    if (pending_.empty()) return absl::OkStatus();
    std::vector<const LedgerEntry*> changed;
    for (LedgerEntry& entry : entries_) {
      if (!entry.kept) {
        if (KnowsAll(entry)) continue;
        entry.generation = kNeededAgain;
        changed.push_back(&entry);
        continue;
      }
      const size_t num_before = entry.heard.size();
      TEKMATCH_RETURN_IF_ERROR(ledger_.ReadKept(
          entry, DaySpan(), [&](const KeyBlock& block) -> absl::Status {
            TEKMATCH_RETURN_IF_ERROR(UnlessCancelled());
            AddIfIn(pending_, block, &entry.heard);
            return absl::OkStatus();
          }));
      // Another one may have gone for it, where there are too many.
      if (entry.heard.size() > num_before ||
          entry.heard.size() == kMostHeardOfExport) {
        changed.push_back(&entry);
      }
    }
    TEKMATCH_RETURN_IF_ERROR(ledger_.FinishLookUp(changed));
    pending_.clear();
    return absl::OkStatus();
  }

  // Whether all keys that were heard until now were so when the entry's file
  // was read, or by it.
  bool KnowsAll(const LedgerEntry& entry) const {
    const auto found = num_heard_when_read_.find(entry.id);
    return found != num_heard_when_read_.end() &&
           found->second == heard_.size();
  }

  static void AddIfIn(const absl::flat_hash_set<Tek>& teks,
                      const KeyBlock& block, std::set<DiagnosisKey>* keys) {
    if (teks.empty()) return;
    for (size_t i = 0; i < block.size(); ++i) {
      if (!teks.contains(block.teks()[i])) continue;
      keys->insert(block.key(i));
      if (keys->size() > kMostHeardOfExport) {
        keys->erase(std::prev(keys->end()));
      }
    }
  }

  absl::Status GiveAll() {
    for (GivenExport& given : result_.given) {
      TEKMATCH_RETURN_IF_ERROR(Give(given));
    }
    return absl::OkStatus();
  }

  absl::Status GiveAgain() {
    for (GivenExport& given : result_.given) {
      const auto digest = digests_.find(given.path);
      if (digest == digests_.end()) continue;
      const LedgerEntry* entry = Find(digest->second);
      if (entry != nullptr && entry->generation == kNeededAgain) {
        TEKMATCH_RETURN_IF_ERROR(Give(given));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Give(GivenExport& given) {
    TEKMATCH_RETURN_IF_ERROR(GoesOn());
    ++num_begun_;
    const absl::StatusOr<ExportFingerprint> print =
        FingerprintOf(given.path, check_.files,
                      [this]() -> absl::Status { return GoesOn(); });
    if (absl::IsCancelled(print.status())) return print.status();
    // What is wrong with it, reading it says.
    if (!print.ok()) return Refuse(given);
    digests_[given.path] = print->digests.sha256;
    if (LedgerEntry* entry = Find(print->digests.sha256); entry != nullptr) {
      if (AddSignatures(*print, check_.files.trusted, entry->stored.file)) {
        TEKMATCH_RETURN_IF_ERROR(ledger_.Update({entry}, {}));
      }
      if (entry->stored.file.accepted && entry->generation == generation_) {
        if (given.state == GivenState::kNotReached) {
          given.state = GivenState::kKnown;
        }
        return absl::OkStatus();
      }
    }
    // Nothing of a file that is not trusted is written.
    const SignatureReport report = CheckSignatures(
        print->signatures, print->digests, check_.files.trusted);
    if (report.verdict != SignatureVerdict::kValid) return Refuse(given);
    return Process(given);
  }

  LedgerEntry* Find(const Sha256Digest& digest) {
    const auto found = std::find_if(
        entries_.begin(), entries_.end(), [&](const LedgerEntry& entry) {
          return entry.stored.file.report.digests.sha256 == digest;
        });
    return found == entries_.end() ? nullptr : &*found;
  }

  // Reads a file for its verdict alone.
  absl::Status Refuse(GivenExport& given) {
    TEKMATCH_ASSIGN_OR_RETURN(
        ExportFileResult file,
        ReadExportFile(
            given.path, check_.files,
            [this](const std::unique_ptr<KeyBlock>&) { return GoesOn(); }));
    if (file.accepted) {
      return absl::DataLossError(
          absl::StrCat(given.path, ": changed while it was read"));
    }
    given.state = GivenState::kRefused;
    refused_.push_back(std::move(file));
    return absl::OkStatus();
  }

  absl::Status Process(GivenExport& given) {
    LedgerEntry entry;
    entry.kept = options_.keep_keys;
    entry.generation = generation_;
    entry.stored.first_day = first_day_;
    entry.stored.last_day = last_day_;
    // What is left of an export that is not finished goes with the next one.
    TEKMATCH_ASSIGN_OR_RETURN(
        entry.id, ledger_.Begin(first_day_,
                                [this]() -> absl::Status { return GoesOn(); }));
    TEKMATCH_ASSIGN_OR_RETURN(const MatchEngine engine, SearchEngine(index_));
    ExportFileOptions files = check_.files;
    files.reader.decode.block_capacity =
        check_.block_keys > 0
            ? check_.block_keys
            : std::min(kMostKeysAtOnce,
                       BlockKeysFor(engine, check_.num_threads));
    KeptKeysWriter writer(ledger_, entry.id);
    absl::StatusOr<std::vector<MatchedFile>> matched =
        MatchFiles({given.path}, engine, files,
                   {.num_threads = check_.num_threads,
                    .notes_teks = false,
                    .read = [&](size_t, const KeyBlock& block) -> absl::Status {
                      AddIfIn(heard_, block, &entry.heard);
                      return Sort(block, entry, writer);
                    },
                    .progress =
                        [&](size_t, uint64_t num_keys) {
                          num_keys_of_file_ = num_keys;
                          SayProgress();
                        },
                    .cancelled = [&] { return !GoesOn().ok(); }});
    num_keys_read_ += std::exchange(num_keys_of_file_, 0);
    if (!matched.ok()) {
      if (entry.stored.validities.size() <= kMostValidities) {
        return matched.status();
      }
      refused_.push_back(BeyondLimits(given.path));
      given.state = GivenState::kRefused;
      return absl::OkStatus();
    }
    MatchedFile& file = matched->front();
    entry.stored.file = std::move(file.file);
    if (!entry.stored.file.accepted) {
      given.state = GivenState::kRefused;
      refused_.push_back(std::move(entry.stored.file));
      return absl::OkStatus();
    }
    TEKMATCH_RETURN_IF_ERROR(writer.Flush());

    absl::flat_hash_set<Tek> newly;
    for (const Match& match : file.candidates) {
      if (!heard_.contains(match.tek)) newly.insert(match.tek);
    }
    file = MatchedFile();
    if (!newly.empty() && !entry.kept) {
      TEKMATCH_RETURN_IF_ERROR(ReadAgainFor(newly, given.path, files, &entry));
    }
    LedgerEntry* const same = Find(entry.stored.file.report.digests.sha256);
    if (same != nullptr) {
      AddSignatures({.digests = same->stored.file.report.digests,
                     .signatures = same->stored.file.report.signatures},
                    check_.files.trusted, entry.stored.file);
    }
    TEKMATCH_RETURN_IF_ERROR(ledger_.Finish(entry, newly));
    given.state = GivenState::kProcessed;
    TakeHeard(newly);
    num_heard_when_read_[entry.id] = heard_.size();
    if (same != nullptr) {
      entries_.erase(entries_.begin() + (same - entries_.data()));
    }
    entries_.push_back(std::move(entry));
    return absl::OkStatus();
  }

  // Counts the keys of a new export, by when they are valid, and keeps those
  // that are to be kept.
  absl::Status Sort(const KeyBlock& block, LedgerEntry& entry,
                    KeptKeysWriter& writer) const {
    StoredExport& stored = entry.stored;
    uint64_t* num_keys = nullptr;
    Validity last;
    for (size_t i = 0; i < block.size(); ++i) {
      const Validity validity = {block.rolling_starts()[i],
                                 block.rolling_periods()[i]};
      const bool is_own =
          !own_.of_all.empty() && own_.of_all.contains(block.teks()[i]);
      const DayNumber day = EndDay(validity);
      if (day < stored.first_day || day > stored.last_day) {
        (day < stored.first_day ? stored.before : stored.after)
            .Add(validity, 1, is_own ? 1 : 0);
        continue;
      }
      // Neighbours are often of one day.
      if (num_keys == nullptr || validity != last) {
        num_keys = &stored.validities[validity];
        last = validity;
      }
      ++*num_keys;
      if (entry.kept) {
        TEKMATCH_RETURN_IF_ERROR(writer.Add(block.key(i)));
      } else if (is_own) {
        ++stored.own_validities[validity];
      }
    }
    if (stored.validities.size() <= kMostValidities) return absl::OkStatus();
    return absl::CancelledError("more validities than a store takes");
  }

  static ExportFileResult BeyondLimits(const std::string& path) {
    ExportFileResult file;
    file.path = path;
    file.verdict = "malformed";
    file.message = absl::StrCat(
        path, ": its keys are valid at more than ", kMostValidities,
        " different times, the most that a store takes");
    return file;
  }

  // What the file itself says of keys, where it is not kept.
  absl::Status ReadAgainFor(const absl::flat_hash_set<Tek>& teks,
                            const std::string& path,
                            const ExportFileOptions& files,
                            LedgerEntry* entry) {
    TEKMATCH_ASSIGN_OR_RETURN(
        const ExportFileResult again,
        ReadExportFile(
            path, files,
            [&](const std::unique_ptr<KeyBlock>& block) -> absl::Status {
              TEKMATCH_RETURN_IF_ERROR(GoesOn());
              AddIfIn(teks, *block, &entry->heard);
              return absl::OkStatus();
            }));
    if (again.report.digests.sha256 ==
        entry->stored.file.report.digests.sha256) {
      return absl::OkStatus();
    }
    return absl::DataLossError(
        absl::StrCat(path, ": changed while it was read"));
  }

  static void CountOwn(const KeyBlock& block, const OwnKeys& own,
                       ValidityCounts* validities) {
    for (size_t i = 0; i < block.size(); ++i) {
      if (!own.of_all.contains(block.teks()[i])) continue;
      ++(*validities)[{block.rolling_starts()[i], block.rolling_periods()[i]}];
    }
  }

  void SayProgress() const {
    if (check_.progress) {
      check_.progress(num_begun_, num_keys_read_ + num_keys_of_file_);
    }
  }

  // What matching finds of an entry, as MatchFiles would say it of its file.
  absl::StatusOr<MatchedFile> MatchEntry(const LedgerEntry& entry,
                                         const MatchEngine& engine,
                                         MatchScratch* scratch) {
    MatchedFile matched;
    matched.file = entry.stored.file;
    MatchBatch batch;
    TEKMATCH_RETURN_IF_ERROR(
        ForHeard(entry, [&](const KeyBlock& block) -> absl::Status {
          matched.teks.Add(TekPrefixes::Of(block.teks()));
          return engine.MatchBlock(block, 0, scratch, &batch);
        }));
    matched.candidates = std::move(batch.candidates);
    matched.num_duplicates = batch.num_duplicates;
    for (const KeyPublication& publication : batch.publications) {
      matched.publications.Add(publication.key);
    }
    matched.outside_tolerance.insert(batch.outside_tolerance.begin(),
                                     batch.outside_tolerance.end());
    TEKMATCH_RETURN_IF_ERROR(CountKeys(entry, matched));
    return matched;
  }

  // The counts are of all keys of an entry, by when they are valid.
  absl::Status CountKeys(const LedgerEntry& entry, MatchedFile& matched) {
    const EnIntervalNumber latest = LatestRollingStart(check_.now);
    const StoredExport& stored = entry.stored;
    ValidityCounts validities = stored.validities;
    uint64_t num_in_future = 0;
    std::erase_if(validities, [&](const auto& validity) {
      if (validity.first.rolling_start <= latest) return false;
      num_in_future += validity.second;
      return true;
    });
    matched.num_own_keys = stored.before.num_own;
    if (stored.after.first_start > latest) {
      num_in_future += stored.after.num_keys;
    } else {
      matched.num_own_keys += stored.after.num_own;
    }
    matched.file.report.counts
        .rejected[static_cast<size_t>(KeyRejection::kFarFutureRollingStart)] +=
        num_in_future;
    TEKMATCH_RETURN_IF_ERROR(
        TakeOwnKeys(entry, &validities, &matched.num_own_keys));
    TEKMATCH_ASSIGN_OR_RETURN(const std::set<Validity> near,
                              NearSightings(validities, index_->filters()));
    for (const Validity& validity : near) {
      matched.num_compared += validities.at(validity);
    }
    return absl::OkStatus();
  }

  // Takes the owner's keys out of what is counted.
  absl::Status TakeOwnKeys(const LedgerEntry& entry, ValidityCounts* validities,
                           uint64_t* num_own) {
    if (own_.of_all.empty()) return absl::OkStatus();
    ValidityCounts own = entry.stored.own_validities;
    if (entry.kept) {
      TEKMATCH_RETURN_IF_ERROR(ledger_.ReadKept(
          entry, DaySpan(), [&](const KeyBlock& block) -> absl::Status {
            TEKMATCH_RETURN_IF_ERROR(UnlessCancelled());
            CountOwn(block, own_, &own);
            return absl::OkStatus();
          }));
    }
    for (const auto& [validity, num_keys] : own) {
      const auto found = validities->find(validity);
      // Those that start too late are rejected, and nobody's.
      if (found == validities->end()) continue;
      const uint64_t num_taken = std::min(found->second, num_keys);
      found->second -= num_taken;
      *num_own += num_taken;
    }
    return absl::OkStatus();
  }

  // Calls `sink` with the entry's heard keys that no check would reject now.
  absl::Status ForHeard(const LedgerEntry& entry,
                        absl::FunctionRef<absl::Status(const KeyBlock&)> sink) {
    const EnIntervalNumber latest = LatestRollingStart(check_.now);
    KeyBlock block;
    for (const DiagnosisKey& key : entry.heard) {
      if (key.rolling_start > latest) continue;
      block.Append(key);
      if (block.size() < KeyBlock::kDefaultCapacity) continue;
      TEKMATCH_RETURN_IF_ERROR(UnlessCancelled());
      TEKMATCH_RETURN_IF_ERROR(sink(block));
      block.Clear();
    }
    return block.empty() ? absl::OkStatus() : sink(block);
  }

  // A file that is part of the result only by its absence.
  static MatchedFile Missing(ExportFileResult file, absl::string_view verdict,
                             absl::string_view why) {
    file.accepted = false;
    file.verdict = std::string(verdict);
    file.message = absl::StrCat(file.path, ": ", why);
    MatchedFile missing;
    missing.file = std::move(file);
    return missing;
  }

  absl::Status ConcludeAll() {
    TEKMATCH_ASSIGN_OR_RETURN(
        const MatchEngine engine,
        MatchEngine::Create(index_, check_.policy, own_.of_all, kernels()));
    ExposureCheckOptions check = check_;
    MatchScratch scratch;
    std::vector<MatchedFile> matched;
    uint64_t num_partly_compared = 0;
    result_.num_exports = entries_.size();
    for (const LedgerEntry& entry : entries_) {
      const ExportFileResult& file = entry.stored.file;
      if (!file.accepted) {
        ++result_.num_untrusted;
        matched.emplace_back().file = file;
        continue;
      }
      if (entry.generation != generation_) {
        const bool is_needed =
            entry.generation == kNeededAgain || needed_.contains(entry.id);
        if (!is_needed) {
          // What it holds may be more than is known: no answer without it.
          check.skip_bad_files = false;
          matched.push_back(Missing(file, kNotReached,
                                    "not compared with the newest sightings, "
                                    "since the time was over"));
          continue;
        }
        result_.needed_again.push_back(file.path);
        if (!check_.skip_bad_files) {
          matched.push_back(
              Missing(file, kNeededAgainVerdict,
                      entry.kept ? "needed again for sightings of days whose "
                                   "keys are no longer kept"
                                 : "needed again for newer sightings, since "
                                   "its keys are not kept"));
          continue;
        }
        ++num_partly_compared;
      }
      TEKMATCH_ASSIGN_OR_RETURN(matched.emplace_back(),
                                MatchEntry(entry, engine, &scratch));
    }
    for (ExportFileResult& file : refused_) {
      matched.emplace_back().file = std::move(file);
    }
    for (const GivenExport& given : result_.given) {
      if (given.state != GivenState::kNotReached) continue;
      ExportFileResult file;
      file.path = given.path;
      matched.push_back(Missing(std::move(file), kNotReached,
                                "not read, since the time was over"));
    }
    TEKMATCH_ASSIGN_OR_RETURN(
        result_.checked,
        Conclude(std::move(matched), *index_, own_, check,
                 [&](const ExportFileResult& file,
                     absl::FunctionRef<absl::Status(const KeyBlock&)> sink) {
                   return ReadHeardAgain(file, sink);
                 }));
    result_.checked.num_partly_compared = num_partly_compared;
    return absl::OkStatus();
  }

  absl::Status ReadHeardAgain(
      const ExportFileResult& file,
      absl::FunctionRef<absl::Status(const KeyBlock&)> sink) {
    const LedgerEntry* entry = Find(file.report.digests.sha256);
    if (entry == nullptr) {
      return absl::InternalError("an export that the store does not have");
    }
    return ForHeard(*entry, sink);
  }

  // The mark up to which everything is processed moves only after a check to
  // which nothing was lacking.
  absl::Status MoveMark() {
    const auto& files = result_.checked.files;
    if (!result_.needed_again.empty() ||
        !std::all_of(
            files.begin(), files.end(),
            [](const ExportFileResult& file) { return file.accepted; })) {
      return absl::OkStatus();
    }
    TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> mark,
                              GetNumber(database_, kMark));
    std::optional<int64_t> newest = mark;
    for (const LedgerEntry& entry : entries_) {
      const std::optional<absl::Time> end = PublishedAt(entry);
      if (!end.has_value()) continue;
      const int64_t seconds = absl::ToUnixSeconds(*end);
      newest = std::max(newest.value_or(seconds), seconds);
    }
    if (newest == mark) return absl::OkStatus();
    TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                              Transaction::Begin(database_, Durability::kFull));
    TEKMATCH_RETURN_IF_ERROR(SetNumber(database_, kMark, *newest));
    return transaction.Commit();
  }

  Database& database_;
  const std::vector<std::string>& paths_;
  const StoredCheckOptions& options_;
  const ExposureCheckOptions& check_;
  const OwnKeys own_;
  Ledger ledger_;
  const Clock::time_point deadline_;
  StoredCheckResult result_;
  bool is_cancelled_ = false;
  absl::Time believed_now_;
  // Keys that end in these days are kept, of exports that come now.
  DayNumber first_day_ = 0;
  DayNumber last_day_ = 0;
  std::vector<LedgerEntry> entries_;
  absl::flat_hash_set<Tek> heard_;    // in any entry, pending ones included
  absl::flat_hash_set<Tek> pending_;  // still to be looked up
  // By entry, of those that this run read: heard_.size() after that.
  std::map<int64_t, size_t> num_heard_when_read_;
  std::map<std::string, Sha256Digest> digests_;  // of what was given, by path
  // Entries of which keys would be needed that are not kept.
  std::set<int64_t> needed_;
  std::shared_ptr<const SightingIndex> index_;
  int64_t generation_ = 0;  // of the sightings in the index
  std::vector<ExportFileResult> refused_;
  size_t num_begun_ = 0;
  uint64_t num_keys_read_ = 0;
  uint64_t num_keys_of_file_ = 0;
};

}  // namespace

absl::string_view GivenStateName(GivenState state) {
  switch (state) {
    case GivenState::kProcessed:
      return "processed";
    case GivenState::kKnown:
      return "known";
    case GivenState::kRefused:
      return "refused";
    case GivenState::kNotReached:
      return kNotReached;
  }
  return "";
}

absl::StatusOr<StoredCheckResult> CheckStored(
    Database& database, const std::vector<std::string>& paths,
    const StoredCheckOptions& options) {
  return WithoutExceptions<StoredCheckResult>(
      [&]() -> absl::StatusOr<StoredCheckResult> {
        TEKMATCH_RETURN_IF_ERROR(ValidateStored(options));
        TEKMATCH_ASSIGN_OR_RETURN(const CheckLock lock,
                                  CheckLock::Take(database.folder()));
        return StoredRun(database, paths, options).Make();
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
