// The kernels for x86 machines with VAES and AVX2 but without AVX-512, and with
// the SHA extensions: the RPIs of two keys in twelve intervals in flight, HKDF
// as x86_aesni has it.
#ifndef TEKMATCH_MATCHER_KERNELS_X86_VAES256_H_
#define TEKMATCH_MATCHER_KERNELS_X86_VAES256_H_

#include "matcher/kernels/kernels.h"

namespace tekmatch {

extern const Kernels kX86Vaes256Kernels;

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_KERNELS_X86_VAES256_H_
