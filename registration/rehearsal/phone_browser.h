// A person with the phone's pages in a browser: registers, or asks for
// contacts. Everything goes by the forms that the pages show.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_PHONE_BROWSER_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_PHONE_BROWSER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "registration/rehearsal/evidence.h"
#include "registration/service/listen_address.h"

namespace tekmatch {

// What a person enters.
struct PageEntry {
  std::string number;  // as typed
  bool symptoms = false;
  absl::CivilDay date;
  bool by_link = false;  // opens the message's link, else types the number
};

enum class PageOutcome : uint8_t {
  kDone,
  kNumberRefused,
  kNothingToSend,  // no key of an earlier day, or none in the window
  kTryAgain,       // no answer, or the phone or the server is away
  kRefused,        // another reason, which the page stated
};

// From consent to the end, on phone `n` of several.
PageOutcome RegisterByPages(const ListenAddress& phones, int n,
                            const PageEntry& entry);

// Has phone `n` fetch, and reads what it shows: dates, ascending, and counts.
// UNAVAILABLE: it did not answer, or could not check everything.
absl::StatusOr<std::vector<ContactDay>> AskForContacts(
    const ListenAddress& phones, int n);

// The rows of the page's table: "2020年6月24日" in one cell, "3件" in the next.
std::vector<ContactDay> ParseContacts(absl::string_view html);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_PHONE_BROWSER_H_
