// What a reader of sightings gives, whatever the format.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_FILE_H_
#define TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_FILE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "matcher/join/sighting.h"

namespace tekmatch {

enum class SightingsFormat : uint8_t { kCsv, kJsonLines, kLevelDb };

// How far the reading is.
struct SightingsProgress {
  size_t store = 1;  // of num_stores
  size_t num_stores = 1;
  // Of this store: bytes of a text, records of a database.
  uint64_t done = 0;
  uint64_t total = 0;  // 0: not known, as of a pipe
  const char* unit = "bytes";
};

struct SightingsReaderOptions {
  // Leave malformed rows out and count them, and use what is left of a damaged
  // database, instead of refusing the file.
  bool skip_bad = false;
  // Called now and then, if not empty.
  std::function<void(const SightingsProgress&)> progress;
};

// Optional fields whose values could not be used: the sightings are kept as if
// they had none. Counted by field.
struct DroppedSightingFields {
  uint64_t previous_scan = 0;

  bool operator==(const DroppedSightingFields&) const = default;
};

// A file of a database that is missing or damaged.
struct SightingsLoss {
  std::string file;    // its path
  std::string reason;  // "is missing: the newest sightings are not read"

  bool operator==(const SightingsLoss&) const = default;
};

struct SightingsFile {
  SightingsFormat format = SightingsFormat::kCsv;
  std::vector<Sighting> sightings;  // in the order of the file
  uint64_t num_bad = 0;
  std::vector<std::string> messages;  // on the first few bad rows
  DroppedSightingFields dropped;      // of `sightings`
  // How many sightings each lost is not known. Whoever shows a result has to
  // show these.
  std::vector<SightingsLoss> losses;
};

// For the readers of the formats: a malformed row, at a place. OK if rows are
// skipped, and then counted; DATA_LOSS otherwise. `place` is called where a
// message is made, so not for the millions of bad rows that a file may hold.
absl::Status BadRow(absl::FunctionRef<std::string()> place,
                    absl::string_view reason,
                    const SightingsReaderOptions& options, SightingsFile* file);

// For the readers of databases: a file is missing or damaged. OK if the rest is
// to be used, and then kept; DATA_LOSS otherwise.
absl::Status LosePart(SightingsLoss loss, const SightingsReaderOptions& options,
                      SightingsFile* file);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_FILE_H_
