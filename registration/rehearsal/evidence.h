// What a rehearsal saw, from outside the roles: what invariants are judged by.
//
// Times of the clock are those that the roles were given. Nothing here is
// printed but counts and names of files.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_EVIDENCE_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_EVIDENCE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "keyformat/diagnosis_key.h"
#include "registration/rehearsal/secret_scan.h"

namespace tekmatch {

// How a person's story ended. All but kOpen are a success or a stated reason.
enum class PersonEnd : uint8_t {
  kOpen,  // still waiting
  kRegistered,
  kNeverTyped,        // did not want to
  kNothingToSend,     // installed after the diagnosis
  kTooManyIssues,     // five numbers a day
  kRegisteredBefore,  // somebody else used a number of theirs
  kRefused,           // another reason, which the server stated
};
inline constexpr int kNumPersonEnds = 7;
// "open", "registered", "never_typed", ...
const char* PersonEndName(PersonEnd end);

// An answer 200 to a number.
struct NumberUse {
  std::string number;   // 8 digits
  std::string request;  // its idempotency key
  int person = -1;      // who sent it; -1: an attacker, or a friend
  // The clock when it was sent and when the answer was there.
  absl::Time sent;
  absl::Time answered;
};

struct SentNumber {
  int person = -1;  // whom the message went to; -1: nobody who was issued one
  absl::Time arrived;  // at the gateway, by the clock
};

struct SeenExport {
  std::string file;
  bool listed = false;
  std::string defect;  // of `tekmatch verify`; empty: it is accepted
  std::vector<Tek> keys;
};

// A number of which it is known whether it is good.
struct Probe {
  std::string what;
  bool should_be_good = false;
  bool was_good = false;
};

// What a phone shows of a date.
struct ContactDay {
  absl::CivilDay date;
  uint64_t count = 0;

  bool operator==(const ContactDay&) const = default;
};

struct PhoneNotice {
  std::vector<ContactDay> expected;  // ascending, as `shown`
  std::vector<ContactDay> shown;
  std::string failure;  // it could not say; empty: it could
};

struct Evidence {
  // ---- Keys
  std::vector<Tek> accepted;  // each once
  // Sent, and never accepted.
  std::vector<Tek> refused;
  std::vector<SeenExport> exports;
  // Names in list.json without a file.
  std::vector<std::string> listed_without_file;

  // ---- Numbers
  std::map<std::string, std::vector<SentNumber>> sent;
  std::vector<NumberUse> uses;
  absl::Duration life;
  // How much later than its arrival at the gateway the life of a number may
  // begin: until the management system has the gateway's answer; longer where
  // the life counts from the delivery.
  absl::Duration latest_begin;
  std::vector<Probe> probes;
  int64_t num_messages = 0;
  int64_t num_without_number = 0;
  int64_t num_wrong_signatures = 0;

  // ---- Persons, phones, processes, files
  std::vector<PersonEnd> ends;
  bool phones_were_asked = false;
  std::vector<PhoneNotice> notices;
  int64_t num_roles = 0;
  std::vector<std::string> unexpected_ends;  // of processes that nobody killed
  std::vector<SecretHit> secrets;
  int64_t num_files_scanned = 0;
  int64_t num_secrets = 0;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_EVIDENCE_H_
