// Rows of CSV as WriteSightings writes them, read at once: what nearly all rows
// of nearly all files are.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_PLAIN_ROW_H_
#define TEKMATCH_TOOLS_SIGHTINGS_PLAIN_ROW_H_

#include <cstddef>

#include "matcher/join/sighting.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {

// No plain row is longer, its line end included.
inline constexpr size_t kMostPlainRowBytes = 96;

// Reads the row that begins at `row`, where kMostPlainRowBytes can be read, and
// returns where the next one begins, after LF or CRLF. Null: it is not plain,
// and ParseCsvRow has to say what it is; *sighting is then unspecified.
// Whatever is plain, ParseCsvRow takes for the same sighting, and drops nothing
// of it. Plain are a time of ten digits, hexadecimal digits of either case, an
// RSSI of up to three digits, a previous scan of ten digits or none, and a
// device of up to nine digits.
const char* ReadPlainRow(const char* row, const CsvColumns& columns,
                         Sighting* sighting);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_PLAIN_ROW_H_
