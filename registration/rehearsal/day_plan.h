// The plan of a day: who is issued a number when, what each person does with
// it, which numbers an attacker guesses, and what goes wrong when.
//
// Pure: a configuration and its seed decide all of it. What happens then
// depends on the machine, too: who is killed in the middle of what.
//
// Persons wait, with a lognormal time between least and most, after each
// message (section 7: 1 to 90 minutes). A few never type a number, a few
// installed the app after their diagnosis and have no key to send.
//
// Times are since the day's begin, on the clock that the roles are given.
//
// Source: REGISTRATION section 7.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_DAY_PLAN_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_DAY_PLAN_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "keyformat/random_source.h"
#include "registration/rehearsal/rehearsal_config.h"

namespace tekmatch {

// Once there are so many messages to a person, the last times are taken again.
inline constexpr size_t kPlannedMessages = 8;

struct PersonPlan {
  absl::Duration issue_at;
  std::string name;  // no other person's, nor a part of another's
  std::string kana;
  std::string contact;  // "09012345678" or a mail address; nobody else's
  bool by_mail = false;
  int onset_days_ago = 0;  // 0..13
  bool never = false;
  bool installed_late = false;
  bool mistypes = false;  // the first number, once
  bool full_width = false;
  bool double_tap = false;
  bool passes_on = false;
  bool by_page = false;
  // Of each message: until it arrives, and from then until it is typed.
  std::array<absl::Duration, kPlannedMessages> delays;
  std::array<absl::Duration, kPlannedMessages> waits;
};

struct GuessPlan {
  absl::Duration at;
  std::string number;  // 8 digits
  int address = 0;
};

enum class FaultKind : uint8_t {
  kKill,  // of a role, which is started again
  kGatewayErrors,
  kGatewayHangs,
  kDiskFull,   // no role's file grows any more
  kClockStep,  // by `step`
};

enum class Role : uint8_t { kHersys, kServer, kPhone };
inline constexpr int kNumRoles = 3;
// "hersys", "server", "phone".
const char* RoleName(Role role);

struct FaultPlan {
  absl::Duration at;
  FaultKind kind = FaultKind::kKill;
  Role role = Role::kServer;  // of kKill
  absl::Duration length;      // of those that last
  absl::Duration step;        // of kClockStep
};

struct DayPlan {
  std::vector<PersonPlan> persons;  // ascending by issue_at
  std::vector<GuessPlan> guesses;   // ascending, as long as numbers are issued
  std::vector<FaultPlan> faults;    // ascending
};

// The configuration is valid.
DayPlan MakeDayPlan(const RehearsalConfig& config);

// One digit is another.
std::string Mistyped(absl::string_view number, RandomSource& random);
// "１２３４－５６７８" of "12345678".
std::string InFullWidth(absl::string_view number);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_DAY_PLAN_H_
