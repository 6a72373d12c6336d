// The management system at rest: DIR/hersys.sqlite, over matcher/store's
// Database with tables of its own.
//
//   center    health centres: name, telephone for inquiries
//   operator  who presses the button, each bound to one centre
//   patient   name, contact, report, consent; of one centre
//   issue     each press of the button, by the client's uuid, and its state
//   number    keyed hashes of what was sent (number_store.h), and `registered`,
//             which patients have registered: once, by the first confirm
//   audit     who did what to which patient, when; never a number
//
// Rules decide (rules/issuance.h, rules/redemption.h), SQL carries out: a state
// changes by one conditional UPDATE, and a test compares these with the rules
// over all states. Whether a number may be issued is judged and recorded in one
// writing transaction, so that presses at once are judged one after the other,
// and none after a success.
//
// A centre sees its own rows only. Each statement has the centre in its
// condition, so a patient of another centre is NOT_FOUND, as one that is not
// there (row 30).
//
// Errors beside those of matcher/store/database.h are at each function.
//
// Source: REGISTRATION rows 4, 7, 8, 12, 13, 30, sections 3 and 4.
#ifndef TEKMATCH_REGISTRATION_HERSYS_HERSYS_STORE_H_
#define TEKMATCH_REGISTRATION_HERSYS_HERSYS_STORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "matcher/store/database.h"
#include "registration/hersys/number_store.h"
#include "registration/hersys/operator_store.h"
#include "registration/rules/issuance.h"

namespace tekmatch {

struct Patient {
  int64_t id = 0;
  PatientRecord record;  // with its centre's name
  std::string contact_origin;
  std::optional<absl::Time> registered_at;
  bool closed = false;
};

// A patient in the list.
struct PatientSummary {
  int64_t id = 0;
  std::string name;
  bool registered = false;
  bool closed = false;
  bool complete = false;  // nothing is missing
  std::optional<IssueState> last_issue;
};
// "registered", "closed", the name of the last issue's state, "ready",
// "incomplete"; and what the pages say: 登録済, 対象外, 送信待ち ..., 未発行,
// 入力中.
absl::string_view PatientStateName(const PatientSummary& patient);
absl::string_view PatientStateLabel(const PatientSummary& patient);

// Who changes what, and what the patient looked like to him.
struct PatientChange {
  int64_t centre = 0;
  int64_t patient = 0;
  std::optional<int64_t> by_operator;
  // ReportMark or ContactMark of the record that he saw: the change is refused
  // if it is another by now. Empty: whatever it is.
  std::string seen;
};
// Of the fields of each tab: 32 hexadecimal digits, the same for the same
// fields.
std::string ReportMark(const PatientRecord& record);
std::string ContactMark(const PatientRecord& record);

struct AuditEntry {
  absl::Time at;
  std::string login;    // empty: no operator, or by the command line
  std::string what;     // "issue", "close", "login", ...
  int64_t patient = 0;  // 0: none
  std::string about;    // login of the operator who was changed; empty: none
};

struct NewIssue {
  std::string uuid;  // the client's: a page has one, a double click the same
  int64_t centre = 0;
  int64_t patient = 0;
  std::optional<int64_t> by_operator;
  // How many issues of the patient were there on the page whose button was
  // pressed: another one since is refused. Nothing: whatever there is.
  std::optional<int64_t> num_seen;
};

struct IssueDecision {
  IssueVerdict verdict = IssueVerdict::kMayIssue;
  std::vector<MissingItem> missing;  // with kSomethingMissing
};

struct Issue {
  std::string uuid;
  int64_t patient = 0;
  IssueState state = IssueState::kQueued;
  FailureReason failure = FailureReason::kNone;
  int tries = 0;
  absl::Time queued;
  std::optional<absl::Time> handed;
  std::optional<absl::Time> delivered;
  std::optional<absl::Time> expires;
};

// What the courier has to know of an issue that waits.
struct IssueToSend {
  std::string uuid;
  int64_t patient = 0;
  int tries = 0;  // that were counted
  absl::Time queued;
  std::string contact;
  std::string centre;
  std::string telephone;
};

// One connection, for one thread at a time.
class HersysStore {
 public:
  static absl::StatusOr<std::unique_ptr<HersysStore>> Open(
      const std::string& folder, OpenMode mode);

  // Of that name, which is made where there is none. The telephone becomes
  // this one.
  absl::StatusOr<int64_t> PutCentre(absl::string_view name,
                                    absl::string_view inquiry_phone);
  // NOT_FOUND: none has this name.
  absl::StatusOr<int64_t> FindCentre(absl::string_view name);

  // ---- Patients -----------------------------------------------------------

  // Texts are stored as typed, the kana as NormalizeKana has them where they
  // are some. The record's own centre is not used. `origin`: who entered the
  // contact.
  absl::StatusOr<int64_t> AddPatient(int64_t centre,
                                     const PatientRecord& record,
                                     absl::string_view origin, absl::Time now,
                                     std::optional<int64_t> by_operator = {});
  // All of them or none. The ids, in their order.
  absl::StatusOr<std::vector<int64_t>> AddPatients(
      int64_t centre, absl::Span<const PatientRecord> records,
      absl::string_view origin, absl::Time now,
      std::optional<int64_t> by_operator);
  // Which of the records have the name and the contact of a patient of the
  // centre, or of a record before them; without a contact, the name, the kana
  // and the day of the diagnosis. Those without a name are none.
  absl::StatusOr<std::vector<size_t>> FindKnown(
      int64_t centre, absl::Span<const PatientRecord> records);
  // NOT_FOUND: none, or another centre's. The same for all below with a centre.
  absl::StatusOr<Patient> FindPatient(int64_t centre, int64_t patient);
  // The centre's, newest first, until `visit` returns false.
  absl::Status VisitPatients(
      int64_t centre, absl::FunctionRef<bool(const PatientSummary&)> visit);
  // The fields of tab 発生届, and those of 連絡先・アプリ. ABORTED: somebody
  // changed them since (PatientChange::seen). hersys_patients.cc says what
  // becomes of issues and numbers. `origin` counts where the contact is
  // another.
  absl::Status UpdateReport(const PatientChange& change,
                            const PatientRecord& record, absl::Time now);
  absl::Status UpdateContact(const PatientChange& change,
                             const PatientRecord& record,
                             absl::string_view origin, absl::Time now);
  // 対象外 (R9): no more numbers; and back again. Nothing happens where it is
  // so already.
  absl::Status ClosePatient(int64_t centre, int64_t patient,
                            std::optional<int64_t> by_operator, absl::Time now);
  absl::Status ReopenPatient(int64_t centre, int64_t patient,
                             std::optional<int64_t> by_operator,
                             absl::Time now);
  // Deletes who was added before that, with issues and numbers, unless an issue
  // waits or a number is good or reserved at `now`. How many.
  absl::StatusOr<int64_t> PurgePatients(absl::Time before, absl::Time now);

  // ---- Issues -------------------------------------------------------------

  // Queues an issue, if the rules allow one; else says why not, and nothing
  // changes. An issue voids reservations of the patient (redemption.h).
  // ALREADY_EXISTS: the uuid is known, whatever else holds. ABORTED: somebody
  // else issued meanwhile (NewIssue::num_seen). INVALID_ARGUMENT: it is no
  // UUID.
  absl::StatusOr<IssueDecision> QueueIssue(const NewIssue& issue,
                                           absl::Time now);
  // Adds a patient and queues the first issue, both or nothing: whoever asks
  // again with the uuid, after whatever happened, makes nobody twice. The
  // issue's own patient is not used; `patient` is who was added. Refusals and
  // errors are QueueIssue's, and add nobody.
  absl::StatusOr<IssueDecision> AddAndQueue(NewIssue issue,
                                            const PatientRecord& record,
                                            absl::string_view origin,
                                            absl::Time now, int64_t& patient);
  // What QueueIssue would decide now.
  absl::StatusOr<IssueDecision> Judge(int64_t centre, int64_t patient,
                                      absl::Time now);
  // Newest first.
  absl::StatusOr<std::vector<Issue>> IssuesOf(int64_t centre, int64_t patient);
  // NOT_FOUND: none has this uuid.
  absl::StatusOr<Issue> FindIssue(absl::string_view uuid);
  absl::StatusOr<QueueAge> AgeOfQueue(absl::Time now);
  absl::StatusOr<int64_t> CountAudit(absl::string_view what);
  // Of the centre's patients and operators, newest first.
  absl::StatusOr<std::vector<AuditEntry>> ListAudit(int64_t centre, int most);

  // Oldest first: what waits, of patients with fewer than kMostLiveNumbers good
  // numbers (results that were not clear may have left some).
  absl::StatusOr<std::vector<IssueToSend>> IssuesToSend(int most,
                                                        absl::Time now);
  // Just before it is sent: the issue as it is now, with this try. nullopt: it
  // does not wait any more, or its patient has registered.
  absl::StatusOr<std::optional<IssueToSend>> CountTry(absl::string_view uuid);
  // One conditional UPDATE each, as NextIssueState has it. false: the event
  // changes nothing in the issue's state, or there is no such issue.
  // The message with this number was taken: the number's life begins, in the
  // same transaction. false also where the number was made void meanwhile.
  absl::StatusOr<bool> HandOver(absl::string_view uuid, const NumberHash& hash,
                                absl::Time handed, absl::Time expires);
  // `expires`: where the life counts from the delivery; the issue's live
  // numbers get it, too.
  absl::StatusOr<bool> Deliver(absl::string_view uuid, absl::Time delivered,
                               std::optional<absl::Time> expires);
  absl::StatusOr<bool> Fail(absl::string_view uuid, FailureReason reason);
  absl::StatusOr<bool> Expire(absl::string_view uuid);

  OperatorStore& operators() { return operators_; }

  // ---- Numbers ------------------------------------------------------------

  // For Add, by the courier.
  NumberStore& numbers() { return numbers_; }
  // The message with it was not taken: nobody has it.
  absl::Status ForgetNumber(const NumberHash& hash);
  absl::StatusOr<ReserveOutcome> Reserve(absl::Span<const NumberHash> hashes,
                                         const Claim& claim, absl::Time now);
  // With what a success does to the patient's issues.
  absl::StatusOr<ConfirmOutcome> Confirm(const Claim& claim, absl::Time now);

  // Brings issues up to what became of their numbers, and deletes numbers by
  // rules/redemption.h's MayDelete. How many.
  absl::StatusOr<int64_t> Purge(absl::Time now);
  // Moves what was deleted out of the -wal.
  absl::Status Checkpoint();

 private:
  explicit HersysStore(std::unique_ptr<Database> database)
      : database_(std::move(database)),
        numbers_(*database_),
        operators_(*database_) {}

  absl::Status Audit(absl::Time now, std::optional<int64_t> by_operator,
                     absl::string_view what, int64_t patient);
  // In the caller's transaction, as most of those below.
  absl::StatusOr<std::vector<int64_t>> InsertPatients(
      int64_t centre, absl::Span<const PatientRecord> records,
      absl::string_view origin, absl::Time now,
      std::optional<int64_t> by_operator);
  absl::StatusOr<IssueDecision> InsertIssue(const NewIssue& issue,
                                            absl::Time now);
  absl::Status SetClosed(int64_t centre, int64_t patient, bool closed,
                         std::optional<int64_t> by_operator, absl::Time now);
  absl::StatusOr<IssueHistory> HistoryOf(int64_t patient, absl::Time now);
  absl::StatusOr<IssueDecision> JudgeFound(const Patient& patient,
                                           absl::Time now);
  absl::Status VoidNumbers(int64_t patient);
  absl::Status StopWhatIsIncomplete(int64_t centre, int64_t patient);
  // Issues whose number was used are redeemed, other open ones of a patient who
  // registered are over.
  absl::Status SettleIssues();
  absl::StatusOr<bool> RunOne(Statement& update);

  const std::unique_ptr<Database> database_;
  NumberStore numbers_;
  OperatorStore operators_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_HERSYS_STORE_H_
