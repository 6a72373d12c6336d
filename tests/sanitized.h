// How much of a long random test is run.
#ifndef TEKMATCH_TESTS_SANITIZED_H_
#define TEKMATCH_TESTS_SANITIZED_H_

#include <cstdint>

namespace tekmatch {

// All of it on the build that is shipped. Under the sanitizers, whose builds
// are the ones with assertions and take some four times as long, a quarter.
constexpr uint64_t ShareOf(uint64_t n) {
#ifdef NDEBUG
  return n;
#else
  return n / 4;
#endif
}

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_SANITIZED_H_
