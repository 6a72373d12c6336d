// One rehearsal while it is played. Its member functions lie in files by the
// hour at which they are called: rehearsal_begin.cc, rehearsal_day.cc,
// rehearsal_end.cc; rehearsal.cc calls them in their order.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_REHEARSAL_RUN_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_REHEARSAL_RUN_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/join/sighting.h"
#include "registration/rehearsal/day_plan.h"
#include "registration/rehearsal/evidence.h"
#include "registration/rehearsal/message_sinks.h"
#include "registration/rehearsal/operators.h"
#include "registration/rehearsal/people.h"
#include "registration/rehearsal/phone_browser.h"
#include "registration/rehearsal/published_exports.h"
#include "registration/rehearsal/rehearsal_config.h"
#include "registration/rehearsal/rehearsal_report.h"
#include "registration/rehearsal/rehearsal_world.h"
#include "registration/rehearsal/role_processes.h"
#include "registration/rehearsal/run_clock.h"
#include "registration/rehearsal/run_ledger.h"
#include "registration/rehearsal/task_scheduler.h"

namespace tekmatch {

// A courier that knows no delivery counts from this long after the hand-over.
inline constexpr absl::Duration kLongestDelivery = absl::Hours(6);
// How often a thread looks whether what it waits for is there, and how long it
// leaves others to get on.
inline constexpr absl::Duration kTick = absl::Milliseconds(20);
inline constexpr absl::Duration kLook = absl::Seconds(1);
inline constexpr absl::Duration kCommandTimeout = absl::Seconds(60);
// Who has the exact probes; no index of a person's.
inline constexpr int kProbePerson = 1 << 30;

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

  // ---- getting ready
  absl::Status Prepare();
  absl::Status PreparePhones();
  absl::Status ImportPhone(int n, const std::vector<DiagnosisKey>& own_keys,
                           const std::vector<Sighting>& sightings);
  // A gateway's message, to a person or a probe; by any thread.
  void OnMessage(const SunkMessage& message);

  // ---- the day
  void FetchAgain(int phone);
  absl::StatusOr<std::vector<ContactDay>> Fetch(int phone);
  absl::Status PlayDay();
  absl::Status Commit(const FaultPlan& fault);
  void EndFaults(absl::Duration now);
  absl::Status LookAfterRoles();

  // ---- the end
  absl::Status ProbeTheHour();
  absl::Status WaitUntilHanded(const PatientCard& card);
  bool IsGood(const std::string& number, const std::vector<DiagnosisKey>& keys,
              int person, const std::string& address);
  absl::StatusOr<PublishedExports> LookAtExports();
  absl::Status PublishAll();
  absl::Status AskPhones();
  // For numbers, keys and persons in all files, which none may be in but those
  // that have to.
  absl::Status Scan();
  // The fault that a test wants to be found.
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

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_REHEARSAL_RUN_H_
