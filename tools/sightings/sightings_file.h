// What a reader of sightings gives, whatever the format.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_FILE_H_
#define TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_FILE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "matcher/join/sighting.h"
#include "matcher/join/tasks.h"

namespace tekmatch {

enum class SightingsFormat : uint8_t {
  kCsv,
  kJsonLines,
  kLevelDb,
  kForeign,
  kTksight,
};

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
  // Called now and then, if not empty; on any thread of `tasks`, one at a time.
  std::function<void(const SightingsProgress&)> progress;
  // Who helps to read large texts and .tksight files; null: nobody.
  const TaskRunner* tasks = nullptr;
  // If not empty, takes the sightings in the order of the file, and
  // SightingsFile::sightings stays empty: in pieces of at most some thousands
  // of a text, a .tksight file or an SQLite database, so that none holds all of
  // them; at the end of what else there is. It may change what it is given. An
  // error of it ends the reading and is returned. On any thread of `tasks`, one
  // call at a time.
  std::function<absl::Status(absl::Span<Sighting>)> sink;
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

// What became of what a foreign store has and a sighting has no place for.
// Whoever shows a result has to show these, too.
struct SightingsConversion {
  // Rows with a first and a last time, and the sightings made of them: one at
  // each end, or a single one where both are the same second. What was between
  // is not known.
  uint64_t num_spans = 0;
  uint64_t num_of_spans = 0;
  // Sightings beside which an address or a position stood, which is not kept.
  uint64_t num_addresses = 0;
  uint64_t num_positions = 0;
  // Rows left out since the identifier at their time is not known any more
  // (sightings_ramble.h).
  uint64_t num_overwritten = 0;
  // Signs that a store is not whole which prove nothing: it is used as it is.
  std::vector<SightingsLoss> doubts;

  void Add(const SightingsConversion& other);
  bool operator==(const SightingsConversion&) const = default;
};

// Bad rows by their reasons, which name fields and never values.
using BadRowReasons = std::map<std::string, uint64_t, std::less<>>;

struct SightingsFile {
  SightingsFormat format = SightingsFormat::kCsv;
  std::vector<Sighting> sightings;  // in the order of the file, if no sink has
  // False: the file has no place for devices, and all are of device 0.
  bool may_name_devices = true;
  uint64_t num_bad = 0;
  std::vector<std::string> messages;  // on the first few bad rows
  BadRowReasons bad_reasons;          // of all of them
  DroppedSightingFields dropped;      // of `sightings`
  SightingsConversion conversion;
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

// Counts a bad row's reason. Of many different ones the later count together,
// as "other reasons".
void CountReason(absl::string_view reason, uint64_t num_rows,
                 BadRowReasons* reasons);

// For the readers: gives what `file` holds to options.sink, if there is one.
// Errors are the sink's.
absl::Status HandOver(const SightingsReaderOptions& options,
                      SightingsFile* file);

// For the readers of databases: a file is missing or damaged. OK if the rest is
// to be used, and then kept; DATA_LOSS otherwise.
absl::Status LosePart(SightingsLoss loss, const SightingsReaderOptions& options,
                      SightingsFile* file);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_FILE_H_
