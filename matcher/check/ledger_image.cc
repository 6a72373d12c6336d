#include "matcher/check/ledger_image.h"

#include <algorithm>
#include <iterator>

#include "matcher/check/publication_order.h"

namespace tekmatch {

LedgerEntry* LedgerImage::Find(const Sha256Digest& digest) {
  const auto found = std::find_if(
      entries.begin(), entries.end(), [&](const LedgerEntry& entry) {
        return entry.stored.file.report.digests.sha256 == digest;
      });
  return found == entries.end() ? nullptr : &*found;
}

void LedgerImage::TakeHeard(const HashSet<Tek>& newly) {
  heard.insert(newly.begin(), newly.end());
  pending.insert(newly.begin(), newly.end());
}

bool LedgerImage::KnowsAll(const LedgerEntry& entry) const {
  // `heard` only grows while a check runs: as many are the same ones.
  const auto found = num_heard_when_read.find(entry.id);
  return found != num_heard_when_read.end() && found->second == heard.size();
}

void AddIfIn(const HashSet<Tek>& teks, const KeyBlock& block,
             std::set<DiagnosisKey>* keys) {
  if (teks.empty()) return;
  for (size_t i = 0; i < block.size(); ++i) {
    if (!teks.contains(block.teks()[i])) continue;
    keys->insert(block.key(i));
    // The least stay, in whatever order they come.
    if (keys->size() > kMostHeardOfExport) keys->erase(std::prev(keys->end()));
  }
}

void CountOwn(const KeyBlock& block, const OwnKeys& own,
              ValidityCounts* validities) {
  for (size_t i = 0; i < block.size(); ++i) {
    if (!own.of_all.contains(block.teks()[i])) continue;
    ++(*validities)[{block.rolling_starts()[i], block.rolling_periods()[i]}];
  }
}

std::optional<absl::Time> PublishedAt(const LedgerEntry& entry,
                                      absl::Time now) {
  const auto end = TimesOf(entry.stored.file.report.metadata).end_seconds;
  if (!end.has_value()) return std::nullopt;
  const absl::Time time = absl::FromUnixSeconds(*end);
  if (time > now + absl::Hours(24)) return std::nullopt;
  return time;
}

}  // namespace tekmatch
