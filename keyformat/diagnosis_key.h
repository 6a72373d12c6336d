// The unit of the Exposure Notification system: a Temporary Exposure Key (TEK)
// as published, with its metadata, and the limits that the specification sets.
//
// Sources: Exposure Notification Cryptography Specification v1.2 (TEK,
// ENIntervalNumber, EKRollingPeriod); Exposure Key export format (metadata).
#ifndef TEKMATCH_KEYFORMAT_DIAGNOSIS_KEY_H_
#define TEKMATCH_KEYFORMAT_DIAGNOSIS_KEY_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "keyformat/cpp20.h"

namespace tekmatch {

// Number of a 10-minute interval since the Unix epoch: floor(seconds / 600).
using EnIntervalNumber = uint32_t;

inline constexpr int64_t kIntervalSeconds = 600;
inline constexpr size_t kTekBytes = 16;
// Intervals in a key's day (EKRollingPeriod), and the most that a key covers.
inline constexpr int kMaxRollingPeriod = 144;
inline constexpr int kMaxTransmissionRisk = 8;
inline constexpr int kMaxDaysSinceOnset = 14;

// A Temporary Exposure Key. A secret until it is published; never printed in
// messages. Comparison is by bytes, for order and identity only (it is not
// constant-time: a published key is no secret).
struct Tek {
  std::array<uint8_t, kTekBytes> bytes{};

  auto operator<=>(const Tek&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const Tek& tek) {
    return H::combine(std::move(h), tek.bytes);
  }
};
static_assert(sizeof(Tek) == kTekBytes, "arrays of Tek are arrays of bytes");

// How the diagnosis was made; the numbers are those of the export format.
enum class ReportType : uint8_t {
  kUnknown = 0,
  kConfirmedTest = 1,
  kConfirmedClinicalDiagnosis = 2,
  kSelfReport = 3,
  kRecursive = 4,
  kRevoked = 5,
};
inline constexpr int kNumReportTypes = 6;

// What a server says about a key beside its validity. An absent value is one
// that the file did not carry, or that the decoder dropped and counted.
struct KeyMetadata {
  std::optional<uint8_t> transmission_risk;  // 0..8
  std::optional<ReportType> report_type;
  std::optional<int8_t> days_since_onset;  // -14..14
  // Number of the export format's VariantOfConcern enumeration, as published.
  std::optional<uint8_t> variant_of_concern;
  // The key stood in revised_keys: its status changed after its first export.
  bool revised = false;

  auto operator<=>(const KeyMetadata&) const = default;
};

// A published key. It broadcast one RPI in each interval of
// [rolling_start, rolling_start + rolling_period).
struct DiagnosisKey {
  Tek tek;
  EnIntervalNumber rolling_start = 0;
  uint8_t rolling_period = kMaxRollingPeriod;  // 1..144
  KeyMetadata metadata;

  auto operator<=>(const DiagnosisKey&) const = default;
};

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_DIAGNOSIS_KEY_H_
