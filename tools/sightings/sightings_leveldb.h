// Reads the contact database of Google Play Services, a LevelDB folder, without
// changing it, or any other file.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_LEVELDB_H_
#define TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_LEVELDB_H_

#include <string>

#include "absl/status/statusor.h"
#include "tools/sightings/sightings_file.h"

namespace tekmatch {

// As ReadSightings. DATA_LOSS also: the folder holds no database, or a file
// that belongs to it is missing or damaged (leveldb_store.h says which those
// are, and what cannot be seen). The system's codes: such a file is there, and
// cannot be read. With skip_bad both are losses of the result, but for files
// without which nothing is known of the others. Bad rows are named by the
// number of their record, from 1.
//
// The RSSI of a sighting without one, or with one that says "not available", is
// the mean of its scan's readings, without those that say so. A sighting
// without AEM has that of its record.
absl::StatusOr<SightingsFile> ReadLevelDbSightings(
    const std::string& path, const SightingsReaderOptions& options);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_LEVELDB_H_
