// Plan: the schema; numbers of `meta`; own keys; the attempt; findings.
//
// Whatever is written is on the disk when the call returns: a person who was
// told something must not find it undone, and these writes are few.
#include "registration/phone/phone_store.h"

#include <algorithm>

#include "absl/memory/memory.h"
#include "keyformat/status_macros.h"
#include "matcher/store/meta.h"
#include "matcher/store/schema.h"

namespace tekmatch {
namespace {

// "TEKp", the header's application_id.
constexpr uint32_t kPhoneApplicationId = 0x54454B70;

constexpr SchemaObject kSchema[] = {
    {"meta",
     "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) "
     "STRICT, WITHOUT ROWID"},
    {"own_key",
     "CREATE TABLE own_key(tek BLOB PRIMARY KEY, rolling_start INTEGER NOT "
     "NULL, period INTEGER NOT NULL) STRICT, WITHOUT ROWID"},
    {"attempt",
     "CREATE TABLE attempt(idempotency_key TEXT PRIMARY KEY) STRICT, WITHOUT "
     "ROWID"},
    {"attempt_key",
     "CREATE TABLE attempt_key(tek BLOB PRIMARY KEY, rolling_start INTEGER NOT "
     "NULL, period INTEGER NOT NULL) STRICT, WITHOUT ROWID"},
    {"finding",
     "CREATE TABLE finding(day INTEGER PRIMARY KEY, num_keys INTEGER NOT NULL, "
     "num_sightings INTEGER NOT NULL) STRICT"},
    {"region",
     "CREATE TABLE region(name TEXT PRIMARY KEY, created_ms INTEGER NOT NULL, "
     "etag TEXT NOT NULL) STRICT, WITHOUT ROWID"},
};

constexpr char kNotificationOff[] = "notification_off";
constexpr char kConsented[] = "consented";
constexpr char kRegisteredOn[] = "registered_on";
constexpr char kNumKeysSent[] = "num_keys_sent";
constexpr char kNumWrong[] = "num_wrong";
constexpr char kWaitUntil[] = "wait_until";
constexpr char kAttemptBegun[] = "attempt_begun";
constexpr char kCheckState[] = "check_state";
constexpr char kCheckedOn[] = "checked_on";
constexpr int64_t kNumCheckStates = 5;

int64_t NumberOf(absl::CivilDay day) { return day - absl::CivilDay(1970); }
absl::CivilDay DayOf(int64_t number) { return absl::CivilDay(1970) + number; }

absl::Status SetOrForget(Database& database, absl::string_view name,
                         int64_t value) {
  return value == 0 ? ForgetNumber(database, name)
                    : SetNumber(database, name, value);
}

}  // namespace

absl::StatusOr<std::unique_ptr<PhoneStore>> PhoneStore::Open(
    const std::string& folder, OpenMode mode) {
  static constexpr Schema kPhoneSchema = {
      .version = 1,
      .objects = kSchema,
      .migrations = {},
      .file_name = "phone.sqlite",
      .application_id = kPhoneApplicationId};
  TEKMATCH_ASSIGN_OR_RETURN(
      std::unique_ptr<Database> database,
      Database::Open(folder, mode, absl::Seconds(10), kPhoneSchema));
  return absl::WrapUnique(new PhoneStore(std::move(database)));
}

// ---------------------------------------------------------------- settings

absl::StatusOr<PhoneSettings> PhoneStore::Settings() {
  TEKMATCH_ASSIGN_OR_RETURN(const Transaction read,
                            Transaction::BeginRead(*database_));
  PhoneSettings settings;
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> off,
                            GetNumber(*database_, kNotificationOff));
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> consented,
                            GetNumber(*database_, kConsented));
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> registered_on,
                            GetNumber(*database_, kRegisteredOn));
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> num_keys_sent,
                            GetNumber(*database_, kNumKeysSent));
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> num_wrong,
                            GetNumber(*database_, kNumWrong));
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> wait_until,
                            GetNumber(*database_, kWaitUntil));
  settings.notification_on = off.value_or(0) == 0;
  settings.consented = consented.value_or(0) != 0;
  if (registered_on.has_value()) {
    settings.registered_on = DayOf(*registered_on);
  }
  settings.num_keys_sent = num_keys_sent.value_or(0);
  settings.num_wrong = num_wrong.value_or(0);
  if (wait_until.has_value()) {
    settings.wait_until = absl::FromUnixMillis(*wait_until);
  }
  return settings;
}

absl::Status PhoneStore::SetNotification(bool on) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_RETURN_IF_ERROR(
      SetOrForget(*database_, kNotificationOff, on ? 0 : 1));
  return transaction.Commit();
}

absl::Status PhoneStore::SetConsent(bool consented) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_RETURN_IF_ERROR(
      SetOrForget(*database_, kConsented, consented ? 1 : 0));
  return transaction.Commit();
}

absl::Status PhoneStore::SetWrong(int64_t num_wrong,
                                  std::optional<absl::Time> wait_until) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_RETURN_IF_ERROR(SetOrForget(*database_, kNumWrong, num_wrong));
  TEKMATCH_RETURN_IF_ERROR(SetOrForget(
      *database_, kWaitUntil,
      wait_until.has_value() ? absl::ToUnixMillis(*wait_until) : 0));
  return transaction.Commit();
}

// --------------------------------------------------------------- own keys

absl::StatusOr<std::vector<DiagnosisKey>> PhoneStore::KeysOf(
    absl::string_view sql) {
  TEKMATCH_ASSIGN_OR_RETURN(Statement select, database_->Prepare(sql));
  std::vector<DiagnosisKey> keys;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return keys;
    const absl::Span<const uint8_t> tek = select.Blob(0);
    const int64_t start = select.Int64(1);
    const int64_t period = select.Int64(2);
    if (tek.size() != kTekBytes || start < 0 || start > 0xFFFFFFFF ||
        period < 1 || period > kMaxRollingPeriod) {
      return database_->Damaged("a key is none");
    }
    DiagnosisKey& key = keys.emplace_back();
    std::copy(tek.begin(), tek.end(), key.tek.bytes.begin());
    key.rolling_start = static_cast<EnIntervalNumber>(start);
    key.rolling_period = static_cast<uint8_t>(period);
  }
}

absl::Status PhoneStore::Insert(absl::string_view sql,
                                absl::Span<const DiagnosisKey> keys) {
  TEKMATCH_ASSIGN_OR_RETURN(Statement insert, database_->Prepare(sql));
  for (const DiagnosisKey& key : keys) {
    insert.BindBlob(1, key.tek.bytes)
        .BindInt64(2, key.rolling_start)
        .BindInt64(3, key.rolling_period);
    TEKMATCH_RETURN_IF_ERROR(insert.Run());
  }
  return absl::OkStatus();
}

absl::Status PhoneStore::AddOwnKeys(absl::Span<const DiagnosisKey> keys,
                                    absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_RETURN_IF_ERROR(Insert(
      "INSERT INTO own_key(tek, rolling_start, period) VALUES(?1, ?2, ?3) ON "
      "CONFLICT(tek) DO UPDATE SET rolling_start = ?2, period = ?3",
      keys));
  TEKMATCH_RETURN_IF_ERROR(DeleteOldKeys(now));
  return transaction.Commit();
}

absl::StatusOr<std::vector<DiagnosisKey>> PhoneStore::OwnKeys() {
  return KeysOf(
      "SELECT tek, rolling_start, period FROM own_key ORDER BY rolling_start, "
      "tek");
}

absl::Status PhoneStore::DeleteOldKeys(absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement remove,
      database_->Prepare("DELETE FROM own_key WHERE rolling_start < ?1"));
  remove.BindInt64(
      1, absl::ToUnixSeconds(now - kOwnKeyRetention) / kIntervalSeconds);
  return remove.Run();
}

absl::Status PhoneStore::ForgetOld(absl::Time now,
                                   absl::CivilDay oldest_finding) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_RETURN_IF_ERROR(DeleteOldKeys(now));
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> begun,
                            GetNumber(*database_, kAttemptBegun));
  // One of a version that did not write the time has ended long ago.
  if (now - absl::FromUnixMillis(begun.value_or(0)) >= kAttemptRetention) {
    TEKMATCH_RETURN_IF_ERROR(DeleteAttempt());
  }
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement remove,
      database_->Prepare("DELETE FROM finding WHERE day < ?1"));
  remove.BindInt64(1, NumberOf(oldest_finding));
  TEKMATCH_RETURN_IF_ERROR(remove.Run());
  return transaction.Commit();
}

// ---------------------------------------------------------------- attempt

absl::StatusOr<std::optional<Attempt>> PhoneStore::FindAttempt() {
  TEKMATCH_ASSIGN_OR_RETURN(const Transaction read,
                            Transaction::BeginRead(*database_));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare("SELECT idempotency_key FROM attempt"));
  TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row) return std::nullopt;
  Attempt attempt;
  attempt.idempotency_key = std::string(select.Text(0));
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> begun,
                            GetNumber(*database_, kAttemptBegun));
  attempt.begun_at = absl::FromUnixMillis(begun.value_or(0));
  TEKMATCH_ASSIGN_OR_RETURN(
      attempt.keys, KeysOf("SELECT tek, rolling_start, period FROM attempt_key "
                           "ORDER BY rolling_start, tek"));
  return attempt;
}

absl::Status PhoneStore::DeleteAttempt() {
  TEKMATCH_RETURN_IF_ERROR(
      database_->Run("DELETE FROM attempt; DELETE FROM attempt_key"));
  return ForgetNumber(*database_, kAttemptBegun);
}

absl::Status PhoneStore::BeginAttempt(const Attempt& attempt) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_RETURN_IF_ERROR(DeleteAttempt());
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare("INSERT INTO attempt(idempotency_key) VALUES(?1)"));
  insert.BindText(1, attempt.idempotency_key);
  TEKMATCH_RETURN_IF_ERROR(insert.Run());
  TEKMATCH_RETURN_IF_ERROR(SetNumber(*database_, kAttemptBegun,
                                     absl::ToUnixMillis(attempt.begun_at)));
  TEKMATCH_RETURN_IF_ERROR(
      Insert("INSERT INTO attempt_key(tek, rolling_start, period) VALUES(?1, "
             "?2, ?3)",
             attempt.keys));
  return transaction.Commit();
}

absl::Status PhoneStore::ForgetAttempt() {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_RETURN_IF_ERROR(DeleteAttempt());
  return transaction.Commit();
}

absl::Status PhoneStore::Finish(absl::CivilDay registered_on,
                                int64_t num_keys_sent) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_RETURN_IF_ERROR(DeleteAttempt());
  TEKMATCH_RETURN_IF_ERROR(
      SetNumber(*database_, kRegisteredOn, NumberOf(registered_on)));
  TEKMATCH_RETURN_IF_ERROR(SetNumber(*database_, kNumKeysSent, num_keys_sent));
  for (const char* name : {kConsented, kNumWrong, kWaitUntil}) {
    TEKMATCH_RETURN_IF_ERROR(ForgetNumber(*database_, name));
  }
  return transaction.Commit();
}

absl::Status PhoneStore::Abandon() {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_RETURN_IF_ERROR(DeleteAttempt());
  TEKMATCH_RETURN_IF_ERROR(ForgetNumber(*database_, kConsented));
  return transaction.Commit();
}

// --------------------------------------------------------------- findings

absl::StatusOr<StoredFindings> PhoneStore::Findings() {
  TEKMATCH_ASSIGN_OR_RETURN(const Transaction read,
                            Transaction::BeginRead(*database_));
  StoredFindings findings;
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> state,
                            GetNumber(*database_, kCheckState));
  TEKMATCH_ASSIGN_OR_RETURN(const std::optional<int64_t> checked_on,
                            GetNumber(*database_, kCheckedOn));
  if (state.value_or(0) < 0 || state.value_or(0) >= kNumCheckStates) {
    return database_->Damaged("the state of a check is none");
  }
  findings.state = static_cast<CheckState>(state.value_or(0));
  if (checked_on.has_value()) findings.checked_on = DayOf(*checked_on);
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare(
          "SELECT day, num_keys, num_sightings FROM finding ORDER BY day"));
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return findings;
    findings.days.push_back(
        {.date = DayOf(select.Int64(0)),
         .num_keys = static_cast<uint64_t>(select.Int64(1)),
         .num_sightings = static_cast<uint64_t>(select.Int64(2))});
  }
}

absl::Status PhoneStore::SetFindings(CheckState state,
                                     absl::CivilDay checked_on,
                                     absl::Span<const DateCount> days,
                                     absl::string_view region,
                                     const FetchedRegion& fetched) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  // In one transaction with how far was fetched. If that were written first, a
  // kill would lose the contacts of exports that are never fetched again.
  TEKMATCH_RETURN_IF_ERROR(
      SetNumber(*database_, kCheckState, static_cast<int64_t>(state)));
  TEKMATCH_RETURN_IF_ERROR(
      SetNumber(*database_, kCheckedOn, NumberOf(checked_on)));
  TEKMATCH_RETURN_IF_ERROR(database_->Run("DELETE FROM finding"));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare("INSERT INTO finding(day, num_keys, num_sightings) "
                         "VALUES(?1, ?2, ?3)"));
  for (const DateCount& day : days) {
    insert.BindInt64(1, NumberOf(day.date))
        .BindInt64(2, static_cast<int64_t>(day.num_keys))
        .BindInt64(3, static_cast<int64_t>(day.num_sightings));
    TEKMATCH_RETURN_IF_ERROR(insert.Run());
  }
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement region_row,
      database_->Prepare("INSERT INTO region(name, created_ms, etag) "
                         "VALUES(?1, ?2, ?3) ON CONFLICT(name) DO UPDATE SET "
                         "created_ms = ?2, etag = ?3"));
  region_row.BindText(1, region)
      .BindInt64(2, fetched.created_ms)
      .BindText(3, fetched.etag);
  TEKMATCH_RETURN_IF_ERROR(region_row.Run());
  return transaction.Commit();
}

absl::Status PhoneStore::SetCheckState(CheckState state) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_RETURN_IF_ERROR(
      SetNumber(*database_, kCheckState, static_cast<int64_t>(state)));
  return transaction.Commit();
}

absl::StatusOr<FetchedRegion> PhoneStore::Fetched(absl::string_view region) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare(
          "SELECT created_ms, etag FROM region WHERE name = ?1"));
  select.BindText(1, region);
  TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row) return FetchedRegion();
  return FetchedRegion{.created_ms = select.Int64(0),
                       .etag = std::string(select.Text(1))};
}

}  // namespace tekmatch
