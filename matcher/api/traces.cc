#include "matcher/api/traces.h"

#include <openssl/mem.h>

#include <cstdint>

namespace tekmatch {
namespace {

// OF(n), for four numbers.
#define TEKMATCH_FOUR(OF, a, b, c, d) OF(a) OF(b) OF(c) OF(d)

#if defined(__x86_64__)

void WipeRegisters() {
  // Asked once: CPUID is slow in a virtual machine.
  static const bool has_avx = __builtin_cpu_supports("avx") != 0;
  static const bool has_avx512 = __builtin_cpu_supports("avx512f") != 0;
  // A wider form of a register is above the same 16 bytes.
#define TEKMATCH_XMM(n) "pxor %%xmm" #n ", %%xmm" #n "\n"
  asm volatile(TEKMATCH_FOUR(TEKMATCH_XMM, 0, 1, 2, 3)      //
               TEKMATCH_FOUR(TEKMATCH_XMM, 4, 5, 6, 7)      //
               TEKMATCH_FOUR(TEKMATCH_XMM, 8, 9, 10, 11)    //
               TEKMATCH_FOUR(TEKMATCH_XMM, 12, 13, 14, 15)  //
               ::
                   : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
                     "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
                     "xmm14", "xmm15");
  if (has_avx) {
    asm volatile("vzeroall" ::
                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
                       "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
                       "xmm13", "xmm14", "xmm15");
  }
  // Those that AVX-512 alone has: the compiler, which does not use it here,
  // keeps nothing in them.
#define TEKMATCH_ZMM(n) "vpxorq %%zmm" #n ", %%zmm" #n ", %%zmm" #n "\n"
  if (has_avx512) {
    asm volatile(TEKMATCH_FOUR(TEKMATCH_ZMM, 16, 17, 18, 19)  //
                 TEKMATCH_FOUR(TEKMATCH_ZMM, 20, 21, 22, 23)  //
                 TEKMATCH_FOUR(TEKMATCH_ZMM, 24, 25, 26, 27)  //
                 TEKMATCH_FOUR(TEKMATCH_ZMM, 28, 29, 30, 31)::);
  }
}

#elif defined(__aarch64__)

// v8 to v15 are the caller's again, to whom a function gives them back.
void WipeRegisters() {
#define TEKMATCH_V(n) "movi v" #n ".16b, #0\n"
  asm volatile(TEKMATCH_FOUR(TEKMATCH_V, 0, 1, 2, 3)      //
               TEKMATCH_FOUR(TEKMATCH_V, 4, 5, 6, 7)      //
               TEKMATCH_FOUR(TEKMATCH_V, 16, 17, 18, 19)  //
               TEKMATCH_FOUR(TEKMATCH_V, 20, 21, 22, 23)  //
               TEKMATCH_FOUR(TEKMATCH_V, 24, 25, 26, 27)  //
               TEKMATCH_FOUR(TEKMATCH_V, 28, 29, 30, 31)  //
               ::
                   : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16",
                     "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",
                     "v25", "v26", "v27", "v28", "v29", "v30", "v31");
}

#else

void WipeRegisters() {}

#endif

// Of its own, so that its array lies below the caller's part of the stack. No
// function of the library leaves identifiers further down: the sort of
// sightings takes up to 64 KiB (sighting_order.h).
#if defined(__GNUC__)
__attribute__((noinline))
#endif
void WipeStack() {
  uint8_t below[96 << 10];
  OPENSSL_cleanse(below, sizeof(below));
}

}  // namespace

void WipeTraces() {
  // The first: what wipes the stack may write registers to it.
  WipeRegisters();
  WipeStack();
}

}  // namespace tekmatch
