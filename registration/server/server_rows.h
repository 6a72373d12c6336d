// Rows of the tables to values, for the sources of server_store.h alone.
//
// DATA_LOSS for a row that is not what the store wrote.
#ifndef TEKMATCH_REGISTRATION_SERVER_SERVER_ROWS_H_
#define TEKMATCH_REGISTRATION_SERVER_SERVER_ROWS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/store/database.h"
#include "registration/service/digests.h"

namespace tekmatch {

absl::StatusOr<Digest> DigestFromRow(const Database& database,
                                     absl::Span<const uint8_t> bytes);

// Of the columns tek, rolling_start, period, risk, report_type.
absl::StatusOr<DiagnosisKey> KeyFromRow(const Database& database,
                                        const Statement& row);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVER_SERVER_ROWS_H_
