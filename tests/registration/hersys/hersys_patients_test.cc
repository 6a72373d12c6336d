// What the operators' pages ask of the store: lists, changes, operators, the
// audit.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/hersys/hersys_store.h"
#include "registration/rules/issuance.h"
#include "registration/rules/redemption.h"
#include "tests/registration/hersys/hersys_testing.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1607590800);
constexpr char kContact[] = "090-1234-5678";

std::string Uuid(int n) {
  return absl::StrFormat("00000000-0000-4000-8000-%012d", n);
}

NumberHash HashOf(int n) {
  NumberHash hash;
  hash.bytes[0] = static_cast<uint8_t>(n);
  return hash;
}

class HersysPatientsTest : public ::testing::Test {
 protected:
  HersysPatientsTest()
      : store_(*HersysStore::Open(TempPath("hersys"), OpenMode::kCreate)) {
    centre_ = *store_->PutCentre("千代田保健所", "03-1234-5678");
    other_ = *store_->PutCentre("港保健所", "03-9999-9999");
    patient_ = *store_->AddPatient(centre_, CompleteRecord(kContact), "import",
                                   kNow, 7);
  }

  PatientChange Change(const std::string& seen = "") {
    return {
        .centre = centre_, .patient = patient_, .by_operator = 7, .seen = seen};
  }
  Patient Found() { return *store_->FindPatient(centre_, patient_); }
  absl::Status SaveContact(const PatientRecord& record,
                           const std::string& seen = "") {
    return store_->UpdateContact(Change(seen), record, "center", kNow);
  }
  void Queue(int n) {
    const auto decision = store_->QueueIssue(
        {.uuid = Uuid(n), .centre = centre_, .patient = patient_}, kNow);
    ASSERT_THAT(decision.status(), IsOk());
    ASSERT_EQ(decision->verdict, IssueVerdict::kMayIssue);
  }
  void Send(int n) {
    ASSERT_THAT(store_->numbers().Add(HashOf(n), patient_, Uuid(n),
                                      kNow + absl::Hours(1)),
                IsOk());
    ASSERT_THAT(
        store_->HandOver(Uuid(n), HashOf(n), kNow, kNow + absl::Hours(1)),
        IsOkAndHolds(true));
  }
  ReserveOutcome Reserve(int n) {
    Claim claim;
    claim.bytes[0] = static_cast<uint8_t>(n);
    return *store_->Reserve(std::vector<NumberHash>{HashOf(n)}, claim, kNow);
  }
  std::vector<std::string> States(int64_t centre) {
    std::vector<std::string> states;
    EXPECT_THAT(
        store_->VisitPatients(centre,
                              [&](const PatientSummary& patient) {
                                states.emplace_back(PatientStateName(patient));
                                return true;
                              }),
        IsOk());
    return states;
  }
  std::vector<std::string> Deeds(int64_t centre) {
    std::vector<std::string> deeds;
    const auto audit = store_->ListAudit(centre, 100);
    EXPECT_THAT(audit.status(), IsOk());
    for (const AuditEntry& entry : *audit) deeds.push_back(entry.what);
    return deeds;
  }

  std::unique_ptr<HersysStore> store_;
  int64_t centre_ = 0;
  int64_t other_ = 0;
  int64_t patient_ = 0;
};

// ------------------------------------------------------------------ changes

TEST_F(HersysPatientsTest, AChangeIsThatTabsAlone) {
  PatientRecord record;  // all empty
  record.outpatient_facility = "第二病院";
  record.diagnosed_on = absl::CivilDay(2020, 12, 8);
  ASSERT_THAT(store_->UpdateReport(Change(), record, kNow), IsOk());
  Patient found = Found();
  EXPECT_EQ(found.record.outpatient_facility, "第二病院");
  EXPECT_FALSE(found.record.test_positive);
  EXPECT_FALSE(found.record.reported);
  EXPECT_EQ(found.record.diagnosed_on, absl::CivilDay(2020, 12, 8));
  EXPECT_EQ(found.record.name, "厚労 太郎");
  EXPECT_EQ(found.contact_origin, "import");

  record = CompleteRecord("080-1234-5678");
  record.wants_to_register = Answer::kNo;
  ASSERT_THAT(SaveContact(record), IsOk());
  found = Found();
  EXPECT_EQ(found.record.contact, "080-1234-5678");
  EXPECT_EQ(found.record.wants_to_register, Answer::kNo);
  EXPECT_EQ(found.record.kana, "コウロウ　タロウ");
  EXPECT_EQ(found.contact_origin, "center");
  EXPECT_EQ(found.record.outpatient_facility, "第二病院");
}

// Row 9: whoever saves the tab without touching the contact did not enter it.
TEST_F(HersysPatientsTest, TheSameContactKeepsItsOrigin) {
  for (const char* same : {kContact, "09012345678", "+81 90 1234 5678"}) {
    ASSERT_THAT(SaveContact(CompleteRecord(same)), IsOk());
    EXPECT_EQ(Found().contact_origin, "import");
  }
  ASSERT_THAT(SaveContact(CompleteRecord("")), IsOk());
  EXPECT_EQ(Found().contact_origin, "center");
}

TEST_F(HersysPatientsTest, WhoeverSawAnotherIsRefused) {
  const std::string report = ReportMark(Found().record);
  const std::string contact = ContactMark(Found().record);
  EXPECT_EQ(report.size(), 32u);
  EXPECT_NE(report, contact);
  PatientRecord record = CompleteRecord(kContact);
  record.name = "厚労 次郎";
  ASSERT_THAT(SaveContact(record, contact), IsOk());
  record.name = "厚労 三郎";
  EXPECT_THAT(SaveContact(record, contact),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(Found().record.name, "厚労 次郎");
  EXPECT_THAT(SaveContact(record, ContactMark(Found().record)), IsOk());
  // The other tab is as it was seen.
  record.outpatient_facility = "第二病院";
  EXPECT_THAT(store_->UpdateReport(Change(report), record, kNow), IsOk());
  EXPECT_THAT(store_->UpdateReport(Change(report), record, kNow),
              StatusIs(absl::StatusCode::kAborted));
}

TEST_F(HersysPatientsTest, MarksDifferInEachField) {
  const PatientRecord full = CompleteRecord(kContact);
  std::vector<PatientRecord> others(9, full);
  others[0].outpatient_facility += "x";
  others[1].test_positive = false;
  others[2].confirmed_case = false;
  others[3].diagnosed_on = std::nullopt;
  others[4].reported = false;
  others[5].app_in_use = Answer::kNo;
  others[6].consented = false;
  // The same letters, parted elsewhere.
  others[7].name = full.name + full.kana.substr(0, 3);
  others[7].kana = full.kana.substr(3);
  others[8].wants_to_register = Answer::kUnknown;
  for (size_t i = 0; i < others.size(); ++i) {
    EXPECT_EQ(ReportMark(others[i]) != ReportMark(full), i < 5) << i;
    EXPECT_EQ(ContactMark(others[i]) != ContactMark(full), i >= 5) << i;
  }
}

TEST_F(HersysPatientsTest, AnotherCentreChangesNothing) {
  for (const int64_t patient : {patient_, patient_ + 1000}) {
    const PatientChange change = {
        .centre = other_, .patient = patient, .by_operator = 8, .seen = ""};
    EXPECT_THAT(store_->UpdateReport(change, PatientRecord(), kNow),
                StatusIs(absl::StatusCode::kNotFound));
    EXPECT_THAT(store_->UpdateContact(change, PatientRecord(), "center", kNow),
                StatusIs(absl::StatusCode::kNotFound));
    EXPECT_THAT(store_->Judge(other_, patient, kNow).status(),
                StatusIs(absl::StatusCode::kNotFound));
  }
  EXPECT_EQ(Found().record.name, "厚労 太郎");
  EXPECT_THAT(States(other_), IsEmpty());
  EXPECT_THAT(Deeds(other_), IsEmpty());
}

// ----------------------------------------------- changes after the button

TEST_F(HersysPatientsTest, AnotherContactEndsNumbersOfTheOldOne) {
  Queue(1);
  Send(1);
  Queue(2);
  Send(2);
  ASSERT_EQ(Reserve(2), ReserveOutcome::kGranted);
  ASSERT_THAT(SaveContact(CompleteRecord("080-1234-5678")), IsOk());
  EXPECT_FALSE(IsGranted(Reserve(1)));
  EXPECT_EQ(store_->FindIssue(Uuid(1))->state, IssueState::kExpired);
  // What is reserved may be on the server's disk.
  EXPECT_EQ(Reserve(2), ReserveOutcome::kRepeated);
  EXPECT_EQ(store_->FindIssue(Uuid(2))->state, IssueState::kHanded);
  Claim claim;
  claim.bytes[0] = 2;
  EXPECT_THAT(store_->Confirm(claim, kNow),
              IsOkAndHolds(ConfirmOutcome::kRegisters));
}

TEST_F(HersysPatientsTest, WhatIsIncompleteIsNotSent) {
  Queue(1);
  PatientRecord record = CompleteRecord(kContact);
  record.consented = false;
  ASSERT_THAT(SaveContact(record), IsOk());
  EXPECT_EQ(store_->FindIssue(Uuid(1))->state, IssueState::kFailed);
  EXPECT_EQ(store_->FindIssue(Uuid(1))->failure, FailureReason::kRecordChanged);
  EXPECT_EQ(FailureReasonName(FailureReason::kRecordChanged), "record_changed");
  EXPECT_THAT(*store_->IssuesToSend(10, kNow), IsEmpty());
  EXPECT_FALSE(store_->CountTry(Uuid(1))->has_value());
  // Consented after all: the next press is another issue.
  ASSERT_THAT(SaveContact(CompleteRecord(kContact)), IsOk());
  Queue(2);
  ASSERT_THAT(store_->ClosePatient(centre_, patient_, 7, kNow), IsOk());
  EXPECT_EQ(store_->FindIssue(Uuid(2))->state, IssueState::kFailed);
}

TEST_F(HersysPatientsTest, JudgeSaysWhatTheButtonWouldDo) {
  EXPECT_EQ(store_->Judge(centre_, patient_, kNow)->verdict,
            IssueVerdict::kMayIssue);
  PatientRecord record = CompleteRecord("");
  ASSERT_THAT(SaveContact(record), IsOk());
  const IssueDecision decision = *store_->Judge(centre_, patient_, kNow);
  EXPECT_EQ(decision.verdict, IssueVerdict::kSomethingMissing);
  EXPECT_THAT(decision.missing, ElementsAre(MissingItem::kContact));
  // It issues nothing.
  EXPECT_THAT(*store_->IssuesOf(centre_, patient_), IsEmpty());
}

// -------------------------------------------------------------------- lists

TEST_F(HersysPatientsTest, ListsTheCentresNewestFirst) {
  ASSERT_THAT(store_
                  ->AddPatients(centre_, {PatientRecord(), PatientRecord()},
                                "import", kNow, 7)
                  .status(),
              IsOk());
  ASSERT_THAT(store_->AddPatient(other_, PatientRecord(), "center", kNow),
              IsOk());
  EXPECT_THAT(States(centre_),
              ElementsAre("incomplete", "incomplete", "ready"));
  Queue(1);
  EXPECT_EQ(States(centre_)[2], "queued");
  Send(1);
  EXPECT_EQ(States(centre_)[2], "handed");
  ASSERT_THAT(store_->Expire(Uuid(1)), IsOkAndHolds(true));
  EXPECT_EQ(States(centre_)[2], "expired");
  ASSERT_EQ(Reserve(1), ReserveOutcome::kGranted);
  Claim claim;
  claim.bytes[0] = 1;
  ASSERT_THAT(store_->Confirm(claim, kNow), IsOk());
  EXPECT_EQ(States(centre_)[2], "registered");
  ASSERT_THAT(store_->ClosePatient(centre_, patient_ + 1, 7, kNow), IsOk());
  EXPECT_EQ(States(centre_)[1], "closed");
  int num_seen = 0;
  ASSERT_THAT(
      store_->VisitPatients(
          centre_, [&](const PatientSummary&) { return ++num_seen < 2; }),
      IsOk());
  EXPECT_EQ(num_seen, 2);
}

TEST_F(HersysPatientsTest, FindsWhoIsThereAlready) {
  PatientRecord known = CompleteRecord(kContact);
  PatientRecord brother = CompleteRecord(kContact);
  brother.name = "厚労 次郎";
  PatientRecord without = CompleteRecord("");
  EXPECT_THAT(
      store_->FindKnown(centre_, {brother, known, without, without, brother}),
      IsOkAndHolds(ElementsAre(1, 2, 3, 4)));
  EXPECT_THAT(store_->FindKnown(other_, {known}), IsOkAndHolds(IsEmpty()));
}

// A file without contacts that is sent again.
TEST_F(HersysPatientsTest, FindsWhoIsThereWithoutAContact) {
  PatientRecord jiro = CompleteRecord("");
  jiro.name = "厚労 次郎";
  PatientRecord other_kana = jiro;
  other_kana.kana = "コウロウ ジロウ";
  PatientRecord other_day = jiro;
  other_day.diagnosed_on = absl::CivilDay(2020, 12, 8);
  PatientRecord no_day = jiro;
  no_day.diagnosed_on.reset();
  PatientRecord nobody;
  nobody.outpatient_facility = "第一病院";
  const std::vector<PatientRecord> file = {jiro,   other_kana, other_day,
                                           no_day, nobody,     nobody};
  EXPECT_THAT(store_->FindKnown(centre_, file), IsOkAndHolds(IsEmpty()));
  ASSERT_THAT(store_->AddPatients(centre_, file, "import", kNow, 7).status(),
              IsOk());
  EXPECT_THAT(store_->FindKnown(centre_, file),
              IsOkAndHolds(ElementsAre(0, 1, 2, 3)));
  EXPECT_THAT(store_->FindKnown(other_, file), IsOkAndHolds(IsEmpty()));
  // Another person by that name, who has a contact.
  EXPECT_THAT(store_->FindKnown(centre_, {CompleteRecord("080-1234-5678")}),
              IsOkAndHolds(IsEmpty()));
}

TEST_F(HersysPatientsTest, AClosedCaseIsOpenedAgain) {
  ASSERT_THAT(store_->ClosePatient(centre_, patient_, 7, kNow), IsOk());
  ASSERT_THAT(store_->ClosePatient(centre_, patient_, 7, kNow), IsOk());
  EXPECT_TRUE(Found().closed);
  EXPECT_EQ(store_->Judge(centre_, patient_, kNow)->verdict,
            IssueVerdict::kClosed);
  EXPECT_THAT(store_->ReopenPatient(other_, patient_, 7, kNow),
              StatusIs(absl::StatusCode::kNotFound));
  ASSERT_THAT(store_->ReopenPatient(centre_, patient_, 7, kNow), IsOk());
  ASSERT_THAT(store_->ReopenPatient(centre_, patient_, 7, kNow), IsOk());
  EXPECT_FALSE(Found().closed);
  EXPECT_EQ(store_->Judge(centre_, patient_, kNow)->verdict,
            IssueVerdict::kMayIssue);
  // What changed nothing is no deed.
  EXPECT_THAT(Deeds(centre_), ElementsAre("reopen", "close", "add"));
}

// Two operators see 未発行, and both press the button.
TEST_F(HersysPatientsTest, WhoeverSawFewerIssuesIsRefused) {
  NewIssue issue = {.uuid = Uuid(1),
                    .centre = centre_,
                    .patient = patient_,
                    .by_operator = 7,
                    .num_seen = 0};
  ASSERT_THAT(store_->QueueIssue(issue, kNow).status(), IsOk());
  // The same press is known.
  EXPECT_THAT(store_->QueueIssue(issue, kNow).status(),
              StatusIs(absl::StatusCode::kAlreadyExists));
  issue.uuid = Uuid(2);
  EXPECT_THAT(store_->QueueIssue(issue, kNow).status(),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(store_->IssuesOf(centre_, patient_)->size(), 1u);
  issue.num_seen = 1;
  EXPECT_THAT(store_->QueueIssue(issue, kNow).status(), IsOk());
  EXPECT_EQ(store_->IssuesOf(centre_, patient_)->size(), 2u);
}

TEST_F(HersysPatientsTest, AllAreAddedOrNone) {
  const std::vector<PatientRecord> records(3);
  EXPECT_THAT(
      store_->AddPatients(centre_ + 1000, records, "import", kNow, 7).status(),
      StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(States(centre_).size(), 1u);
  EXPECT_EQ(store_->AddPatients(centre_, records, "import", kNow, 7)->size(),
            3u);
  EXPECT_EQ(States(centre_).size(), 4u);
  EXPECT_THAT(store_->AddPatients(centre_, {}, "import", kNow, 7),
              IsOkAndHolds(IsEmpty()));
}

TEST_F(HersysPatientsTest, R24APersonIsAddedWithTheIssueOrNot) {
  const NewIssue issue = {.uuid = Uuid(1), .centre = centre_};
  PatientRecord record = CompleteRecord("080-1234-5678");
  int64_t added = 0;
  record.consented = false;
  EXPECT_EQ(
      store_->AddAndQueue(issue, record, "command_line", kNow, added)->verdict,
      IssueVerdict::kSomethingMissing);
  EXPECT_EQ(States(centre_).size(), 1u);
  record.consented = true;
  ASSERT_THAT(
      store_->AddAndQueue(issue, record, "command_line", kNow, added).status(),
      IsOk());
  EXPECT_EQ(store_->FindIssue(Uuid(1))->patient, added);
  EXPECT_THAT(States(centre_), ElementsAre("queued", "ready"));
  EXPECT_THAT(
      store_->AddAndQueue(issue, record, "command_line", kNow, added).status(),
      StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(store_
                  ->AddAndQueue({.uuid = "x", .centre = centre_}, record,
                                "command_line", kNow, added)
                  .status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(States(centre_).size(), 2u);
}

// ---------------------------------------------------------------- operators

TEST_F(HersysPatientsTest, OperatorsAreOfOneCentre) {
  OperatorStore& operators = store_->operators();
  const int64_t id =
      *operators.Put(centre_, "hanako", "hash 1", OperatorRole::kAdmin, kNow);
  Operator found = *operators.FindByLogin("hanako");
  EXPECT_EQ(found.id, id);
  EXPECT_EQ(found.centre, centre_);
  EXPECT_EQ(found.centre_name, "千代田保健所");
  EXPECT_EQ(found.inquiry_phone, "03-1234-5678");
  EXPECT_EQ(found.password_hash, "hash 1");
  EXPECT_EQ(found.role, OperatorRole::kAdmin);
  EXPECT_FALSE(found.disabled);

  EXPECT_THAT(operators.Put(other_, "hanako", "x", OperatorRole::kAdmin, kNow),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(operators.Disable(other_, "hanako", kNow),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(operators.Put(9999, "taro", "x", OperatorRole::kAdmin, kNow),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(operators.Find(id)->password_hash, "hash 1");

  ASSERT_THAT(operators.Disable(centre_, "hanako", kNow), IsOk());
  EXPECT_TRUE(operators.Find(id)->disabled);
  EXPECT_THAT(
      operators.Put(centre_, "hanako", "hash 2", OperatorRole::kOperator, kNow),
      IsOkAndHolds(id));
  found = *operators.Find(id);
  EXPECT_FALSE(found.disabled);
  EXPECT_EQ(found.password_hash, "hash 2");
  EXPECT_EQ(found.role, OperatorRole::kOperator);
  EXPECT_THAT(operators.Find(id + 1).status(),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(HersysPatientsTest, LoginsThatAreNone) {
  for (const char* login :
       {"", "ab", "Hanako", "花子子", "a b c", "a/b", "hanako\n"}) {
    EXPECT_FALSE(IsLogin(login)) << login;
    EXPECT_THAT(store_->operators().Put(centre_, login, "x",
                                        OperatorRole::kAdmin, kNow),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_TRUE(IsLogin("a.b-c_d@example.jp"));
  EXPECT_TRUE(IsLogin(std::string(64, 'a')));
  EXPECT_FALSE(IsLogin(std::string(65, 'a')));
  EXPECT_EQ(OperatorRoleOf("boss"), std::nullopt);
  for (const auto role : {OperatorRole::kAdmin, OperatorRole::kOperator}) {
    EXPECT_EQ(OperatorRoleOf(OperatorRoleName(role)), role);
  }
}

// ---------------------------------------------------------------- the audit

TEST_F(HersysPatientsTest, AuditSaysWhoDidWhat) {
  OperatorStore& operators = store_->operators();
  const int64_t id =
      *operators.Put(centre_, "hanako", "x", OperatorRole::kAdmin, kNow);
  const absl::Time later = kNow + absl::Minutes(1);
  ASSERT_THAT(operators.NoteLogin(id, 0, later), IsOk());
  ASSERT_THAT(store_->AddPatient(other_, PatientRecord(), "center", later),
              IsOk());
  const PatientChange change = {
      .centre = centre_, .patient = patient_, .by_operator = id, .seen = ""};
  PatientRecord record = CompleteRecord(kContact);
  record.reported = false;
  ASSERT_THAT(store_->UpdateReport(change, record, later), IsOk());
  record.reported = true;
  ASSERT_THAT(store_->UpdateReport(change, record, later), IsOk());
  ASSERT_THAT(store_->UpdateContact(change, CompleteRecord("080-1234-5678"),
                                    "center", later),
              IsOk());
  EXPECT_THAT(Deeds(centre_), ElementsAre("edit_contact", "report", "edit",
                                          "login", "operator_set", "add"));
  EXPECT_THAT(Deeds(other_), ElementsAre("add"));
  const std::vector<AuditEntry> audit = *store_->ListAudit(centre_, 2);
  ASSERT_EQ(audit.size(), 2u);
  EXPECT_EQ(audit[0].at, later);
  EXPECT_EQ(audit[0].login, "hanako");
  EXPECT_EQ(audit[0].patient, patient_);
  // The command line changed the operator, who did nothing.
  const AuditEntry set = (*store_->ListAudit(centre_, 10))[4];
  EXPECT_EQ(set.what, "operator_set");
  EXPECT_EQ(set.login, "");
  EXPECT_EQ(set.about, "hanako");
  // Retention: with the patient, and operators' own as old.
  ASSERT_THAT(store_->PurgePatients(later, kNow), IsOkAndHolds(1));
  EXPECT_THAT(Deeds(centre_), ElementsAre("login"));
  // Wrong passwords before the log-in.
  ASSERT_THAT(operators.NoteLogin(id, 3, later), IsOk());
  EXPECT_THAT(Deeds(centre_), ElementsAre("login", "login_failed:3", "login"));
}

}  // namespace
}  // namespace tekmatch
