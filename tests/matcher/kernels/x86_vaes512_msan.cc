// The kernel for AVX-512 as MemorySanitizer can follow it: LLVM 14 calls any
// use of what is not set in an instruction of ternary logic a defect, since it
// does not know that one. The kernel has it in one form, the XOR of three,
// which is two XORs here; and a round of SHA-256 in assembly, which is
// intrinsics here (x86_sha_lanes.h). All else is the kernel's own text. For
// hidden_keys_msan alone.
#include <immintrin.h>

// NOLINTBEGIN(bugprone-reserved-identifier): it is the intrinsic's name.
#undef _mm512_ternarylogic_epi32
#define _mm512_ternarylogic_epi32(a, b, c, table)                        \
  (__extension__({                                                       \
    static_assert((table) == 0x96, "only the XOR of three is replaced"); \
    _mm512_xor_si512(_mm512_xor_si512(a, b), c);                         \
  }))
// NOLINTEND(bugprone-reserved-identifier)

#define TEKMATCH_SHA_BY_INTRINSICS
#include "matcher/kernels/x86_vaes512.cc"  // NOLINT(bugprone-suspicious-include): so that it is the same text
