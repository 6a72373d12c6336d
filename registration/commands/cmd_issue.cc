// Plan: `issue`, `issues` and `purge` of tekmatch-registry do the health
// centre's part for people without a browser. They open the database of a
// `hersys` themselves; it may run meanwhile. First comes the reader of a
// person's JSON, then a function for each command, last their options. `issue`
// takes one person, or many from a file with a line for each (R24): every line
// is done or refused by itself, and done once, whatever ended an earlier run.
// No rule is here: rules/issuance.h says who gets a number, and the store asks
// it in the transaction that queues an issue.
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "keyformat/status_macros.h"
#include "matcher/store/database.h"
#include "registration/commands/command.h"
#include "registration/hersys/hersys_store.h"
#include "registration/rules/issuance.h"
#include "registration/rules/notice_text.h"
#include "registration/service/bounded_json.h"
#include "registration/service/clock.h"
#include "registration/service/uuid.h"
#include "tools/commands/command_line.h"
#include "tools/files/small_file.h"

namespace tekmatch {
namespace {

using nlohmann::json;

// Far more than a person has; it bounds what a wrong file costs.
constexpr uint64_t kMostPersonBytes = 64 << 10;
// Of as many persons as a file of patients may have (patient_file.h).
constexpr uint64_t kMostPersonsBytes = 8 << 20;
constexpr size_t kMostPersons = 5000;
// The store records with each contact who entered it.
constexpr char kOrigin[] = "command_line";

struct Options {
  std::string data;
  std::string centre;
  std::string inquiry_phone;
  std::string person;
  std::string persons;
  std::optional<uint64_t> patient;
  std::string uuid;
  std::string before;
  std::string clock_file;
};

// --------------------------------------------------------- a person's file

// What is absent stays as it is; another type is refused, without the value.
// Why without: it may be a name or a telephone number, and what goes to stderr
// is often kept in logs.
absl::Status Read(const json& object, const char* name, std::string& value) {
  const auto found = object.find(name);
  if (found == object.end()) return absl::OkStatus();
  if (!found->is_string()) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": is no text"));
  }
  value = found->get<std::string>();
  return absl::OkStatus();
}

absl::Status Read(const json& object, const char* name, bool& value) {
  const auto found = object.find(name);
  if (found == object.end()) return absl::OkStatus();
  if (!found->is_boolean()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": is neither true nor false"));
  }
  value = found->get<bool>();
  return absl::OkStatus();
}

absl::Status Read(const json& object, const char* name, Answer& value) {
  std::string text = "unknown";
  TEKMATCH_RETURN_IF_ERROR(Read(object, name, text));
  if (text == "yes") {
    value = Answer::kYes;
  } else if (text == "no") {
    value = Answer::kNo;
  } else if (text != "unknown") {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": is not yes, no or unknown"));
  }
  return absl::OkStatus();
}

absl::StatusOr<PatientRecord> PersonOf(const json& person) {
  const json* const object = &person;
  // What is absent is no fault here: the rules list all that is missing at
  // once.
  PatientRecord record;
  std::string diagnosed_on;
  TEKMATCH_RETURN_IF_ERROR(
      Read(*object, "outpatient_facility", record.outpatient_facility));
  TEKMATCH_RETURN_IF_ERROR(
      Read(*object, "test_positive", record.test_positive));
  TEKMATCH_RETURN_IF_ERROR(
      Read(*object, "confirmed_case", record.confirmed_case));
  TEKMATCH_RETURN_IF_ERROR(Read(*object, "diagnosed_on", diagnosed_on));
  TEKMATCH_RETURN_IF_ERROR(Read(*object, "reported", record.reported));
  TEKMATCH_RETURN_IF_ERROR(Read(*object, "app_in_use", record.app_in_use));
  TEKMATCH_RETURN_IF_ERROR(
      Read(*object, "wants_to_register", record.wants_to_register));
  TEKMATCH_RETURN_IF_ERROR(Read(*object, "consent", record.consented));
  TEKMATCH_RETURN_IF_ERROR(Read(*object, "name", record.name));
  TEKMATCH_RETURN_IF_ERROR(Read(*object, "kana", record.kana));
  TEKMATCH_RETURN_IF_ERROR(Read(*object, "contact", record.contact));
  if (!diagnosed_on.empty()) {
    absl::CivilDay day;
    if (!absl::ParseCivilTime(diagnosed_on, &day)) {
      return absl::InvalidArgumentError(
          "diagnosed_on: is no date such as 2020-12-09");
    }
    record.diagnosed_on = day;
  }
  return record;
}

absl::StatusOr<PatientRecord> ReadPerson(const std::string& path) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::string text,
                            ReadSmallFile(path, kMostPersonBytes, "a person"));
  const absl::StatusOr<json> object = ParseBoundedJson(text);
  if (!object.ok() || !object->is_object()) {
    return absl::DataLossError(absl::StrCat(path, ": no JSON object"));
  }
  absl::StatusOr<PatientRecord> person = PersonOf(*object);
  if (person.ok()) return person;
  return OfFile(path, person.status());
}

// -------------------------------------------------------------------- issue

std::string Refusal(const IssueDecision& decision) {
  switch (decision.verdict) {
    case IssueVerdict::kRegistered:
      return "登録済みのため再発行できません";
    case IssueVerdict::kClosed:
      return "対象外";
    case IssueVerdict::kSomethingMissing: {
      std::vector<absl::string_view> labels;
      for (const MissingItem item : decision.missing) {
        labels.push_back(MissingItemLabel(item));
      }
      return absl::StrCat("不足: ", absl::StrJoin(labels, "、"));
    }
    // Too many today, or too many live: the name of the verdict says it.
    default:
      return "";
  }
}

int Refuse(const IssueDecision& decision) {
  Say(absl::StrCat("not issued: ", IssueVerdictName(decision.verdict), " ",
                   Refusal(decision)));
  return kExitBadInput;
}

absl::StatusOr<int64_t> CentreOf(const Options& o, HersysStore& store) {
  if (o.inquiry_phone.empty()) return store.FindCentre(o.centre);
  // Validate takes all settings of a message, but only the telephone is given
  // here. The link and the life just have to pass; the `hersys` has the real
  // ones.
  TEKMATCH_RETURN_IF_ERROR(Validate(NoticeSettings{
      .telephone = o.inquiry_phone, .link = "https://localhost/", .life = {}}));
  return store.PutCentre(o.centre, o.inquiry_phone);
}

absl::StatusOr<int> IssueNumber(const Options& o) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<Clock> clock,
                            ClockFrom(o.clock_file));
  const absl::Time now = clock->Now();
  std::optional<PatientRecord> record;
  if (!o.person.empty()) {
    TEKMATCH_ASSIGN_OR_RETURN(record, ReadPerson(o.person));
  }
  // The first issue may come before the `hersys` ever ran. The other commands
  // open what exists, so that a mistyped folder is an error and not an empty
  // list.
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<HersysStore> store,
                            HersysStore::Open(o.data, OpenMode::kCreate));
  TEKMATCH_ASSIGN_OR_RETURN(const int64_t centre, CentreOf(o, *store));
  // In lower case, as the store has it: FindIssue compares the text as it is.
  const std::string uuid =
      o.uuid.empty() ? NewUuid() : absl::AsciiStrToLower(o.uuid);
  int64_t patient = static_cast<int64_t>(o.patient.value_or(0));
  if (record.has_value()) {
    // Whoever is refused, or asks again, is added no second time.
    if (store->FindIssue(uuid).ok()) {
      return absl::AlreadyExistsError("an issue has this id");
    }
    // The rules want a centre, and a person's file names none.
    record->centre = o.centre;
    // A person who is added only now has no history.
    const IssueVerdict verdict = JudgeIssue(*record, {});
    if (verdict != IssueVerdict::kMayIssue) {
      return Refuse({.verdict = verdict, .missing = MissingForIssue(*record)});
    }
    TEKMATCH_ASSIGN_OR_RETURN(
        const IssueDecision decision,
        store->AddAndQueue({.uuid = uuid,
                            .centre = centre,
                            .patient = 0,
                            .by_operator = std::nullopt,
                            .num_seen = std::nullopt},
                           *record, kOrigin, now, patient));
    if (decision.verdict != IssueVerdict::kMayIssue) return Refuse(decision);
    TEKMATCH_RETURN_IF_ERROR(PrintLine(absl::StrCat("patient ", patient)));
    TEKMATCH_RETURN_IF_ERROR(PrintLine(absl::StrCat("queued ", uuid)));
    return kExitDone;
  }
  TEKMATCH_RETURN_IF_ERROR(PrintLine(absl::StrCat("patient ", patient)));
  TEKMATCH_ASSIGN_OR_RETURN(const IssueDecision decision,
                            store->QueueIssue({.uuid = uuid,
                                               .centre = centre,
                                               .patient = patient,
                                               .by_operator = std::nullopt,
                                               .num_seen = std::nullopt},
                                              now));
  if (decision.verdict != IssueVerdict::kMayIssue) return Refuse(decision);
  TEKMATCH_RETURN_IF_ERROR(PrintLine(absl::StrCat("queued ", uuid)));
  return kExitDone;
}

// --------------------------------------------------------------- many persons

// What became of a line, in words without a name or a contact.
struct LineOutcome {
  std::string words;
  bool is_good = false;
};

// Errors are the store's; what is wrong with the line itself is an outcome.
absl::StatusOr<LineOutcome> IssueLine(absl::string_view line, int64_t centre,
                                      const std::string& centre_name,
                                      absl::Time now, HersysStore& store,
                                      std::set<std::string>& uuids) {
  const absl::StatusOr<json> object = ParseBoundedJson(line);
  if (!object.ok() || !object->is_object()) {
    return LineOutcome{.words = "no JSON object"};
  }
  std::string uuid;
  absl::Status status = Read(*object, "uuid", uuid);
  if (!status.ok()) return LineOutcome{.words = std::string(status.message())};
  uuid = absl::AsciiStrToLower(uuid);
  // Without it, nobody could say later whether this line was done.
  if (uuid.empty()) return LineOutcome{.words = "uuid: is missing"};
  // Else the second person would pass for the first, and never get a number.
  if (!uuids.insert(uuid).second) {
    return LineOutcome{.words = "uuid: is an earlier line's"};
  }
  absl::StatusOr<PatientRecord> record = PersonOf(*object);
  if (!record.ok()) {
    return LineOutcome{.words = std::string(record.status().message())};
  }
  record->centre = centre_name;
  int64_t patient = 0;
  const absl::StatusOr<IssueDecision> decision =
      store.AddAndQueue({.uuid = uuid,
                         .centre = centre,
                         .patient = 0,
                         .by_operator = std::nullopt,
                         .num_seen = std::nullopt},
                        *record, kOrigin, now, patient);
  if (absl::IsAlreadyExists(decision.status())) {
    return LineOutcome{.words = absl::StrCat("known ", uuid), .is_good = true};
  }
  if (absl::IsInvalidArgument(decision.status())) {
    return LineOutcome{.words = "uuid: is none"};
  }
  if (!decision.ok()) return decision.status();
  if (decision->verdict != IssueVerdict::kMayIssue) {
    return LineOutcome{.words =
                           absl::StrCat(IssueVerdictName(decision->verdict),
                                        " ", Refusal(*decision))};
  }
  return LineOutcome{
      .words = absl::StrCat("queued ", uuid, " patient ", patient),
      .is_good = true};
}

absl::StatusOr<int> IssueNumbers(const Options& o) {
  if (!o.uuid.empty()) {
    return absl::InvalidArgumentError(
        "--uuid: with --persons, each line has its own");
  }
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<Clock> clock,
                            ClockFrom(o.clock_file));
  TEKMATCH_ASSIGN_OR_RETURN(
      const std::string text,
      ReadSmallFile(o.persons, kMostPersonsBytes, "a file of persons"));
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  if (lines.size() > kMostPersons + 1) {
    return absl::DataLossError(
        absl::StrCat(o.persons, ": more than ", kMostPersons, " lines"));
  }
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<HersysStore> store,
                            HersysStore::Open(o.data, OpenMode::kCreate));
  TEKMATCH_ASSIGN_OR_RETURN(const int64_t centre, CentreOf(o, *store));
  std::set<std::string> uuids;
  int num_refused = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (absl::StripAsciiWhitespace(lines[i]).empty()) continue;
    // An error of the disk is no fault of this line: what is left is for the
    // next run, which finds all lines before it known.
    TEKMATCH_ASSIGN_OR_RETURN(
        const LineOutcome outcome,
        IssueLine(lines[i], centre, o.centre, clock->Now(), *store, uuids));
    if (!outcome.is_good) ++num_refused;
    TEKMATCH_RETURN_IF_ERROR(PrintLine(
        absl::StrCat("line ", i + 1, ": ",
                     outcome.is_good ? "" : "not issued: ", outcome.words)));
  }
  if (num_refused == 0) return kExitDone;
  Say(absl::StrCat(num_refused, " lines were not issued"));
  return kExitBadInput;
}

// ------------------------------------------------------------------- issues

std::string TimeText(std::optional<absl::Time> time) {
  return time.has_value()
             ? absl::FormatTime(absl::RFC3339_sec, *time, absl::UTCTimeZone())
             : "-";
}

absl::StatusOr<int> ListIssues(const Options& o) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<Clock> clock,
                            ClockFrom(o.clock_file));
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<HersysStore> store,
                            HersysStore::Open(o.data, OpenMode::kExisting));
  TEKMATCH_ASSIGN_OR_RETURN(const QueueAge queue,
                            store->AgeOfQueue(clock->Now()));
  TEKMATCH_RETURN_IF_ERROR(PrintLine(
      absl::StrCat("oldest in the queue: ", absl::ToInt64Minutes(queue.age),
                   " minutes", queue.alarm ? ", ALARM" : "")));
  // The age of the queue concerns all centres, so it needs no patient.
  if (!o.patient.has_value()) return kExitDone;
  TEKMATCH_ASSIGN_OR_RETURN(const int64_t centre, store->FindCentre(o.centre));
  TEKMATCH_ASSIGN_OR_RETURN(
      const std::vector<Issue> issues,
      store->IssuesOf(centre, static_cast<int64_t>(*o.patient)));
  for (const Issue& issue : issues) {
    TEKMATCH_RETURN_IF_ERROR(PrintLine(
        absl::StrCat(issue.uuid, " ", IssueStateName(issue.state), " ",
                     IssueStateLabel(issue.state), " queued ",
                     TimeText(issue.queued), " handed ", TimeText(issue.handed),
                     " expires ", TimeText(issue.expires), " tries ",
                     issue.tries, " ", FailureReasonName(issue.failure))));
  }
  return kExitDone;
}

// -------------------------------------------------------------------- purge

absl::StatusOr<int> PurgePatients(const Options& o) {
  absl::CivilDay day;
  if (!absl::ParseCivilTime(o.before, &day)) {
    return absl::InvalidArgumentError("--before: no date such as 2020-12-09");
  }
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<Clock> clock,
                            ClockFrom(o.clock_file));
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<HersysStore> store,
                            HersysStore::Open(o.data, OpenMode::kExisting));
  // A day in Japan, whatever zone the machine has; Japan has no summer time.
  TEKMATCH_ASSIGN_OR_RETURN(
      const int64_t num_deleted,
      store->PurgePatients(
          absl::FromCivil(day, absl::FixedTimeZone(9 * 60 * 60)),
          clock->Now()));
  // Else what was deleted would stay in the -wal file.
  TEKMATCH_RETURN_IF_ERROR(store->Checkpoint());
  TEKMATCH_RETURN_IF_ERROR(
      PrintLine(absl::StrCat("patients deleted: ", num_deleted)));
  return kExitDone;
}

void AddCommonOptions(OptionSet& command, Options& o) {
  command.Text("--data", o.data, "Folder of the database of `hersys`")
      .Required();
  command.Text("--clock-file", o.clock_file,
               "File that holds the time, for rehearsals");
}

}  // namespace

void AddIssueCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "issue", "Ask for a processing number to be sent, as the button does");
  const auto o = std::make_shared<Options>();
  AddCommonOptions(command, *o);
  command.Text("--centre", o->centre, "Name of the health centre").Required();
  command.Text("--inquiry-phone", o->inquiry_phone,
               "Its telephone, which messages name; once at least");
  OptionSet who = command.ExactlyOne("For whom");
  who.Text("--person", o->person,
           "JSON file: outpatient_facility, test_positive,\n"
           "confirmed_case, diagnosed_on, reported, app_in_use,\n"
           "wants_to_register, consent, name, kana, contact");
  who.Text("--persons", o->persons,
           "The same for many, a line each, with a uuid of its own:\n"
           "what a run before did is not done again");
  // The limit keeps the number within int64_t, which the store wants.
  who.Number("--patient", o->patient,
             "A patient who is there: again, or first now", 1, 1ULL << 62);
  command.Text("--uuid", o->uuid,
               "Whoever repeats a request has the same (default: random)");
  command.Runs(
      [o] { return o->persons.empty() ? IssueNumber(*o) : IssueNumbers(*o); });
}

void AddIssuesCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "issues",
      "Say what became of a patient's numbers, and how old the queue is");
  const auto o = std::make_shared<Options>();
  AddCommonOptions(command, *o);
  command.Text("--centre", o->centre, "Name of the health centre");
  command.Number("--patient", o->patient, "Of the centre", 1, 1ULL << 62);
  command.Runs([o] { return ListIssues(*o); });
}

void AddPurgeCommand(CommandLine& line) {
  OptionSet command = line.AddCommand(
      "purge", "Delete patients who were added before a day in Japan");
  const auto o = std::make_shared<Options>();
  AddCommonOptions(command, *o);
  command.Text("--before", o->before, "Such as 2020-12-09").Required();
  command.Runs([o] { return PurgePatients(*o); });
}

}  // namespace tekmatch
