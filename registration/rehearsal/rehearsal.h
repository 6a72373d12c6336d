// A rehearsal: real processes, gateways that fail, people who mistype; then
// what had to hold, and what it took.
//
// Source: REGISTRATION section 7.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_REHEARSAL_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_REHEARSAL_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "registration/rehearsal/rehearsal_config.h"
#include "registration/rehearsal/rehearsal_report.h"

namespace tekmatch {

// Plays it in the folder OUT, which is made, or empty: the roles' files are in
// OUT/run afterwards, report.json and report.html in OUT. SIGPIPE is ignored by
// the caller. `say` is told now and then how it goes; it may be empty.
//
// FAILED_PRECONDITION: the folder holds something. ABORTED and
// DEADLINE_EXCEEDED: a role did not start. Others are the system's. An
// invariant that is broken is no error: see RehearsalOutcome::holds.
absl::StatusOr<RehearsalOutcome> RunRehearsal(
    const RehearsalConfig& config, const std::string& out,
    const std::function<void(absl::string_view)>& say);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_REHEARSAL_H_
