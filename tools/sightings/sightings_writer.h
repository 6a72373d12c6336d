// Writes sightings in a format that sightings_reader.h reads: CSV, JSON lines
// or .tksight.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_WRITER_H_
#define TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_WRITER_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "matcher/join/sighting.h"
#include "tools/files/output_file.h"
#include "tools/sightings/sightings_file.h"

namespace tekmatch {

// Appends header and rows; a CSV has the further columns that one of the
// sightings needs. A .tksight is in an order of its own (tksight_layout.h).
// Committing is the caller's. INVALID_ARGUMENT for kLevelDb and kForeign, which
// are read only, and what WriteTksight refuses.
absl::Status WriteSightings(absl::Span<const Sighting> sightings,
                            SightingsFormat format, OutputFile& out);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_WRITER_H_
