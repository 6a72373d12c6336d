// The rows of the table `sightings` (sighting_store.h has its form): a sighting
// as 27 bytes and back, a block with its checksum, and the numbers of the table
// meta that go with them. For the sources of sighting_store.h alone.
//
// Errors: those of database.h; DATA_LOSS for a row that is not what was added,
// and for a number that cannot be.
#ifndef TEKMATCH_MATCHER_STORE_SIGHTING_BLOCKS_H_
#define TEKMATCH_MATCHER_STORE_SIGHTING_BLOCKS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <stdexcept>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "matcher/join/sighting.h"
#include "matcher/store/database.h"

namespace tekmatch {

// Names in the table meta.
inline constexpr char kSightingCount[] = "sightings";
inline constexpr char kSightingGeneration[] = "generation";
inline constexpr char kBelievedClock[] = "clock";

// What a clock can step ahead, or back, and still be believed at once.
inline constexpr int64_t kDaySeconds = int64_t{24} * 3600;
inline constexpr int64_t kMaxClockStep = 2 * kDaySeconds;

inline constexpr size_t kRecordBytes = 27;

// ------------------------------------------------------ a sighting's record

// The interval is kept beside the bytes; together they are the sighting.
struct SightingRecord {
  int64_t interval;
  std::array<uint8_t, kRecordBytes> bytes;

  auto operator<=>(const SightingRecord&) const = default;
};

// `sighting` is one that CheckHeard passes.
SightingRecord ToRecord(const Sighting& sighting);
// `bytes` are kRecordBytes.
Sighting ToSighting(int64_t interval, const uint8_t* bytes);

// ------------------------------------------------------------------ blocks

// Of the serial number of a block: the low half of its id.
inline constexpr int64_t kMaxSerial = 0xFFFFFFFF;

inline int64_t BlockId(int64_t interval, int64_t serial) {
  return interval << 32 | serial;
}
inline int64_t IntervalOf(int64_t id) { return id >> 32; }

// A row of: SELECT id, num, checksum, records.
struct SightingBlock {
  int64_t id;
  absl::Span<const uint8_t> records;  // the statement's, until its next Step

  size_t size() const { return records.size() / kRecordBytes; }
  const uint8_t* record(size_t i) const {
    return records.data() + i * kRecordBytes;
  }
};

// The block of a row; DATA_LOSS unless it is whole and fits its checksum.
absl::StatusOr<SightingBlock> CheckedBlock(const Database& database,
                                           const Statement& row);

// The range of ids of an interval: BETWEEN ?1 AND ?2.
void BindInterval(Statement& statement, int64_t interval);

inline constexpr char kInsertBlock[] =
    "INSERT INTO sightings(id, num, checksum, records) VALUES(?1, ?2, ?3, ?4)";

// `insert` is of kInsertBlock.
absl::Status InsertBlock(Statement& insert, int64_t id,
                         absl::Span<const uint8_t> records);

// ----------------------------------------------------------------- numbers

// Of the table meta; 0 where it was never set.
absl::StatusOr<int64_t> NumberOrZero(Database& database,
                                     absl::string_view name);

// The first column of the first row. DATA_LOSS where there is none.
absl::StatusOr<int64_t> QueryNumber(Database& database, absl::string_view sql);

// DATA_LOSS for more sightings than there is room for: what is to be reserved
// for a count that was damaged has to stay within the file's size.
absl::Status CheckRoomFor(Database& database, int64_t num_sightings);

// INVALID_ARGUMENT: before 1970 or after 2099.
absl::StatusOr<int64_t> ClockSeconds(absl::Time now);

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

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_STORE_SIGHTING_BLOCKS_H_
