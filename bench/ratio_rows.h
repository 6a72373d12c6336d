// The engine held against the baseline (baseline.h), as ratios of keys a second
// measured in one run: what the table of docs/benchmarks.md shows.
//
// A row is the median over several runs. A run takes keys that no run before it
// had, and the two that it compares one after the other: half of the baseline's
// keys before the engine's, half after. Every answer is checked; a wrong one is
// an error, not a figure.
#ifndef TEKMATCH_BENCH_RATIO_ROWS_H_
#define TEKMATCH_BENCH_RATIO_ROWS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/file_rows.h"
#include "bench/ratio.h"

namespace tekmatch {

struct RatioOptions {
  int num_runs = 5;
  uint64_t num_keys = 1'000'000;         // of a run, for the engine
  uint64_t num_baseline_keys = 100'000;  // of a run
  uint64_t num_sightings = 20'000;       // the baseline's; see the rows
  std::vector<std::string> rows;         // their names; none: all
  WaitPrograms programs;                 // of the row wait_20k
};

// Keys a second of what is measured and of what it is measured against:
//
// dense_20k, dense_1m, dense_10m: keys in memory, num_sightings, 50 and 500
//   times as many, evenly over 14 days; against the baseline at num_sightings.
// phone: num_sightings on 10 of the 14 days, within six hours; likewise.
// end_to_end: one signed zip on disk to the matches; likewise.
// x86_aesni: dense_20k with that kernel forced.
// two_threads: end_to_end on two threads, against one.
// wait_20k: the tool's whole process, sightings and a signed zip from disk to
//   its report, on one thread, against the baseline's over the same files.
// read_1m, read_10m: a CSV of 50 and 500 times num_sightings read and indexed,
//   against a reader that checks nothing (plain_reader.h) and std::sort. Its
//   figures are sightings a second.
// read_10m_tksight: read_10m's sightings from a .tksight, against the same
//   reader over their CSV.
// hkdf_share_of_ceiling, aes_share_of_ceiling: x86_vaes512's derive_rpiks and
//   generate_rpis (144 a key), against what the processor's instructions allow
//   (kernel_floor.h).
//
// Beside most of them stands a ceiling (row_floors.h); that of two_threads
// is 2.
//
// In the order above. INVALID_ARGUMENT: options.rows names what is none.
// INTERNAL: a wrong answer, or BoringSSL failed. Others are the system's.
absl::StatusOr<std::vector<RatioRow>> MeasureRatios(
    const RatioOptions& options);

}  // namespace tekmatch

#endif  // TEKMATCH_BENCH_RATIO_ROWS_H_
