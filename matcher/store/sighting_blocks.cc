// Plan: A sighting to the bytes of a record and back; a block's checksum,
// and blocks in and out of the database; then numbers that the store keeps,
// each checked before it is believed.
#include "matcher/store/sighting_blocks.h"

#include <cstring>
#include <optional>

#include "keyformat/diagnosis_key.h"
#include "keyformat/status_macros.h"
#include "matcher/join/sighting.h"
#include "matcher/store/meta.h"

namespace tekmatch {
namespace {

// Where the fields of a record begin; before them is the second.
constexpr size_t kRpiAt = 2;
constexpr size_t kAemAt = 18;
constexpr size_t kRssiAt = 22;
constexpr size_t kPreviousAt = 23;

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

}  // namespace

SightingRecord ToRecord(const Sighting& sighting) {
  SightingRecord record;
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

absl::StatusOr<SightingBlock> CheckedBlock(const Database& database,
                                           const Statement& row) {
  const SightingBlock block = {.id = row.Int64(0), .records = row.Blob(3)};
  const bool is_whole =
      !block.records.empty() &&
      block.records.size() ==
          static_cast<uint64_t>(row.Int64(1)) * kRecordBytes &&
      Checksum(block.id, block.records) == row.Int64(2);
  if (!is_whole) return database.Damaged("sightings are not what was added");
  return block;
}

void BindInterval(Statement& statement, int64_t interval) {
  statement.BindInt64(1, BlockId(interval, 0))
      .BindInt64(2, BlockId(interval, kMaxSerial));
}

absl::Status InsertBlock(Statement& insert, int64_t id,
                         absl::Span<const uint8_t> records) {
  return insert.BindInt64(1, id)
      .BindInt64(2, static_cast<int64_t>(records.size() / kRecordBytes))
      .BindInt64(3, Checksum(id, records))
      .BindBlob(4, records)
      .Run();
}

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

}  // namespace tekmatch
