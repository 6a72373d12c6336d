#include "tools/sightings_writer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tools/sightings_text.h"

namespace tekmatch {

absl::Status WriteSightings(absl::Span<const Sighting> sightings,
                            SightingsFormat format, OutputFile& out) {
  if (format == SightingsFormat::kLevelDb) {
    return absl::InvalidArgumentError("sightings are not written as LevelDB");
  }
  const bool scans =
      std::any_of(sightings.begin(), sightings.end(), [](const Sighting& s) {
        return s.seconds_since_previous_scan != kNoPreviousScan;
      });
  auto make_row = JsonRow;
  if (format == SightingsFormat::kCsv) {
    make_row = scans ? ScansCsvRow : CsvRow;
    if (absl::Status s = out.Append(
            absl::StrCat(scans ? kScansCsvHeader : kSightingsCsvHeader, "\n"));
        !s.ok()) {
      return s;
    }
  }
  for (const Sighting& sighting : sightings) {
    if (absl::Status s = out.Append(make_row(sighting)); !s.ok()) return s;
  }
  return absl::OkStatus();
}

}  // namespace tekmatch
