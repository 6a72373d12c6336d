// What a plan says of a run's sightings, without holding them: numbers,
// devices, the covered intervals and the newest time.
#ifndef TEKMATCH_TOOLS_COMMANDS_PLANNED_SIGHTINGS_H_
#define TEKMATCH_TOOLS_COMMANDS_PLANNED_SIGHTINGS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "matcher/check/shards.h"
#include "tools/sightings/sightings_file.h"
#include "tools/sightings/sightings_stores.h"

namespace tekmatch {

struct PlannedSightings {
  SightingsCounts counts;
  std::vector<std::string> messages;
  HeardIntervals heard;
  std::optional<int64_t> newest;  // Unix seconds; none: there are no sightings
};

struct PlanMemory {
  size_t bytes = size_t{32} << 20;
  // Where a file goes for what does not fit; it is not made before.
  std::string folder = "/tmp";
};

// Reads all stores of the arguments (sightings_stores.h). What it says is what
// ReadStores' result says.
//
// Memory: a piece of a store's reader (SightingsReaderOptions::sink; some forms
// are held as a whole) and some 200 bytes a device. Where several stores may be
// of one device, repeated sightings have to be counted: all that such stores
// have of it are sorted, with `memory`, and 36 bytes each in the file.
//
// Errors are those of ReadStores; INVALID_ARGUMENT also for more sightings than
// 32 bits count, or one that CheckHeard refuses; and the system's, of
// memory.folder.
absl::StatusOr<PlannedSightings> PlanSightings(
    const std::vector<std::string>& arguments,
    const SightingsReaderOptions& options, const PlanMemory& memory);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_PLANNED_SIGHTINGS_H_
