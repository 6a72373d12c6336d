// Rows of sightings in the two text formats of sightings_reader.h.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_TEXT_H_
#define TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_TEXT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "matcher/join/sighting.h"
#include "tools/sightings/sightings_file.h"

namespace tekmatch {

// The columns that a CSV may have after its four.
struct CsvColumns {
  bool previous_scan = false;  // empty in a row: not known
  bool device = false;

  bool operator==(const CsvColumns&) const = default;
};

inline constexpr absl::string_view kSightingsCsvHeader = "time,rpi,aem,rssi";
// With the columns after it, in the order of CsvColumns.
std::string CsvHeader(const CsvColumns& columns);
// Those that the sightings need.
CsvColumns ColumnsFor(absl::Span<const Sighting> sightings);

// INVALID_ARGUMENT with field and reason: the row is no sighting. An optional
// field that cannot be used is dropped instead and counted: a previous_scan
// that is no integer or no time before the sighting's. `device` is not of them:
// it decides whose sighting it is.
absl::Status ParseCsvRow(absl::string_view line, const CsvColumns& columns,
                         Sighting* sighting, DroppedSightingFields* dropped);
// A previous_scan of null is not known.
absl::Status ParseJsonRow(absl::string_view line, Sighting* sighting,
                          DroppedSightingFields* dropped);

// With their line end. A scan before in the first second of 1970 is written as
// not known: a 0 is read so.
std::string CsvRow(const Sighting& sighting, const CsvColumns& columns = {});
std::string JsonRow(const Sighting& sighting);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_TEXT_H_
