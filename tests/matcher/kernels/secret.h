// Bytes that count as never set, for a tool that reports each branch and each
// address that depends on such bytes: Valgrind's Memcheck, or Clang's
// MemorySanitizer. What runs over a hidden key without a report takes the same
// path and touches the same memory whatever the key is.
//
// The method is A. Langley's ctgrind, as BoringSSL has it (CONSTTIME_SECRET in
// crypto/internal.h). Under neither tool nothing would be seen, so the programs
// that use this refuse to run (IsWatched).
#ifndef TEKMATCH_TESTS_MATCHER_KERNELS_SECRET_H_
#define TEKMATCH_TESTS_MATCHER_KERNELS_SECRET_H_

#include <stddef.h>
#include <stdint.h>

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#define TEKMATCH_HAS_MSAN 1
#endif
#endif

#ifdef TEKMATCH_HAS_MSAN
#include <sanitizer/msan_interface.h>
#else
#include <valgrind/memcheck.h>
#endif

namespace tekmatch {

#ifdef TEKMATCH_HAS_MSAN
inline bool IsWatched() { return true; }
inline void Hide(void* p, size_t n) { __msan_poison(p, n); }
inline void Reveal(void* p, size_t n) { __msan_unpoison(p, n); }
// Reports bytes that were never set.
inline void ExpectSet(const void* p, size_t n) {
  __msan_check_mem_is_initialized(p, n);
}
// Whether each byte depends on what was hidden: else the tool lost its way, and
// would have reported nothing from there on.
inline bool IsHidden(const uint8_t* p, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    if (__msan_test_shadow(p + i, 1) != 0) return false;
  }
  return true;
}
#else
inline bool IsWatched() { return RUNNING_ON_VALGRIND != 0; }
inline void Hide(void* p, size_t n) { (void)VALGRIND_MAKE_MEM_UNDEFINED(p, n); }
inline void Reveal(void* p, size_t n) { (void)VALGRIND_MAKE_MEM_DEFINED(p, n); }
inline void ExpectSet(const void* p, size_t n) {
  (void)VALGRIND_CHECK_MEM_IS_DEFINED(p, n);
}
inline bool IsHidden(const uint8_t* p, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    uint8_t hidden_bits = 0;
    if (VALGRIND_GET_VBITS(p + i, &hidden_bits, 1) != 1 || hidden_bits == 0) {
      return false;
    }
  }
  return true;
}
#endif

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_MATCHER_KERNELS_SECRET_H_
