// What a phone keeps, beside the sightings and the ledger of checks in
// tekmatch.sqlite (matcher/store): own keys, settings, a registration that is
// under way, and what the last check found; in phone.sqlite.
//
//   meta         numbers by name: exposure notification on or off, consent, the
//                day of registration, wrong numbers and until when to wait, the
//                day and the outcome of the last check, when the attempt began
//   own_key      the keys that this phone sent out, of the last 14 days and
//                today
//   attempt      the idempotency key of a request whose answer is not known
//   attempt_key  the keys of that request: whoever sends it again sends the
//                same
//   finding      of each day with a contact: how many keys, how many sightings
//   region       what was fetched: `created` of the newest export, ETag of the
//                list
//
// Never here: the processing number, symptoms, the date that was entered. They
// are in memory (phone.h).
//
// What is deleted is overwritten (SQLite's secure_delete), and gone from the
// -wal once the connection is closed.
//
// Errors are those of matcher/store/database.h. For one thread at a time.
#ifndef TEKMATCH_REGISTRATION_PHONE_PHONE_STORE_H_
#define TEKMATCH_REGISTRATION_PHONE_PHONE_STORE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/exposure/match_counts.h"
#include "matcher/store/database.h"

namespace tekmatch {

// Own keys stay until so long after their start.
inline constexpr absl::Duration kOwnKeyRetention = absl::Hours(24 * 15);
// The server forgets requests after 24 hours (REGISTRATION section 3). From
// then on its idempotency key protects nobody, and the keys of that day are no
// longer all that there is to send.
inline constexpr absl::Duration kAttemptRetention = absl::Hours(24);

struct PhoneSettings {
  bool notification_on = true;  // of exposures
  bool consented = false;       // to the registration that is under way
  std::optional<absl::CivilDay> registered_on;
  int64_t num_keys_sent = 0;
  int64_t num_wrong = 0;  // numbers, since the last success
  std::optional<absl::Time> wait_until;
};

// A request that was sent, or is about to be, and has no answer yet.
struct Attempt {
  std::string idempotency_key;
  std::vector<DiagnosisKey> keys;
  absl::Time begun_at;  // in milliseconds
};

enum class CheckState : uint8_t {
  kNever,
  kComplete,
  kNothingCompared,  // no keys or no sightings: no all-clear
  kIncomplete,       // an export was refused or not read: no all-clear
  kUnreachable,      // the list or an export could not be fetched
};

struct StoredFindings {
  CheckState state = CheckState::kNever;
  std::optional<absl::CivilDay> checked_on;  // the last complete check
  std::vector<DateCount> days;               // of that check, ascending
};

struct FetchedRegion {
  int64_t created_ms = 0;  // of the newest export that was processed
  std::string etag;        // of the list that had nothing newer; may be empty
};

class PhoneStore {
 public:
  static absl::StatusOr<std::unique_ptr<PhoneStore>> Open(
      const std::string& folder, OpenMode mode);

  absl::StatusOr<PhoneSettings> Settings();
  absl::Status SetNotification(bool on);
  absl::Status SetConsent(bool consented);
  absl::Status SetWrong(int64_t num_wrong,
                        std::optional<absl::Time> wait_until);

  // Adds keys, or changes their periods, and forgets those that are too old.
  absl::Status AddOwnKeys(absl::Span<const DiagnosisKey> keys, absl::Time now);
  // Ascending by start.
  absl::StatusOr<std::vector<DiagnosisKey>> OwnKeys();
  // What is over at that time: own keys, the attempt, and findings of days
  // before `oldest_finding`.
  absl::Status ForgetOld(absl::Time now, absl::CivilDay oldest_finding);

  absl::StatusOr<std::optional<Attempt>> FindAttempt();
  // On the disk when it returns: what is sent next can be sent again.
  absl::Status BeginAttempt(const Attempt& attempt);
  // The answer was no.
  absl::Status ForgetAttempt();
  // The answer was yes: the day, and nothing else of the registration stays.
  absl::Status Finish(absl::CivilDay registered_on, int64_t num_keys_sent);
  // Forgets attempt and consent.
  absl::Status Abandon();

  absl::StatusOr<StoredFindings> Findings();
  // A check that was complete, with what it found.
  absl::Status SetFindings(CheckState state, absl::CivilDay checked_on,
                           absl::Span<const DateCount> days,
                           absl::string_view region,
                           const FetchedRegion& fetched);
  // One that was not: what was found before stays.
  absl::Status SetCheckState(CheckState state);
  absl::StatusOr<FetchedRegion> Fetched(absl::string_view region);

 private:
  explicit PhoneStore(std::unique_ptr<Database> database)
      : database_(std::move(database)) {}

  absl::StatusOr<std::vector<DiagnosisKey>> KeysOf(absl::string_view sql);
  absl::Status Insert(absl::string_view sql,
                      absl::Span<const DiagnosisKey> keys);
  absl::Status DeleteOldKeys(absl::Time now);
  absl::Status DeleteAttempt();

  const std::unique_ptr<Database> database_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_PHONE_PHONE_STORE_H_
