// How much memory a test's code holds: the bytes that operator new gave and
// delete has not yet taken back. A program that uses this has these operators
// in place of the system's, so a sanitizer cannot run it.
#ifndef TEKMATCH_TESTS_HELD_MEMORY_H_
#define TEKMATCH_TESTS_HELD_MEMORY_H_

#include <cstdint>

#include "absl/functional/function_ref.h"

namespace tekmatch {

// The most bytes that are held while `work` runs, above those held before.
int64_t MostHeldBy(absl::FunctionRef<void()> work);

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_HELD_MEMORY_H_
