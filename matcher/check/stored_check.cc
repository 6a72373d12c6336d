// Plan: one check at a time (CheckLock); what is too old goes; sightings that
// came since an export was processed are compared with its kept keys
// (CompareLate); exports that are given are processed one by one (Give); what
// all exports say of the keys that were heard is matched with all sightings,
// and concluded from (Conclude).
//
// Which keys were heard is all that is remembered of matching. It is so for the
// widest tolerance (kSearchedIntervals), whoever owns a key and whatever the
// rules: those are applied at the end. When a key is heard for the first time,
// what other exports say of it is looked up in their kept keys (AddHeard).
#include "matcher/check/stored_check.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "absl/cleanup/cleanup.h"
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

namespace tekmatch {
namespace {

using Clock = std::chrono::steady_clock;

constexpr char kNotReached[] = "not_reached";
constexpr char kNeededAgainVerdict[] = "needed_again";

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
        deadline_(options.max_time == absl::InfiniteDuration()
                      ? Clock::time_point::max()
                      : Clock::now() +
                            absl::ToChronoNanoseconds(options.max_time)) {}

  absl::StatusOr<StoredCheckResult> Make() {
    TEKMATCH_RETURN_IF_ERROR(Expire());
    TEKMATCH_RETURN_IF_ERROR(Load());
    TEKMATCH_RETURN_IF_ERROR(UnlessStopped(CompareLate()));
    for (const std::string& path : paths_) {
      result_.given.push_back({.path = path});
    }
    TEKMATCH_RETURN_IF_ERROR(UnlessStopped(GiveAll()));
    TEKMATCH_RETURN_IF_ERROR(ConcludeAll());
    return std::move(result_);
  }

 private:
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
  absl::Status UnlessStopped(absl::Status status) const {
    const bool is_stopped = result_.stopped && !is_cancelled_;
    return absl::IsCancelled(status) && is_stopped ? absl::OkStatus() : status;
  }

  absl::Status Expire() {
    TEKMATCH_ASSIGN_OR_RETURN(
        SightingStore store,
        SightingStore::Create(database_, options_.retention));
    TEKMATCH_ASSIGN_OR_RETURN(result_.retained, store.Retain(check_.now));
    // A clock that is not believed makes nothing old.
    if (result_.retained.clock != ClockJump::kNone) return absl::OkStatus();
    const int64_t horizon =
        absl::ToUnixSeconds(check_.now - options_.retention);
    TEKMATCH_ASSIGN_OR_RETURN(
        result_.num_expired_exports,
        ledger_.Expire(
            static_cast<EnIntervalNumber>(
                std::max<int64_t>(0, horizon / kIntervalSeconds)),
            absl::ToUnixSeconds(check_.now - 2 * options_.retention)));
    if (result_.num_expired_exports == 0) return absl::OkStatus();
    // What they had of keys that were heard is not to stay in the -wal.
    TEKMATCH_ASSIGN_OR_RETURN(const bool erased,
                              database_.Checkpoint(absl::Seconds(1)));
    result_.retained.erased = result_.retained.erased && erased;
    return absl::OkStatus();
  }

  absl::Status Load() {
    TEKMATCH_ASSIGN_OR_RETURN(
        SightingStore store,
        SightingStore::Create(database_, options_.retention));
    TEKMATCH_ASSIGN_OR_RETURN(StoredSightings all, store.Read());
    generation_ = all.generation;
    TEKMATCH_ASSIGN_OR_RETURN(index_, IndexSightings(std::move(all.sightings)));
    TEKMATCH_ASSIGN_OR_RETURN(entries_, ledger_.Entries(check_.files.trusted));
    for (const LedgerEntry& entry : entries_) {
      for (const DiagnosisKey& key : entry.heard) heard_.insert(key.tek);
    }
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

  // Compares kept keys with the sightings that came since their export was.
  // Entries of one generation lack the same sightings; they are done together
  // or not at all.
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
    std::vector<LedgerEntry*> compared;
    absl::flat_hash_set<Tek> newly;
    if (late.sightings.empty()) {
      compared = entries;
    } else {
      const IntervalSpan span = SpanNear(late.sightings);
      TEKMATCH_ASSIGN_OR_RETURN(const auto index,
                                IndexSightings(std::move(late.sightings)));
      TEKMATCH_ASSIGN_OR_RETURN(const MatchEngine engine, SearchEngine(index));
      for (LedgerEntry* entry : entries) {
        const auto& validities = entry->stored.validities;
        const bool is_near = std::any_of(
            validities.begin(), validities.end(),
            [&](const auto& validity) { return IsIn(validity.first, span); });
        // Its keys would be needed, and are not there.
        if (is_near && !entry->kept) continue;
        if (is_near) {
          TEKMATCH_RETURN_IF_ERROR(FindHeard(engine, *entry, span, &newly));
        }
        compared.push_back(entry);
      }
    }
    std::set<LedgerEntry*> changed;
    TEKMATCH_RETURN_IF_ERROR(AddHeard(newly, nullptr, &changed));
    for (LedgerEntry* entry : compared) {
      // Those that a key heard just now made kNeededAgain stay so.
      if (entry->generation == generation) entry->generation = generation_;
      changed.insert(entry);
    }
    return ledger_.Update({changed.begin(), changed.end()});
  }

  // Adds the kept keys of the entry that were heard for the first time.
  absl::Status FindHeard(const MatchEngine& engine, const LedgerEntry& entry,
                         const IntervalSpan& span,
                         absl::flat_hash_set<Tek>* newly) {
    MatchScratch scratch;
    return ledger_.ReadKept(
        entry.id, span, [&](const KeyBlock& block) -> absl::Status {
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

  // Takes keys into heard_, and into each entry what it says of them. `given`,
  // if not null, is the entry of an export that is being processed, whose keys
  // may be not kept: then they are looked up by the caller.
  absl::Status AddHeard(const absl::flat_hash_set<Tek>& newly,
                        LedgerEntry* given, std::set<LedgerEntry*>* changed) {
    if (newly.empty()) return absl::OkStatus();
    std::vector<LedgerEntry*> all;
    for (LedgerEntry& entry : entries_) all.push_back(&entry);
    if (given != nullptr) all.push_back(given);
    for (LedgerEntry* entry : all) {
      if (!entry->kept) {
        if (entry == given) continue;
        entry->generation = kNeededAgain;
        changed->insert(entry);
        continue;
      }
      const size_t num_before = entry->heard.size();
      TEKMATCH_RETURN_IF_ERROR(
          ledger_.ReadKept(entry->id, IntervalSpan(),
                           [&](const KeyBlock& block) -> absl::Status {
                             TEKMATCH_RETURN_IF_ERROR(GoesOn());
                             AddIfIn(newly, block, &entry->heard);
                             return absl::OkStatus();
                           }));
      if (entry->heard.size() > num_before) changed->insert(entry);
    }
    heard_.insert(newly.begin(), newly.end());
    return absl::OkStatus();
  }

  static void AddIfIn(const absl::flat_hash_set<Tek>& teks,
                      const KeyBlock& block, std::set<DiagnosisKey>* keys) {
    for (size_t i = 0; i < block.size(); ++i) {
      if (teks.contains(block.teks()[i])) keys->insert(block.key(i));
    }
  }

  absl::Status GiveAll() {
    for (GivenExport& given : result_.given) {
      TEKMATCH_RETURN_IF_ERROR(Give(given));
    }
    // A key that a later file made heard may stand in an earlier one, whose
    // keys are not kept.
    if (std::none_of(entries_.begin(), entries_.end(),
                     [](const LedgerEntry& entry) {
                       return entry.generation == kNeededAgain;
                     })) {
      return absl::OkStatus();
    }
    for (GivenExport& given : result_.given) {
      if (given.state != GivenState::kRefused) {
        TEKMATCH_RETURN_IF_ERROR(Give(given));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Give(GivenExport& given) {
    TEKMATCH_RETURN_IF_ERROR(GoesOn());
    ++num_begun_;
    if (!entries_.empty()) {
      const absl::StatusOr<Sha256Digest> digest =
          DigestOfExport(given.path, check_.files,
                         [this]() -> absl::Status { return GoesOn(); });
      if (absl::IsCancelled(digest.status())) return digest.status();
      // Whatever else is wrong with the file, processing it says.
      if (digest.ok() && IsDone(*digest)) {
        if (given.state == GivenState::kNotReached) {
          given.state = GivenState::kKnown;
        }
        return absl::OkStatus();
      }
    }
    return Process(given.path, &given.state);
  }

  // Whether the store has an export, and lacks nothing of it.
  bool IsDone(const Sha256Digest& digest) const {
    return std::any_of(
        entries_.begin(), entries_.end(), [&](const LedgerEntry& entry) {
          return entry.stored.file.report.digests.sha256 == digest &&
                 entry.stored.file.accepted && entry.generation == generation_;
        });
  }

  absl::Status Process(const std::string& path, GivenState* state) {
    LedgerEntry entry;
    entry.kept = options_.keep_keys;
    entry.generation = generation_;
    TEKMATCH_ASSIGN_OR_RETURN(entry.id, ledger_.Begin());
    bool is_in = false;
    const auto abandon = absl::MakeCleanup([&] {
      // What does not go now goes with the next one.
      if (!is_in) ledger_.Abandon(entry.id).IgnoreError();
    });
    TEKMATCH_ASSIGN_OR_RETURN(const MatchEngine engine, SearchEngine(index_));
    ExportFileOptions files = check_.files;
    files.reader.decode.block_capacity =
        check_.block_keys > 0 ? check_.block_keys
                              : BlockKeysFor(engine, check_.num_threads);
    KeptKeysWriter writer(ledger_, entry.id);
    TEKMATCH_ASSIGN_OR_RETURN(
        std::vector<MatchedFile> matched,
        MatchFiles({path}, engine, files,
                   {.num_threads = check_.num_threads,
                    .read = [&](size_t, const KeyBlock& block) -> absl::Status {
                      CountValidities(block, &entry.stored.validities);
                      if (!entry.kept) {
                        CountOwn(block, own_, &entry.stored.own_validities);
                      }
                      if (!heard_.empty()) {
                        AddIfIn(heard_, block, &entry.heard);
                      }
                      return entry.kept ? writer.Add(block) : absl::OkStatus();
                    },
                    .progress =
                        [&](size_t, uint64_t num_keys) {
                          num_keys_of_file_ = num_keys;
                          SayProgress();
                        },
                    .cancelled = [&] { return !GoesOn().ok(); }}));
    num_keys_read_ += std::exchange(num_keys_of_file_, 0);
    MatchedFile& file = matched.front();
    entry.stored.file = std::move(file.file);
    if (!entry.stored.file.accepted) {
      *state = GivenState::kRefused;
      refused_.push_back(std::move(entry.stored.file));
      return absl::OkStatus();
    }
    TEKMATCH_RETURN_IF_ERROR(writer.Flush());

    absl::flat_hash_set<Tek> newly;
    for (const Match& match : file.candidates) {
      if (!heard_.contains(match.tek)) newly.insert(match.tek);
    }
    file = MatchedFile();
    std::set<LedgerEntry*> changed;
    if (!newly.empty() && !entry.kept) {
      TEKMATCH_RETURN_IF_ERROR(ReadAgainFor(newly, path, files, &entry));
    }
    // A run that ends here has a heard_ that says too much, and ends.
    TEKMATCH_RETURN_IF_ERROR(AddHeard(newly, &entry, &changed));
    changed.erase(&entry);
    TEKMATCH_RETURN_IF_ERROR(
        ledger_.Finish(entry, {changed.begin(), changed.end()}));
    is_in = true;
    *state = GivenState::kProcessed;
    std::erase_if(entries_, [&](const LedgerEntry& other) {
      return other.stored.file.report.digests.sha256 ==
             entry.stored.file.report.digests.sha256;
    });
    entries_.push_back(std::move(entry));
    return absl::OkStatus();
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

  static void CountValidities(const KeyBlock& block,
                              std::map<Validity, uint64_t>* validities) {
    uint64_t* num_keys = nullptr;
    Validity last;
    for (size_t i = 0; i < block.size(); ++i) {
      const Validity validity = {block.rolling_starts()[i],
                                 block.rolling_periods()[i]};
      // Neighbours are often of one day.
      if (num_keys == nullptr || validity != last) {
        num_keys = &(*validities)[validity];
        last = validity;
      }
      ++*num_keys;
    }
  }

  static void CountOwn(const KeyBlock& block, const OwnKeys& own,
                       std::map<Validity, uint64_t>* validities) {
    if (own.of_all.empty()) return;
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
    const EnIntervalNumber latest = LatestRollingStart(check_.now);
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

    // The counts are of all keys, by when they are valid.
    std::map<Validity, uint64_t> validities = entry.stored.validities;
    uint64_t& num_in_future =
        matched.file.report.counts.rejected[static_cast<size_t>(
            KeyRejection::kFarFutureRollingStart)];
    std::erase_if(validities, [&](const auto& validity) {
      if (validity.first.rolling_start <= latest) return false;
      num_in_future += validity.second;
      return true;
    });
    TEKMATCH_RETURN_IF_ERROR(
        TakeOwnKeys(entry, &validities, &matched.num_own_keys));
    TEKMATCH_ASSIGN_OR_RETURN(const std::set<Validity> near,
                              NearSightings(validities, index_->filters()));
    for (const Validity& validity : near) {
      matched.num_compared += validities.at(validity);
    }
    return matched;
  }

  // Takes the owner's keys out of what is counted.
  absl::Status TakeOwnKeys(const LedgerEntry& entry,
                           std::map<Validity, uint64_t>* validities,
                           uint64_t* num_own) {
    if (own_.of_all.empty()) return absl::OkStatus();
    std::map<Validity, uint64_t> own = entry.stored.own_validities;
    if (entry.kept) {
      TEKMATCH_RETURN_IF_ERROR(ledger_.ReadKept(
          entry.id, IntervalSpan(), [&](const KeyBlock& block) -> absl::Status {
            TEKMATCH_RETURN_IF_ERROR(GoesOn());
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
    // The time is over for new work, not for the answer.
    deadline_ = Clock::time_point::max();
    ExposureCheckOptions check = check_;
    MatchScratch scratch;
    std::vector<MatchedFile> matched;
    for (const LedgerEntry& entry : entries_) {
      const ExportFileResult& file = entry.stored.file;
      if (!file.accepted) {
        ++result_.num_untrusted;
        continue;
      }
      const bool is_done = entry.generation == generation_;
      if (!is_done && entry.kept) {
        // What it holds may be more than is known: there is no answer without.
        check.skip_bad_files = false;
        matched.push_back(Missing(
            file, kNotReached,
            "not compared with the newest sightings, since the time was over"));
        continue;
      }
      if (!is_done) {
        result_.needed_again.push_back(file.path);
        if (!check_.skip_bad_files) {
          matched.push_back(
              Missing(file, kNeededAgainVerdict,
                      "needed again for newer sightings, since its keys are "
                      "not kept"));
          continue;
        }
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
    return absl::OkStatus();
  }

  absl::Status ReadHeardAgain(
      const ExportFileResult& file,
      absl::FunctionRef<absl::Status(const KeyBlock&)> sink) {
    for (const LedgerEntry& entry : entries_) {
      if (entry.stored.file.report.digests.sha256 !=
          file.report.digests.sha256) {
        continue;
      }
      return ForHeard(entry, sink);
    }
    return absl::InternalError("an export that the store does not have");
  }

  Database& database_;
  const std::vector<std::string>& paths_;
  const StoredCheckOptions& options_;
  const ExposureCheckOptions& check_;
  const OwnKeys own_;
  Ledger ledger_;
  Clock::time_point deadline_;
  StoredCheckResult result_;
  bool is_cancelled_ = false;
  std::vector<LedgerEntry> entries_;
  absl::flat_hash_set<Tek> heard_;  // in any entry
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
    TEKMATCH_ASSIGN_OR_RETURN(const std::vector<LedgerEntry> entries,
                              ledger.Entries(TrustedKeys()));
    LedgerStatus status;
    status.num_exports = entries.size();
    TEKMATCH_ASSIGN_OR_RETURN(status.num_keys_kept, ledger.NumKeptKeys());
    for (const LedgerEntry& entry : entries) {
      const auto end = TimesOf(entry.stored.file.report.metadata).end_seconds;
      if (!end.has_value()) continue;
      const absl::Time time = absl::FromUnixSeconds(*end);
      status.newest_export =
          std::max(status.newest_export.value_or(time), time);
    }
    return status;
  });
}

}  // namespace tekmatch
