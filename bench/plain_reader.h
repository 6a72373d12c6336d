// A CSV of sightings as one reads it who checks nothing: fixed places, no
// quotes, no other orders of columns. What sightings_reader.h is measured
// against.
//
// Written as well as that allows: large reads, one look for each line's end, a
// table for hexadecimal digits, no string by row. Only for what WriteSightings
// wrote; of other files the result means nothing.
#ifndef TEKMATCH_BENCH_PLAIN_READER_H_
#define TEKMATCH_BENCH_PLAIN_READER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "matcher/join/sighting.h"

namespace tekmatch {

// The RPIs, in the file's order. Errors are the system's.
absl::StatusOr<std::vector<Rpi>> ReadPlainRpis(const std::string& path);

// With their times; other fields are those of Sighting().
absl::StatusOr<std::vector<Sighting>> ReadPlainSightings(
    const std::string& path);

}  // namespace tekmatch

#endif  // TEKMATCH_BENCH_PLAIN_READER_H_
