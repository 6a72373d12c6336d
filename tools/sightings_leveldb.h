// Reads the contact database of Google Play Services, a LevelDB folder, without
// changing it.
//
// LevelDB cannot open read-only: it locks, logs, and rewrites on opening. So it
// opens a scratch folder in which the tables, which LevelDB never changes, are
// links to the real ones and the small rest is copied.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_LEVELDB_H_
#define TEKMATCH_TOOLS_SIGHTINGS_LEVELDB_H_

#include <string>

#include "absl/status/statusor.h"
#include "tools/sightings_file.h"

namespace tekmatch {

// As ReadSightings. DATA_LOSS also: the folder holds no database, or LevelDB
// finds it damaged. Bad rows are named by the number of their record, from 1.
//
// A log whose last record is cut short is read up to there, as LevelDB does:
// that is what a device that loses power while writing leaves behind.
//
// The RSSI of a sighting without one, or with one that says "not available", is
// the mean of its scan's readings, without those that say so. A sighting without
// AEM has that of its record.
absl::StatusOr<SightingsFile> ReadLevelDbSightings(
    const std::string& path, const SightingsReaderOptions& options);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_LEVELDB_H_
