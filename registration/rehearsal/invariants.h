// What has to hold after a rehearsal, whatever was killed, delayed or guessed
// in it.
//
//   each_accepted_key_in_one_export   exactly one, over all files on offer
//   no_refused_key_published          of a request that was never accepted
//   no_number_good_twice              one request a number; one success a
//   person none_good_after_its_hour          by the clock, and by exact probes
//   each_message_to_its_person        with a number, to one who was issued one
//   everyone_ended                    in success or with a stated reason
//   contacts_as_expected              on all phones: what was met, and no more
//   no_secret_in_any_file             secret_scan.h
//   exports_are_valid                 as `tekmatch verify`; listed and there
//   no_process_ended_by_itself
//
// Pure.
//
// Source: REGISTRATION section 7.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_INVARIANTS_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_INVARIANTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "registration/rehearsal/evidence.h"

namespace tekmatch {

struct InvariantResult {
  std::string name;
  // Of keys, numbers, persons, ... that were looked at.
  int64_t num_checked = 0;
  int64_t num_broken = 0;
  // The first ones in words, without any secret.
  std::vector<std::string> examples;
  // It could not be looked at, and why; then it neither holds nor is broken.
  std::string not_checked;

  bool holds() const { return num_broken == 0; }
};

std::vector<InvariantResult> CheckInvariants(const Evidence& evidence);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_INVARIANTS_H_
