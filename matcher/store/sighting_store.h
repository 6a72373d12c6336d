// The sightings of one device at rest, in a Database. Their table is made so
// that a batch from a scan is cheap to add, that all of them are read at once
// into an index (sighting_index.h), and that what was deleted is gone:
//
//   sightings(id, num, checksum, records)      a row is a block
//   id        interval << 32 | serial: the ten minutes in which its sightings
//             were heard, and the place of the block among all that were ever
//             added. So blocks of one time lie together.
//   records   `num` sightings of 27 bytes: second in the interval (2 bytes),
//             RPI, AEM, RSSI (1), seconds since the previous scan (4)
//   checksum  of id and records: a byte that flipped is noticed
//
// A million are read in 0.05 s of an AMD EPYC (Zen 5), and 20,000 in 0.7 ms; a
// row a sighting would take two to three times as long, and have no checksums
// (docs/store.md has what was tried).
//
// Of a sighting's arrival only its block's serial is kept, and no time.
//
// Errors, beside those of database.h:
//   INVALID_ARGUMENT     what was given (each function says what)
//   FAILED_PRECONDITION  writing in a transaction of the same connection, or
//                        in a database that is open for reading only
//   DATA_LOSS            a block that is not what was added
#ifndef TEKMATCH_MATCHER_STORE_SIGHTING_STORE_H_
#define TEKMATCH_MATCHER_STORE_SIGHTING_STORE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "matcher/join/sighting.h"
#include "matcher/store/database.h"

namespace tekmatch {

struct AddedSightings {
  uint64_t num_added = 0;
  uint64_t num_known = 0;      // were there already
  uint64_t num_too_old = 0;    // not added: older than the retention
  uint64_t num_in_future = 0;  // of those given: more than a day after `now`
};

struct StoredSightings {
  std::vector<Sighting> sightings;  // ascending by interval
  // Sightings added after this reading have later generations.
  int64_t generation = 0;
};

// What the clock did since it was last looked at.
enum class ClockJump {
  kNone,
  // More than two days ahead. Nothing was removed. Once kConfirmAfter is over,
  // a call with a time that went on as far, or up to two days farther, takes it
  // for right: the phone was off, or nobody opened the store. Until then it is
  // this again.
  kForward,
  // More than two days back. Nothing was removed. This is the time from now on.
  kBack,
};

struct RetentionResult {
  uint64_t num_removed = 0;
  uint64_t num_in_future = 0;  // of those kept: more than a day after `now`
  ClockJump clock = ClockJump::kNone;
  // Whether what was removed, by this call or an earlier one, is gone from all
  // files. false: another connection was reading; the next call completes it.
  bool erased = false;
};

struct StoreStatus {
  uint64_t num_sightings = 0;
  // Of the sightings, in UTC; nullopt without any.
  std::optional<absl::CivilDay> oldest_day;
  std::optional<absl::CivilDay> newest_day;
  int64_t generation = 0;
  int64_t schema_version = 0;
  uint64_t bytes_on_disk = 0;          // database, -wal and -shm
  std::optional<absl::Time> clock;     // the last that was believed
  std::vector<std::string> set_aside;  // paths (Database::SetAside)
};

// Since the device was started, with the time in which it slept.
absl::Duration SinceBoot();

class SightingStore {
 public:
  static constexpr absl::Duration kDefaultRetention = absl::Hours(14 * 24);
  static constexpr absl::Duration kMaxRetention = absl::Hours(3650 * 24);
  // How long a clock that is far ahead has to stay so before it is believed. It
  // is measured by what runs since the device was started, which nobody sets.
  static constexpr absl::Duration kConfirmAfter = absl::Hours(1);

  // Over `database`, which outlives it. INVALID_ARGUMENT: `retention` is not in
  // 0..kMaxRetention.
  static absl::StatusOr<SightingStore> Create(
      Database& database, absl::Duration retention = kDefaultRetention,
      absl::Duration (*since_boot)() = SinceBoot);  // another is for tests

  // Adds what is not there yet, in one transaction: all or nothing of a call is
  // there after a kill; a loss of power may undo the last calls. Giving the
  // same again changes nothing: of n exactly equal sightings in one call, and m
  // of them that are there, max(0, n - m) are added. Not added is what is older
  // than the retention, by `now`, or by the last clock that was believed where
  // that is more than two days earlier. INVALID_ARGUMENT, and nothing is added:
  // what CheckHeard refuses; a `store` or `device` that is not 0; a `now`
  // before 1970 or after 2099.
  absl::StatusOr<AddedSightings> Add(absl::Span<const Sighting> sightings,
                                     absl::Time now);

  // All sightings of later generations than `after_generation`; with 0 all that
  // there are, of which it is known that none is missing. One state, also when
  // others write. Inside a transaction of the caller's it is that one's state.
  // The caller wipes them.
  absl::StatusOr<StoredSightings> Read(int64_t after_generation = 0);

  // Grows with each Add that added something, and never falls, not by Retain
  // and not by ForgetEverything. 0 before the first.
  absl::StatusOr<int64_t> generation();

  // Removes what is older than `now` less the retention, and overwrites it in
  // the database and in its -wal. A clock that jumped (ClockJump) removes
  // nothing. `max_wait`: how long to wait for other connections that read.
  // `goes_on`, if not empty, is asked now and then; its error ends the call and
  // is returned, and then nothing was removed.
  // INVALID_ARGUMENT: `now` is before 1970 or after 2099.
  absl::StatusOr<RetentionResult> Retain(
      absl::Time now, absl::Duration max_wait = absl::Seconds(1),
      const std::function<absl::Status()>& goes_on = {});

  absl::StatusOr<StoreStatus> Status();

 private:
  SightingStore(Database& database, int64_t retention_seconds,
                absl::Duration (*since_boot)())
      : database_(&database),
        retention_seconds_(retention_seconds),
        since_boot_(since_boot) {}

  Database* database_;
  int64_t retention_seconds_;
  absl::Duration (*since_boot_)();
};

// Empties all tables of the database, the ledger's too, and overwrites what was
// in them; then does so with what was set aside, and deletes that. Only the
// generation stays, so that a reader that remembers one is not misled. Returns
// whether it is gone from all files: false where another connection reads; to
// call it again then completes it.
absl::StatusOr<bool> ForgetEverything(
    Database& database, absl::Duration max_wait = absl::Seconds(5));

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_STORE_SIGHTING_STORE_H_
