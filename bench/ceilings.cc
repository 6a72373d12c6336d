// Plan: a loop of one instruction over twelve independent chains for each
// ceiling, and one of dependent additions for cycles; then the table of what
// this processor has of them.
#include "bench/ceilings.h"

#include "matcher/kernels/cpu_features.h"

namespace tekmatch {
namespace {

#if defined(__x86_64__)

// The chains are registers 0..11, register 15 holds what is added or the key.
// In assembly, so that this file needs no compiler flags, and the compiler
// cannot compute several rounds at once.
#define TEKMATCH_FOR_CHAINS(text) \
  ".irp r,0,1,2,3,4,5,6,7,8,9,10,11\n" text "\n.endr\n"
#define TEKMATCH_CLOBBERED                                                \
  "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", \
      "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm15"

// `operand`: what register 15 and the chains hold at first.
#define TEKMATCH_RUN_512(operand, chain, step) \
  const uint32_t values[] = {operand, chain};  \
  asm volatile("vpbroadcastd (%[values]), %%zmm15\n" TEKMATCH_FOR_CHAINS(     \
                   "vpbroadcastd 4(%[values]), %%zmm\\r")                \
               "test %[rounds], %[rounds]\n"                                  \
               "jz 2f\n"                                                      \
               "1:\n" TEKMATCH_FOR_CHAINS(step)                          \
               "dec %[rounds]\n"                                              \
               "jnz 1b\n"                                                     \
               "2:\n" TEKMATCH_FOR_CHAINS(                                    \
                   "vmovd %%xmm\\r, 4*\\r(%[chains])")                   \
               "vzeroupper\n"                                                 \
               : [rounds] "+r"(num_rounds)                                    \
               : [values] "r"(values), [chains] "r"(chains)                   \
               : TEKMATCH_CLOBBERED)

void RunAdd512(uint64_t num_rounds, uint32_t* chains) {
  TEKMATCH_RUN_512(1, 0, "vpaddd %%zmm15, %%zmm\\r, %%zmm\\r");
}

void RunRotate512(uint64_t num_rounds, uint32_t* chains) {
  TEKMATCH_RUN_512(0, 1, "vprord $1, %%zmm\\r, %%zmm\\r");
}

void RunAesenc512(uint64_t num_rounds, uint32_t* chains) {
  TEKMATCH_RUN_512(0, 0, "vaesenc %%zmm15, %%zmm\\r, %%zmm\\r");
}

void RunAesenc256(uint64_t num_rounds, uint32_t* chains) {
  asm volatile("vpxor %%ymm15, %%ymm15, %%ymm15\n" TEKMATCH_FOR_CHAINS(
                   "vpxor %%ymm\\r, %%ymm\\r, %%ymm\\r")
               "test %[rounds], %[rounds]\n"
               "jz 2f\n"
               "1:\n" TEKMATCH_FOR_CHAINS("vaesenc %%ymm15, %%ymm\\r, %%ymm\\r")
               "dec %[rounds]\n"
               "jnz 1b\n"
               "2:\n" TEKMATCH_FOR_CHAINS("vmovd %%xmm\\r, 4*\\r(%[chains])")
               "vzeroupper\n"
               : [rounds] "+r"(num_rounds)
               : [chains] "r"(chains)
               : TEKMATCH_CLOBBERED);
}

// SHA256RNDS2 takes the message from register 0, so that chain 0 is in 12.
#define TEKMATCH_RUN_128(step) \
  asm volatile("pxor %%xmm15, %%xmm15\n"                                      \
               "pxor %%xmm12, %%xmm12\n" TEKMATCH_FOR_CHAINS(                 \
                   "pxor %%xmm\\r, %%xmm\\r")                            \
               "test %[rounds], %[rounds]\n"                                  \
               "jz 2f\n"                                                      \
               "1:\n"                                                         \
               ".irp r,1,2,3,4,5,6,7,8,9,10,11,12\n" step                     \
               "\n.endr\n"                                                    \
               "dec %[rounds]\n"                                              \
               "jnz 1b\n"                                                     \
               "2:\n"                                                         \
               "movdqa %%xmm12, %%xmm0\n" TEKMATCH_FOR_CHAINS(                \
                   "movd %%xmm\\r, 4*\\r(%[chains])")                         \
               : [rounds] "+r"(num_rounds)                                    \
               : [chains] "r"(chains)                                         \
               : TEKMATCH_CLOBBERED, "xmm12")

void RunAesenc128(uint64_t num_rounds, uint32_t* chains) {
  TEKMATCH_RUN_128("aesenc %%xmm15, %%xmm\\r");
}

void RunSha256Rnds2(uint64_t num_rounds, uint32_t* chains) {
  TEKMATCH_RUN_128("sha256rnds2 %%xmm0, %%xmm15, %%xmm\\r");
}

#else

// No machine has them available.
constexpr CeilingRun RunAdd512 = nullptr;
constexpr CeilingRun RunRotate512 = nullptr;
constexpr CeilingRun RunAesenc512 = nullptr;
constexpr CeilingRun RunAesenc256 = nullptr;
constexpr CeilingRun RunAesenc128 = nullptr;
constexpr CeilingRun RunSha256Rnds2 = nullptr;

#endif

void RunCycles(uint64_t num_rounds, uint32_t* chains) {
  uint64_t sum = 0;
  // From a register: Intel since Golden Cove adds small constants while it
  // renames registers, five of them a cycle.
  uint64_t one = 1;
  asm volatile("" : "+r"(one));
  for (uint64_t i = 0; i < num_rounds; ++i) {
    // The compiler may not add them up. Unrolled: a branch after each would
    // take longer than the addition on some processors.
#pragma GCC unroll 16
    for (int j = 0; j < kCeilingChains; ++j) {
      sum += one;
      asm volatile("" : "+r"(sum));
    }
  }
  chains[0] = static_cast<uint32_t>(sum);
}

}  // namespace

Ceiling AddCeiling() { return {"vpaddd 512", HasX86Vaes512(), RunAdd512}; }
Ceiling RotateCeiling() {
  return {"vprord 512", HasX86Vaes512(), RunRotate512};
}
Ceiling Vaesenc512Ceiling() {
  return {"vaesenc 512", HasX86Vaes512(), RunAesenc512};
}
Ceiling Vaesenc256Ceiling() {
  return {"vaesenc 256", HasX86Vaes256(), RunAesenc256};
}
Ceiling Aesenc128Ceiling() {
  return {"aesenc 128", HasX86Aesni(), RunAesenc128};
}
Ceiling Sha256Rnds2Ceiling() {
  return {"sha256rnds2 128", HasX86Aesni(), RunSha256Rnds2};
}
Ceiling CycleCeiling() { return {"dependent add", true, RunCycles}; }

}  // namespace tekmatch
