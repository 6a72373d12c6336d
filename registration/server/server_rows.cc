#include "registration/server/server_rows.h"

#include <algorithm>

namespace tekmatch {

absl::StatusOr<Digest> DigestFromRow(const Database& database,
                                     absl::Span<const uint8_t> bytes) {
  Digest digest;
  if (bytes.size() != digest.size()) {
    return database.Damaged("a hash has a wrong length");
  }
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

absl::StatusOr<DiagnosisKey> KeyFromRow(const Database& database,
                                        const Statement& row) {
  DiagnosisKey key;
  const absl::Span<const uint8_t> tek = row.Blob(0);
  const int64_t start = row.Int64(1);
  const int64_t period = row.Int64(2);
  const int64_t risk = row.Int64(3);
  const int64_t type = row.Int64(4);
  // A key that phones would drop must not get into a file, so a damaged row is
  // said here.
  if (tek.size() != kTekBytes || start < 0 || start > 0xFFFFFFFF ||
      period < 1 || period > kMaxRollingPeriod || risk < 0 ||
      risk > kMaxTransmissionRisk || type < 0 || type >= kNumReportTypes) {
    return database.Damaged("a key is none");
  }
  std::copy(tek.begin(), tek.end(), key.tek.bytes.begin());
  key.rolling_start = static_cast<EnIntervalNumber>(start);
  key.rolling_period = static_cast<uint8_t>(period);
  key.metadata.transmission_risk = static_cast<uint8_t>(risk);
  key.metadata.report_type = static_cast<ReportType>(type);
  return key;
}

}  // namespace tekmatch
