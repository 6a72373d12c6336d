// What this machine's processor can do, asked at run time: the instructions
// that each kernel needs, and that the system saves their registers.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, CPUID,
// XGETBV; Linux, arm64 ELF hwcaps.
#ifndef TEKMATCH_MATCHER_KERNELS_CPU_FEATURES_H_
#define TEKMATCH_MATCHER_KERNELS_CPU_FEATURES_H_

namespace tekmatch {

// False on other architectures.
bool HasX86Aesni();     // SSE4.1, AES-NI, SHA extensions
bool HasX86Vaes256();   // those, AVX2 and VAES
bool HasX86Vaes512();   // AVX-512 F, BW, DQ, VL, VBMI; AES-NI, VAES
bool HasArm64Crypto();  // AES and SHA-256 of Armv8, as the system reports them

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_KERNELS_CPU_FEATURES_H_
