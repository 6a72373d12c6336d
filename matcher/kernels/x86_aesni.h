// The kernels for x86 machines with AES-NI and the SHA extensions: two keys'
// SHA-256 side by side, eight blocks of AES in flight.
#ifndef TEKMATCH_MATCHER_KERNELS_X86_AESNI_H_
#define TEKMATCH_MATCHER_KERNELS_X86_AESNI_H_

#include "matcher/kernels/kernels.h"

namespace tekmatch {

extern const Kernels kX86AesniKernels;

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_KERNELS_X86_AESNI_H_
