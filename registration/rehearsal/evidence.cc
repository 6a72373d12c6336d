#include "registration/rehearsal/evidence.h"

namespace tekmatch {

const char* PersonEndName(PersonEnd end) {
  switch (end) {
    case PersonEnd::kOpen:
      return "open";
    case PersonEnd::kRegistered:
      return "registered";
    case PersonEnd::kNeverTyped:
      return "never_typed";
    case PersonEnd::kNothingToSend:
      return "nothing_to_send";
    case PersonEnd::kTooManyIssues:
      return "too_many_issues";
    case PersonEnd::kRegisteredBefore:
      return "registered_before";
    case PersonEnd::kRefused:
      break;
  }
  return "refused";
}

}  // namespace tekmatch
