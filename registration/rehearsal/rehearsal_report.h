// What a rehearsal leaves to read: report.json, and report.html, a page with
// plots. Both say the same; neither holds a secret.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_REHEARSAL_REPORT_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_REHEARSAL_REPORT_H_

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "registration/rehearsal/figures.h"
#include "registration/rehearsal/invariants.h"
#include "registration/rehearsal/rehearsal_config.h"

namespace tekmatch {

// Where it ran: figures mean nothing without it.
struct MachineFacts {
  std::string processor;
  int num_processors = 0;
  double load_before = 0;  // processes that ran or waited, over a minute
  double load_after = 0;
};
// What the system says now; `load_before` is set by a call at the begin.
MachineFacts LookAtMachine();

struct RehearsalOutcome {
  RehearsalConfig config;
  MachineFacts machine;
  absl::Duration took_real;
  absl::Duration longest_lag;  // of the plan's tasks: the machine was too slow
  Figures figures;
  std::vector<InvariantResult> invariants;
  std::vector<std::string> remarks;  // what was not played, and why
  int64_t num_alarms_hersys = 0;     // lines of the logs
  int64_t num_alarms_server = 0;

  bool holds() const;
};

nlohmann::ordered_json ReportJson(const RehearsalOutcome& outcome);
std::string ReportPage(const RehearsalOutcome& outcome);
// A few lines for the terminal.
std::string ReportText(const RehearsalOutcome& outcome);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_REHEARSAL_REPORT_H_
