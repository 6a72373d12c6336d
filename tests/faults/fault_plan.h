// Which call of the process fails, and what is told of it: what the functions
// of failing_calls.cc ask. Preloaded into a program that knows nothing of it.
//
//   TEKMATCH_FAULT=write:3:28          the third call of this kind fails, with
//                                      that errno; "short" in place of a number
//                                      lets it do half of what was asked
//   TEKMATCH_FAULT=write:3:28:lasting  and so does each one after it
//   TEKMATCH_FAULT_REPORT=FILE         kReportBytes of zeroes, into which a
//                                      Report is written
//
// Calls are counted from the beginning of main. The report is memory that is
// shared with the file, so it is there however the process ends.
#ifndef TEKMATCH_TESTS_FAULTS_FAULT_PLAN_H_
#define TEKMATCH_TESTS_FAULTS_FAULT_PLAN_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace tekmatch {

// In the order of faults.py's KINDS.
enum class Kind : uint32_t {
  kOpen,
  kRead,
  kWrite,
  kSync,
  kRename,
  kRemove,
  kTruncate,
  kMake,
  kMap,
  kThread,
  kAllocate,
  kStat,
  kSeek,
  kLock,
  kClose,
  kMode,
  kNumKinds,
};

inline constexpr size_t kReportBytes = 4096;

struct Report {
  std::array<std::atomic<uint64_t>, static_cast<size_t>(Kind::kNumKinds)> calls;
  std::atomic<uint64_t> num_failed;
  std::array<char, 32> first_failed;  // the name of the function
};
static_assert(sizeof(Report) <= kReportBytes);

enum class Fate : uint8_t { kDone, kFails, kShort };

// Counts a call, and says what becomes of it. Where it fails errno is set.
Fate FateOf(Kind kind, const char* function);

// Reads the environment. Calls count from StartCounting on.
void StartCounting();

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_FAULTS_FAULT_PLAN_H_
