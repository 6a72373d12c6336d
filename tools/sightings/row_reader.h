// The rows of a text file of sightings after its header, or after its first
// object: read by any number of threads, as one would have read them.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_ROW_READER_H_
#define TEKMATCH_TOOLS_SIGHTINGS_ROW_READER_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "matcher/join/tasks.h"
#include "tools/files/line_reader.h"
#include "tools/sightings/csv_layout.h"
#include "tools/sightings/sightings_file.h"

namespace tekmatch {

// Adds the sighting of a line to *file, or what BadRow makes of it (its
// errors); passes over a line of spaces. The line is the last that the reader
// gave. Without a layout, it is a JSON object.
absl::Status ReadRow(const LineReader& reader, const LineReader::Line& line,
                     const std::optional<CsvLayout>& layout,
                     const SightingsReaderOptions& options,
                     SightingsFile* file);

// Adds the rest of what the reader has. `num_bytes` is the file's size, 0 if it
// is not known. The file is never in memory as a whole; of a file that is
// small, or of which the size is not known, options.tasks are not used.
//
// DATA_LOSS: the first malformed row in the file's order, as of BadRow, unless
// rows are skipped; a line without end. Other codes: the system's.
absl::Status ReadRows(LineReader& reader,
                      const std::optional<CsvLayout>& layout,
                      uint64_t num_bytes, const SightingsReaderOptions& options,
                      SightingsFile* file);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_ROW_READER_H_
