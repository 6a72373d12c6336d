// Plan of Add: what was given is sorted as records, and taken interval by
// interval. What the interval's blocks have already is counted and left out;
// the rest is one new block, or several where a block would be large. All of it
// is one transaction, with the count and the generation.
#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "matcher/join/sighting_index.h"
#include "matcher/store/meta.h"
#include "matcher/store/sighting_blocks.h"
#include "matcher/store/sighting_store.h"
#include "matcher/store/wipe.h"

namespace tekmatch {
namespace {

// Of a block; larger ones would only be more to read for one more sighting.
constexpr size_t kMaxRecords = 4096;

// What is new of one interval's records (sorted, not empty): how often each is
// there already is counted, and as many are left out. Appends to `fresh`.
absl::Status AppendNew(Database& database, Statement& select,
                       absl::Span<const SightingRecord> records,
                       std::vector<uint8_t>& fresh) {
  // Of each distinct record, at the place of its first copy.
  std::vector<uint32_t> num_there(records.size());
  BindInterval(select, records[0].interval);
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) break;
    // Records are sorted in a block too, and most blocks are of other seconds:
    // they are passed over as cheaply as that is seen.
    const absl::Span<const uint8_t> bytes = select.Blob(3);
    const bool is_elsewhere =
        bytes.size() >= kRecordBytes &&
        (std::memcmp(bytes.data() + bytes.size() - kRecordBytes,
                     records.front().bytes.data(), kRecordBytes) < 0 ||
         std::memcmp(bytes.data(), records.back().bytes.data(), kRecordBytes) >
             0);
    if (is_elsewhere) continue;
    const absl::StatusOr<SightingBlock> block = CheckedBlock(database, select);
    if (!block.ok()) {
      select.Reset();
      return block.status();
    }
    for (size_t i = 0; i < block->size(); ++i) {
      const uint8_t* const there = block->record(i);
      const auto first = std::lower_bound(
          records.begin(), records.end(), there,
          [](const SightingRecord& record, const uint8_t* bytes) {
            return std::memcmp(record.bytes.data(), bytes, kRecordBytes) < 0;
          });
      if (first == records.end() ||
          std::memcmp(first->bytes.data(), there, kRecordBytes) != 0) {
        continue;
      }
      ++num_there[static_cast<size_t>(first - records.begin())];
    }
  }
  for (size_t first = 0; first < records.size();) {
    size_t end = first + 1;
    while (end < records.size() && records[end] == records[first]) ++end;
    const size_t num_known = std::min<size_t>(num_there[first], end - first);
    for (size_t i = first + num_known; i < end; ++i) {
      fresh.insert(fresh.end(), records[i].bytes.begin(),
                   records[i].bytes.end());
    }
    first = end;
  }
  return absl::OkStatus();
}

// Adds sorted records. Returns how many were new.
absl::StatusOr<uint64_t> AddRecords(Database& database,
                                    absl::Span<const SightingRecord> records) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database.Prepare("SELECT id, num, checksum, records FROM sightings "
                       "WHERE id BETWEEN ?1 AND ?2"));
  TEKMATCH_ASSIGN_OR_RETURN(Statement insert, database.Prepare(kInsertBlock));
  TEKMATCH_ASSIGN_OR_RETURN(int64_t serial,
                            NumberOrZero(database, kSightingGeneration));
  uint64_t num_added = 0;
  std::vector<uint8_t> fresh;
  fresh.reserve(records.size() * kRecordBytes);
  const WipeAtEnd<uint8_t> wipe(fresh);
  for (size_t first = 0; first < records.size();) {
    const int64_t interval = records[first].interval;
    size_t end = first + 1;
    while (end < records.size() && records[end].interval == interval) ++end;
    fresh.clear();
    TEKMATCH_RETURN_IF_ERROR(AppendNew(
        database, select, records.subspan(first, end - first), fresh));
    absl::Span<const uint8_t> rest = fresh;
    while (!rest.empty()) {
      if (serial >= kMaxSerial) {
        return absl::ResourceExhaustedError(
            absl::StrCat(database.path(), ": holds no more blocks"));
      }
      const absl::Span<const uint8_t> part =
          rest.subspan(0, kMaxRecords * kRecordBytes);
      TEKMATCH_RETURN_IF_ERROR(
          InsertBlock(insert, BlockId(interval, ++serial), part));
      num_added += part.size() / kRecordBytes;
      rest.remove_prefix(part.size());
    }
    first = end;
  }
  if (num_added == 0) return num_added;
  TEKMATCH_ASSIGN_OR_RETURN(const int64_t count,
                            NumberOrZero(database, kSightingCount));
  TEKMATCH_RETURN_IF_ERROR(SetNumber(database, kSightingCount,
                                     count + static_cast<int64_t>(num_added)));
  TEKMATCH_RETURN_IF_ERROR(SetNumber(database, kSightingGeneration, serial));
  return num_added;
}

}  // namespace

absl::StatusOr<AddedSightings> SightingStore::Add(
    absl::Span<const Sighting> sightings, absl::Time now) {
  TEKMATCH_RETURN_IF_ERROR(CheckHeard(sightings));
  for (size_t i = 0; i < sightings.size(); ++i) {
    if (sightings[i].store != 0 || sightings[i].device != 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "sighting ", i, ": a store holds those of one device and one store, ",
          "number 0"));
    }
  }
  TEKMATCH_ASSIGN_OR_RETURN(const int64_t now_seconds, ClockSeconds(now));
  return WithoutThrowing(*database_, [&]() -> absl::StatusOr<AddedSightings> {
    TEKMATCH_ASSIGN_OR_RETURN(
        Transaction transaction,
        Transaction::Begin(*database_, Durability::kNormal));
    TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> clock,
                              GetNumber(*database_, kBelievedClock));
    // A clock far ahead is not believed before Retain does.
    const int64_t believed = clock.has_value()
                                 ? std::min(now_seconds, *clock + kMaxClockStep)
                                 : now_seconds;
    const int64_t cutoff = believed - retention_seconds_;
    AddedSightings added;
    std::vector<SightingRecord> records;
    records.reserve(sightings.size());
    const WipeAtEnd<SightingRecord> wipe(records);
    for (const Sighting& sighting : sightings) {
      if (sighting.unix_seconds < cutoff) {
        ++added.num_too_old;
      } else {
        records.push_back(ToRecord(sighting));
      }
    }
    std::sort(records.begin(), records.end());
    TEKMATCH_ASSIGN_OR_RETURN(added.num_added, AddRecords(*database_, records));
    added.num_known = records.size() - added.num_added;
    // Of what was given; which of equal ones are new does not matter.
    for (const Sighting& sighting : sightings) {
      if (sighting.unix_seconds > now_seconds + kDaySeconds) {
        ++added.num_in_future;
      }
    }
    if (!clock.has_value() ||
        (now_seconds > *clock && now_seconds == believed)) {
      TEKMATCH_RETURN_IF_ERROR(
          SetNumber(*database_, kBelievedClock, now_seconds));
    }
    TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
    return added;
  });
}

}  // namespace tekmatch
