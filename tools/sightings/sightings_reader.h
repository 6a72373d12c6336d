// Reads the sightings of a device, in any of these formats, told apart by
// content:
//   CSV         header `time,rpi,aem,rssi`: Unix seconds, hex, hex, dBm; after
//               these `previous_scan` (Unix seconds, or empty), `device` (a
//               number of 32 bits), or both. Every row has a line end. Other
//               orders, separators and spaces: csv_layout.h
//   JSON lines  objects with members of these names, the last two optional;
//               others are passed over, and none may stand twice
//   .tksight    binary, of our own, by whatever name (sightings_tksight.h)
//   LevelDB     the folder that Google Play Services writes
//               (sightings_leveldb.h)
//   SQLite      the databases of microG and RaMBLE, or dumps of them
//               (sightings_sqlite.h)
//   captures    of Bluetooth (sightings_capture.h)
//   scanner     the CSV of exposure-notification-ble-python (scanner_csv.h)
// Databases, dumps and captures are regular files, no pipes.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_READER_H_
#define TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_READER_H_

#include <string>

#include "absl/status/statusor.h"
#include "tools/sightings/sightings_file.h"

namespace tekmatch {

// DATA_LOSS: a row is malformed ("path:12: rpi: 31 characters, 32 wanted", for
// LevelDB "path: record 12: ..."), a part of a database is missing, or the file
// has none of the formats. DEADLINE_EXCEEDED: nobody writes into a pipe
// (line_reader.h). Other codes: the system's. Messages never hold an RPI, an
// AEM or a time.
absl::StatusOr<SightingsFile> ReadSightings(
    const std::string& path, const SightingsReaderOptions& options);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_READER_H_
