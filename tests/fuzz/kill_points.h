// A kill without the end of the process: at one of the calls by which anything
// comes to be in a file, the folder is copied as it is at that moment. The copy
// is what a process that was killed there leaves, since what was written to a
// file is the system's. The run itself goes on, and its own folder is thrown
// away.
//
// The calls are stood in for in kill_points.cc, and syncs are left out: nothing
// here takes the power away.
#ifndef TEKMATCH_TESTS_FUZZ_KILL_POINTS_H_
#define TEKMATCH_TESTS_FUZZ_KILL_POINTS_H_

#include <cstdint>
#include <string>

namespace tekmatch {

enum class Cut : uint8_t { kBefore, kHalf, kAfter };

// From now on: at the call of that number, from 1, `folder` is copied to
// `copy`, which is made. A number that is not reached copies nothing.
void KillAt(uint64_t call, Cut cut, const std::string& folder,
            const std::string& copy);
// Ends it. Returns whether the call was reached.
bool WasKilled();

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_FUZZ_KILL_POINTS_H_
