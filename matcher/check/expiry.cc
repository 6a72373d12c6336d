// Plan: an entry says from which day on it tells its keys apart. Where that is
// before the horizon, its days in between are counted together (ExpireKeys).
// Then heard keys and exports are judged over all entries, since one entry may
// still need what is old in another. All entries are written anew, so that
// nothing of what they had stays in the database's pages.
#include "matcher/check/expiry.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/time/time.h"
#include "keyformat/hash_tables.h"
#include "keyformat/status_macros.h"

namespace tekmatch {
namespace {

absl::Status ExpireKeys(const StoredRun& run, DayNumber first_day,
                        LedgerEntry& entry) {
  StoredExport& stored = entry.stored;
  ValidityCounts own = stored.own_validities;
  if (entry.kept && !run.own.of_all.empty()) {
    // Whose they are cannot be asked later.
    TEKMATCH_RETURN_IF_ERROR(run.ledger.ReadKept(
        entry, {.first = stored.first_day, .last = first_day - 1},
        [&](const KeyBlock& block) -> absl::Status {
          TEKMATCH_RETURN_IF_ERROR(run.limits.UnlessCancelled());
          CountOwn(block, run.own, &own);
          return absl::OkStatus();
        }));
  }
  std::erase_if(stored.validities, [&](const auto& counted) {
    if (EndDay(counted.first) >= first_day) return false;
    const auto owned = own.find(counted.first);
    stored.before.Add(counted.first, counted.second,
                      owned == own.end() ? 0 : owned->second);
    stored.own_validities.erase(counted.first);
    return true;
  });
  stored.first_day = first_day;
  return absl::OkStatus();
}

// One publication may be young enough, and a later check then needs the others
// to tell a revision from a first word. So a key goes from all, or stays in
// all. A pending one stays: it was heard just now.
void ForgetOldHeard(DayNumber first_day, LedgerImage& image) {
  HashSet<Tek> recent = image.pending;
  for (const LedgerEntry& entry : image.entries) {
    for (const DiagnosisKey& key : entry.heard) {
      if (EndDay(key.rolling_start, key.rolling_period) >= first_day) {
        recent.insert(key.tek);
      }
    }
  }
  for (LedgerEntry& entry : image.entries) {
    std::erase_if(entry.heard, [&](const DiagnosisKey& key) {
      return !recent.contains(key.tek);
    });
  }
}

// No server lists an export that is older than twice the retention, so it does
// not come again. The files of a batch go together, since one without the
// others counts as incomplete. Returns how many went.
uint64_t ForgetOldExports(const StoredRun& run, const Horizon& horizon,
                          std::vector<LedgerEntry>& entries) {
  const absl::Time oldest = horizon.believed_now - 2 * run.retention;
  using Batch = std::tuple<std::string, uint64_t, uint64_t, int>;
  const auto batch_of = [](const LedgerEntry& entry) {
    const ExportMetadata& metadata = entry.stored.file.report.metadata;
    return Batch(metadata.region, metadata.start_timestamp,
                 metadata.end_timestamp, metadata.batch_size);
  };
  std::map<Batch, absl::Time> newest;
  for (const LedgerEntry& entry : entries) {
    const absl::Time last_key = absl::FromUnixSeconds(
        int64_t{entry.stored.last_end()} * kIntervalSeconds);
    absl::Time& time =
        newest.try_emplace(batch_of(entry), absl::InfinitePast()).first->second;
    time = std::max(time, last_key);
    if (const auto end = PublishedAt(entry, run.check.now); end.has_value()) {
      time = std::max(time, *end);
    }
  }
  return std::erase_if(entries, [&](const LedgerEntry& entry) {
    return newest.at(batch_of(entry)) < oldest;
  });
}

}  // namespace

absl::StatusOr<ExpiryResult> ExpireEntries(const StoredRun& run,
                                           const Horizon& horizon,
                                           LedgerImage& image) {
  ExpiryResult result;
  bool any_change = false;
  for (LedgerEntry& entry : image.entries) {
    if (entry.stored.first_day >= horizon.first_day) continue;
    TEKMATCH_RETURN_IF_ERROR(ExpireKeys(run, horizon.first_day, entry));
    any_change = true;
  }
  // Exports and heard keys grow old by the day, as keys do.
  if (!any_change) return result;
  ForgetOldHeard(horizon.first_day, image);
  result.num_exports = ForgetOldExports(run, horizon, image.entries);
  TEKMATCH_RETURN_IF_ERROR(run.ledger.Rewrite(image.entries));
  // What they had of keys that were heard is not to stay in the -wal.
  TEKMATCH_ASSIGN_OR_RETURN(result.erased,
                            run.database.Checkpoint(kMaxEraseWait));
  return result;
}

}  // namespace tekmatch
