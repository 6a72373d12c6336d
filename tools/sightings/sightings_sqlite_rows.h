// What the readers of foreign SQLite tables share: values of the type that they
// have to have, and the walk over a table's rows.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_SQLITE_ROWS_H_
#define TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_SQLITE_ROWS_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/sightings/foreign_database.h"
#include "tools/sightings/sightings_file.h"

namespace tekmatch {

// Each gives the value, or INVALID_ARGUMENT with field and reason ("aem: 5
// bytes, 4 wanted"). SQLite converts nothing here: a text is no blob.
absl::Status SetBlob(absl::string_view field, const ForeignRows& rows,
                     int column, absl::Span<uint8_t> out);
absl::Status GetInteger(absl::string_view field, const ForeignRows& rows,
                        int column, int64_t* value);

// Checks the table's pages and calls `read` with each row of the query over it.
// What that returns but OK is a bad row (sightings_file.h), named by its
// number. Damage is DATA_LOSS, or with skip_bad a loss, after which the rows
// are read as far as they can be.
absl::Status ForEachForeignRow(
    ForeignDatabase& database, absl::string_view table,
    const std::string& query, const SightingsReaderOptions& options,
    SightingsFile* file,
    absl::FunctionRef<absl::Status(const ForeignRows& rows)> read);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_SQLITE_ROWS_H_
