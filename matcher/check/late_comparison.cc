// Plan: entries that were last compared at the same generation lack the same
// sightings, and are compared together: one index for all of them. An entry
// whose keys are all valid at other times than those sightings is done without
// reading its keys. The others are compared day by day (CompareEntry), and
// where the time is over, a later check goes on with the day that was not done
// (GoOn).
#include "matcher/check/late_comparison.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "keyformat/hash_tables.h"
#include "keyformat/status_macros.h"
#include "matcher/check/exposure_check.h"
#include "matcher/join/match_engine.h"
#include "matcher/join/sighting_index.h"
#include "matcher/store/sighting_store.h"

namespace tekmatch {
namespace {

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

// Far beyond all times that are legal.
constexpr int64_t kLastDay = int64_t{1} << 20;

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

// Adds the kept keys of the entry and the day that were heard for the first
// time.
absl::Status FindHeard(const StoredRun& run, const LedgerImage& image,
                       const MatchEngine& engine, const LedgerEntry& entry,
                       DayNumber day, MatchScratch* scratch,
                       HashSet<Tek>* newly) {
  return run.ledger.ReadKept(
      entry, {.first = day, .last = day},
      [&](const KeyBlock& block) -> absl::Status {
        TEKMATCH_RETURN_IF_ERROR(run.limits.GoesOn());
        MatchBatch batch;
        TEKMATCH_RETURN_IF_ERROR(engine.MatchBlock(block, 0, scratch, &batch));
        for (const Match& match : batch.candidates) {
          if (!image.heard.contains(match.tek)) newly->insert(match.tek);
        }
        return absl::OkStatus();
      });
}

// Compares the entry's keys that end from `first_day` on, day by day, and
// commits it as one that was compared up to generation `to`. Where the time is
// over, it commits the days that are done.
absl::Status CompareEntry(const StoredRun& run, const MatchEngine& engine,
                          const IntervalSpan& span, int64_t to,
                          DayNumber first_day, LedgerImage& image,
                          LedgerEntry* entry) {
  const DaySpan near = DaysOf(span);
  std::set<DayNumber> days;
  for (const auto& [validity, num_keys] : entry->stored.validities) {
    const DayNumber day = EndDay(validity);
    if (day >= std::max(near.first, first_day) && day <= near.last) {
      days.insert(day);
    }
  }
  MatchScratch scratch;
  HashSet<Tek> newly;
  bool is_any_done = false;
  for (const DayNumber day : days) {
    const absl::Status found =
        FindHeard(run, image, engine, *entry, day, &scratch, &newly);
    const bool is_stopped = !found.ok() && run.limits.UnlessStopped(found).ok();
    if (is_stopped && is_any_done) {
      TEKMATCH_RETURN_IF_ERROR(
          run.ledger.SaveProgress({.entry = entry->id,
                                   .from_generation = entry->generation,
                                   .to_generation = to,
                                   .next_day = day},
                                  newly));
      image.TakeHeard(newly);
    }
    TEKMATCH_RETURN_IF_ERROR(found);
    is_any_done = true;
  }
  entry->generation = to;
  TEKMATCH_RETURN_IF_ERROR(run.ledger.Update({entry}, newly));
  image.TakeHeard(newly);
  return absl::OkStatus();
}

// Goes on with the entry whose comparison stopped. The days that are left are
// compared with all that came since, which is more than the others were: it
// counts as compared up to where the others were.
absl::Status GoOn(const StoredRun& run, LedgerImage& image) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<ComparisonProgress> progress,
                            run.ledger.Progress());
  if (!progress.has_value()) return absl::OkStatus();
  const auto entry =
      std::find_if(image.entries.begin(), image.entries.end(),
                   [&](const LedgerEntry& other) {
                     return other.id == progress->entry && other.kept &&
                            other.generation == progress->from_generation;
                   });
  // It is done by now, or gone.
  if (entry == image.entries.end()) return absl::OkStatus();
  TEKMATCH_RETURN_IF_ERROR(run.limits.GoesOn());
  TEKMATCH_ASSIGN_OR_RETURN(SightingStore store,
                            SightingStore::Create(run.database, run.retention));
  TEKMATCH_ASSIGN_OR_RETURN(StoredSightings late,
                            store.Read(progress->from_generation));
  if (late.sightings.empty()) return absl::OkStatus();
  const IntervalSpan span = SpanNear(late.sightings);
  TEKMATCH_ASSIGN_OR_RETURN(const auto index,
                            IndexSightings(std::move(late.sightings)));
  TEKMATCH_ASSIGN_OR_RETURN(const MatchEngine engine, run.SearchEngine(index));
  return CompareEntry(run, engine, span, progress->to_generation,
                      progress->next_day, image, &*entry);
}

// Compares entries that all were compared last at `generation`.
absl::Status CompareSince(const StoredRun& run, int64_t generation,
                          const std::vector<LedgerEntry*>& entries,
                          LedgerImage& image) {
  TEKMATCH_RETURN_IF_ERROR(run.limits.GoesOn());
  TEKMATCH_ASSIGN_OR_RETURN(SightingStore store,
                            SightingStore::Create(run.database, run.retention));
  TEKMATCH_ASSIGN_OR_RETURN(StoredSightings late, store.Read(generation));
  std::vector<const LedgerEntry*> not_near;
  if (late.sightings.empty()) {  // they were too old, and are gone
    for (LedgerEntry* entry : entries) {
      entry->generation = image.generation;
      not_near.push_back(entry);
    }
    return run.ledger.Update(not_near, {});
  }
  const IntervalSpan span = SpanNear(late.sightings);
  TEKMATCH_ASSIGN_OR_RETURN(const auto index,
                            IndexSightings(std::move(late.sightings)));
  TEKMATCH_ASSIGN_OR_RETURN(const MatchEngine engine, run.SearchEngine(index));
  std::vector<LedgerEntry*> near;
  for (LedgerEntry* entry : entries) {
    const StoredExport& stored = entry->stored;
    const bool is_near = std::any_of(
        stored.validities.begin(), stored.validities.end(),
        [&](const auto& validity) { return IsIn(validity.first, span); });
    // Keys would be needed that are not there.
    if (IsIn(stored.before, span) || IsIn(stored.after, span) ||
        (is_near && !entry->kept)) {
      image.needed.insert(entry->id);
    } else if (is_near) {
      near.push_back(entry);
    } else {
      entry->generation = image.generation;
      not_near.push_back(entry);
    }
  }
  TEKMATCH_RETURN_IF_ERROR(run.ledger.Update(not_near, {}));
  for (LedgerEntry* entry : near) {
    TEKMATCH_RETURN_IF_ERROR(CompareEntry(run, engine, span, image.generation,
                                          /*first_day=*/0, image, entry));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CompareLateSightings(const StoredRun& run, LedgerImage& image) {
  TEKMATCH_RETURN_IF_ERROR(GoOn(run, image));
  std::map<int64_t, std::vector<LedgerEntry*>> by_generation;
  for (LedgerEntry& entry : image.entries) {
    if (entry.generation == kNeededAgain ||
        entry.generation >= image.generation) {
      continue;
    }
    by_generation[entry.generation].push_back(&entry);
  }
  for (const auto& [generation, entries] : by_generation) {
    TEKMATCH_RETURN_IF_ERROR(CompareSince(run, generation, entries, image));
  }
  return absl::OkStatus();
}

}  // namespace tekmatch
