// Plan: phones are given their keys and sightings by the command that does so;
// then worlds, gateways and processes are made, in the order in which they need
// one another; a gateway's message goes to whom it is for.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "registration/rehearsal/diagnosis_put.h"
#include "registration/rehearsal/loopback_client.h"
#include "registration/rehearsal/rehearsal_run.h"
#include "registration/service/durable_file.h"

namespace tekmatch {
namespace {

constexpr int kPersonThreads = 32;
constexpr int kAttackThreads = 16;

}  // namespace

absl::Status Rehearsal::ImportPhone(int n,
                                    const std::vector<DiagnosisKey>& own_keys,
                                    const std::vector<Sighting>& sightings) {
  const std::string folder = roles_->Path(absl::StrCat("phones/", n));
  TEKMATCH_RETURN_IF_ERROR(MakeFolders(folder));
  nlohmann::json keys = nlohmann::json::array();
  for (const DiagnosisKey& key : own_keys) {
    const absl::string_view bytes(
        reinterpret_cast<const char*>(key.tek.bytes.data()),
        key.tek.bytes.size());
    keys.push_back({{"keyData", absl::Base64Escape(bytes)},
                    {"rollingStartNumber", key.rolling_start},
                    {"rollingPeriod", key.rolling_period}});
  }
  const std::string keys_path = folder + "/own-keys.json";
  const std::string sightings_path = folder + "/sightings.csv";
  TEKMATCH_RETURN_IF_ERROR(WriteDurably(keys_path, keys.dump()));
  TEKMATCH_RETURN_IF_ERROR(
      WriteDurably(sightings_path, SightingsCsv(sightings)));
  TEKMATCH_ASSIGN_OR_RETURN(
      const CommandResult result,
      RunCommand(
          {"phone-import", "--data", folder, "--own-keys", keys_path,
           "--sightings", sightings_path, "--clock-file", roles_->clock_file()},
          "", kCommandTimeout));
  if (result.exit_status == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("phone-import: ", result.output));
}

absl::Status Rehearsal::PreparePhones() {
  // Contacts' phones first, then those of persons who register by pages.
  for (int n = 0; n < config_.phones; ++n) {
    TEKMATCH_RETURN_IF_ERROR(
        ImportPhone(n, {}, world_.sightings[static_cast<size_t>(n)]));
  }
  int next = config_.phones;
  for (size_t i = 0; i < plan_.persons.size(); ++i) {
    const PersonPlan& person = plan_.persons[i];
    if (!person.by_page) continue;
    TEKMATCH_RETURN_IF_ERROR(ImportPhone(next,
                                         person.installed_late
                                             ? std::vector<DiagnosisKey>()
                                             : world_.own_keys[i],
                                         {}));
    roles_->addresses().phone_of[static_cast<int>(i)] = next++;
  }
  return absl::OkStatus();
}

absl::Status Rehearsal::Prepare() {
  std::error_code error;
  if (std::filesystem::exists(out_, error) &&
      !std::filesystem::is_empty(out_, error)) {
    return absl::FailedPreconditionError(
        absl::StrCat(out_, ": the folder is not empty"));
  }
  const std::string folder = out_ + "/run";
  TEKMATCH_RETURN_IF_ERROR(MakeFolders(folder));
  plan_ = MakeDayPlan(config_);
  const int num_probes = static_cast<int>(probes_.size());
  TEKMATCH_ASSIGN_OR_RETURN(
      world_, MakeRehearsalWorld(config_, config_.NumPersons() + num_probes));
  for (size_t i = 0; i < probes_.size(); ++i) {
    probes_[i].plan.name = absl::StrCat("試験　太郎", i == 0 ? "甲" : "乙");
    probes_[i].plan.kana = "シケン　タロウ";
    probes_[i].plan.contact = absl::StrCat("0701000000", i);
    probes_[i].card.uuid = NewRequestId();
  }
  TEKMATCH_ASSIGN_OR_RETURN(
      clock_,
      RunClock::Create(folder + "/clock", RehearsalBegin(), config_.speed));
  std::string secret(24, '\0');
  RandomSource::FromSystem().Fill(
      absl::MakeSpan(reinterpret_cast<uint8_t*>(secret.data()), secret.size()));
  secret = absl::BytesToHexString(secret);
  const auto handler = [this](const SunkMessage& message) {
    OnMessage(message);
  };
  TEKMATCH_ASSIGN_OR_RETURN(sms_, SmsSink::Start(secret, *clock_, handler));
  TEKMATCH_ASSIGN_OR_RETURN(mail_, MailSink::Start(handler));
  if (config_.sms_per_hour > 0) {
    sms_->SetPace(absl::Hours(1) / config_.sms_per_hour / config_.speed);
  }
  const bool has_phones =
      config_.phones > 0 ||
      std::any_of(plan_.persons.begin(), plan_.persons.end(),
                  [](const PersonPlan& person) { return person.by_page; });
  TEKMATCH_ASSIGN_OR_RETURN(roles_,
                            RoleProcesses::Create(config_,
                                                  {.folder = folder,
                                                   .sms_url = sms_->Url(),
                                                   .smtp_url = mail_->Url(),
                                                   .has_phones = has_phones},
                                                  secret));
  TEKMATCH_RETURN_IF_ERROR(PreparePhones());
  TEKMATCH_RETURN_IF_ERROR(roles_->StartAll());
  if (config_.issue_by_page) {
    operators_ = std::make_unique<PageOperators>(
        roles_->pages(), kOperatorLogin, roles_->operator_password());
  } else {
    operators_ = std::make_unique<CommandOperators>(roles_->Path("hersys"),
                                                    roles_->clock_file());
  }
  scheduler_ = std::make_unique<TaskScheduler>(*clock_, kPersonThreads);
  attacks_ = std::make_unique<TaskScheduler>(*clock_, kAttackThreads);
  const std::lock_guard<std::mutex> lock(people_mutex_);
  people_ =
      std::make_unique<People>(plan_, world_, roles_->addresses(), *clock_,
                               *scheduler_, *attacks_, *operators_, ledger_);
  return absl::OkStatus();
}

void Rehearsal::OnMessage(const SunkMessage& message) {
  {
    const std::lock_guard<std::mutex> lock(probes_mutex_);
    for (size_t i = 0; i < probes_.size(); ++i) {
      if (probes_[i].plan.contact != message.to) continue;
      probes_[i].id = message.id;
      probes_[i].number = message.number;
      ledger_.With([&](LedgerData& data) {
        data.sent[message.number].push_back(
            {.person = kProbePerson + static_cast<int>(i),
             .arrived = clock_->Now()});
      });
      return;
    }
  }
  const std::lock_guard<std::mutex> lock(people_mutex_);
  if (people_ != nullptr) people_->OnMessage(message);
}

}  // namespace tekmatch
