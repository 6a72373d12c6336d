// Plan: An issue by the command, whose output says what came of it; then by
// the pages, in browsers that keep their sessions.
#include "registration/rehearsal/operators.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "registration/rehearsal/supervisor.h"

namespace tekmatch {
namespace {

constexpr absl::Duration kCommandTimeout = absl::Seconds(60);
// The day before the rehearsal's (rehearsal_world.h).
constexpr char kDiagnosedOn[] = "2020-06-24";

std::string PersonJson(const PersonPlan& person) {
  const nlohmann::json object = {{"outpatient_facility", "第一病院"},
                                 {"test_positive", true},
                                 {"confirmed_case", true},
                                 {"diagnosed_on", kDiagnosedOn},
                                 {"reported", true},
                                 {"app_in_use", "yes"},
                                 {"wants_to_register", "yes"},
                                 {"consent", true},
                                 {"name", person.name},
                                 {"kana", person.kana},
                                 {"contact", person.contact}};
  return object.dump();
}

}  // namespace

IssueOutcome ReadIssueOutput(int exit_status, absl::string_view output,
                             PatientCard& card) {
  bool queued = false;
  for (absl::string_view line : absl::StrSplit(output, '\n')) {
    int64_t patient = 0;
    if (absl::ConsumePrefix(&line, "patient ") &&
        absl::SimpleAtoi(line, &patient)) {
      card.patient = patient;
    }
    queued = queued || absl::StartsWith(line, "queued ");
  }
  // A press that was lost on its way back is known by its uuid.
  if (exit_status == 0 || queued ||
      absl::StrContains(output, "an issue has this id")) {
    return IssueOutcome::kQueued;
  }
  if (!absl::StrContains(output, "not issued: "))
    return IssueOutcome::kTryAgain;
  if (absl::StrContains(output, "not issued: registered")) {
    return IssueOutcome::kRegistered;
  }
  if (absl::StrContains(output, "not issued: too_many_today")) {
    return IssueOutcome::kTooManyToday;
  }
  if (absl::StrContains(output, "not issued: too_many_live")) {
    return IssueOutcome::kTooManyLive;
  }
  return IssueOutcome::kRefused;
}

IssueOutcome CommandOperators::Issue(const PersonPlan& person,
                                     PatientCard& card) {
  std::vector<std::string> arguments = {
      "issue",          "--data",          data_,         "--centre",
      kRehearsalCentre, "--inquiry-phone", kInquiryPhone, "--uuid",
      card.uuid,        "--clock-file",    clock_file_};
  std::string input;
  if (card.patient.has_value()) {
    arguments.insert(arguments.end(),
                     {"--patient", absl::StrCat(*card.patient)});
  } else {
    arguments.insert(arguments.end(), {"--person", "-"});
    input = PersonJson(person);
  }
  const absl::StatusOr<CommandResult> result =
      RunCommand(arguments, input, kCommandTimeout);
  if (!result.ok()) return IssueOutcome::kTryAgain;
  return ReadIssueOutput(result->exit_status, result->output, card);
}

// -------------------------------------------------------------- by the pages

std::unique_ptr<PageClient> PageOperators::Browser(const std::string& target) {
  std::unique_ptr<PageClient> browser;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!idle_.empty()) {
      browser = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (browser == nullptr) browser = std::make_unique<PageClient>(pages_);
  absl::StatusOr<HttpResponse> page = browser->Get(target);
  // A session ends with the process, and after a while.
  if (page.ok() && browser->target() == "/login") {
    page =
        browser->Post("/login", {{"login", login_}, {"password", password_}});
    if (page.ok() && page->status == 200) page = browser->Get(target);
  }
  if (!page.ok() || page->status != 200 || browser->target() != target) {
    return nullptr;
  }
  return browser;
}

IssueOutcome PageOperators::Issue(const PersonPlan& person, PatientCard& card) {
  std::unique_ptr<PageClient> browser =
      Browser(card.patient.has_value()
                  ? absl::StrCat("/patient/", *card.patient, "?tab=number")
                  : "/new");
  if (browser == nullptr) return IssueOutcome::kTryAgain;
  const IssueOutcome outcome = IssueIn(*browser, person, card);
  const std::lock_guard<std::mutex> lock(mutex_);
  idle_.push_back(std::move(browser));
  return outcome;
}

IssueOutcome PageOperators::IssueIn(PageClient& browser,
                                    const PersonPlan& person,
                                    PatientCard& card) {
  if (!card.patient.has_value()) {
    const absl::StatusOr<HttpResponse> added =
        browser.Post("/new", {{"facility", "第一病院"},
                              {"positive", "yes"},
                              {"confirmed", "yes"},
                              {"diagnosed_on", kDiagnosedOn},
                              {"app", "yes"},
                              {"wants", "yes"},
                              {"consent", "yes"},
                              {"name", person.name},
                              {"kana", person.kana},
                              {"contact", person.contact}});
    if (!added.ok() || added->status != 200) return IssueOutcome::kTryAgain;
    absl::string_view target = browser.target();
    int64_t patient = 0;
    if (!absl::ConsumePrefix(&target, "/patient/") ||
        !absl::SimpleAtoi(target, &patient)) {
      return IssueOutcome::kTryAgain;
    }
    // Whoever is cut off before the report adds the patient once more; nobody
    // sends the first one anything.
    const absl::StatusOr<HttpResponse> reported =
        browser.Post(absl::StrCat("/report/", patient),
                     {{"seen", HiddenValue(browser.page(), "seen")},
                      {"facility", "第一病院"},
                      {"positive", "yes"},
                      {"confirmed", "yes"},
                      {"diagnosed_on", kDiagnosedOn},
                      {"action", "report"}});
    if (!reported.ok() || reported->status != 200) {
      return IssueOutcome::kTryAgain;
    }
    card.patient = patient;
    if (!browser.Get(absl::StrCat("/patient/", patient, "?tab=number")).ok()) {
      return IssueOutcome::kTryAgain;
    }
  }
  // The rehearsal's own uuid in place of the page's, so that a press whose
  // answer is lost is repeated as the same one.
  const absl::StatusOr<HttpResponse> pressed = browser.Post(
      absl::StrCat("/issue/", *card.patient), {{"uuid", card.uuid}});
  if (!pressed.ok()) return IssueOutcome::kTryAgain;
  if (pressed->status == 200) return IssueOutcome::kQueued;
  if (pressed->status != 422) return IssueOutcome::kTryAgain;
  if (absl::StrContains(pressed->body, "登録済みのため")) {
    return IssueOutcome::kRegistered;
  }
  if (absl::StrContains(pressed->body, "発行は1日")) {
    return IssueOutcome::kTooManyToday;
  }
  if (absl::StrContains(pressed->body, "送信待ち又は有効な番号が")) {
    return IssueOutcome::kTooManyLive;
  }
  return IssueOutcome::kRefused;
}

}  // namespace tekmatch
