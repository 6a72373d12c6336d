#include "tools/sightings/sightings_writer.h"

#include "tools/sightings/sightings_text.h"

namespace tekmatch {

absl::Status WriteSightings(absl::Span<const Sighting> sightings,
                            SightingsFormat format, OutputFile& out) {
  if (format == SightingsFormat::kLevelDb) {
    return absl::InvalidArgumentError("sightings are not written as LevelDB");
  }
  const bool csv = format == SightingsFormat::kCsv;
  const CsvColumns columns = ColumnsFor(sightings);
  if (csv) {
    if (absl::Status s = out.Append(CsvHeader(columns) + "\n"); !s.ok()) {
      return s;
    }
  }
  for (const Sighting& sighting : sightings) {
    if (absl::Status s =
            out.Append(csv ? CsvRow(sighting, columns) : JsonRow(sighting));
        !s.ok()) {
      return s;
    }
  }
  return absl::OkStatus();
}

}  // namespace tekmatch
