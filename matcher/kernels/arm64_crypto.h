// The kernels for 64-bit Arm processors with the AES and SHA-256 instructions
// of Armv8 (Arm64CryptoAvailable). Only in builds for that architecture.
#ifndef TEKMATCH_MATCHER_KERNELS_ARM64_CRYPTO_H_
#define TEKMATCH_MATCHER_KERNELS_ARM64_CRYPTO_H_

#include "matcher/kernels/kernels.h"

namespace tekmatch {

extern const Kernels kArm64CryptoKernels;

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_KERNELS_ARM64_CRYPTO_H_
