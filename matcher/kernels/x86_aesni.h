// The kernels for x86 machines with AES-NI and the SHA extensions: the RPIs of
// a key in twelve intervals in flight, and the HKDF of two keys side by side.
#ifndef TEKMATCH_MATCHER_KERNELS_X86_AESNI_H_
#define TEKMATCH_MATCHER_KERNELS_X86_AESNI_H_

#include "matcher/kernels/kernels.h"

namespace tekmatch {

extern const Kernels kX86AesniKernels;

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_KERNELS_X86_AESNI_H_
