// What a check is given by C, with a store or without.
#ifndef TEKMATCH_MATCHER_API_CHECK_ARGUMENTS_H_
#define TEKMATCH_MATCHER_API_CHECK_ARGUMENTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "keyformat/signature.h"
#include "matcher/api/tekmatch.h"
#include "matcher/check/check_options.h"
#include "matcher/join/sighting.h"

struct tekmatch_trust {
  tekmatch::TrustedKeys keys;
};

namespace tekmatch {

struct CheckArguments {
  std::vector<std::string> names;  // of the files
  ExposureCheckOptions options;    // with zone
};

// They refer to what the caller has. INVALID_ARGUMENT: one of them is wrong;
// sources.h has the rest.
absl::StatusOr<CheckArguments> ReadCheckArguments(
    const tekmatch_trust* trust, const tekmatch_source* sources,
    size_t num_sources, const tekmatch_check_options* options);

absl::StatusOr<std::vector<Sighting>> ReadSightings(
    const tekmatch_sighting* sightings, size_t num_sightings);

// INVALID_ARGUMENT, with the name: not after 1970, or after 9999.
absl::Status IsTime(int64_t seconds, absl::string_view name);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_API_CHECK_ARGUMENTS_H_
