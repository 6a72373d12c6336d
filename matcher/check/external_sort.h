// Sorts more than fits in memory: what is full is sorted and goes into a file,
// and all such runs are merged when they are read. What fits never touches a
// disk.
//
// Memory: about `memory_bytes` while it takes values in (for a moment half as
// much more), and while they are visited; where there are so many runs that
// this is less than kLeastOfRun values of each, those. So it then grows by a
// value's size times kLeastOfRun for each `memory_bytes` that are sorted. The
// file has each value once.
#ifndef TEKMATCH_MATCHER_CHECK_EXTERNAL_SORT_H_
#define TEKMATCH_MATCHER_CHECK_EXTERNAL_SORT_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "matcher/check/spill_file.h"
#include "matcher/join/match.h"
#include "matcher/join/sighting.h"

namespace tekmatch {

// A sighting's position and the number of a file.
struct PositionInFile {
  uint32_t position = 0;
  uint32_t file = 0;

  bool operator==(const PositionInFile&) const = default;
};

// Of Match, PositionInFile and Sighting. Values are written member by member
// (spilled_value.h), for this process alone to read.
template <typename T>
class ExternalSort {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  using Less = bool (*)(const T&, const T&);

  // `file` outlives it, and may be shared with others.
  ExternalSort(Less less, size_t memory_bytes, SpillFile* file);

  // Errors are the file's.
  absl::Status Add(const T& value);

  // Once, when all values are there. Errors are the file's.
  absl::Status Finish();

  // Calls `sink` with all of them in order, equal ones in any. After Finish, as
  // often as is wanted. An error of `sink` ends it and is returned; others are
  // the file's.
  absl::Status Visit(absl::FunctionRef<absl::Status(const T&)> sink) const;

  // How many times what was held was full.
  size_t num_runs() const { return runs_.size(); }

 private:
  // That is read of a run at once.
  static constexpr size_t kLeastOfRun = 64;

  struct Run {
    uint64_t offset = 0;
    uint64_t num = 0;
  };
  // A run that is being read.
  struct Reader {
    Run rest;
    std::vector<T> buffer;
    size_t next = 0;
  };

  absl::Status Spill();
  absl::StatusOr<bool> Fill(size_t most, Reader& reader) const;
  absl::Status Merge(absl::FunctionRef<absl::Status(const T&)> sink) const;

  const Less less_;
  const size_t max_held_;
  SpillFile* const file_;
  std::vector<T> held_;
  std::vector<Run> runs_;  // none is empty
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_EXTERNAL_SORT_H_
