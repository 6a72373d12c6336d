// Sightings as .tksight files: tksight_layout.h says what bytes they are.
//
// A file is read by read(2), block by block, and not mapped: one that becomes
// shorter meanwhile is an error and no SIGBUS, and pipes are read alike. Ten
// million sightings from the page cache took as long either way (0.26 to 0.28 s
// each, an Intel Xeon, Sapphire Rapids; 0.18 of it the first touch of 400 MB
// that the sightings take), as they did by columns instead of records. CRC-32C
// takes 5 ms of that; SHA-256 would take 200, and hold against nobody, who
// could write it anew.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_TKSIGHT_H_
#define TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_TKSIGHT_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "matcher/join/sighting.h"
#include "tools/files/input_stream.h"
#include "tools/sightings/sightings_file.h"

namespace tekmatch {

// Whether a file that begins so is one, damaged or not.
bool IsTksight(absl::string_view begin);

// All of the stream, which is closed; `path` is its name. Memory for all
// sightings is asked for once the first block's check is right, as far as the
// file's length bears them out; for those of a pipe, as they come. The blocks
// of a file are checked and taken apart by all threads of options.tasks; what
// comes out, errors too, is what one thread makes.
//
// DATA_LOSS, with the path and the reason: the header is damaged or of another
// version; the file is cut, or goes on after its last sighting; a check is
// wrong; a record is not in order. With options.skip_bad all of these but the
// first cost only what comes after: the sightings before are used, as far as
// their block's check is right, and `losses` has the file. DATA_LOSS also for a
// record that is no sighting (its time is after 2099, its RSSI above 20): it is
// a bad row. A scan before that would have been before 1970 is dropped and
// counted, as in a text. Other codes: the system's.
absl::StatusOr<SightingsFile> ReadTksight(
    const std::string& path, InputStream stream,
    const SightingsReaderOptions& options);

// Appends a file of all sightings, in whatever order they are given; of those
// in TksightOrder no copy is made. Sighting::store is not written. The optional
// fields are there where one of the sightings has them.
//
// INVALID_ARGUMENT: no phone can have heard one of them (CheckHeard), or its
// scan before would have been before 1970; or there are more than
// kMaxTksightSightings. Others are `append`'s.
absl::Status WriteTksight(
    absl::Span<const Sighting> sightings,
    absl::FunctionRef<absl::Status(absl::string_view)> append);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_TKSIGHT_H_
