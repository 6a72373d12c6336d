// Plan: what an operator's pages ask of patients: the list, changes with a
// check that nobody else changed the same meanwhile, the verdict beside the
// button, and the audit. What adds a patient is in hersys_store.cc.
//
// A change of a patient may come while an issue waits or a number is good:
// - a message that waits goes to the contact of that moment, unless something
//   is missing now (consent was withdrawn, the contact is gone): then it is not
//   sent, and fails with that reason;
// - after a change of the contact, numbers that went to the old one are good no
//   more. It may have been somebody else's, which is why it was changed.
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "keyformat/status_macros.h"
#include "registration/hersys/hersys_rows.h"
#include "registration/hersys/hersys_store.h"
#include "registration/rules/contact_address.h"
#include "registration/service/digests.h"

namespace tekmatch {
namespace {

// Fields with their lengths, so that no two lists of fields are one text.
std::string MarkOf(const std::vector<std::string>& fields) {
  std::string text;
  for (const std::string& field : fields) {
    absl::StrAppend(&text, field.size(), ":", field);
  }
  const Digest digest = Sha256(text);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), 16));
}

std::string Bit(bool value) { return value ? "1" : "0"; }

}  // namespace

std::string ReportMark(const PatientRecord& record) {
  return MarkOf({record.outpatient_facility, Bit(record.test_positive),
                 Bit(record.confirmed_case),
                 record.diagnosed_on.has_value()
                     ? absl::FormatCivilTime(*record.diagnosed_on)
                     : "",
                 Bit(record.reported)});
}

std::string ContactMark(const PatientRecord& record) {
  return MarkOf({record.name, record.kana, record.contact,
                 absl::StrCat(static_cast<int>(record.app_in_use)),
                 absl::StrCat(static_cast<int>(record.wants_to_register)),
                 Bit(record.consented)});
}

absl::string_view PatientStateName(const PatientSummary& patient) {
  if (patient.registered) return "registered";
  if (patient.closed) return "closed";
  if (patient.last_issue.has_value()) {
    return IssueStateName(*patient.last_issue);
  }
  return patient.complete ? "ready" : "incomplete";
}

absl::string_view PatientStateLabel(const PatientSummary& patient) {
  if (patient.registered) return "登録済";
  if (patient.closed) return "対象外";
  if (patient.last_issue.has_value()) {
    return IssueStateLabel(*patient.last_issue);
  }
  return patient.complete ? "未発行" : "入力中";
}

absl::Status HersysStore::VisitPatients(
    int64_t centre, absl::FunctionRef<bool(const PatientSummary&)> visit) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare(absl::StrCat(
          kPatientColumns,
          ", (SELECT i.state FROM issue i WHERE i.patient_id = p.id ORDER BY "
          "i.queued_at DESC, i.id LIMIT 1) ",
          kPatientTables, "p.center_id = ?1 ORDER BY p.id DESC")));
  select.BindInt64(1, centre);
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return absl::OkStatus();
    Patient patient = PatientFrom(select);
    PatientSummary summary{
        .id = patient.id,
        .name = std::move(patient.record.name),
        .registered = patient.registered_at.has_value(),
        .closed = patient.closed,
        .complete = false,
        .last_issue = std::nullopt,
    };
    patient.record.name = summary.name;
    summary.complete = MissingForIssue(patient.record).empty();
    if (!select.IsNull(kNumPatientColumns)) {
      const int64_t state = select.Int64(kNumPatientColumns);
      if (state < 0 || state >= kNumIssueStates) {
        return database_->Damaged("an issue has no such state");
      }
      summary.last_issue = static_cast<IssueState>(state);
    }
    if (!visit(summary)) return absl::OkStatus();
  }
}

absl::StatusOr<std::vector<size_t>> HersysStore::FindKnown(
    int64_t centre, absl::Span<const PatientRecord> records) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare("SELECT name, contact, kana, coalesce(diagnosed_on, "
                         "'') FROM patient WHERE center_id = ?1"));
  select.BindInt64(1, centre);
  // By name and contact; and, for records without a contact, which a patient
  // may have got since, by all else that tells people apart.
  std::set<std::pair<std::string, std::string>> contacts;
  std::set<std::tuple<std::string, std::string, std::string>> people;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) break;
    std::string name(select.Text(0));
    people.emplace(name, std::string(select.Text(2)),
                   std::string(select.Text(3)));
    contacts.emplace(std::move(name), std::string(select.Text(1)));
  }
  std::vector<size_t> found;
  for (size_t i = 0; i < records.size(); ++i) {
    const PatientRecord& record = records[i];
    if (record.name.empty()) continue;
    const bool is_new_person =
        people
            .emplace(record.name,
                     NormalizeKana(record.kana).value_or(record.kana),
                     record.diagnosed_on.has_value()
                         ? absl::FormatCivilTime(*record.diagnosed_on)
                         : "")
            .second;
    const bool is_new =
        record.contact.empty()
            ? is_new_person
            : contacts.emplace(record.name, record.contact).second;
    if (!is_new) found.push_back(i);
  }
  return found;
}

absl::StatusOr<IssueDecision> HersysStore::Judge(int64_t centre,
                                                 int64_t patient,
                                                 absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(const Patient found, FindPatient(centre, patient));
  return JudgeFound(found, now);
}

absl::Status HersysStore::UpdateReport(const PatientChange& change,
                                       const PatientRecord& record,
                                       absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_ASSIGN_OR_RETURN(const Patient before,
                            FindPatient(change.centre, change.patient));
  if (!change.seen.empty() && change.seen != ReportMark(before.record)) {
    return absl::AbortedError("somebody else changed this patient meanwhile");
  }
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement update,
      database_->Prepare(
          "UPDATE patient SET facility = ?3, positive = ?4, confirmed = ?5, "
          "diagnosed_on = ?6, reported = ?7 WHERE id = ?1 AND center_id = "
          "?2"));
  update.BindInt64(1, change.patient)
      .BindInt64(2, change.centre)
      .BindText(3, record.outpatient_facility)
      .BindInt64(4, record.test_positive ? 1 : 0)
      .BindInt64(5, record.confirmed_case ? 1 : 0)
      .BindInt64(7, record.reported ? 1 : 0);
  if (record.diagnosed_on.has_value()) {
    update.BindText(6, absl::FormatCivilTime(*record.diagnosed_on));
  }
  TEKMATCH_RETURN_IF_ERROR(update.Run());
  TEKMATCH_RETURN_IF_ERROR(
      Audit(now, change.by_operator,
            record.reported && !before.record.reported ? "report" : "edit",
            change.patient));
  TEKMATCH_RETURN_IF_ERROR(StopWhatIsIncomplete(change.centre, change.patient));
  return transaction.Commit();
}

absl::Status HersysStore::UpdateContact(const PatientChange& change,
                                        const PatientRecord& record,
                                        absl::string_view origin,
                                        absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_ASSIGN_OR_RETURN(const Patient before,
                            FindPatient(change.centre, change.patient));
  if (!change.seen.empty() && change.seen != ContactMark(before.record)) {
    return absl::AbortedError("somebody else changed this patient meanwhile");
  }
  // The same contact in another spelling is no change.
  const ContactAddress::Parsed was =
      ContactAddress::Parse(before.record.contact);
  const ContactAddress::Parsed is = ContactAddress::Parse(record.contact);
  const bool is_other = was.contact.has_value() || is.contact.has_value()
                            ? was.contact != is.contact
                            : before.record.contact != record.contact;
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement update,
      database_->Prepare(
          "UPDATE patient SET name = ?3, kana = ?4, contact = ?5, "
          "contact_origin = ?6, app_in_use = ?7, wants = ?8, consented = ?9 "
          "WHERE id = ?1 AND center_id = ?2"));
  update.BindInt64(1, change.patient)
      .BindInt64(2, change.centre)
      .BindText(3, record.name)
      .BindText(4, NormalizeKana(record.kana).value_or(record.kana))
      .BindText(5, record.contact)
      .BindText(6, is_other ? origin : before.contact_origin)
      .BindInt64(7, static_cast<int64_t>(record.app_in_use))
      .BindInt64(8, static_cast<int64_t>(record.wants_to_register))
      .BindInt64(9, record.consented ? 1 : 0);
  TEKMATCH_RETURN_IF_ERROR(update.Run());
  TEKMATCH_RETURN_IF_ERROR(Audit(now, change.by_operator,
                                 is_other ? "edit_contact" : "edit",
                                 change.patient));
  if (is_other) TEKMATCH_RETURN_IF_ERROR(VoidNumbers(change.patient));
  TEKMATCH_RETURN_IF_ERROR(StopWhatIsIncomplete(change.centre, change.patient));
  return transaction.Commit();
}

// In the caller's transaction, as the next one.
absl::Status HersysStore::VoidNumbers(int64_t patient) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement numbers,
      // Not what is reserved: somebody's keys may be on the disk already.
      database_->Prepare(
          "UPDATE number SET state = 3 WHERE patient = ?1 AND state = 0"));
  numbers.BindInt64(1, patient);
  TEKMATCH_RETURN_IF_ERROR(numbers.Run());
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement issues,
      database_->Prepare(
          "UPDATE issue SET state = 4 WHERE patient_id = ?1 AND state IN (1, "
          "2) AND id NOT IN (SELECT issue FROM number WHERE state IN (1, 2))"));
  issues.BindInt64(1, patient);
  return issues.Run();
}

absl::Status HersysStore::StopWhatIsIncomplete(int64_t centre,
                                               int64_t patient) {
  TEKMATCH_ASSIGN_OR_RETURN(const Patient after, FindPatient(centre, patient));
  if (!after.closed && MissingForIssue(after.record).empty()) {
    return absl::OkStatus();
  }
  // Numbers of messages that are on their way just now, or may have gone out.
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement numbers,
      database_->Prepare("UPDATE number SET state = 3 WHERE patient = ?1 AND "
                         "state = 0 AND issue IN (SELECT id FROM issue WHERE "
                         "patient_id = ?1 AND state = 0)"));
  numbers.BindInt64(1, patient);
  TEKMATCH_RETURN_IF_ERROR(numbers.Run());
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement update,
      database_->Prepare("UPDATE issue SET state = 3, last_error = ?2 WHERE "
                         "patient_id = ?1 AND state = 0"));
  update.BindInt64(1, patient)
      .BindInt64(2, static_cast<int64_t>(FailureReason::kRecordChanged));
  return update.Run();
}

absl::StatusOr<std::vector<AuditEntry>> HersysStore::ListAudit(int64_t centre,
                                                               int most) {
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare(
          "SELECT a.at, coalesce(o.login, ''), a.what, a.patient_id FROM audit "
          "a LEFT JOIN operator o ON o.id = a.operator_id LEFT JOIN patient p "
          "ON p.id = a.patient_id WHERE p.center_id = ?1 OR (a.patient_id = 0 "
          "AND o.center_id = ?1) ORDER BY a.at DESC, a.rowid DESC LIMIT ?2"));
  select.BindInt64(1, centre).BindInt64(2, most);
  std::vector<AuditEntry> entries;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return entries;
    AuditEntry entry{.at = absl::FromUnixMillis(select.Int64(0)),
                     .login = std::string(select.Text(1)),
                     .what = std::string(select.Text(2)),
                     .patient = select.Int64(3),
                     .about = ""};
    // operator_store.h: the row's operator did not do it, it was done to him.
    if (absl::StartsWith(entry.what, "operator_")) {
      std::swap(entry.login, entry.about);
    }
    entries.push_back(std::move(entry));
  }
}

}  // namespace tekmatch
