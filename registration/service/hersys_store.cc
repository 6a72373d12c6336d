// Plan: the schema; rows to values; then the order in which a case passes
// through: centres and patients; the button; an issue's state; numbers;
// retention. The numbers of states in the SQL are those of IssueState and
// NumberState. A change is one transaction; Confirm and Purge have several, and
// say why a kill in between does no harm. States change by one conditional
// UPDATE, never by a read and then a write (REGISTRATION section 6, rule 3).
// Issues learn from the numbers' rows what became of them (SettleIssues), so
// that comes before numbers are deleted.
#include "registration/service/hersys_store.h"

#include <iterator>

#include "absl/memory/memory.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "keyformat/status_macros.h"
#include "matcher/store/schema.h"
#include "registration/rules/redemption.h"

namespace tekmatch {
namespace {

// The numbers are in databases and in the SQL below.
static_assert(static_cast<int>(IssueState::kQueued) == 0);
static_assert(static_cast<int>(IssueState::kHanded) == 1);
static_assert(static_cast<int>(IssueState::kDelivered) == 2);
static_assert(static_cast<int>(IssueState::kFailed) == 3);
static_assert(static_cast<int>(IssueState::kExpired) == 4);
static_assert(static_cast<int>(IssueState::kRedeemed) == 5);

// "TEKh", the header's application_id.
constexpr uint32_t kHersysApplicationId = 0x54454B68;

constexpr SchemaObject kOwnObjects[] = {
    {"center",
     "CREATE TABLE center(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
     "inquiry_phone TEXT NOT NULL) STRICT"},
    {"operator",
     "CREATE TABLE operator(id INTEGER PRIMARY KEY, center_id INTEGER NOT "
     "NULL, login TEXT NOT NULL UNIQUE, argon2 TEXT NOT NULL, role TEXT NOT "
     "NULL, disabled INTEGER NOT NULL) STRICT"},
    {"patient",
     "CREATE TABLE patient(id INTEGER PRIMARY KEY, center_id "
     "INTEGER NOT NULL, added_at INTEGER NOT NULL, name TEXT NOT NULL, kana "
     "TEXT NOT NULL, contact TEXT NOT NULL, contact_origin TEXT NOT NULL, "
     "facility TEXT NOT NULL, positive INTEGER NOT NULL, confirmed INTEGER NOT "
     "NULL, diagnosed_on TEXT, reported INTEGER NOT NULL, app_in_use INTEGER "
     "NOT NULL, wants INTEGER NOT NULL, consented INTEGER NOT NULL, closed "
     "INTEGER NOT NULL) STRICT"},
    {"patient_by_center",
     "CREATE INDEX patient_by_center ON patient(center_id)"},
    {"issue",
     "CREATE TABLE issue(id TEXT PRIMARY KEY, patient_id INTEGER NOT NULL, "
     "operator_id INTEGER, state INTEGER NOT NULL, queued_at INTEGER NOT NULL, "
     "handed_at INTEGER, delivered_at INTEGER, expires_at INTEGER, tries "
     "INTEGER NOT NULL, last_error INTEGER NOT NULL) STRICT, WITHOUT ROWID"},
    {"issue_by_patient", "CREATE INDEX issue_by_patient ON issue(patient_id)"},
    {"issue_queued",
     "CREATE INDEX issue_queued ON issue(queued_at) WHERE state = 0"},
    {"audit",
     "CREATE TABLE audit(at INTEGER NOT NULL, operator_id INTEGER, what TEXT "
     "NOT NULL, patient_id INTEGER NOT NULL) STRICT"},
};

const Schema& HersysSchema() {
  static const auto& objects = *new std::vector<SchemaObject>([] {
    std::vector<SchemaObject> all(std::begin(kOwnObjects),
                                  std::end(kOwnObjects));
    const absl::Span<const SchemaObject> numbers = NumberSchemaObjects();
    all.insert(all.end(), numbers.begin(), numbers.end());
    return all;
  }());
  static const Schema schema = {.version = 1,
                                .objects = objects,
                                .migrations = {},
                                .file_name = "hersys.sqlite",
                                .application_id = kHersysApplicationId};
  return schema;
}

int64_t MillisOf(absl::Time time) { return absl::ToUnixMillis(time); }

std::optional<absl::Time> TimeAt(const Statement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return absl::FromUnixMillis(row.Int64(column));
}

void BindOptional(Statement& statement, int index,
                  std::optional<int64_t> value) {
  if (value.has_value()) {
    statement.BindInt64(index, *value);
  } else {
    statement.BindNull(index);
  }
}

// The day of the centres: the limit of issues a day counts from its midnight.
absl::Time StartOfDay(absl::Time now) {
  const absl::TimeZone japan = absl::FixedTimeZone(9 * 60 * 60);
  return absl::FromCivil(absl::ToCivilDay(now, japan), japan);
}

absl::Status NoSuchPatient() {
  return absl::NotFoundError("no such patient of this centre");
}

// The centre is in the condition, not compared afterwards: other centres must
// not even learn that the patient exists (row 30).
constexpr char kSelectPatient[] =
    "SELECT p.id, p.name, p.kana, p.contact, p.contact_origin, p.facility, "
    "p.positive, p.confirmed, p.diagnosed_on, p.reported, p.app_in_use, "
    "p.wants, p.consented, p.closed, c.name, r.at FROM patient p JOIN center c "
    "ON c.id = p.center_id LEFT JOIN registered r ON r.patient = p.id WHERE "
    "p.id = ?1 AND p.center_id = ?2";

Answer AnswerAt(const Statement& row, int column) {
  switch (row.Int64(column)) {
    case 1:
      return Answer::kYes;
    case 2:
      return Answer::kNo;
    default:
      return Answer::kUnknown;
  }
}

Patient PatientFrom(const Statement& row) {
  Patient patient = {.id = row.Int64(0),
                     .record = {},
                     .contact_origin = std::string(row.Text(4)),
                     .registered_at = std::nullopt,
                     .closed = row.Int64(13) != 0};
  PatientRecord& record = patient.record;
  record.name = std::string(row.Text(1));
  record.kana = std::string(row.Text(2));
  record.contact = std::string(row.Text(3));
  record.outpatient_facility = std::string(row.Text(5));
  record.test_positive = row.Int64(6) != 0;
  record.confirmed_case = row.Int64(7) != 0;
  absl::CivilDay day;
  if (!row.IsNull(8) && absl::ParseCivilTime(row.Text(8), &day)) {
    record.diagnosed_on = day;
  }
  record.reported = row.Int64(9) != 0;
  record.app_in_use = AnswerAt(row, 10);
  record.wants_to_register = AnswerAt(row, 11);
  record.consented = row.Int64(12) != 0;
  record.centre = std::string(row.Text(14));
  if (!row.IsNull(15)) {
    patient.registered_at = absl::FromUnixSeconds(row.Int64(15));
  }
  return patient;
}

constexpr char kIssueColumns[] =
    "i.id, i.patient_id, i.state, i.last_error, i.tries, i.queued_at, "
    "i.handed_at, i.delivered_at, i.expires_at";

absl::StatusOr<Issue> IssueFrom(const Database& database,
                                const Statement& row) {
  // A file may have been changed by hand or by a newer program. A number that
  // is no state must not become one by a cast.
  const int64_t state = row.Int64(2);
  const int64_t failure = row.Int64(3);
  if (state < 0 || state >= kNumIssueStates || failure < 0 ||
      failure > static_cast<int>(FailureReason::kReportedByGateway)) {
    return database.Damaged("an issue has no such state");
  }
  return Issue{.uuid = std::string(row.Text(0)),
               .patient = row.Int64(1),
               .state = static_cast<IssueState>(state),
               .failure = static_cast<FailureReason>(failure),
               .tries = static_cast<int>(row.Int64(4)),
               .queued = absl::FromUnixMillis(row.Int64(5)),
               .handed = TimeAt(row, 6),
               .delivered = TimeAt(row, 7),
               .expires = TimeAt(row, 8)};
}

}  // namespace

absl::StatusOr<std::unique_ptr<HersysStore>> HersysStore::Open(
    const std::string& folder, OpenMode mode) {
  TEKMATCH_ASSIGN_OR_RETURN(
      std::unique_ptr<Database> database,
      Database::Open(folder, mode, absl::Seconds(10), HersysSchema()));
  return absl::WrapUnique(new HersysStore(std::move(database)));
}

// --------------------------------------------------- centres and patients

absl::StatusOr<int64_t> HersysStore::PutCentre(
    absl::string_view name, absl::string_view inquiry_phone) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement put,
      database_->Prepare(
          "INSERT INTO center(name, inquiry_phone) VALUES(?1, ?2) ON "
          "CONFLICT(name) DO UPDATE SET inquiry_phone = ?2"));
  put.BindText(1, name).BindText(2, inquiry_phone);
  TEKMATCH_RETURN_IF_ERROR(put.Run());
  // In the same transaction. The rowid of the last INSERT would be another
  // row's where the name was there already.
  TEKMATCH_ASSIGN_OR_RETURN(const int64_t id, FindCentre(name));
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  return id;
}

absl::StatusOr<int64_t> HersysStore::FindCentre(absl::string_view name) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare("SELECT id FROM center WHERE name = ?1"));
  select.BindText(1, name);
  TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row) return absl::NotFoundError("no such health centre");
  return select.Int64(0);
}

absl::StatusOr<int64_t> HersysStore::AddOperator(int64_t centre,
                                                 absl::string_view login,
                                                 absl::string_view argon2,
                                                 absl::string_view role) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare(
          "INSERT INTO operator(center_id, login, argon2, role, disabled) "
          "VALUES(?1, ?2, ?3, ?4, 0) ON CONFLICT DO NOTHING"));
  insert.BindInt64(1, centre).BindText(2, login).BindText(3, argon2).BindText(
      4, role);
  TEKMATCH_RETURN_IF_ERROR(insert.Run());
  if (database_->num_changes() != 1) {
    return absl::AlreadyExistsError("an operator has this login");
  }
  const int64_t id = database_->last_insert_rowid();
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  return id;
}

absl::StatusOr<int64_t> HersysStore::AddPatient(int64_t centre,
                                                const PatientRecord& record,
                                                absl::string_view origin,
                                                absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare(
          "INSERT INTO patient(center_id, added_at, name, kana, contact, "
          "contact_origin, facility, positive, confirmed, diagnosed_on, "
          "reported, app_in_use, wants, consented, closed) SELECT id, ?2, ?3, "
          "?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 0 FROM center "
          "WHERE id = ?1"));
  insert.BindInt64(1, centre)
      .BindInt64(2, MillisOf(now))
      .BindText(3, record.name)
      .BindText(4, NormalizeKana(record.kana).value_or(record.kana))
      .BindText(5, record.contact)
      .BindText(6, origin)
      .BindText(7, record.outpatient_facility)
      .BindInt64(8, record.test_positive ? 1 : 0)
      .BindInt64(9, record.confirmed_case ? 1 : 0)
      .BindInt64(11, record.reported ? 1 : 0)
      .BindInt64(12, static_cast<int64_t>(record.app_in_use))
      .BindInt64(13, static_cast<int64_t>(record.wants_to_register))
      .BindInt64(14, record.consented ? 1 : 0);
  if (record.diagnosed_on.has_value()) {
    insert.BindText(10, absl::FormatCivilTime(*record.diagnosed_on));
  }
  TEKMATCH_RETURN_IF_ERROR(insert.Run());
  if (database_->num_changes() != 1) {
    return absl::NotFoundError("no such centre");
  }
  const int64_t id = database_->last_insert_rowid();
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  return id;
}

absl::StatusOr<Patient> HersysStore::FindPatient(int64_t centre,
                                                 int64_t patient) {
  TEKMATCH_ASSIGN_OR_RETURN(Statement select,
                            database_->Prepare(kSelectPatient));
  select.BindInt64(1, patient).BindInt64(2, centre);
  TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row) return NoSuchPatient();
  return PatientFrom(select);
}

absl::Status HersysStore::ClosePatient(int64_t centre, int64_t patient,
                                       std::optional<int64_t> by_operator,
                                       absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement update,
      database_->Prepare("UPDATE patient SET closed = 1 WHERE id = ?1 AND "
                         "center_id = ?2"));
  update.BindInt64(1, patient).BindInt64(2, centre);
  TEKMATCH_RETURN_IF_ERROR(update.Run());
  if (database_->num_changes() != 1) return NoSuchPatient();
  // With the change in one transaction: no change is without its record, and no
  // record without its change.
  TEKMATCH_RETURN_IF_ERROR(Audit(now, by_operator, "close", patient));
  return transaction.Commit();
}

absl::Status HersysStore::Audit(absl::Time now,
                                std::optional<int64_t> by_operator,
                                absl::string_view what, int64_t patient) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare("INSERT INTO audit(at, operator_id, what, patient_id) "
                         "VALUES(?1, ?2, ?3, ?4)"));
  insert.BindInt64(1, MillisOf(now)).BindText(3, what).BindInt64(4, patient);
  BindOptional(insert, 2, by_operator);
  return insert.Run();
}

absl::StatusOr<int64_t> HersysStore::CountAudit(absl::string_view what) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare("SELECT count(*) FROM audit WHERE what = ?1"));
  select.BindText(1, what);
  TEKMATCH_RETURN_IF_ERROR(select.Step().status());
  return select.Int64(0);
}

// --------------------------------------------------------------- the button

absl::StatusOr<IssueHistory> HersysStore::HistoryOf(int64_t patient,
                                                    absl::Time now) {
  // An issue that waits counts as a live number, since it will be one: without
  // it, quick presses would pass the limit of three (section 4). Reserved
  // numbers do not count, as the new issue voids them.
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare(
          "SELECT (SELECT count(*) FROM issue WHERE patient_id = ?1 AND "
          "queued_at >= ?3), (SELECT count(*) FROM issue WHERE patient_id = ?1 "
          "AND state = 0) + (SELECT count(*) FROM number WHERE patient = ?1 "
          "AND state = 0 AND expires_at > ?2)"));
  select.BindInt64(1, patient)
      .BindInt64(2, MillisOf(now))
      .BindInt64(3, MillisOf(StartOfDay(now)));
  TEKMATCH_RETURN_IF_ERROR(select.Step().status());
  return IssueHistory{.registered = false,
                      .closed = false,
                      .num_today = static_cast<int>(select.Int64(0)),
                      .num_live = static_cast<int>(select.Int64(1))};
}

absl::StatusOr<IssueDecision> HersysStore::QueueIssue(const NewIssue& issue,
                                                      absl::Time now) {
  if (!ClaimOf(issue.uuid).ok()) {
    return absl::InvalidArgumentError("an issue's id is no UUID");
  }
  // Upper case is the same UUID, and must not pass as another press.
  const std::string uuid = absl::AsciiStrToLower(issue.uuid);
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  // All reads are in the writing transaction, so presses at once are judged one
  // after the other, and none beside a success (row 13).
  TEKMATCH_ASSIGN_OR_RETURN(const Patient patient,
                            FindPatient(issue.centre, issue.patient));
  {
    // Before the rules: the second half of a double click has to hear that its
    // issue is known (row 4), not that the first half reached a limit.
    TEKMATCH_ASSIGN_OR_RETURN(
        Statement select,
        database_->Prepare("SELECT 1 FROM issue WHERE id = ?1"));
    select.BindText(1, uuid);
    TEKMATCH_ASSIGN_OR_RETURN(const bool is_known, select.Step());
    if (is_known) {
      return absl::AlreadyExistsError("an issue has this id");
    }
  }
  TEKMATCH_ASSIGN_OR_RETURN(IssueHistory history, HistoryOf(patient.id, now));
  history.registered = patient.registered_at.has_value();
  history.closed = patient.closed;
  IssueDecision decision;
  decision.verdict = JudgeIssue(patient.record, history);
  if (decision.verdict == IssueVerdict::kSomethingMissing) {
    decision.missing = MissingForIssue(patient.record);
  }
  if (decision.verdict != IssueVerdict::kMayIssue) return decision;
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare(
          "INSERT INTO issue(id, patient_id, operator_id, state, queued_at, "
          "tries, last_error) VALUES(?1, ?2, ?3, 0, ?4, 0, 0)"));
  insert.BindText(1, uuid).BindInt64(2, patient.id).BindInt64(4, MillisOf(now));
  BindOptional(insert, 3, issue.by_operator);
  TEKMATCH_RETURN_IF_ERROR(insert.Run());
  // As NumberStore::OnNewIssue, in this transaction.
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement end_reservations,
      database_->Prepare(
          "UPDATE number SET state = 3 WHERE patient = ?1 AND state = 1"));
  end_reservations.BindInt64(1, patient.id);
  TEKMATCH_RETURN_IF_ERROR(end_reservations.Run());
  TEKMATCH_RETURN_IF_ERROR(Audit(now, issue.by_operator, "issue", patient.id));
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  return decision;
}

absl::StatusOr<std::vector<Issue>> HersysStore::IssuesOf(int64_t centre,
                                                         int64_t patient) {
  // Without this, another centre's patient would be an empty list, and not
  // NOT_FOUND (row 30).
  TEKMATCH_RETURN_IF_ERROR(FindPatient(centre, patient).status());
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare(absl::StrCat(
          "SELECT ", kIssueColumns,
          " FROM issue i JOIN patient p ON p.id = i.patient_id WHERE "
          "i.patient_id = ?1 AND p.center_id = ?2 ORDER BY i.queued_at DESC, "
          "i.id")));
  select.BindInt64(1, patient).BindInt64(2, centre);
  std::vector<Issue> issues;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return issues;
    TEKMATCH_ASSIGN_OR_RETURN(Issue issue, IssueFrom(*database_, select));
    issues.push_back(std::move(issue));
  }
}

absl::StatusOr<Issue> HersysStore::FindIssue(absl::string_view uuid) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare(absl::StrCat("SELECT ", kIssueColumns,
                                      " FROM issue i WHERE i.id = ?1")));
  select.BindText(1, uuid);
  TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row) return absl::NotFoundError("no such issue");
  return IssueFrom(*database_, select);
}

absl::StatusOr<QueueAge> HersysStore::AgeOfQueue(absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare("SELECT min(queued_at) FROM issue WHERE state = 0"));
  TEKMATCH_RETURN_IF_ERROR(select.Step().status());
  return tekmatch::AgeOfQueue(TimeAt(select, 0), now);
}

// -------------------------------------------------- states of an issue

absl::StatusOr<std::vector<IssueToSend>> HersysStore::IssuesToSend(
    int most, absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare(
          "SELECT i.id, i.patient_id, i.tries, i.queued_at, p.contact, c.name, "
          "c.inquiry_phone FROM issue i JOIN patient p ON p.id = i.patient_id "
          "JOIN center c ON c.id = p.center_id WHERE i.state = 0 AND "
          "i.patient_id NOT IN (SELECT patient FROM registered) AND (SELECT "
          "count(*) FROM number n WHERE n.patient = i.patient_id AND n.state = "
          "0 AND n.expires_at > ?2) < ?3 ORDER BY i.queued_at, i.id LIMIT ?1"));
  select.BindInt64(1, most)
      .BindInt64(2, MillisOf(now))
      .BindInt64(3, kMostLiveNumbers);
  std::vector<IssueToSend> issues;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return issues;
    issues.push_back({.uuid = std::string(select.Text(0)),
                      .patient = select.Int64(1),
                      .tries = static_cast<int>(select.Int64(2)),
                      .queued = absl::FromUnixMillis(select.Int64(3)),
                      .contact = std::string(select.Text(4)),
                      .centre = std::string(select.Text(5)),
                      .telephone = std::string(select.Text(6))});
  }
}

// Runs it in a transaction of its own; whether it changed a row.
absl::StatusOr<bool> HersysStore::RunOne(Statement& update) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_RETURN_IF_ERROR(update.Run());
  const bool changed = database_->num_changes() == 1;
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  return changed;
}

absl::StatusOr<bool> HersysStore::CountTry(absl::string_view uuid) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement update,
      database_->Prepare(
          "UPDATE issue SET tries = tries + 1 WHERE id = ?1 AND state = 0 AND "
          "patient_id NOT IN (SELECT patient FROM registered)"));
  update.BindText(1, uuid);
  return RunOne(update);
}

absl::StatusOr<bool> HersysStore::HandOver(absl::string_view uuid,
                                           absl::Time handed,
                                           absl::Time expires) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement update,
      database_->Prepare("UPDATE issue SET state = 1, handed_at = ?2, "
                         "expires_at = ?3 WHERE id = ?1 AND state = 0"));
  update.BindText(1, uuid)
      .BindInt64(2, MillisOf(handed))
      .BindInt64(3, MillisOf(expires));
  return RunOne(update);
}

absl::StatusOr<bool> HersysStore::Deliver(absl::string_view uuid,
                                          absl::Time delivered,
                                          std::optional<absl::Time> expires) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement update,
      database_->Prepare(
          "UPDATE issue SET state = 2, delivered_at = ?2, expires_at = "
          "coalesce(?3, expires_at) WHERE id = ?1 AND state = 1"));
  update.BindText(1, uuid).BindInt64(2, MillisOf(delivered));
  if (expires.has_value()) update.BindInt64(3, MillisOf(*expires));
  TEKMATCH_RETURN_IF_ERROR(update.Run());
  // A late report changes nothing, and must not lengthen the life of the
  // issue's numbers either.
  if (database_->num_changes() != 1) return false;
  if (expires.has_value()) {
    TEKMATCH_ASSIGN_OR_RETURN(
        Statement numbers,
        database_->Prepare("UPDATE number SET expires_at = ?2 WHERE issue = "
                           "?1 AND state = 0"));
    numbers.BindText(1, uuid).BindInt64(2, MillisOf(*expires));
    TEKMATCH_RETURN_IF_ERROR(numbers.Run());
  }
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  return true;
}

absl::StatusOr<bool> HersysStore::Fail(absl::string_view uuid,
                                       FailureReason reason) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement update,
      // Not what is delivered or over: a failure that is reported late is the
      // weaker word.
      database_->Prepare("UPDATE issue SET state = 3, last_error = ?2 WHERE id "
                         "= ?1 AND state IN (0, 1)"));
  update.BindText(1, uuid).BindInt64(2, static_cast<int64_t>(reason));
  return RunOne(update);
}

absl::StatusOr<bool> HersysStore::Expire(absl::string_view uuid) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement update,
      database_->Prepare("UPDATE issue SET state = 4 WHERE id = ?1 AND state "
                         "IN (0, 1, 2)"));
  update.BindText(1, uuid);
  return RunOne(update);
}

// ------------------------------------------------------------------ numbers

absl::Status HersysStore::ForgetNumber(const NumberHash& hash) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement remove,
      // Not once it is reserved: then somebody has it after all.
      database_->Prepare("DELETE FROM number WHERE hash = ?1 AND state = 0"));
  remove.BindBlob(1, hash.bytes);
  return RunOne(remove).status();
}

absl::StatusOr<ReserveOutcome> HersysStore::Reserve(
    absl::Span<const NumberHash> hashes, const Claim& claim, absl::Time now) {
  return numbers_.Reserve(hashes, claim, now);
}

absl::StatusOr<ConfirmOutcome> HersysStore::Confirm(const Claim& claim,
                                                    absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(const ConfirmOutcome outcome,
                            numbers_.Confirm(claim, now));
  // A transaction of its own: killed before it, the next confirm or Purge,
  // which deletes no number before, does it.
  TEKMATCH_RETURN_IF_ERROR(SettleIssues());
  return outcome;
}

absl::Status HersysStore::SettleIssues() {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  // The audit comes first, as it finds the issues that the next statement is
  // about to change. Other open issues of a registered patient end: the first
  // success ends all (section 4). Calling it again changes nothing.
  TEKMATCH_RETURN_IF_ERROR(database_->Run(
      "INSERT INTO audit(at, operator_id, what, patient_id) SELECT r.at * "
      "1000, NULL, 'registered', i.patient_id FROM issue i JOIN registered r "
      "ON r.patient = i.patient_id WHERE i.state <> 5 AND i.id IN (SELECT "
      "issue FROM number WHERE state = 2);"
      "UPDATE issue SET state = 5 WHERE state <> 5 AND id IN (SELECT issue "
      "FROM number WHERE state = 2);"
      "UPDATE issue SET state = 4 WHERE state IN (0, 1, 2) AND patient_id IN "
      "(SELECT patient FROM registered) AND id NOT IN (SELECT issue FROM "
      "number WHERE state = 1)"));
  return transaction.Commit();
}

// ---------------------------------------------------------------- retention

absl::StatusOr<int64_t> HersysStore::Purge(absl::Time now) {
  // The order matters, and a kill between any two leaves work for the next call
  // only. Issues learn of successes first: a redeemed number's row is deleted
  // at once, and after that nothing would say what became of its issue.
  TEKMATCH_RETURN_IF_ERROR(SettleIssues());
  {
    TEKMATCH_ASSIGN_OR_RETURN(
        Transaction transaction,
        Transaction::Begin(*database_, Durability::kFull));
    TEKMATCH_ASSIGN_OR_RETURN(
        Statement expire,
        database_->Prepare("UPDATE issue SET state = 4 WHERE state IN (1, 2) "
                           "AND expires_at <= ?1"));
    expire.BindInt64(1, MillisOf(now));
    TEKMATCH_RETURN_IF_ERROR(expire.Run());
    TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  }
  return numbers_.Purge(now);
}

absl::StatusOr<int64_t> HersysStore::PurgePatients(absl::Time before,
                                                   absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement remove,
      database_->Prepare(
          "DELETE FROM patient WHERE added_at < ?1 AND id NOT IN (SELECT "
          "patient_id FROM issue WHERE state = 0) AND id NOT IN (SELECT "
          "patient FROM number WHERE state = 1 OR (state = 0 AND expires_at > "
          "?2))"));
  remove.BindInt64(1, MillisOf(before)).BindInt64(2, MillisOf(now));
  TEKMATCH_RETURN_IF_ERROR(remove.Run());
  // The patient's other rows go in the same transaction. SQLite may give a
  // deleted patient's id to the next one, who would inherit what was left
  // behind.
  const int64_t num_deleted = database_->num_changes();
  TEKMATCH_RETURN_IF_ERROR(database_->Run(
      "DELETE FROM issue WHERE patient_id NOT IN (SELECT id FROM patient);"
      "DELETE FROM number WHERE patient NOT IN (SELECT id FROM patient);"
      "DELETE FROM registered WHERE patient NOT IN (SELECT id FROM patient);"
      "DELETE FROM audit WHERE patient_id NOT IN (SELECT id FROM patient)"));
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  return num_deleted;
}

absl::Status HersysStore::Checkpoint() {
  return database_->Checkpoint(absl::Seconds(1)).status();
}

}  // namespace tekmatch
