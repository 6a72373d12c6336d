// An export's description as bytes, for a ledger.
#ifndef TEKMATCH_MATCHER_CHECK_STORED_EXPORT_H_
#define TEKMATCH_MATCHER_CHECK_STORED_EXPORT_H_

#include <compare>
#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/signature.h"
#include "matcher/check/export_files.h"

namespace tekmatch {

// When keys are valid.
struct Validity {
  EnIntervalNumber rolling_start = 0;
  uint8_t rolling_period = 0;

  auto operator<=>(const Validity&) const = default;
};

// An accepted file, and how many of its good keys are valid when.
struct StoredExport {
  ExportFileResult file;
  std::map<Validity, uint64_t> validities;
  // Of them, those that were the owner's own when the file was read. Only where
  // its keys are not kept: of those that are, it is asked anew.
  std::map<Validity, uint64_t> own_validities;
};

// What stored_export.proto has of it.
std::string PackExport(const StoredExport& stored);

// The file as it would be judged today: its signatures are checked against
// `trusted` anew, and it is accepted if they are valid. DATA_LOSS: the bytes
// are no such description.
absl::StatusOr<StoredExport> UnpackExport(absl::Span<const uint8_t> bytes,
                                          const TrustedKeys& trusted);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_STORED_EXPORT_H_
