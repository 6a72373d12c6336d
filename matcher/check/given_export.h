// What became of an export that a stored check was given.
#ifndef TEKMATCH_MATCHER_CHECK_GIVEN_EXPORT_H_
#define TEKMATCH_MATCHER_CHECK_GIVEN_EXPORT_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tekmatch {

inline constexpr char kNotReached[] = "not_reached";

enum class GivenState : uint8_t {
  kProcessed,   // new, and now part of the store
  kKnown,       // was part of it, by whatever name, and is well signed
  kRefused,     // ExposureCheckResult::files says why
  kNotReached,  // the time was over before; to be given again
};

// "processed", "known", "refused", "not_reached".
constexpr absl::string_view GivenStateName(GivenState state) {
  switch (state) {
    case GivenState::kProcessed:
      return "processed";
    case GivenState::kKnown:
      return "known";
    case GivenState::kRefused:
      return "refused";
    case GivenState::kNotReached:
      return kNotReached;
  }
  return "";
}

struct GivenExport {
  std::string path;
  GivenState state = GivenState::kNotReached;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_GIVEN_EXPORT_H_
