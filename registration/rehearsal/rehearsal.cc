// Plan: getting ready (phones, gateways, processes); the day, in which this
// thread commits the faults; the end: exact probes of the hour with the clock
// stopped, publication of all that was accepted, contacts, a search of all
// files; then the report.
#include "registration/rehearsal/rehearsal.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "registration/rehearsal/day_plan.h"
#include "registration/rehearsal/diagnosis_put.h"
#include "registration/rehearsal/loopback_client.h"
#include "registration/rehearsal/message_sinks.h"
#include "registration/rehearsal/operators.h"
#include "registration/rehearsal/people.h"
#include "registration/rehearsal/phone_browser.h"
#include "registration/rehearsal/published_exports.h"
#include "registration/rehearsal/rehearsal_world.h"
#include "registration/rehearsal/role_processes.h"
#include "registration/rehearsal/run_clock.h"
#include "registration/rehearsal/run_ledger.h"
#include "registration/rehearsal/secret_scan.h"
#include "registration/rehearsal/task_scheduler.h"
#include "registration/rules/key_acceptance.h"
#include "registration/rules/publish_schedule.h"
#include "registration/service/durable_file.h"

namespace tekmatch {
namespace {

constexpr int kPersonThreads = 32;
constexpr int kAttackThreads = 16;
constexpr absl::Duration kTick = absl::Milliseconds(20);
constexpr absl::Duration kLook = absl::Seconds(1);
// As message_gateway.h has it, and what a busy machine adds.
constexpr absl::Duration kGatewayAnswer = absl::Seconds(15);
// A courier that knows no delivery counts from this long after the hand-over.
constexpr absl::Duration kLongestDelivery = absl::Hours(6);
constexpr absl::Duration kCommandTimeout = absl::Seconds(60);
constexpr absl::Duration kLongestSlotWait = absl::Seconds(10);
constexpr int kMostSlots = 10;
constexpr int kMostUnusedProbes = 60;
constexpr int kProbeTries = 100;
constexpr int kContactTries = 10;
constexpr uint64_t kFullDiskBytes = 4096;
// Who has the exact probes; no index of a person's.
constexpr int kProbePerson = 1 << 30;

struct ProbePerson {
  PersonPlan plan;
  PatientCard card;
  std::string id;      // of the message
  std::string number;  // once it came
};

class Rehearsal {
 public:
  Rehearsal(const RehearsalConfig& config, std::string out,
            std::function<void(absl::string_view)> say)
      : config_(config), out_(std::move(out)), say_(std::move(say)) {}

  absl::StatusOr<RehearsalOutcome> Run();

 private:
  void Say(absl::string_view text) {
    if (say_) say_(text);
  }
  absl::Status Prepare();
  absl::Status PreparePhones();
  absl::Status ImportPhone(int n, const std::vector<DiagnosisKey>& own_keys,
                           const std::vector<Sighting>& sightings);
  void OnMessage(const SunkMessage& message);
  void FetchAgain(int phone);
  absl::StatusOr<std::vector<ContactDay>> Fetch(int phone);
  absl::Status PlayDay();
  absl::Status Commit(const FaultPlan& fault);
  void EndFaults(absl::Duration now);
  absl::Status LookAfterRoles();
  absl::Status ProbeTheHour();
  bool IsGood(const std::string& number, const std::vector<DiagnosisKey>& keys,
              int person, const std::string& address);
  absl::StatusOr<PublishedExports> LookAtExports();
  absl::Status PublishAll();
  absl::Status AskPhones();
  absl::Status Scan();
  void Plant();
  int64_t CountAlarms(const std::string& log) const;
  absl::Duration LatestBegin() const;

  const RehearsalConfig config_;
  const std::string out_;
  const std::function<void(absl::string_view)> say_;

  DayPlan plan_;
  RehearsalWorld world_;
  std::unique_ptr<RunClock> clock_;
  std::unique_ptr<SmsSink> sms_;
  std::unique_ptr<MailSink> mail_;
  std::unique_ptr<RoleProcesses> roles_;
  std::unique_ptr<TaskScheduler> scheduler_;
  std::unique_ptr<TaskScheduler> attacks_;
  std::unique_ptr<Operators> operators_;
  RunLedger ledger_;
  std::mutex people_mutex_;  // of the pointer, until the sinks end
  std::unique_ptr<People> people_;
  std::mutex probes_mutex_;
  std::array<ProbePerson, 2> probes_;

  std::optional<absl::Duration> gateway_fails_until_;
  std::optional<absl::Duration> disk_is_full_until_;
  PublishedExports published_;
  Evidence evidence_;
  std::vector<std::string> remarks_;
};

// ------------------------------------------------------------ getting ready

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

// -------------------------------------------------------------------- the day

absl::Status Rehearsal::Commit(const FaultPlan& fault) {
  const absl::Duration now = clock_->DayTime();
  switch (fault.kind) {
    case FaultKind::kKill: {
      TEKMATCH_ASSIGN_OR_RETURN(const absl::Duration recovery,
                                roles_->Restart(fault.role));
      if (disk_is_full_until_.has_value()) {
        TEKMATCH_RETURN_IF_ERROR(roles_->LimitFiles(kFullDiskBytes));
      }
      ledger_.With([&](LedgerData& data) {
        data.kills.push_back(
            {.role = RoleName(fault.role), .at = now, .recovery = recovery});
      });
      return absl::OkStatus();
    }
    case FaultKind::kGatewayErrors:
    case FaultKind::kGatewayHangs: {
      const SinkMode mode = fault.kind == FaultKind::kGatewayErrors
                                ? SinkMode::kFails
                                : SinkMode::kHangs;
      sms_->SetMode(mode);
      mail_->SetMode(mode);
      gateway_fails_until_ = now + fault.length;
      return absl::OkStatus();
    }
    case FaultKind::kDiskFull:
      disk_is_full_until_ = now + fault.length;
      return roles_->LimitFiles(kFullDiskBytes);
    case FaultKind::kClockStep:
      clock_->Step(fault.step);
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

void Rehearsal::EndFaults(absl::Duration now) {
  if (gateway_fails_until_.has_value() && now >= *gateway_fails_until_) {
    gateway_fails_until_.reset();
    sms_->SetMode(SinkMode::kTakes);
    mail_->SetMode(SinkMode::kTakes);
  }
  if (disk_is_full_until_.has_value() && now >= *disk_is_full_until_) {
    disk_is_full_until_.reset();
    roles_->LimitFiles(std::nullopt).IgnoreError();
  }
}

absl::Status Rehearsal::LookAfterRoles() {
  for (const Role role : {Role::kHersys, Role::kServer, Role::kPhone}) {
    if (!roles_->IsThere(role) || roles_->IsRunning(role)) continue;
    evidence_.unexpected_ends.push_back(
        absl::StrCat(RoleName(role), " ended by itself"));
    TEKMATCH_RETURN_IF_ERROR(roles_->Restart(role).status());
  }
  const int64_t num_live =
      people_->NumLive(absl::Minutes(config_.life_minutes));
  ledger_.With([num_live](LedgerData& data) {
    data.most_live = std::max(data.most_live, num_live);
  });
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ContactDay>> Rehearsal::Fetch(int phone) {
  const absl::Time begin = clock_->Now();
  absl::StatusOr<std::vector<ContactDay>> shown =
      AskForContacts(roles_->addresses().phones, phone);
  if (shown.ok()) {
    ledger_.With([phone, begin](LedgerData& data) {
      data.fetched[phone].push_back(begin);
    });
  }
  return shown;
}

void Rehearsal::FetchAgain(int phone) {
  // Where it fails, as after a kill, the next one has it.
  Fetch(phone).status().IgnoreError();
  scheduler_->At(clock_->DayTime() + absl::Minutes(config_.fetch_every_minutes),
                 [this, phone] { FetchAgain(phone); });
}

absl::Status Rehearsal::PlayDay() {
  const absl::Time real_end =
      absl::Now() + absl::Seconds(config_.longest_real_seconds);
  absl::Time next_look = absl::Now();
  absl::Time next_say = absl::Now();
  clock_->Go();
  people_->Begin();
  for (int n = 0; n < config_.phones; ++n) {
    scheduler_->At(
        absl::Minutes(config_.fetch_every_minutes) * n / config_.phones,
        [this, n] { FetchAgain(n); });
  }
  size_t next_fault = 0;
  while (people_->NumOpen() > 0 && absl::Now() < real_end) {
    const absl::Duration now = clock_->DayTime();
    EndFaults(now);
    if (next_fault < plan_.faults.size() &&
        plan_.faults[next_fault].at <= now) {
      TEKMATCH_RETURN_IF_ERROR(Commit(plan_.faults[next_fault++]));
      continue;
    }
    if (absl::Now() >= next_look) {
      TEKMATCH_RETURN_IF_ERROR(LookAfterRoles());
      next_look = absl::Now() + kLook;
    }
    if (absl::Now() >= next_say) {
      Say(absl::StrCat(absl::ToInt64Minutes(now), " minutes of the day, ",
                       people_->NumOpen(), " people wait"));
      next_say = absl::Now() + absl::Seconds(20);
    }
    absl::SleepFor(kTick);
  }
  EndFaults(absl::InfiniteDuration());
  if (next_fault < plan_.faults.size()) {
    remarks_.push_back(absl::StrCat(
        plan_.faults.size() - next_fault, " of ", plan_.faults.size(),
        " faults were left: everybody had ended before their time."));
  }
  attacks_->Stop();
  scheduler_->Stop();
  return absl::OkStatus();
}

// -------------------------------------------------------------------- the end

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

absl::Status Rehearsal::ProbeTheHour() {
  const absl::Time begin = clock_->Now();
  TEKMATCH_RETURN_IF_ERROR(clock_->StopAt(begin));
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
  // The answer has to be back at the management system, too; time stands.
  absl::SleepFor(kLook);
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
  std::vector<std::string> unused = people_->UnusedNumbers();
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
    if (!entry.is_regular_file(error)) continue;
    std::ifstream stream(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(stream)),
                            std::istreambuf_iterator<char>());
    add({.hits = scan.Find(bytes, FileZone::kLog, entry.path().string()),
         .num_files = 1,
         .num_bytes = static_cast<int64_t>(bytes.size())});
  }
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

int64_t Rehearsal::CountAlarms(const std::string& log) const {
  std::ifstream lines(roles_->Path(log));
  int64_t num_alarms = 0;
  for (std::string line; std::getline(lines, line);) {
    if (absl::StrContains(line, "ALARM")) ++num_alarms;
  }
  return num_alarms;
}

absl::Duration Rehearsal::LatestBegin() const {
  absl::Duration latest = kGatewayAnswer * config_.speed;
  if (config_.sms_per_hour > 0) {
    latest += absl::Hours(1) / config_.sms_per_hour;
  }
  for (const ClockStep& step : config_.clock_steps) {
    latest += absl::Minutes(std::max(0, step.minutes));
  }
  if (config_.life_from == "delivery") latest += kLongestDelivery;
  return latest;
}

absl::StatusOr<RehearsalOutcome> Rehearsal::Run() {
  RehearsalOutcome outcome;
  outcome.config = config_;
  const double load_before = LookAtMachine().load_after;
  const absl::Time begin = absl::Now();
  TEKMATCH_RETURN_IF_ERROR(Prepare());
  Say("the roles are ready");
  TEKMATCH_RETURN_IF_ERROR(PlayDay());
  Say("the day is over");
  // Once while the databases have a -wal, and once at the end.
  TEKMATCH_RETURN_IF_ERROR(Scan());
  TEKMATCH_RETURN_IF_ERROR(ProbeTheHour());
  TEKMATCH_RETURN_IF_ERROR(PublishAll());
  TEKMATCH_RETURN_IF_ERROR(AskPhones());
  for (const Role role : {Role::kHersys, Role::kServer, Role::kPhone}) {
    if (roles_->IsThere(role)) ++evidence_.num_roles;
  }
  for (std::string& failed : roles_->EndAll()) {
    evidence_.unexpected_ends.push_back(std::move(failed));
  }
  Plant();
  TEKMATCH_RETURN_IF_ERROR(Scan());
  // Nobody calls the ledger any more.
  mail_.reset();

  evidence_.exports = std::move(published_.exports);
  evidence_.listed_without_file = std::move(published_.listed_without_file);
  evidence_.life = absl::Minutes(config_.life_minutes);
  evidence_.latest_begin = LatestBegin();
  evidence_.num_wrong_signatures = sms_->num_wrong();
  evidence_.ends = people_->Ends();
  ledger_.With([&](LedgerData& data) {
    for (const auto& [tek, when] : data.accepted) {
      evidence_.accepted.push_back(tek);
    }
    for (const Tek& tek : data.offered) {
      if (!data.accepted.contains(tek)) evidence_.refused.push_back(tek);
    }
    evidence_.sent = data.sent;
    evidence_.uses = data.uses;
    evidence_.num_messages = data.num_messages;
    evidence_.num_without_number = data.num_without_number;
    outcome.figures = ComputeFigures(config_, data, evidence_.ends,
                                     published_.created, world_);
  });
  outcome.invariants = CheckInvariants(evidence_);
  outcome.machine = LookAtMachine();
  outcome.machine.load_before = load_before;
  outcome.took_real = absl::Now() - begin;
  outcome.longest_lag = scheduler_->longest_lag();
  outcome.remarks = remarks_;
  outcome.num_alarms_hersys = CountAlarms("hersys.log");
  outcome.num_alarms_server = CountAlarms("server.log");
  TEKMATCH_RETURN_IF_ERROR(
      WriteDurably(out_ + "/report.json", ReportJson(outcome).dump(2) + "\n"));
  TEKMATCH_RETURN_IF_ERROR(
      WriteDurably(out_ + "/report.html", ReportPage(outcome)));
  return outcome;
}

}  // namespace

absl::StatusOr<RehearsalOutcome> RunRehearsal(
    const RehearsalConfig& config, const std::string& out,
    const std::function<void(absl::string_view)>& say) {
  Rehearsal rehearsal(config, out, say);
  return rehearsal.Run();
}

}  // namespace tekmatch
