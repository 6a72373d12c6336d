// An export's description as bytes, for a ledger.
#ifndef TEKMATCH_MATCHER_CHECK_STORED_EXPORT_H_
#define TEKMATCH_MATCHER_CHECK_STORED_EXPORT_H_

#include <compare>
#include <cstdint>
#include <limits>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/export_reader.h"
#include "keyformat/signature.h"
#include "matcher/check/export_files.h"

namespace tekmatch {

// When keys are valid.
struct Validity {
  EnIntervalNumber rolling_start = 0;
  uint8_t rolling_period = 0;

  auto operator<=>(const Validity&) const = default;
};

// Numbers of keys.
using ValidityCounts = std::map<Validity, uint64_t>;

// The day of the interval in which a key's validity is over: days of 144
// intervals, counted since 1970.
using DayNumber = uint32_t;
inline DayNumber EndDay(EnIntervalNumber rolling_start,
                        uint8_t rolling_period) {
  return (rolling_start + rolling_period) / kMaxRollingPeriod;
}
inline DayNumber EndDay(const Validity& validity) {
  return EndDay(validity.rolling_start, validity.rolling_period);
}

// Keys that are counted, and not kept.
struct UnkeptKeys {
  uint64_t num_keys = 0;
  uint64_t num_own = 0;  // of them, by the own keys that were known then
  // From the first to the last interval in which one is valid; with num_keys 0
  // they say nothing.
  EnIntervalNumber first_start = std::numeric_limits<EnIntervalNumber>::max();
  EnIntervalNumber last_end = 0;

  void Add(const Validity& validity, uint64_t num, uint64_t num_own_ones);
};

// An accepted file, and how many of its good keys are valid when. Those that
// end in first_day .. last_day are told apart, and may be kept: no sighting
// that the store has, or can get soon, is of an earlier or a later one.
struct StoredExport {
  ExportFileResult file;
  DayNumber first_day = 0;
  DayNumber last_day = 0;
  ValidityCounts validities;
  // Of them, those that were the owner's own when the file was read. Only where
  // its keys are not kept: of those that are, it is asked anew.
  ValidityCounts own_validities;
  UnkeptKeys before;
  UnkeptKeys after;

  // The interval after the last one in which any key is valid; 0 without keys.
  EnIntervalNumber last_end() const;
};

// What stored_export.proto has of it.
std::string PackExport(const StoredExport& stored);

// Judges the file's signatures by `trusted`: it is accepted if they are valid.
void Judge(const TrustedKeys& trusted, ExportFileResult& file);

// Takes those of `more` in that a trusted key made, and that the file does not
// have: a server may publish the same export.bin again with other signatures.
// Whether there were any; the file is then judged anew.
bool AddSignatures(const ExportFingerprint& more, const TrustedKeys& trusted,
                   ExportFileResult& file);

// The file as it would be judged today (Judge). DATA_LOSS: the bytes are no
// such description.
absl::StatusOr<StoredExport> UnpackExport(absl::Span<const uint8_t> bytes,
                                          const TrustedKeys& trusted);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_STORED_EXPORT_H_
