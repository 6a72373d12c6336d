// The rows that begin with a file of sightings: the wait of whoever has one.
#ifndef TEKMATCH_BENCH_FILE_ROWS_H_
#define TEKMATCH_BENCH_FILE_ROWS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bench/ratio.h"
#include "tools/sightings/sightings_file.h"

namespace tekmatch {

struct FileRowOptions {
  int num_runs = 5;
  uint64_t num_keys = 1'000'000;
  uint64_t num_sightings = 20'000;
  uint64_t seed = 1;
  // Of the engine's file in ReadRow.
  SightingsFormat format = SightingsFormat::kCsv;
};

// Paths of what the row of whole processes runs.
struct WaitPrograms {
  std::string tekmatch;
  std::string baseline_wait;

  // Where Bazel builds them, from the program of bench/ at `path`.
  static WaitPrograms Beside(absl::string_view path);
};

// A file read and indexed, against plain_reader.h and std::sort over a CSV of
// the same sightings; a sighting of each. The RPIs of both are compared with
// those that were written; the index has to give the contacts of keys that were
// met, too.
absl::StatusOr<RatioRow> ReadRow(const FileRowOptions& options);

// `tekmatch match` on one thread against baseline_wait, a key of each. Both
// have to name the contacts that there are. Skipped where a program is not
// there. Errors, as of ReadRow: INTERNAL: a wrong answer, or a program that
// failed; others are the system's.
absl::StatusOr<RatioRow> WaitRow(const FileRowOptions& options,
                                 const WaitPrograms& programs);

}  // namespace tekmatch

#endif  // TEKMATCH_BENCH_FILE_ROWS_H_
