// Plan: exact probes of the hour with the clock stopped; publication of all
// that was accepted, slot by slot; what the phones say of their contacts; a
// search of all files for what may not be there; the fault that a test plants.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/clock.h"
#include "absl/types/span.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"
#include "registration/rehearsal/diagnosis_put.h"
#include "registration/rehearsal/loopback_client.h"
#include "registration/rehearsal/operators.h"
#include "registration/rehearsal/phone_browser.h"
#include "registration/rehearsal/rehearsal_run.h"
#include "registration/rehearsal/secret_scan.h"
#include "registration/rehearsal/supervisor.h"
#include "registration/rules/key_acceptance.h"
#include "registration/rules/publish_schedule.h"

namespace tekmatch {
namespace {

constexpr absl::Duration kLongestSlotWait = absl::Seconds(10);
constexpr int kMostSlots = 10;
constexpr int kMostUnusedProbes = 60;
constexpr int kProbeTries = 100;
constexpr int kContactTries = 10;

}  // namespace

bool Rehearsal::IsGood(const std::string& number,
                       const std::vector<DiagnosisKey>& keys, int person,
                       const std::string& address) {
  RegisterPut put;
  put.number = number;
  put.keys = keys;
  put.request_id = NewRequestId();
  put.client = address;
  put.by_attacker = true;
  const absl::Time sent = clock_->Now();
  for (int i = 0; i < kProbeTries; ++i) {
    const PutAnswer answer =
        SendPut(roles_->addresses().server, put, *clock_, ledger_);
    if (answer.status == 0 || answer.status == 503) {
      absl::SleepFor(absl::Milliseconds(200));
      continue;
    }
    if (answer.status != 200) return false;
    ledger_.With([&](LedgerData& data) {
      for (const Tek& tek : AcceptedKeys(put, answer)) {
        data.accepted.emplace(tek, clock_->Now());
      }
      data.uses.push_back({.number = number,
                           .request = put.request_id,
                           .person = person,
                           .sent = sent,
                           .answered = clock_->Now()});
    });
    return true;
  }
  return false;
}

// A number's life counts from when the management system knows that the
// gateway took its message, which is after the message is here.
absl::Status Rehearsal::WaitUntilHanded(const PatientCard& card) {
  if (!card.patient.has_value()) {
    return absl::InternalError("a probe has no patient");
  }
  const absl::Time real_end = absl::Now() + kCommandTimeout;
  while (absl::Now() < real_end) {
    TEKMATCH_ASSIGN_OR_RETURN(
        const CommandResult issues,
        RunCommand({"issues", "--data", roles_->Path("hersys"), "--centre",
                    kRehearsalCentre, "--patient", absl::StrCat(*card.patient),
                    "--clock-file", roles_->clock_file()},
                   "", kCommandTimeout));
    if (absl::StrContains(issues.output, " handed ") &&
        !absl::StrContains(issues.output, " handed - ")) {
      return absl::OkStatus();
    }
    absl::SleepFor(kTick);
  }
  return absl::DeadlineExceededError("a probe's message was not handed over");
}

absl::Status Rehearsal::ProbeTheHour() {
  const absl::Time begin = clock_->Now();
  TEKMATCH_RETURN_IF_ERROR(clock_->StopAt(begin));
  // Messages that come from now on may be handed over when the clock was moved.
  std::vector<std::string> unused = people_->UnusedNumbers();
  sms_->SetPace(absl::ZeroDuration());
  CommandOperators operators(roles_->Path("hersys"), roles_->clock_file());
  for (ProbePerson& probe : probes_) {
    IssueOutcome outcome = IssueOutcome::kTryAgain;
    for (int i = 0; i < kProbeTries && outcome == IssueOutcome::kTryAgain;
         ++i) {
      outcome = operators.Issue(probe.plan, probe.card);
    }
    if (outcome != IssueOutcome::kQueued) {
      return absl::InternalError("no number was issued to a probe");
    }
  }
  const absl::Time real_end = absl::Now() + kCommandTimeout;
  std::array<std::string, 2> numbers;
  std::array<std::string, 2> ids;
  while (numbers[0].empty() || numbers[1].empty()) {
    if (absl::Now() > real_end) {
      return absl::DeadlineExceededError("a probe's message did not come");
    }
    absl::SleepFor(kTick);
    const std::lock_guard<std::mutex> lock(probes_mutex_);
    for (size_t i = 0; i < probes_.size(); ++i) {
      numbers[i] = probes_[i].number;
      ids[i] = probes_[i].id;
    }
  }
  for (const ProbePerson& probe : probes_) {
    TEKMATCH_RETURN_IF_ERROR(WaitUntilHanded(probe.card));
  }
  for (const std::string& id : ids) people_->Report(id);
  const absl::Duration life = absl::Minutes(config_.life_minutes);
  const size_t first = plan_.persons.size();
  const auto probe = [&](size_t i, absl::Time at, const std::string& what,
                         bool should_be_good) -> absl::Status {
    TEKMATCH_RETURN_IF_ERROR(clock_->StopAt(at));
    const bool was_good =
        IsGood(numbers[i], world_.own_keys[first + i],
               kProbePerson + static_cast<int>(i), "10.200.0.1");
    evidence_.probes.push_back(
        {.what = what, .should_be_good = should_be_good, .was_good = was_good});
    return absl::OkStatus();
  };
  TEKMATCH_RETURN_IF_ERROR(probe(0, begin + life - absl::Seconds(1),
                                 "a second before the hour is over", true));
  TEKMATCH_RETURN_IF_ERROR(
      probe(1, begin + life, "when the hour is over", false));
  // What nobody used is over by now.
  if (config_.life_from == "delivery") {
    TEKMATCH_RETURN_IF_ERROR(clock_->StopAt(begin + life + kLongestDelivery));
  }
  if (unused.size() > kMostUnusedProbes) unused.resize(kMostUnusedProbes);
  for (size_t i = 0; i < unused.size(); ++i) {
    evidence_.probes.push_back(
        {.what = "a number that was never used, after its hour",
         .should_be_good = false,
         .was_good = IsGood(unused[i], world_.own_keys[first + 1],
                            kProbePerson + 2 + static_cast<int>(i),
                            absl::StrCat("10.200.1.", i))});
  }
  return absl::OkStatus();
}

absl::StatusOr<PublishedExports> Rehearsal::LookAtExports() {
  HttpRequest request;
  request.method = "GET";
  request.path = "/c19r/440/list.json";
  TEKMATCH_ASSIGN_OR_RETURN(
      const HttpResponse answer,
      AskRole(roles_->addresses().server, request, absl::Seconds(20)));
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<ListedExport> list,
                            ParseListedExports(answer.body));
  return ReadPublishedExports(roles_->published_folder(), list,
                              roles_->trusted());
}

absl::Status Rehearsal::PublishAll() {
  const std::vector<Tek> accepted = ledger_.With([](LedgerData& data) {
    std::vector<Tek> teks;
    teks.reserve(data.accepted.size());
    for (const auto& [tek, when] : data.accepted) teks.push_back(tek);
    return teks;
  });
  PublishSchedule schedule;
  schedule.slots = SlotsOf(config_);
  for (int i = 0; i < kMostSlots; ++i) {
    const absl::Time slot =
        FirstSlotFrom(clock_->Now() + absl::Seconds(1), schedule);
    TEKMATCH_RETURN_IF_ERROR(clock_->StopAt(slot + absl::Seconds(1)));
    const absl::Time real_end = absl::Now() + kLongestSlotWait;
    while (absl::Now() < real_end) {
      absl::SleepFor(absl::Milliseconds(300));
      absl::StatusOr<PublishedExports> published = LookAtExports();
      if (!published.ok()) continue;
      published_ = *std::move(published);
      if (std::all_of(accepted.begin(), accepted.end(), [this](const Tek& tek) {
            return published_.created.count(tek) != 0;
          })) {
        return absl::OkStatus();
      }
    }
  }
  // An invariant says which is missing.
  return absl::OkStatus();
}

absl::Status Rehearsal::AskPhones() {
  if (config_.phones == 0) return absl::OkStatus();
  absl::flat_hash_set<Tek> teks;
  for (const SeenExport& file : published_.exports) {
    teks.insert(file.keys.begin(), file.keys.end());
  }
  for (int n = 0; n < config_.phones; ++n) {
    absl::StatusOr<std::vector<ContactDay>> shown = Fetch(n);
    for (int i = 1; i < kContactTries && !shown.ok(); ++i) {
      absl::SleepFor(kLook);
      shown = Fetch(n);
    }
    PhoneNotice& notice = evidence_.notices.emplace_back();
    notice.expected = ExpectedContacts(world_, teks, static_cast<uint32_t>(n));
    if (shown.ok()) {
      notice.shown = *std::move(shown);
    } else {
      notice.failure = std::string(shown.status().message());
    }
  }
  evidence_.phones_were_asked = true;
  return absl::OkStatus();
}

absl::Status Rehearsal::Scan() {
  SecretScan scan;
  ledger_.With([&scan](LedgerData& data) {
    for (const auto& [number, messages] : data.sent) {
      scan.Add(SecretKind::kNumber, number);
    }
    for (const std::string& id : data.requests) {
      scan.Add(SecretKind::kIdempotencyKey, id);
    }
    for (const Tek& tek : data.offered) {
      scan.AddKey(data.accepted.contains(tek) ? SecretKind::kAcceptedKey
                                              : SecretKind::kOtherKey,
                  tek);
    }
  });
  for (const PersonPlan& person : plan_.persons) {
    scan.Add(SecretKind::kPerson, person.name);
    scan.Add(SecretKind::kPerson, person.contact);
  }
  const std::vector<std::pair<std::string, FileZone>> zones = {
      {"hersys", FileZone::kHersys},
      {"server", FileZone::kServer},
      {"published", FileZone::kPublished},
      {"phones", FileZone::kPhone},
      {"keys", FileZone::kLog}};
  const auto add = [this](SecretScan::Result result) {
    evidence_.secrets.insert(evidence_.secrets.end(), result.hits.begin(),
                             result.hits.end());
    evidence_.num_files_scanned += result.num_files;
  };
  for (const auto& [folder, zone] : zones) {
    TEKMATCH_ASSIGN_OR_RETURN(SecretScan::Result result,
                              scan.FindInFolder(roles_->Path(folder), zone));
    add(std::move(result));
  }
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(roles_->folder(), error)) {
    std::error_code of_file;
    if (!entry.is_regular_file(of_file)) continue;
    SecretScan::Result result;
    TEKMATCH_RETURN_IF_ERROR(
        scan.FindInFile(entry.path().string(), FileZone::kLog, &result));
    add(std::move(result));
  }
  if (error) return SystemError(error.value(), roles_->folder());
  evidence_.num_secrets = scan.num_secrets();
  return absl::OkStatus();
}

void Rehearsal::Plant() {
  ledger_.With([this](LedgerData& data) {
    switch (config_.planted) {
      case PlantedFault::kNone:
      case PlantedFault::kUnexpectedContact:
        return;
      case PlantedFault::kSecretInLog: {
        std::ofstream log(roles_->Path("server.log"), std::ios::app);
        log << "a number: " << data.sent.begin()->first << "\n";
        return;
      }
      case PlantedFault::kKeyInNoExport: {
        Tek tek;
        RandomSource::FromSystem().Fill(absl::MakeSpan(tek.bytes));
        data.accepted.emplace(tek, clock_->Now());
        return;
      }
      case PlantedFault::kNumberTwice:
        data.uses.push_back(data.uses.front());
        data.uses.back().request = NewRequestId();
        return;
    }
  });
  if (config_.planted == PlantedFault::kUnexpectedContact) {
    evidence_.phones_were_asked = true;
    evidence_.notices.push_back(
        {.expected = {{.date = absl::CivilDay(2020, 6, 20), .count = 1}},
         .shown = {}});
  }
}

}  // namespace tekmatch
