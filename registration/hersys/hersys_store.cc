// Plan: the schema; rows to values; centres, patients and the audit; then the
// deletion of patients. Issues and their numbers are in hersys_issues.cc. A
// change is one transaction.
#include "registration/hersys/hersys_store.h"

#include <iterator>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "keyformat/status_macros.h"
#include "matcher/store/schema.h"
#include "registration/hersys/hersys_rows.h"

namespace tekmatch {
namespace {

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

absl::Status NoSuchPatient() {
  return absl::NotFoundError("no such patient of this centre");
}

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

}  // namespace

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

absl::StatusOr<int64_t> HersysStore::AddPatient(
    int64_t centre, const PatientRecord& record, absl::string_view origin,
    absl::Time now, std::optional<int64_t> by_operator) {
  TEKMATCH_ASSIGN_OR_RETURN(
      const std::vector<int64_t> ids,
      AddPatients(centre, {&record, 1}, origin, now, by_operator));
  return ids.front();
}

absl::StatusOr<std::vector<int64_t>> HersysStore::AddPatients(
    int64_t centre, absl::Span<const PatientRecord> records,
    absl::string_view origin, absl::Time now,
    std::optional<int64_t> by_operator) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_ASSIGN_OR_RETURN(
      std::vector<int64_t> ids,
      InsertPatients(centre, records, origin, now, by_operator));
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  return ids;
}

absl::StatusOr<std::vector<int64_t>> HersysStore::InsertPatients(
    int64_t centre, absl::Span<const PatientRecord> records,
    absl::string_view origin, absl::Time now,
    std::optional<int64_t> by_operator) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement insert,
      database_->Prepare(
          "INSERT INTO patient(center_id, added_at, name, kana, contact, "
          "contact_origin, facility, positive, confirmed, diagnosed_on, "
          "reported, app_in_use, wants, consented, closed) SELECT id, ?2, ?3, "
          "?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 0 FROM center "
          "WHERE id = ?1"));
  std::vector<int64_t> ids;
  ids.reserve(records.size());
  for (const PatientRecord& record : records) {
    insert.BindInt64(1, centre)
        .BindInt64(2, MillisOf(now))
        .BindText(3, record.name)
        .BindText(4, NormalizeKana(record.kana).value_or(record.kana))
        .BindText(5, record.contact)
        .BindText(6, record.contact.empty() ? "" : origin)
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
    ids.push_back(database_->last_insert_rowid());
    TEKMATCH_RETURN_IF_ERROR(Audit(now, by_operator, "add", ids.back()));
  }
  return ids;
}

absl::StatusOr<Patient> HersysStore::FindPatient(int64_t centre,
                                                 int64_t patient) {
  // The centre is in the condition, not compared afterwards: other centres must
  // not even learn that the patient exists (row 30).
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare(absl::StrCat(kPatientColumns, kPatientTables,
                                      "p.id = ?1 AND p.center_id = ?2")));
  select.BindInt64(1, patient).BindInt64(2, centre);
  TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row) return NoSuchPatient();
  return PatientFrom(select);
}

absl::Status HersysStore::ClosePatient(int64_t centre, int64_t patient,
                                       std::optional<int64_t> by_operator,
                                       absl::Time now) {
  return SetClosed(centre, patient, true, by_operator, now);
}

absl::Status HersysStore::ReopenPatient(int64_t centre, int64_t patient,
                                        std::optional<int64_t> by_operator,
                                        absl::Time now) {
  return SetClosed(centre, patient, false, by_operator, now);
}

absl::Status HersysStore::SetClosed(int64_t centre, int64_t patient,
                                    bool closed,
                                    std::optional<int64_t> by_operator,
                                    absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement update,
      database_->Prepare("UPDATE patient SET closed = ?3 WHERE id = ?1 AND "
                         "center_id = ?2 AND closed <> ?3"));
  update.BindInt64(1, patient)
      .BindInt64(2, centre)
      .BindInt64(3, closed ? 1 : 0);
  TEKMATCH_RETURN_IF_ERROR(update.Run());
  if (database_->num_changes() != 1) {
    // It is so already, or is not there.
    return FindPatient(centre, patient).status();
  }
  TEKMATCH_RETURN_IF_ERROR(StopWhatIsIncomplete(centre, patient));
  // With the change in one transaction: no change is without its record, and no
  // record without its change.
  TEKMATCH_RETURN_IF_ERROR(
      Audit(now, by_operator, closed ? "close" : "reopen", patient));
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

// ---------------------------------------------------------------- retention

absl::StatusOr<int64_t> HersysStore::PurgePatients(absl::Time before,
                                                   absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  // Who waits for a message, or may still use a number, stays: the message
  // would have no contact, and the confirm no patient.
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
      "DELETE FROM audit WHERE patient_id <> 0 AND patient_id NOT IN (SELECT "
      "id FROM patient)"));
  // Of operators: as old as the patients.
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement forget,
      database_->Prepare("DELETE FROM audit WHERE patient_id = 0 AND at < ?1"));
  forget.BindInt64(1, MillisOf(before));
  TEKMATCH_RETURN_IF_ERROR(forget.Run());
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  return num_deleted;
}

absl::Status HersysStore::Checkpoint() {
  return database_->Checkpoint(absl::Seconds(1)).status();
}

}  // namespace tekmatch
