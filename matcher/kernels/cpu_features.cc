#include "matcher/kernels/cpu_features.h"

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace tekmatch {

#if defined(__x86_64__)

namespace {

struct Registers {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// All zero where the leaf does not exist.
Registers Cpuid(uint32_t leaf) {
  Registers r;
  __get_cpuid_count(leaf, 0, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

bool Bit(uint32_t word, int bit) { return (word >> bit & 1) != 0; }

// Whether the system saves these registers, bits of XCR0.
bool Saves(uint32_t states) {
  constexpr int kOsxsave = 27;
  if (!Bit(Cpuid(1).ecx, kOsxsave)) return false;
  uint32_t low = 0;
  uint32_t high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & states) == states;
}
constexpr uint32_t kAvx = 0x06;     // XMM and YMM
constexpr uint32_t kAvx512 = 0xE6;  // those, ZMM and the masks

}  // namespace

bool HasX86Aesni() {
  const uint32_t leaf1 = Cpuid(1).ecx;
  const uint32_t leaf7 = Cpuid(7).ebx;
  return Bit(leaf1, 9) && Bit(leaf1, 19) && Bit(leaf1, 25) && Bit(leaf7, 29);
}

bool HasX86Vaes256() {
  const Registers leaf7 = Cpuid(7);
  return HasX86Aesni() && Saves(kAvx) && Bit(leaf7.ebx, 5) && Bit(leaf7.ecx, 9);
}

bool HasX86Vaes512() {
  const Registers leaf7 = Cpuid(7);
  return Saves(kAvx512) && Bit(leaf7.ebx, 16) && Bit(leaf7.ebx, 17) &&
         Bit(leaf7.ebx, 30) && Bit(leaf7.ebx, 31) && Bit(leaf7.ecx, 1) &&
         Bit(leaf7.ecx, 9) && Bit(Cpuid(1).ecx, 25);
}

#else

bool HasX86Aesni() { return false; }
bool HasX86Vaes256() { return false; }
bool HasX86Vaes512() { return false; }

#endif

#if defined(__aarch64__)

bool HasArm64Crypto() {
  constexpr uint64_t kNeeded = HWCAP_AES | HWCAP_SHA2;
  return (getauxval(AT_HWCAP) & kNeeded) == kNeeded;
}

#else

bool HasArm64Crypto() { return false; }

#endif

}  // namespace tekmatch
