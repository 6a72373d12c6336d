// Reads `exposure.db`, the SQLite database of microG (phones without Google)
// and of Corona Contact Tracing Germany: its table `advertisements`, of any of
// its versions, and of what the app's own export makes of it; and the phone's
// own keys, its table `tek`.
//
//   advertisements(rpi BLOB, aem BLOB, timestamp ms, rssi dBm, duration ms)
//   tek(keyData BLOB, rollingStartNumber, rollingPeriod)
//
// A row is a span: when an RPI was first heard, for how long, and the mean
// RSSI over it, weighted by time. It becomes two sightings, at its start and
// its end, or one where both are the same second. The mean stands for both, and
// what was between is not known.
//
// Refused as no sighting, since each is a known fault of the app:
//   rssi      out of range (before version 6), or 0 in a span that lasts
//             (version 11, which version 12 turned into -75: those cannot be
//             told from real ones any more)
//   aem       not 4 bytes: the app keeps all that follows the RPI
//   timestamp, duration   not from 1970 to 2100, or longer than a day
//
// Source: microg/GmsCore, play-services-nearby, ExposureDatabase.kt (DB_VERSION
// 12), and its issues #1230, #1347, #1655.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_MICROG_H_
#define TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_MICROG_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "keyformat/diagnosis_key.h"
#include "tools/sightings/foreign_database.h"
#include "tools/sightings/sightings_file.h"

namespace tekmatch {

// Whether the database has that table. Errors are ForeignDatabase's.
absl::StatusOr<bool> HasMicroGSightings(ForeignDatabase& database);

// Adds its rows to *file, in the order of their rowids. Bad rows are named by
// their number, from 1. DATA_LOSS, or a loss with skip_bad: pages are damaged;
// rows that can still be read are.
absl::Status ReadMicroGSightings(ForeignDatabase& database,
                                 const SightingsReaderOptions& options,
                                 SightingsFile* file);

// The TEKs of its table `tek`. DATA_LOSS: it has none, or a row is no key.
// Other errors are ForeignDatabase's.
absl::StatusOr<std::vector<Tek>> ReadMicroGOwnKeys(const std::string& path);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_MICROG_H_
