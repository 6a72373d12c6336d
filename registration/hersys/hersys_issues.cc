// Plan: rows to values; the button; an issue's state; numbers; their retention.
// The numbers of states in the SQL are those of IssueState and NumberState.
// States change by one conditional UPDATE, never by a read and then a write
// (REGISTRATION section 6, rule 3). A change is one transaction; Confirm and
// Purge have several, and say why a kill in between does no harm. Issues learn
// from the numbers' rows what became of them (SettleIssues), so that comes
// before numbers are deleted.
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "keyformat/status_macros.h"
#include "registration/hersys/hersys_rows.h"
#include "registration/hersys/hersys_store.h"
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

std::optional<absl::Time> TimeAt(const Statement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return absl::FromUnixMillis(row.Int64(column));
}

// The day of the centres: the limit of issues a day counts from its midnight.
absl::Time StartOfDay(absl::Time now) {
  const absl::TimeZone japan = absl::FixedTimeZone(9 * 60 * 60);
  return absl::FromCivil(absl::ToCivilDay(now, japan), japan);
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
      failure > static_cast<int>(FailureReason::kRecordChanged)) {
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

absl::StatusOr<IssueDecision> HersysStore::JudgeFound(const Patient& patient,
                                                      absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(IssueHistory history, HistoryOf(patient.id, now));
  history.registered = patient.registered_at.has_value();
  history.closed = patient.closed;
  IssueDecision decision;
  decision.verdict = JudgeIssue(patient.record, history);
  if (decision.verdict == IssueVerdict::kSomethingMissing) {
    decision.missing = MissingForIssue(patient.record);
  }
  return decision;
}

absl::StatusOr<IssueDecision> HersysStore::QueueIssue(const NewIssue& issue,
                                                      absl::Time now) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_ASSIGN_OR_RETURN(IssueDecision decision, InsertIssue(issue, now));
  // A refusal changed nothing.
  if (decision.verdict != IssueVerdict::kMayIssue) return decision;
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  return decision;
}

absl::StatusOr<IssueDecision> HersysStore::AddAndQueue(
    NewIssue issue, const PatientRecord& record, absl::string_view origin,
    absl::Time now, int64_t& patient) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<int64_t> ids,
                            InsertPatients(issue.centre, {&record, 1}, origin,
                                           now, issue.by_operator));
  issue.patient = ids.front();
  TEKMATCH_ASSIGN_OR_RETURN(IssueDecision decision, InsertIssue(issue, now));
  // Without Commit, the patient is not there either.
  if (decision.verdict != IssueVerdict::kMayIssue) return decision;
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  patient = issue.patient;
  return decision;
}

absl::StatusOr<IssueDecision> HersysStore::InsertIssue(const NewIssue& issue,
                                                       absl::Time now) {
  if (!ClaimOf(issue.uuid).ok()) {
    return absl::InvalidArgumentError("an issue's id is no UUID");
  }
  // Upper case is the same UUID, and must not pass as another press.
  const std::string uuid = absl::AsciiStrToLower(issue.uuid);
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
  if (issue.num_seen.has_value()) {
    TEKMATCH_ASSIGN_OR_RETURN(
        Statement count,
        database_->Prepare("SELECT count(*) FROM issue WHERE patient_id = ?1"));
    count.BindInt64(1, patient.id);
    TEKMATCH_RETURN_IF_ERROR(count.Step().status());
    if (count.Int64(0) != *issue.num_seen) {
      return absl::AbortedError("somebody else issued meanwhile");
    }
  }
  TEKMATCH_ASSIGN_OR_RETURN(IssueDecision decision, JudgeFound(patient, now));
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

namespace {

// Of an issue, with what is sent and to whom.
constexpr char kToSend[] =
    "SELECT i.id, i.patient_id, i.tries, i.queued_at, p.contact, c.name, "
    "c.inquiry_phone FROM issue i JOIN patient p ON p.id = i.patient_id JOIN "
    "center c ON c.id = p.center_id WHERE ";

IssueToSend IssueToSendFrom(const Statement& row) {
  return {.uuid = std::string(row.Text(0)),
          .patient = row.Int64(1),
          .tries = static_cast<int>(row.Int64(2)),
          .queued = absl::FromUnixMillis(row.Int64(3)),
          .contact = std::string(row.Text(4)),
          .centre = std::string(row.Text(5)),
          .telephone = std::string(row.Text(6))};
}

}  // namespace

absl::StatusOr<std::vector<IssueToSend>> HersysStore::IssuesToSend(
    int most, absl::Time now) {
  // Not with three live numbers: results that stay unclear would make a heap of
  // good ones. The issue stays queued until one of them is over.
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select,
      database_->Prepare(absl::StrCat(
          kToSend,
          "i.state = 0 AND i.patient_id NOT IN (SELECT patient FROM "
          "registered) AND (SELECT count(*) FROM number n WHERE n.patient = "
          "i.patient_id AND n.state = 0 AND n.expires_at > ?2) < ?3 ORDER BY "
          "i.queued_at, i.id LIMIT ?1")));
  select.BindInt64(1, most)
      .BindInt64(2, MillisOf(now))
      .BindInt64(3, kMostLiveNumbers);
  std::vector<IssueToSend> issues;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return issues;
    issues.push_back(IssueToSendFrom(select));
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

absl::StatusOr<std::optional<IssueToSend>> HersysStore::CountTry(
    absl::string_view uuid) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement update,
      database_->Prepare(
          "UPDATE issue SET tries = tries + 1 WHERE id = ?1 AND state = 0 AND "
          "patient_id NOT IN (SELECT patient FROM registered)"));
  update.BindText(1, uuid);
  TEKMATCH_RETURN_IF_ERROR(update.Run());
  if (database_->num_changes() != 1) return std::optional<IssueToSend>();
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement select, database_->Prepare(absl::StrCat(kToSend, "i.id = ?1")));
  select.BindText(1, uuid);
  TEKMATCH_ASSIGN_OR_RETURN(const bool row, select.Step());
  if (!row) return std::optional<IssueToSend>();
  IssueToSend issue = IssueToSendFrom(select);
  // A statement that is on a row keeps its transaction open.
  select.Reset();
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  return std::optional<IssueToSend>(std::move(issue));
}

absl::StatusOr<bool> HersysStore::HandOver(absl::string_view uuid,
                                           const NumberHash& hash,
                                           absl::Time handed,
                                           absl::Time expires) {
  TEKMATCH_ASSIGN_OR_RETURN(Transaction transaction,
                            Transaction::Begin(*database_, Durability::kFull));
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement number,
      database_->Prepare(
          "UPDATE number SET expires_at = ?2 WHERE hash = ?1 AND state = 0"));
  number.BindBlob(1, hash.bytes).BindInt64(2, MillisOf(expires));
  TEKMATCH_RETURN_IF_ERROR(number.Run());
  TEKMATCH_ASSIGN_OR_RETURN(
      Statement issue,
      // Not if the number was made void while the message was on its way: the
      // contact is another by now, and gets a message of its own.
      database_->Prepare(
          "UPDATE issue SET state = 1, handed_at = ?2, expires_at = ?3 WHERE "
          "id = ?1 AND state = 0 AND NOT EXISTS (SELECT 1 FROM number WHERE "
          "hash = ?4 AND state = 3 AND claim IS NULL)"));
  issue.BindText(1, uuid)
      .BindInt64(2, MillisOf(handed))
      .BindInt64(3, MillisOf(expires))
      .BindBlob(4, hash.bytes);
  TEKMATCH_RETURN_IF_ERROR(issue.Run());
  const bool changed = database_->num_changes() == 1;
  TEKMATCH_RETURN_IF_ERROR(transaction.Commit());
  return changed;
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

}  // namespace tekmatch
