// Plan: a connection and its options; what its status says; a check's options
// and its result; then the functions of the header, in its order.
//
// Structs that are written are looked at before anything is changed: a call
// with a wrong one must not add or remove sightings and then fail.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "keyformat/status_macros.h"
#include "matcher/api/call.h"
#include "matcher/api/check_arguments.h"
#include "matcher/api/result.h"
#include "matcher/api/tekmatch.h"
#include "matcher/check/check_lock.h"
#include "matcher/check/stored_check.h"
#include "matcher/store/database.h"
#include "matcher/store/sighting_store.h"

// In this order, as the sightings refer to the database.
struct tekmatch_store {
  std::unique_ptr<tekmatch::Database> database;
  std::optional<tekmatch::SightingStore> sightings;
  absl::Duration retention;
};

namespace tekmatch {
namespace {

absl::StatusOr<std::unique_ptr<tekmatch_store>> OpenStore(
    const char* folder, const tekmatch_store_options* given) {
  TEKMATCH_RETURN_IF_ERROR(NotNull(folder, "folder"));
  TEKMATCH_ASSIGN_OR_RETURN(const tekmatch_store_options options,
                            ReadStruct(given, "options"));
  // A reader that creates is a contradiction, and so both flags are refused.
  OpenMode mode = OpenMode::kExisting;
  switch (options.flags) {
    case 0:
      break;
    case TEKMATCH_STORE_CREATE:
      mode = OpenMode::kCreate;
      break;
    case TEKMATCH_STORE_READ_ONLY:
      mode = OpenMode::kReadOnly;
      break;
    default:
      return absl::InvalidArgumentError(
          "options.flags is neither of the two, nor 0");
  }
  auto store = std::make_unique<tekmatch_store>();
  store->retention = options.retention_seconds == 0
                         ? SightingStore::kDefaultRetention
                         : absl::Seconds(options.retention_seconds);
  if (store->retention < absl::ZeroDuration() ||
      store->retention > SightingStore::kMaxRetention) {
    return absl::InvalidArgumentError(
        "options.retention_seconds is not in 0 to ten years");
  }
  TEKMATCH_ASSIGN_OR_RETURN(store->database, Database::Open(folder, mode));
  TEKMATCH_ASSIGN_OR_RETURN(
      store->sightings,
      SightingStore::Create(*store->database, store->retention));
  return store;
}

tekmatch_date DateOrNone(const std::optional<absl::CivilDay>& day) {
  if (!day.has_value()) return {};
  return {.year = static_cast<int16_t>(day->year()),
          .month = static_cast<uint8_t>(day->month()),
          .day = static_cast<uint8_t>(day->day())};
}

// Two looks, between which another process may write: the numbers of sightings
// and those of exports then are of two moments, each right in itself.
absl::StatusOr<tekmatch_store_state> ReadState(tekmatch_store& store) {
  TEKMATCH_ASSIGN_OR_RETURN(const StoreStatus sightings,
                            store.sightings->Status());
  TEKMATCH_ASSIGN_OR_RETURN(const LedgerStatus ledger,
                            ReadLedgerStatus(*store.database));
  tekmatch_store_state state{};
  state.num_set_aside = static_cast<uint32_t>(sightings.set_aside.size());
  state.oldest_day = DateOrNone(sightings.oldest_day);
  state.newest_day = DateOrNone(sightings.newest_day);
  state.num_sightings = sightings.num_sightings;
  state.num_exports = ledger.num_exports;
  state.num_keys_kept = ledger.num_keys_kept;
  state.bytes_on_disk = sightings.bytes_on_disk;
  if (ledger.processed_until.has_value()) {
    state.processed_until = absl::ToUnixSeconds(*ledger.processed_until);
  }
  return state;
}

absl::StatusOr<StoredCheckOptions> ReadStoredOptions(
    const tekmatch_store& store, const tekmatch_store_check_options* given) {
  TEKMATCH_ASSIGN_OR_RETURN(const tekmatch_store_check_options read,
                            ReadStruct(given, "store_options"));
  if (read.drop_keys > 1 || read.max_milliseconds < 0) {
    return absl::InvalidArgumentError(
        "store_options: drop_keys is neither 0 nor 1, or max_milliseconds is "
        "negative");
  }
  StoredCheckOptions options;
  options.retention = store.retention;
  options.keep_keys = read.drop_keys == 0;
  if (read.max_milliseconds > 0) {
    options.max_time = absl::Milliseconds(read.max_milliseconds);
  }
  return options;
}

// FillResult, and what it says of the store.
std::unique_ptr<tekmatch_result> MakeResult(
    StoredCheckResult stored, const ExposureCheckOptions& options) {
  auto made = std::make_unique<tekmatch_result>();
  made->has_stored = true;
  made->stored.stopped = stored.stopped ? 1 : 0;
  made->stored.num_given = stored.given.size();
  made->stored.num_needed_again = stored.needed_again.size();
  made->stored.num_exports = stored.num_exports;
  made->stored.num_untrusted = stored.num_untrusted;
  made->stored.num_expired_exports = stored.num_expired_exports;
  for (GivenExport& given : stored.given) {
    made->given.emplace_back(std::move(given.path),
                             static_cast<tekmatch_given_state>(given.state));
  }
  made->needed_again = std::move(stored.needed_again);
  FillResult(std::move(stored.checked), options.config, *options.zone, *made);
  return made;
}

// The numbers of a store would all be zero in another result, which is not the
// same as a store that has nothing.
absl::Status IsOfStore(const tekmatch_result* result) {
  TEKMATCH_RETURN_IF_ERROR(NotNull(result, "result"));
  return result->has_stored ? absl::OkStatus()
                            : absl::FailedPreconditionError(
                                  "the result is not of tekmatch_store_check");
}

absl::Status IsPosition(size_t position, size_t num) {
  return position < num ? absl::OkStatus()
                        : absl::InvalidArgumentError(absl::StrCat(
                              "position is ", position, " of ", num));
}

}  // namespace
}  // namespace tekmatch

using tekmatch::Call;
using tekmatch::Destroy;
using tekmatch::NotNull;
using tekmatch::WriteStruct;

tekmatch_status tekmatch_store_open(tekmatch_store** store, const char* folder,
                                    const tekmatch_store_options* options,
                                    char* message, size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(NotNull(store, "store"));
    TEKMATCH_ASSIGN_OR_RETURN(std::unique_ptr<tekmatch_store> opened,
                              tekmatch::OpenStore(folder, options));
    *store = opened.release();
    return absl::OkStatus();
  });
}

void tekmatch_store_destroy(tekmatch_store* store) { Destroy(store); }

tekmatch_status tekmatch_store_set_aside(const char* folder, char* message,
                                         size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(NotNull(folder, "folder"));
    // A check would go on writing to the file that was renamed.
    TEKMATCH_ASSIGN_OR_RETURN(const tekmatch::CheckLock lock,
                              tekmatch::CheckLock::Take(folder));
    return tekmatch::Database::SetAside(folder).status();
  });
}

tekmatch_status tekmatch_store_add(tekmatch_added* added, tekmatch_store* store,
                                   const tekmatch_sighting* sightings,
                                   size_t num_sightings, int64_t now,
                                   char* message, size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(NotNull(store, "store"));
    TEKMATCH_RETURN_IF_ERROR(tekmatch::IsTime(now, "now"));
    tekmatch_added row{};
    if (added != nullptr) {
      TEKMATCH_RETURN_IF_ERROR(tekmatch::ReadStruct(added, "added").status());
    }
    TEKMATCH_ASSIGN_OR_RETURN(
        const std::vector<tekmatch::Sighting> read,
        tekmatch::ReadSightings(sightings, num_sightings));
    TEKMATCH_ASSIGN_OR_RETURN(
        const tekmatch::AddedSightings done,
        store->sightings->Add(read, absl::FromUnixSeconds(now)));
    if (added == nullptr) return absl::OkStatus();
    row.num_added = done.num_added;
    row.num_known = done.num_known;
    row.num_too_old = done.num_too_old;
    row.num_in_future = done.num_in_future;
    return WriteStruct(row, added, "added");
  });
}

tekmatch_status tekmatch_store_retain(tekmatch_retained* retained,
                                      tekmatch_store* store, int64_t now,
                                      char* message, size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(NotNull(store, "store"));
    TEKMATCH_RETURN_IF_ERROR(tekmatch::IsTime(now, "now"));
    if (retained != nullptr) {
      TEKMATCH_RETURN_IF_ERROR(
          tekmatch::ReadStruct(retained, "retained").status());
    }
    TEKMATCH_ASSIGN_OR_RETURN(
        const tekmatch::RetentionResult done,
        store->sightings->Retain(absl::FromUnixSeconds(now)));
    if (retained == nullptr) return absl::OkStatus();
    tekmatch_retained row{};
    row.clock_jump = static_cast<int32_t>(done.clock);
    row.erased = done.erased ? 1 : 0;
    row.num_removed = done.num_removed;
    row.num_in_future = done.num_in_future;
    return WriteStruct(row, retained, "retained");
  });
}

tekmatch_status tekmatch_store_forget(int32_t* erased, tekmatch_store* store,
                                      char* message, size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(NotNull(erased, "erased"));
    TEKMATCH_RETURN_IF_ERROR(NotNull(store, "store"));
    // A check that runs would put back what it has in memory.
    TEKMATCH_ASSIGN_OR_RETURN(
        const tekmatch::CheckLock lock,
        tekmatch::CheckLock::Take(store->database->folder()));
    TEKMATCH_ASSIGN_OR_RETURN(const bool gone,
                              tekmatch::ForgetEverything(*store->database));
    *erased = gone ? 1 : 0;
    return absl::OkStatus();
  });
}

tekmatch_status tekmatch_store_status(tekmatch_store_state* state,
                                      tekmatch_store* store, char* message,
                                      size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(NotNull(store, "store"));
    TEKMATCH_ASSIGN_OR_RETURN(const tekmatch_store_state read,
                              tekmatch::ReadState(*store));
    return WriteStruct(read, state, "state");
  });
}

tekmatch_status tekmatch_store_check(
    tekmatch_result** result, tekmatch_store* store,
    const tekmatch_trust* trust, const tekmatch_source* sources,
    size_t num_sources, const tekmatch_check_options* options,
    const tekmatch_store_check_options* store_options, char* message,
    size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(NotNull(result, "result"));
    TEKMATCH_RETURN_IF_ERROR(NotNull(store, "store"));
    TEKMATCH_ASSIGN_OR_RETURN(
        tekmatch::CheckArguments read,
        tekmatch::ReadCheckArguments(trust, sources, num_sources, options));
    TEKMATCH_ASSIGN_OR_RETURN(
        tekmatch::StoredCheckOptions stored_options,
        tekmatch::ReadStoredOptions(*store, store_options));
    stored_options.check = std::move(read.options);
    TEKMATCH_ASSIGN_OR_RETURN(
        tekmatch::StoredCheckResult stored,
        tekmatch::CheckStored(*store->database, read.names, stored_options));
    *result =
        tekmatch::MakeResult(std::move(stored), stored_options.check).release();
    return absl::OkStatus();
  });
}

tekmatch_status tekmatch_result_stored(tekmatch_stored* stored,
                                       const tekmatch_result* result,
                                       char* message, size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(tekmatch::IsOfStore(result));
    return WriteStruct(result->stored, stored, "stored");
  });
}

tekmatch_status tekmatch_result_given(tekmatch_given* given,
                                      const tekmatch_result* result,
                                      size_t position, char* message,
                                      size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(tekmatch::IsOfStore(result));
    TEKMATCH_RETURN_IF_ERROR(
        tekmatch::IsPosition(position, result->given.size()));
    tekmatch_given row{};
    row.name = result->given[position].first.c_str();
    row.state = result->given[position].second;
    return WriteStruct(row, given, "given");
  });
}

tekmatch_status tekmatch_result_needed_again(const char** name,
                                             const tekmatch_result* result,
                                             size_t position, char* message,
                                             size_t message_bytes) {
  return Call(message, message_bytes, [&]() -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(NotNull(name, "name"));
    TEKMATCH_RETURN_IF_ERROR(tekmatch::IsOfStore(result));
    TEKMATCH_RETURN_IF_ERROR(
        tekmatch::IsPosition(position, result->needed_again.size()));
    *name = result->needed_again[position].c_str();
    return absl::OkStatus();
  });
}
