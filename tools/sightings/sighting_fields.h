// The fields of a sighting as text files have them, checked one by one.
//
// Each sets its member of *sighting or returns INVALID_ARGUMENT with field and
// reason ("rpi: 31 characters, 32 wanted"), never with the value. A sighting
// that lacks one of these is none. The scan before is not of them: without it a
// sighting is as good as one of a store that does not know it.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_SIGHTING_FIELDS_H_
#define TEKMATCH_TOOLS_SIGHTINGS_SIGHTING_FIELDS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "matcher/join/sighting.h"

namespace tekmatch {

// Unix seconds, from 1970 to 2100.
absl::Status SetTime(int64_t unix_seconds, Sighting* sighting);
absl::Status SetRpi(absl::string_view hex, Sighting* sighting);
absl::Status SetAem(absl::string_view hex, Sighting* sighting);
// dBm, kMinRssi..kMaxRssi (sighting.h). 127 is refused by its meaning, "not
// available": it would be taken for a sender that touches the receiver.
absl::Status SetRssi(int64_t dbm, Sighting* sighting);
// Unix seconds of the scan before; after SetTime. 0 says that it is not known.
// False for what cannot be such a time: it is negative, or after the sighting's
// (the clock was set back in between). It then is not known, too.
bool SetPreviousScan(int64_t unix_seconds, Sighting* sighting);
// A number of 32 bits.
absl::Status SetDevice(int64_t device, Sighting* sighting);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_SIGHTING_FIELDS_H_
