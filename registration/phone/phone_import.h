// Gives a phone what its system would have: the keys that it sent out, and what
// it heard. For rehearsals, and for those who bring a real phone's records.
//
// Own keys are JSON, as platforms hand them out:
//
//   [{"keyData":"<base64>","rollingStartNumber":2677968,"rollingPeriod":144}]
//
// Messages never hold a key.
#ifndef TEKMATCH_REGISTRATION_PHONE_PHONE_IMPORT_H_
#define TEKMATCH_REGISTRATION_PHONE_PHONE_IMPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/join/sighting.h"

namespace tekmatch {

// INVALID_ARGUMENT: not such a text, with the number of the key that is none.
absl::StatusOr<std::vector<DiagnosisKey>> ParseOwnKeys(absl::string_view json);

struct AddedToPhone {
  uint64_t num_own_keys = 0;  // given
  uint64_t num_added = 0;     // sightings
  uint64_t num_known = 0;     // were there already
  uint64_t num_too_old = 0;   // not added
};

// Adds them to the phone in `folder`, which is made where there is none. What
// is there already stays. INVALID_ARGUMENT: sightings that SightingStore::Add
// refuses. Others are the databases'.
absl::StatusOr<AddedToPhone> AddToPhone(const std::string& folder,
                                        absl::Span<const DiagnosisKey> own_keys,
                                        absl::Span<const Sighting> sightings,
                                        absl::Time now);

// The same from files; an empty path: none. `sightings` is in any form that
// tools/sightings reads, of one device. DATA_LOSS, with the file's name: it
// holds no own keys, or names a device. Other errors are also the readers'.
absl::StatusOr<AddedToPhone> ImportToPhone(const std::string& folder,
                                           const std::string& own_keys,
                                           const std::string& sightings,
                                           absl::Time now);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_PHONE_PHONE_IMPORT_H_
