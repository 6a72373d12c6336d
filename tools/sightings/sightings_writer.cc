#include "tools/sightings/sightings_writer.h"

#include "keyformat/status_macros.h"
#include "tools/sightings/sightings_text.h"
#include "tools/sightings/sightings_tksight.h"

namespace tekmatch {

absl::Status WriteSightings(absl::Span<const Sighting> sightings,
                            SightingsFormat format, OutputFile& out) {
  if (format == SightingsFormat::kLevelDb ||
      format == SightingsFormat::kForeign) {
    return absl::InvalidArgumentError(
        "sightings are not written in formats of others");
  }
  if (format == SightingsFormat::kTksight) {
    return WriteTksight(sightings, [&out](absl::string_view bytes) {
      return out.Append(bytes);
    });
  }
  const bool csv = format == SightingsFormat::kCsv;
  const CsvColumns columns = ColumnsFor(sightings);
  if (csv) {
    TEKMATCH_RETURN_IF_ERROR(out.Append(CsvHeader(columns) + "\n"));
  }
  for (const Sighting& sighting : sightings) {
    TEKMATCH_RETURN_IF_ERROR(
        out.Append(csv ? CsvRow(sighting, columns) : JsonRow(sighting)));
  }
  return absl::OkStatus();
}

}  // namespace tekmatch
