// The fields of a sighting as text files have them, checked one by one.
//
// Each sets its member of *sighting or returns INVALID_ARGUMENT with field and
// reason ("rpi: 31 characters, 32 wanted"), never with the value.
#ifndef TEKMATCH_TOOLS_SIGHTING_FIELDS_H_
#define TEKMATCH_TOOLS_SIGHTING_FIELDS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "matcher/sighting.h"

namespace tekmatch {

// Unix seconds, from 1970 to 2100.
absl::Status SetTime(int64_t unix_seconds, Sighting* sighting);
absl::Status SetRpi(absl::string_view hex, Sighting* sighting);
absl::Status SetAem(absl::string_view hex, Sighting* sighting);
// dBm, kMinRssi..kMaxRssi (sighting.h). 127 is refused by its meaning, "not
// available": it would be taken for a sender that touches the receiver.
absl::Status SetRssi(int64_t dbm, Sighting* sighting);
// Unix seconds of the scan before; after SetTime. 0 says nothing, and so does
// a time after the sighting's: the clock was set back in between.
absl::Status SetPreviousScan(int64_t unix_seconds, Sighting* sighting);
// A number of 32 bits.
absl::Status SetDevice(int64_t device, Sighting* sighting);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTING_FIELDS_H_
