// Reads sightings out of an SQLite database of an app that is known by its
// tables (sightings_microg.h, sightings_ramble.h), or out of the text that
// SQLite's ".dump" makes of one.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_SQLITE_H_
#define TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_SQLITE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/sightings/sightings_file.h"

namespace tekmatch {

// Whether a path leads to a regular file that begins as a database of SQLite
// does. Errors are the system's; a path that leads nowhere is none.
absl::StatusOr<bool> IsSqliteFile(const std::string& path);
// Whether a file that begins so is SQL of a dump.
bool BeginsLikeDump(absl::string_view text);

// As ReadSightings; `is_dump`: it is SQL. DATA_LOSS, too: its tables are of no
// app that is known; damage that foreign_database.h tells of.
absl::StatusOr<SightingsFile> ReadSqliteSightings(
    const std::string& path, bool is_dump,
    const SightingsReaderOptions& options);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_SQLITE_H_
