// The least time that the steps of a row take on this machine, for those steps
// whose least time is known: what the row's ceiling is made of.
//
//   RPIKs, RPIs    the kernel's instructions at their measured rates, for the
//                  intervals of a key beside which somebody was heard at all
//                  (kernel_floor.h)
//   a zip          its export.bin inflated, with CRC, into memory, and hashed
//                  in one call of BoringSSL: the libraries at their best
//   sightings      their file read, and their array copied once: a sort moves
//                  each at least that often
//
// Decoding and planning of keys, filters, parsing, and starting a process are
// counted as nothing: nobody knows how little they could take. So no row can
// reach its ceiling.
#ifndef TEKMATCH_BENCH_ROW_FLOORS_H_
#define TEKMATCH_BENCH_ROW_FLOORS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "keyformat/key_block.h"
#include "matcher/join/sighting.h"

namespace tekmatch {

// Of the RPIs of all keys, the share that a sighting could match by its time,
// under the default policy's tolerance. 0 where there are no RPIs.
double ShareInTime(const KeyBlock& keys,
                   const std::vector<Sighting>& sightings);

// Seconds a key of the kernel's two functions, measured anew with every call.
// UNIMPLEMENTED: nobody has counted that kernel's instructions. Otherwise as
// MeasureCeiling.
absl::StatusOr<double> KernelsFloor(absl::string_view kernel,
                                    double share_in_time);

// Seconds of a whole zip of an export, from the system's cache. As
// ReadExportArchive, and the system's.
absl::StatusOr<double> ZipFloor(const std::string& path);

// Seconds of a file of sightings.
absl::StatusOr<double> SightingsFloor(const std::string& path,
                                      size_t num_sightings);

}  // namespace tekmatch

#endif  // TEKMATCH_BENCH_ROW_FLOORS_H_
