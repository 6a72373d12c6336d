// Reads the SQLite database that the Bluetooth scanner RaMBLE exports
// (RaMBLE_playstore_v40.15_20201014_1542.sqlite). Its schema is not published:
// only these columns are relied on, of whatever type, others are not looked at:
//
//   devices(id, service_data 'fd6f:' and 40 hex digits [, last_seen s])
//   locations(device_id, timestamp s, rssi dBm)
//
// A row of `locations` is a sighting of what its device sent. A device is a
// Bluetooth address, and its row has what it sent last: when a random address
// comes again, older rows of `locations` are of an identifier that is not known
// any more. So rows from more than 30 minutes before the device was seen last
// are left out and counted (num_overwritten). The RSSI is not calibrated.
// Addresses and positions are never read, only counted.
//
// Source: mh-/corona-warn-companion-android, RambleDbOnDisk.java (which skips
// rows with NULL, as is done here with skip_bad alone) and its issues #59, #62.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_RAMBLE_H_
#define TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_RAMBLE_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/sightings/foreign_database.h"
#include "tools/sightings/sightings_file.h"

namespace tekmatch {

// Whether the database has those tables. Errors are ForeignDatabase's.
absl::StatusOr<bool> HasRambleSightings(ForeignDatabase& database);

// Adds its sightings to *file, in the order of the rows of `locations`. Memory
// grows with the devices that sent an identifier. Errors as of
// ReadMicroGSightings.
absl::Status ReadRambleSightings(ForeignDatabase& database,
                                 const SightingsReaderOptions& options,
                                 SightingsFile* file);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_RAMBLE_H_
