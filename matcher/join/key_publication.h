// One publication of a key: what one file says of it. What several of them mean
// together is said by matcher/exposure/key_publications.h.
#ifndef TEKMATCH_MATCHER_JOIN_KEY_PUBLICATION_H_
#define TEKMATCH_MATCHER_JOIN_KEY_PUBLICATION_H_

#include <array>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "keyformat/diagnosis_key.h"

namespace tekmatch {

// What publications of a key can disagree about. The report type is not among
// them: it is revised.
enum class PublishedField : uint8_t {
  kRollingStart,
  kRollingPeriod,
  kTransmissionRisk,
  kDaysSinceOnset,
  kVariantOfConcern,
};
inline constexpr int kNumPublishedFields = 5;
// Stable names: "rolling_start" and so on.
absl::string_view PublishedFieldName(PublishedField field);

struct KeyPublication {
  DiagnosisKey key;          // metadata.revised: among the revised keys
  uint32_t source = 0;       // number of the file, as Match::source
  bool is_unsigned = false;  // nobody who is trusted signed the file
  uint32_t authority = 0;    // who signed it, by a number of the caller's
  // Whether the file itself disagrees, by repeating the key in one list.
  std::array<bool, kNumPublishedFields> disagrees{};

  bool operator==(const KeyPublication&) const = default;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_JOIN_KEY_PUBLICATION_H_
