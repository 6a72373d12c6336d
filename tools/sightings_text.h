// Rows of sightings in the two text formats of sightings_reader.h.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_TEXT_H_
#define TEKMATCH_TOOLS_SIGHTINGS_TEXT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "matcher/sighting.h"

namespace tekmatch {

inline constexpr absl::string_view kSightingsCsvHeader = "time,rpi,aem,rssi";
// Of rows that also say when the scan before was, or nothing for unknown.
inline constexpr absl::string_view kScansCsvHeader =
    "time,rpi,aem,rssi,previous_scan";

// INVALID_ARGUMENT with field and reason.
absl::Status ParseCsvRow(absl::string_view line, Sighting* sighting);
absl::Status ParseScansCsvRow(absl::string_view line, Sighting* sighting);
absl::Status ParseJsonRow(absl::string_view line, Sighting* sighting);

// With their line end.
std::string CsvRow(const Sighting& sighting);
std::string ScansCsvRow(const Sighting& sighting);
std::string JsonRow(const Sighting& sighting);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_TEXT_H_
