// The plan:
//
//   records and blocks   27 bytes a sighting; a block's id and checksum
//   Add                  by interval: what is there is counted, the rest is one
//                        new block, or several where a block would be large
//   Read                 all blocks, in one state
//   Retain               the clock's rules, then deletion, see below
//   Status, ForgetEverything
//
// Deletion that leaves nothing. With secure_delete SQLite zeroes the cells and
// pages that it frees. But a page that gave cells to its neighbour, when the
// tree was balanced, may keep old copies of them in its gap, and those copies
// are not zeroed when the cells are deleted in their new place. So Retain takes
// what stays into memory, empties the table (which frees, and zeroes, every
// page), and adds it again in ascending order, which only ever fills new pages
// at the end. That is one transaction. Then the checkpoint carries the zeroes
// into the database and cuts the -wal, whose frames still had everything.
#include "matcher/store/sighting_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/status_macros.h"
#include "matcher/join/sighting_index.h"
#include "matcher/store/meta.h"
#include "matcher/store/schema.h"
#include "matcher/store/wipe.h"

namespace tekmatch {
namespace {

constexpr char kCount[] = "sightings";
constexpr char kGeneration[] = "generation";
constexpr char kClock[] = "clock";
constexpr char kPendingClock[] = "pending_clock";

constexpr int64_t kDaySeconds = int64_t{24} * 3600;
constexpr int64_t kMaxClockStep = 2 * kDaySeconds;

// ------------------------------------------------------ records and blocks

constexpr size_t kRecordBytes = 27;
constexpr size_t kRpiAt = 2;
constexpr size_t kAemAt = 18;
constexpr size_t kRssiAt = 22;
constexpr size_t kPreviousAt = 23;

// Of a block; larger ones would only be more to read for one more sighting.
constexpr size_t kMaxRecords = 4096;

constexpr int64_t kMaxSerial = 0xFFFFFFFF;

int64_t BlockId(int64_t interval, int64_t serial) {
  return interval << 32 | serial;
}
int64_t IntervalOf(int64_t id) { return id >> 32; }

// The interval is kept beside the bytes; together they are the sighting.
struct Record {
  int64_t interval;
  std::array<uint8_t, kRecordBytes> bytes;

  auto operator<=>(const Record&) const = default;
};

Record ToRecord(const Sighting& sighting) {
  Record record;
  record.interval = sighting.unix_seconds / kIntervalSeconds;
  const auto second =
      static_cast<uint16_t>(sighting.unix_seconds % kIntervalSeconds);
  uint8_t* const bytes = record.bytes.data();
  bytes[0] = static_cast<uint8_t>(second >> 8);
  bytes[1] = static_cast<uint8_t>(second);
  std::memcpy(bytes + kRpiAt, sighting.rpi.bytes.data(), kRpiBytes);
  std::memcpy(bytes + kAemAt, sighting.aem.bytes.data(), kAemBytes);
  bytes[kRssiAt] = static_cast<uint8_t>(static_cast<int8_t>(sighting.rssi));
  const uint32_t previous = sighting.seconds_since_previous_scan;
  for (size_t i = 0; i < 4; ++i) {
    bytes[kPreviousAt + i] = static_cast<uint8_t>(previous >> (24 - 8 * i));
  }
  return record;
}

Sighting ToSighting(int64_t interval, const uint8_t* bytes) {
  Sighting sighting;
  sighting.unix_seconds =
      interval * kIntervalSeconds + (bytes[0] << 8 | bytes[1]);
  std::memcpy(sighting.rpi.bytes.data(), bytes + kRpiAt, kRpiBytes);
  std::memcpy(sighting.aem.bytes.data(), bytes + kAemAt, kAemBytes);
  // The low byte, with its sign.
  sighting.rssi = static_cast<int16_t>(
      bytes[kRssiAt] < 0x80 ? bytes[kRssiAt] : bytes[kRssiAt] - 0x100);
  uint32_t previous = 0;
  for (size_t i = 0; i < 4; ++i) {
    previous = previous << 8 | bytes[kPreviousAt + i];
  }
  sighting.seconds_since_previous_scan = previous;
  return sighting;
}

// Of accidents, not of attackers: each step is a bijection of the state and of
// the word, so damage within eight bytes is always noticed, and other damage
// but for one time in 2^64.
int64_t Checksum(int64_t id, absl::Span<const uint8_t> bytes) {
  constexpr uint64_t kOdd = 0x9E3779B97F4A7C15;
  uint64_t state = static_cast<uint64_t>(id) * kOdd + bytes.size();
  const auto take = [&state](uint64_t word) {
    state = (state ^ word) * kOdd;
    state ^= state >> 32;
  };
  while (bytes.size() >= sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof(word));
    take(word);
    bytes.remove_prefix(sizeof(word));
  }
  uint64_t rest = 0;
  if (!bytes.empty()) std::memcpy(&rest, bytes.data(), bytes.size());
  take(rest);
  return static_cast<int64_t>(state);
}

// A row of: SELECT id, num, checksum, records.
struct Block {
  int64_t id;
  absl::Span<const uint8_t> records;  // the statement's, until its next Step

  size_t size() const { return records.size() / kRecordBytes; }
  const uint8_t* record(size_t i) const {
    return records.data() + i * kRecordBytes;
  }
};

absl::StatusOr<Block> CheckedBlock(const Database& database,
                                   const Statement& row) {
  const Block block = {.id = row.Int64(0), .records = row.Blob(3)};
  const bool is_whole =
      !block.records.empty() &&
      block.records.size() ==
          static_cast<uint64_t>(row.Int64(1)) * kRecordBytes &&
      Checksum(block.id, block.records) == row.Int64(2);
  if (!is_whole) return database.Damaged("sightings are not what was added");
  return block;
}

// The range of ids of an interval: BETWEEN ?1 AND ?2.
void BindInterval(Statement& statement, int64_t interval) {
  statement.BindInt64(1, BlockId(interval, 0))
      .BindInt64(2, BlockId(interval, kMaxSerial));
}

constexpr char kInsert[] =
    "INSERT INTO sightings(id, num, checksum, records) VALUES(?1, ?2, ?3, ?4)";

absl::Status InsertBlock(Statement& insert, int64_t id,
                         absl::Span<const uint8_t> records) {
  return insert.BindInt64(1, id)
      .BindInt64(2, static_cast<int64_t>(records.size() / kRecordBytes))
      .BindInt64(3, Checksum(id, records))
      .BindBlob(4, records)
      .Run();
}

// ------------------------------------------------------------------ helpers

absl::StatusOr<int64_t> NumberOrZero(Database& database,
                                     absl::string_view name) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> number,
                            GetNumber(database, name));
  if (number.value_or(0) < 0) {
    return database.Damaged("a count is negative");
  }
  return number.value_or(0);
}

absl::StatusOr<int64_t> QueryNumber(Database& database, absl::string_view sql) {
  TEKMATCH_ASSIGN_OR_RETURN(Statement select, database.Prepare(sql));
  TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row) return database.Damaged("does not answer");
  return select.Int64(0);
}

// No more sightings than there is room for: what is to be reserved for a count
// that was damaged has to stay within the file's size.
absl::Status CheckRoomFor(Database& database, int64_t num_sightings) {
  TEKMATCH_ASSIGN_OR_RETURN(const int64_t pages,
                            QueryNumber(database, "PRAGMA page_count"));
  TEKMATCH_ASSIGN_OR_RETURN(const int64_t page_bytes,
                            QueryNumber(database, "PRAGMA page_size"));
  if (num_sightings < 0 ||
      num_sightings > pages * page_bytes / static_cast<int64_t>(kRecordBytes)) {
    return database.Damaged("counts more sightings than it has room for");
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> ClockSeconds(absl::Time now) {
  const int64_t seconds = absl::ToUnixSeconds(now);
  if (seconds < 0 || seconds > kMaxHeardSeconds) {
    return absl::InvalidArgumentError(
        "the present time is before 1970 or after 2099");
  }
  return seconds;
}

// Calls `work`, which may run out of memory.
template <typename Work>
auto WithoutThrowing(const Database& database, const Work& work)
    -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError(
        absl::StrCat(database.path(), ": there is not enough memory"));
  } catch (const std::length_error&) {
    return absl::ResourceExhaustedError(
        absl::StrCat(database.path(), ": there is not enough memory"));
  }
}

// ---------------------------------------------------------------------- Add

// What is new of one interval's records (sorted, not empty): how often each is
// there already is counted, and as many are left out. Appends to `fresh`.
absl::Status AppendNew(Database& database, Statement& select,
                       absl::Span<const Record> records,
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
    const absl::StatusOr<Block> block = CheckedBlock(database, select);
    if (!block.ok()) {
      select.Reset();
      return block.status();
    }
    for (size_t i = 0; i < block->size(); ++i) {
      const uint8_t* const there = block->record(i);
      const auto first = std::lower_bound(
          records.begin(), records.end(), there,
          [](const Record& record, const uint8_t* bytes) {
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
                                    absl::Span<const Record> records) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database.Prepare("SELECT id, num, checksum, records FROM sightings "
                       "WHERE id BETWEEN ?1 AND ?2"));
  TEKMATCH_ASSIGN_OR_RETURN(Statement insert, database.Prepare(kInsert));
  TEKMATCH_ASSIGN_OR_RETURN(int64_t serial,
                            NumberOrZero(database, kGeneration));
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
                            NumberOrZero(database, kCount));
  TEKMATCH_RETURN_IF_ERROR(
      SetNumber(database, kCount, count + static_cast<int64_t>(num_added)));
  TEKMATCH_RETURN_IF_ERROR(SetNumber(database, kGeneration, serial));
  return num_added;
}

// ------------------------------------------------------------------- Retain

// The rules of ClockJump, and what they have to remember.
absl::StatusOr<ClockJump> LookAtClock(Database& database, int64_t now) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> last,
                            GetNumber(database, kClock));
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> pending,
                            GetNumber(database, kPendingClock));
  if (last.has_value() && now > *last + kMaxClockStep) {
    const bool was_right = pending.has_value() && now >= *pending &&
                           now <= *pending + kMaxClockStep;
    if (!was_right) {
      TEKMATCH_RETURN_IF_ERROR(SetNumber(database, kPendingClock, now));
      return ClockJump::kForward;
    }
  }
  TEKMATCH_RETURN_IF_ERROR(SetNumber(database, kClock, now));
  TEKMATCH_RETURN_IF_ERROR(ForgetNumber(database, kPendingClock));
  const bool is_back = last.has_value() && now < *last - kMaxClockStep;
  return is_back ? ClockJump::kBack : ClockJump::kNone;
}

// How many sightings of the interval are before `seconds`.
absl::StatusOr<uint64_t> CountBefore(Database& database, int64_t interval,
                                     int64_t seconds) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database.Prepare("SELECT id, num, checksum, records FROM sightings "
                       "WHERE id BETWEEN ?1 AND ?2"));
  BindInterval(select, interval);
  uint64_t num_before = 0;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return num_before;
    TEKMATCH_ASSIGN_OR_RETURN(const Block block,
                              CheckedBlock(database, select));
    for (size_t i = 0; i < block.size(); ++i) {
      const Sighting sighting = ToSighting(interval, block.record(i));
      if (sighting.unix_seconds < seconds) ++num_before;
    }
  }
}

// The sum of `num` over ids below `id`, or from it on.
absl::StatusOr<int64_t> CountBlocks(Database& database, const char* side,
                                    int64_t id) {
  return QueryNumber(database,
                     absl::StrCat("SELECT coalesce(sum(num), 0) FROM sightings "
                                  "WHERE id ",
                                  side, " ", id));
}

// How many sightings are before `seconds`.
absl::StatusOr<uint64_t> CountAllBefore(Database& database, int64_t seconds) {
  if (seconds <= 0) return uint64_t{0};
  const int64_t interval = seconds / kIntervalSeconds;
  TEKMATCH_ASSIGN_OR_RETURN(const int64_t whole,
                            CountBlocks(database, "<", BlockId(interval, 0)));
  TEKMATCH_ASSIGN_OR_RETURN(const uint64_t border,
                            CountBefore(database, interval, seconds));
  return static_cast<uint64_t>(whole) + border;
}

// Writes the table anew without what is before `cutoff` (see the plan above).
absl::Status RewriteFrom(Database& database, int64_t cutoff, int64_t num_kept) {
  TEKMATCH_RETURN_IF_ERROR(CheckRoomFor(database, num_kept));
  struct Kept {
    int64_t id;
    size_t num_bytes;
  };
  std::vector<Kept> blocks;
  std::vector<uint8_t> records;
  records.reserve(static_cast<size_t>(num_kept) * kRecordBytes);
  const WipeAtEnd<uint8_t> wipe(records);
  {
    TEKMATCH_ASSIGN_OR_RETURN(
        Statement select,
        database.Prepare("SELECT id, num, checksum, records FROM sightings "
                         "WHERE id >= ?1 ORDER BY id"));
    const int64_t border = cutoff / kIntervalSeconds;
    select.BindInt64(1, BlockId(border, 0));
    while (true) {
      TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) break;
      TEKMATCH_ASSIGN_OR_RETURN(const Block block,
                                CheckedBlock(database, select));
      const size_t before = records.size();
      const int64_t interval = IntervalOf(block.id);
      for (size_t i = 0; i < block.size(); ++i) {
        const uint8_t* const record = block.record(i);
        if (interval == border &&
            ToSighting(interval, record).unix_seconds < cutoff) {
          continue;
        }
        records.insert(records.end(), record, record + kRecordBytes);
      }
      if (records.size() > before) {
        blocks.push_back({block.id, records.size() - before});
      }
    }
  }
  if (records.size() != static_cast<size_t>(num_kept) * kRecordBytes) {
    return database.Damaged("sightings are missing");
  }
  TEKMATCH_RETURN_IF_ERROR(database.Run("DELETE FROM sightings"));
  TEKMATCH_ASSIGN_OR_RETURN(Statement insert, database.Prepare(kInsert));
  absl::Span<const uint8_t> rest = records;
  for (const Kept& block : blocks) {
    TEKMATCH_RETURN_IF_ERROR(
        InsertBlock(insert, block.id, rest.subspan(0, block.num_bytes)));
    rest.remove_prefix(block.num_bytes);
  }
  return SetNumber(database, kCount, num_kept);
}

}  // namespace

absl::StatusOr<SightingStore> SightingStore::Create(Database& database,
                                                    absl::Duration retention) {
  if (retention < absl::ZeroDuration() || retention > kMaxRetention) {
    return absl::InvalidArgumentError("the retention is not in 0 to 3650 days");
  }
  return SightingStore(database, absl::ToInt64Seconds(retention));
}

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
                              GetNumber(*database_, kClock));
    // A clock far ahead is not believed before Retain does.
    const int64_t believed = clock.has_value()
                                 ? std::min(now_seconds, *clock + kMaxClockStep)
                                 : now_seconds;
    const int64_t cutoff = believed - retention_seconds_;
    AddedSightings added;
    std::vector<Record> records;
    records.reserve(sightings.size());
    const WipeAtEnd<Record> wipe(records);
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
      TEKMATCH_RETURN_IF_ERROR(SetNumber(*database_, kClock, now_seconds));
    }
    TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
    return added;
  });
}

absl::StatusOr<StoredSightings> SightingStore::Read(int64_t after_generation) {
  return WithoutThrowing(*database_, [&]() -> absl::StatusOr<StoredSightings> {
    std::optional<Transaction> transaction;
    if (!database_->in_transaction()) {
      TEKMATCH_ASSIGN_OR_RETURN(Transaction begun,
                                Transaction::BeginRead(*database_));
      transaction.emplace(std::move(begun));
    }
    StoredSightings stored;
    TEKMATCH_ASSIGN_OR_RETURN(stored.generation,
                              NumberOrZero(*database_, kGeneration));
    const bool is_all = after_generation <= 0;
    const std::string where = is_all ? std::string()
                                     : absl::StrCat(" WHERE (id & ", kMaxSerial,
                                                    ") > ", after_generation);
    int64_t count = 0;
    if (is_all) {
      TEKMATCH_ASSIGN_OR_RETURN(count, NumberOrZero(*database_, kCount));
    } else {
      TEKMATCH_ASSIGN_OR_RETURN(
          count, QueryNumber(
                     *database_,
                     absl::StrCat("SELECT coalesce(sum(num), 0) FROM sightings",
                                  where)));
    }
    TEKMATCH_RETURN_IF_ERROR(CheckRoomFor(*database_, count));
    TEKMATCH_ASSIGN_OR_RETURN(
        Statement select,
        database_->Prepare(absl::StrCat(
            "SELECT id, num, checksum, records FROM sightings", where)));
    std::vector<Sighting> sightings;
    sightings.reserve(static_cast<size_t>(count));
    absl::Status status;
    while (status.ok()) {
      const absl::StatusOr<bool> row = select.Step();
      status = row.status();
      if (!row.ok() || !*row) break;
      const absl::StatusOr<Block> block = CheckedBlock(*database_, select);
      status = block.status();
      if (!block.ok()) break;
      const int64_t interval = IntervalOf(block->id);
      if (sightings.size() + block->size() > static_cast<size_t>(count)) {
        status = database_->Damaged("sightings are too many");
        break;
      }
      for (size_t i = 0; i < block->size(); ++i) {
        sightings.push_back(ToSighting(interval, block->record(i)));
      }
    }
    if (status.ok() && sightings.size() != static_cast<size_t>(count)) {
      status = database_->Damaged("sightings are missing");
    }
    if (status.ok()) status = CheckHeard(sightings);
    if (!status.ok()) {
      const WipeAtEnd<Sighting> wipe(sightings);
      // What came out of the file is not the caller's.
      return absl::IsInvalidArgument(status)
                 ? database_->Damaged("a sighting is none")
                 : status;
    }
    stored.sightings = std::move(sightings);
    return stored;
  });
}

absl::StatusOr<int64_t> SightingStore::generation() {
  return NumberOrZero(*database_, kGeneration);
}

absl::StatusOr<RetentionResult> SightingStore::Retain(absl::Time now,
                                                      absl::Duration max_wait) {
  TEKMATCH_ASSIGN_OR_RETURN(const int64_t now_seconds, ClockSeconds(now));
  return WithoutThrowing(*database_, [&]() -> absl::StatusOr<RetentionResult> {
    RetentionResult result;
    {
      TEKMATCH_ASSIGN_OR_RETURN(
          Transaction transaction,
          Transaction::Begin(*database_, Durability::kFull));
      TEKMATCH_ASSIGN_OR_RETURN(result.clock,
                                LookAtClock(*database_, now_seconds));
      TEKMATCH_ASSIGN_OR_RETURN(int64_t count,
                                NumberOrZero(*database_, kCount));
      const int64_t cutoff = now_seconds - retention_seconds_;
      if (result.clock == ClockJump::kNone) {
        TEKMATCH_ASSIGN_OR_RETURN(result.num_removed,
                                  CountAllBefore(*database_, cutoff));
      }
      if (result.num_removed > 0) {
        count -= static_cast<int64_t>(result.num_removed);
        TEKMATCH_RETURN_IF_ERROR(RewriteFrom(*database_, cutoff, count));
      }
      TEKMATCH_ASSIGN_OR_RETURN(
          const uint64_t num_until_tomorrow,
          CountAllBefore(*database_, now_seconds + kDaySeconds + 1));
      if (num_until_tomorrow > static_cast<uint64_t>(count)) {
        return database_->Damaged("sightings are too many");
      }
      result.num_in_future = static_cast<uint64_t>(count) - num_until_tomorrow;
      TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
    }
    TEKMATCH_ASSIGN_OR_RETURN(result.erased, database_->Checkpoint(max_wait));
    return result;
  });
}

absl::StatusOr<StoreStatus> SightingStore::Status() {
  return WithoutThrowing(*database_, [&]() -> absl::StatusOr<StoreStatus> {
    StoreStatus status;
    std::optional<Transaction> transaction;
    if (!database_->in_transaction()) {
      TEKMATCH_ASSIGN_OR_RETURN(Transaction begun,
                                Transaction::BeginRead(*database_));
      transaction.emplace(std::move(begun));
    }
    TEKMATCH_ASSIGN_OR_RETURN(const int64_t count,
                              NumberOrZero(*database_, kCount));
    status.num_sightings = static_cast<uint64_t>(count);
    TEKMATCH_ASSIGN_OR_RETURN(status.generation,
                              NumberOrZero(*database_, kGeneration));
    TEKMATCH_ASSIGN_OR_RETURN(status.schema_version,
                              QueryNumber(*database_, "PRAGMA user_version"));
    TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> clock,
                              GetNumber(*database_, kClock));
    if (clock.has_value()) status.clock = absl::FromUnixSeconds(*clock);
    const auto day_of = [](int64_t id) {
      return absl::ToCivilDay(
          absl::FromUnixSeconds(IntervalOf(id) * kIntervalSeconds),
          absl::UTCTimeZone());
    };
    if (count > 0) {
      TEKMATCH_ASSIGN_OR_RETURN(
          const int64_t oldest,
          QueryNumber(*database_, "SELECT min(id) FROM sightings"));
      TEKMATCH_ASSIGN_OR_RETURN(
          const int64_t newest,
          QueryNumber(*database_, "SELECT max(id) FROM sightings"));
      status.oldest_day = day_of(oldest);
      status.newest_day = day_of(newest);
    }
    for (const char* suffix : {"", "-wal", "-shm"}) {
      struct stat info;
      if (stat((database_->path() + suffix).c_str(), &info) == 0) {
        status.bytes_on_disk += static_cast<uint64_t>(info.st_size);
      }
    }
    TEKMATCH_ASSIGN_OR_RETURN(status.set_aside,
                              Database::ListSetAside(database_->folder()));
    return status;
  });
}

absl::StatusOr<bool> ForgetEverything(Database& database,
                                      absl::Duration max_wait) {
  {
    TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                              Transaction::Begin(database, Durability::kFull));
    TEKMATCH_ASSIGN_OR_RETURN(const int64_t generation,
                              NumberOrZero(database, kGeneration));
    // Tables that refer to one another are emptied in any order.
    TEKMATCH_RETURN_IF_ERROR(database.Run("PRAGMA defer_foreign_keys = ON"));
    for (const SchemaObject& object : CurrentSchema().objects) {
      if (!object.is_table()) continue;
      TEKMATCH_RETURN_IF_ERROR(
          database.Run(absl::StrCat("DELETE FROM ", object.name)));
    }
    TEKMATCH_RETURN_IF_ERROR(SetNumber(database, kGeneration, generation));
    TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  }
  // Writes what is left, next to nothing, into new pages, and cuts the file.
  TEKMATCH_RETURN_IF_ERROR(database.Run("VACUUM"));
  TEKMATCH_RETURN_IF_ERROR(Database::EraseSetAside(database.folder()));
  return database.Checkpoint(max_wait);
}

}  // namespace tekmatch
