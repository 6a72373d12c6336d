// Plan: getting ready, the day, the end, in this order (rehearsal_run.h); then
// what was seen becomes the report.
#include "registration/rehearsal/rehearsal.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "keyformat/status_macros.h"
#include "registration/rehearsal/rehearsal_run.h"
#include "registration/service/durable_file.h"

namespace tekmatch {
namespace {

// As message_gateway.h has it, and what a busy machine adds.
constexpr absl::Duration kGatewayAnswer = absl::Seconds(15);

}  // namespace

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

absl::StatusOr<RehearsalOutcome> RunRehearsal(
    const RehearsalConfig& config, const std::string& out,
    const std::function<void(absl::string_view)>& say) {
  Rehearsal rehearsal(config, out, say);
  return rehearsal.Run();
}

}  // namespace tekmatch
