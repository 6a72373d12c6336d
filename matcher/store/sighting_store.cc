// Plan: the clock since boot; Create; Read; generation and Status;
// ForgetEverything. Here is what reads the store, or empties it. What adds is
// in sighting_adding.cc, what removes by age in sighting_retention.cc, and what
// a row is in sighting_blocks.h.
//
// Read trusts nothing in the file: each block has a checksum, the count in
// meta says whether a block is missing, and each sighting is checked as a given
// one is.
#include "matcher/store/sighting_store.h"

#include <sys/stat.h>
#include <time.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"
#include "matcher/join/sighting_index.h"
#include "matcher/store/meta.h"
#include "matcher/store/schema.h"
#include "matcher/store/sighting_blocks.h"
#include "matcher/store/wipe.h"

namespace tekmatch {

absl::Duration SinceBoot() {
#ifdef CLOCK_BOOTTIME
  constexpr clockid_t kClock = CLOCK_BOOTTIME;
#else
  constexpr clockid_t kClock = CLOCK_MONOTONIC;  // Darwin's runs in sleep, too
#endif
  struct timespec time = {};
  // Where there is no such clock, no time passes, and no jump is believed.
  if (clock_gettime(kClock, &time) != 0) return absl::ZeroDuration();
  return absl::DurationFromTimespec(time);
}

absl::StatusOr<SightingStore> SightingStore::Create(
    Database& database, absl::Duration retention,
    absl::Duration (*since_boot)()) {
  if (retention < absl::ZeroDuration() || retention > kMaxRetention) {
    return absl::InvalidArgumentError("the retention is not in 0 to 3650 days");
  }
  return SightingStore(database, absl::ToInt64Seconds(retention), since_boot);
}

absl::StatusOr<StoredSightings> SightingStore::Read(int64_t after_generation) {
  return WithoutThrowing(*database_, [&]() -> absl::StatusOr<StoredSightings> {
    // Generation, count and blocks have to be of one state. An Add between them
    // would be called damage, or its sightings would be given twice.
    std::optional<Transaction> transaction;
    if (!database_->in_transaction()) {
      TEKMATCH_ASSIGN_OR_RETURN(Transaction begun,
                                Transaction::BeginRead(*database_));
      transaction.emplace(std::move(begun));
    }
    StoredSightings stored;
    TEKMATCH_ASSIGN_OR_RETURN(stored.generation,
                              NumberOrZero(*database_, kSightingGeneration));
    const bool is_all = after_generation <= 0;
    const std::string where = is_all ? std::string()
                                     : absl::StrCat(" WHERE (id & ", kMaxSerial,
                                                    ") > ", after_generation);
    int64_t count = 0;
    if (is_all) {
      // This count is kept apart from the blocks, so it shows that one is
      // missing. For a part there is no such count, and the blocks' own tells
      // only how much room they need.
      TEKMATCH_ASSIGN_OR_RETURN(count,
                                NumberOrZero(*database_, kSightingCount));
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
    // The room is exact, and a block that does not fit is refused below: a
    // vector that grows would leave sightings in memory that is freed and not
    // wiped.
    sightings.reserve(static_cast<size_t>(count));
    absl::Status status;
    while (status.ok()) {
      const absl::StatusOr<bool> row = select.Step();
      status = row.status();
      if (!row.ok() || !*row) break;
      const absl::StatusOr<SightingBlock> block =
          CheckedBlock(*database_, select);
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
  return NumberOrZero(*database_, kSightingGeneration);
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
                              NumberOrZero(*database_, kSightingCount));
    status.num_sightings = static_cast<uint64_t>(count);
    TEKMATCH_ASSIGN_OR_RETURN(status.generation,
                              NumberOrZero(*database_, kSightingGeneration));
    TEKMATCH_ASSIGN_OR_RETURN(status.schema_version,
                              QueryNumber(*database_, "PRAGMA user_version"));
    TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> clock,
                              GetNumber(*database_, kBelievedClock));
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
      const std::string path = database_->path() + suffix;
      struct stat info;
      if (stat(path.c_str(), &info) == 0) {
        status.bytes_on_disk += static_cast<uint64_t>(info.st_size);
      } else if (errno != ENOENT) {
        return SystemError(errno, path);
      }
    }
    TEKMATCH_ASSIGN_OR_RETURN(status.set_aside,
                              Database::ListSetAside(database_->folder()));
    return status;
  });
}

absl::StatusOr<bool> ForgetEverything(Database& database,
                                      absl::Duration max_wait) {
  // The order is for a kill at any point: first the tables are empty, durably,
  // then the traces go. Whatever was cut, another call completes it. The block
  // ends the transaction, as VACUUM needs.
  {
    TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                              Transaction::Begin(database, Durability::kFull));
    TEKMATCH_ASSIGN_OR_RETURN(const int64_t generation,
                              NumberOrZero(database, kSightingGeneration));
    // Tables that refer to one another are emptied in any order.
    TEKMATCH_RETURN_IF_ERROR(database.Run("PRAGMA defer_foreign_keys = ON"));
    for (const SchemaObject& object : CurrentSchema().objects) {
      if (!object.is_table()) continue;
      TEKMATCH_RETURN_IF_ERROR(
          database.Run(absl::StrCat("DELETE FROM ", object.name)));
    }
    // In the same transaction: were it 0 after a kill, a reader that remembers
    // a generation would miss what is added next.
    TEKMATCH_RETURN_IF_ERROR(
        SetNumber(database, kSightingGeneration, generation));
    TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  }
  // Writes what is left, next to nothing, into new pages, and cuts the file.
  TEKMATCH_RETURN_IF_ERROR(database.Run("VACUUM"));
  TEKMATCH_RETURN_IF_ERROR(Database::EraseSetAside(database.folder()));
  // Last, as the -wal has the old pages, and those that VACUUM wrote.
  return database.Checkpoint(max_wait);
}

}  // namespace tekmatch
