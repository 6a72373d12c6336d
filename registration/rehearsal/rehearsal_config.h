// What a rehearsal plays: how many people, how they behave, what goes wrong.
//
// A configuration is one JSON object. Every field has to be there, so that a
// file says all that was played; a field that nobody knows is refused. Three
// are built in, by name: "small", "prefecture", "2022-01-14"
// (registration/rehearsal/configs).
//
// Two kinds of time: minutes and hours are of the clock that the roles are
// given (--clock-file), which runs `speed` times as fast as the machine's;
// names with "real" are of the machine's. Shares are of 0..1.
//
// Source: REGISTRATION section 7.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_REHEARSAL_CONFIG_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_REHEARSAL_CONFIG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tekmatch {

// From `at` on, for `minutes`.
struct FaultSpan {
  int at_minute = 0;
  int minutes = 0;
};

struct ClockStep {
  int at_minute = 0;
  int minutes = 0;  // negative: back
};

// A fault that the rehearsal commits itself, to show that it is found.
enum class PlantedFault : uint8_t {
  kNone,
  kSecretInLog,        // a number is written into a log
  kKeyInNoExport,      // a key is called accepted that nobody sent
  kNumberTwice,        // a success is counted twice
  kUnexpectedContact,  // a contact is expected that nobody had
};

struct RehearsalConfig {
  std::string name;
  int seed = 1;
  int speed = 1;                 // of the clock: 1..3600
  int longest_real_seconds = 0;  // then it ends, whoever still waits

  // So many people are issued numbers in each step, evenly.
  int step_minutes = 0;
  std::vector<int> issues_per_step;
  bool issue_by_page = false;  // by the pages, else by `issue`
  double mail_share = 0;       // of contacts; the others are mobile numbers

  // The SMS gateway. 0 an hour: as many as come.
  int sms_per_hour = 0;
  double sms_delay_median_minutes = 0;
  double sms_delay_sigma = 0;  // of the logarithm
  int life_minutes = 60;
  std::string life_from;  // handover, issue, delivery

  // Of persons.
  int wait_least_minutes = 0;
  int wait_median_minutes = 0;
  int wait_most_minutes = 0;
  double mistype = 0;
  double full_width = 0;
  double double_tap = 0;
  double never = 0;
  double installed_late = 0;
  double pass_on = 0;  // give the number to another phone after success
  double by_page = 0;  // use the phone's pages, others PUT directly

  // Of the attacker.
  int guesses_per_hour = 0;
  int addresses = 1;
  int wrong_per_hour = 200;  // the server's budget

  // Of faults.
  int kill_every_real_seconds = 0;  // 0: never
  std::vector<FaultSpan> gateway_errors;
  std::vector<FaultSpan> gateway_hangs;
  std::vector<FaultSpan> disk_full;
  std::vector<ClockStep> clock_steps;
  PlantedFault planted = PlantedFault::kNone;

  // Of contacts.
  int phones = 0;
  int met_keys = 0;
  int sightings = 0;
  int fetch_every_minutes = 0;  // each phone, from some moment on

  std::string slots;  // as --slots; SlotsOf has them as times

  // What is aimed at; 0: nothing. Missing them is reported, and no broken
  // invariant.
  int target_put_p99_ms = 0;
  int target_registrations_per_real_hour = 0;

  int NumPersons() const;
  int IssueMinutes() const {
    return step_minutes * static_cast<int>(issues_per_step.size());
  }
};

// INVALID_ARGUMENT with the field's name: it is missing, unknown, of another
// type, or outside its range.
absl::StatusOr<RehearsalConfig> ParseRehearsalConfig(absl::string_view json);

// Of `slots`, ascending.
std::vector<absl::Duration> SlotsOf(const RehearsalConfig& config);

// The JSON of one that is built in; empty: there is none of this name.
absl::string_view ShippedConfig(absl::string_view name);
std::vector<std::string> ShippedConfigNames();

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_REHEARSAL_CONFIG_H_
