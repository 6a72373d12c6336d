// Plan: this thread commits the faults and ends them, looks after processes
// that end by themselves, and says how it goes; persons, attackers and phones
// are tasks of the schedulers.
#include <algorithm>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "keyformat/status_macros.h"
#include "registration/rehearsal/phone_browser.h"
#include "registration/rehearsal/rehearsal_run.h"

namespace tekmatch {
namespace {

constexpr uint64_t kFullDiskBytes = 4096;

}  // namespace

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

}  // namespace tekmatch
