// Plan: kinds are numbered as they come; a pack is written when its keys and
// kinds are known, and read back field by field, each one checked: a database
// can be damaged, or somebody else's.
#include "matcher/check/packed_keys.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <vector>

#include "absl/status/statusor.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/hash_tables.h"
#include "keyformat/status_macros.h"

namespace tekmatch {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kHeaderBytes = 1 + 4 + 4;
constexpr size_t kKindBytes = 10;
constexpr size_t kBytesOfKey = kTekBytes + sizeof(uint16_t);

enum Flag : uint8_t {
  kHasRisk = 1,
  kHasReportType = 2,
  kHasDays = 4,
  kHasVariant = 8,
  kRevised = 16,
  kAllFlags = 31,
};

// A kind, as a pack has it.
using PackedKind = std::array<uint8_t, kKindBytes>;

void AppendUint32(uint32_t value, std::string* out) {
  for (int shift = 0; shift < 32; shift += 8) {
    out->push_back(static_cast<char>(value >> shift));
  }
}

uint32_t ReadUint32(const uint8_t* bytes) {
  return uint32_t{bytes[0]} | uint32_t{bytes[1]} << 8 |
         uint32_t{bytes[2]} << 16 | uint32_t{bytes[3]} << 24;
}

PackedKind PackKind(EnIntervalNumber start, uint8_t period,
                    const KeyMetadata& m) {
  const int flags = (m.transmission_risk.has_value() ? kHasRisk : 0) |
                    (m.report_type.has_value() ? kHasReportType : 0) |
                    (m.days_since_onset.has_value() ? kHasDays : 0) |
                    (m.variant_of_concern.has_value() ? kHasVariant : 0) |
                    (m.revised ? kRevised : 0);
  const auto type = m.report_type.value_or(ReportType::kUnknown);
  return {static_cast<uint8_t>(start),
          static_cast<uint8_t>(start >> 8),
          static_cast<uint8_t>(start >> 16),
          static_cast<uint8_t>(start >> 24),
          period,
          static_cast<uint8_t>(flags),
          m.transmission_risk.value_or(0),
          static_cast<uint8_t>(type),
          static_cast<uint8_t>(m.days_since_onset.value_or(0)),
          m.variant_of_concern.value_or(0)};
}

absl::Status Damaged() { return absl::DataLossError("kept keys are damaged"); }

// A key without its TEK.
absl::StatusOr<DiagnosisKey> UnpackKind(const uint8_t* bytes) {
  DiagnosisKey key;
  key.rolling_start = ReadUint32(bytes);
  key.rolling_period = bytes[4];
  const uint8_t flags = bytes[5];
  const uint8_t risk = bytes[6];
  const uint8_t type = bytes[7];
  const auto days = static_cast<int8_t>(bytes[8]);
  if (key.rolling_period < 1 || key.rolling_period > kMaxRollingPeriod ||
      key.rolling_start >
          std::numeric_limits<EnIntervalNumber>::max() - key.rolling_period ||
      flags > kAllFlags || risk > kMaxTransmissionRisk ||
      type >= kNumReportTypes || days < -kMaxDaysSinceOnset ||
      days > kMaxDaysSinceOnset) {
    return Damaged();
  }
  KeyMetadata& m = key.metadata;
  if ((flags & kHasRisk) != 0) m.transmission_risk = risk;
  if ((flags & kHasReportType) != 0) {
    m.report_type = static_cast<ReportType>(type);
  }
  if ((flags & kHasDays) != 0) m.days_since_onset = days;
  if ((flags & kHasVariant) != 0) m.variant_of_concern = bytes[9];
  m.revised = (flags & kRevised) != 0;
  return key;
}

void AppendPack(const KeyBlock& keys, size_t first, size_t num,
                std::string* out) {
  HashMap<PackedKind, uint16_t> numbers;
  std::string kinds;
  std::string kind_of;
  kind_of.reserve(num * sizeof(uint16_t));
  for (size_t i = first; i < first + num; ++i) {
    const PackedKind kind =
        PackKind(keys.rolling_starts()[i], keys.rolling_periods()[i],
                 keys.metadata()[i]);
    const auto [found, is_new] =
        numbers.try_emplace(kind, static_cast<uint16_t>(numbers.size()));
    if (is_new) kinds.append(kind.begin(), kind.end());
    kind_of.push_back(static_cast<char>(found->second));
    kind_of.push_back(static_cast<char>(found->second >> 8));
  }
  out->reserve(out->size() + kHeaderBytes + kinds.size() + num * kBytesOfKey);
  out->push_back(static_cast<char>(kVersion));
  AppendUint32(static_cast<uint32_t>(num), out);
  AppendUint32(static_cast<uint32_t>(numbers.size()), out);
  *out += kinds;
  out->append(reinterpret_cast<const char*>(keys.teks().data() + first),
              num * kTekBytes);
  *out += kind_of;
}

// Takes one pack off the front of `bytes`.
absl::Status TakePack(absl::Span<const uint8_t>* bytes, KeyBlock* block) {
  if (bytes->size() < kHeaderBytes || (*bytes)[0] != kVersion) return Damaged();
  const size_t num = ReadUint32(bytes->data() + 1);
  const size_t num_kinds = ReadUint32(bytes->data() + 5);
  // Nothing below overflows: both are at most kMaxPackedKeys.
  if (num < 1 || num > kMaxPackedKeys || num_kinds < 1 || num_kinds > num) {
    return Damaged();
  }
  const size_t size = kHeaderBytes + num_kinds * kKindBytes + num * kBytesOfKey;
  if (bytes->size() < size) return Damaged();
  const uint8_t* at = bytes->data() + kHeaderBytes;
  std::vector<DiagnosisKey> kinds;
  kinds.reserve(num_kinds);
  for (size_t k = 0; k < num_kinds; ++k, at += kKindBytes) {
    TEKMATCH_ASSIGN_OR_RETURN(kinds.emplace_back(), UnpackKind(at));
  }
  const uint8_t* kind_of = at + num * kTekBytes;
  block->Clear();
  for (size_t i = 0; i < num; ++i) {
    const size_t kind = kind_of[2 * i] | size_t{kind_of[2 * i + 1]} << 8;
    if (kind >= num_kinds) return Damaged();
    DiagnosisKey key = kinds[kind];
    std::memcpy(key.tek.bytes.data(), at + i * kTekBytes, kTekBytes);
    block->Append(key);
  }
  bytes->remove_prefix(size);
  return absl::OkStatus();
}

}  // namespace

void PackKeys(const KeyBlock& keys, std::string* out) {
  for (size_t first = 0; first < keys.size(); first += kMaxPackedKeys) {
    AppendPack(keys, first, std::min(kMaxPackedKeys, keys.size() - first), out);
  }
}

absl::Status UnpackKeys(absl::Span<const uint8_t> bytes,
                        absl::FunctionRef<absl::Status(const KeyBlock&)> sink) {
  KeyBlock block;
  while (!bytes.empty()) {
    TEKMATCH_RETURN_IF_ERROR(TakePack(&bytes, &block));
    TEKMATCH_RETURN_IF_ERROR(sink(block));
  }
  return absl::OkStatus();
}

}  // namespace tekmatch
