// The sightings of a run, out of all its stores: files or LevelDB folders, each
// of one phone, or with a column that says which device heard what.
//
// Several stores of one device are one person's, who carried two phones,
// changed phones, or has copies of one store:
//
//   stores    Sighting::store numbers a device's stores from 0, the one with
//             the most sightings first, of equal ones the smaller by what is in
//             it. Names and order of the arguments have no influence.
//   repeated  The same sighting in several stores (equal time, RPI, AEM and
//             RSSI) counts once, in the first of them, with the shorter time
//             since the previous scan where they differ; a store that says it
//             twice has it twice. So a store that is given again, or a part of
//             it, changes nothing.
//
// What a single store of a device says stays as it is.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_STORES_H_
#define TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_STORES_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "matcher/join/sighting.h"
#include "tools/sightings/sightings_file.h"

namespace tekmatch {

// What there is to say of a run's sightings.
struct SightingsCounts {
  uint64_t num_read = 0;  // good ones, each once
  uint64_t num_bad = 0;   // skipped
  uint64_t num_repeated = 0;
  BadRowReasons bad_reasons;  // of the skipped ones
  DroppedSightingFields dropped;
  SightingsConversion conversion;
  std::vector<SightingsLoss> losses;  // of all stores
  // Of every device, good sightings: those that sightings name and those that
  // an argument names, whether it has any or not. Empty if nothing names one.
  std::map<uint32_t, uint64_t> by_device;
};

struct RunSightings {
  std::vector<Sighting> sightings;
  SightingsCounts counts;
  std::vector<std::string> messages;  // on the first few bad rows
};

// Each argument is PATH, or DEVICE=PATH with a decimal DEVICE of 0..4294967295,
// which says that all of it is that device's. A path that begins with digits
// and "=" is written "./3=a.csv".
//
// Losses and messages stand in the order of the arguments' bytes; sightings in
// that of the arguments and files, but by device where any device is in several
// stores. Memory: where none is, one store's sightings are there once, those of
// several twice for a while; else all of them are there twice. Beside them some
// 200 bytes a device.
//
// INVALID_ARGUMENT: such a number is greater, or a store that is given a device
// names another one. Other codes: those of ReadSightings.
absl::StatusOr<RunSightings> ReadStores(std::vector<std::string> arguments,
                                        const SightingsReaderOptions& options);

// Sightings of one store, in the order of the file: `store` is its number among
// the sorted arguments, from 0. Their device is set.
using StoreSink =
    absl::FunctionRef<absl::Status(size_t store, absl::Span<const Sighting>)>;

// The same for who need not hold sightings: `sink` takes all of them, in the
// pieces of SightingsReaderOptions::sink, repeated ones too. The result has no
// sightings; its counts lack num_read and num_repeated, and by_device has 0 for
// each device that an argument names. Errors are those of ReadStores and of
// `sink`, which ends it; what it was given before counts for nothing.
absl::StatusOr<RunSightings> VisitStores(std::vector<std::string> arguments,
                                         const SightingsReaderOptions& options,
                                         StoreSink sink);

// The device that such an argument names, if it does. INVALID_ARGUMENT: such a
// number is greater.
absl::StatusOr<std::optional<uint32_t>> StoreDevice(
    const std::string& argument);

// The path in such an argument; empty where it is of no such form.
std::string StorePath(const std::string& argument);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_STORES_H_
