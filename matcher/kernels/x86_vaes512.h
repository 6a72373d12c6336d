// The kernels for x86 machines with AVX-512 (F, BW, DQ, VL, VBMI) and VAES:
// SHA-256 of sixteen keys and AES of four blocks a register.
#ifndef TEKMATCH_MATCHER_KERNELS_X86_VAES512_H_
#define TEKMATCH_MATCHER_KERNELS_X86_VAES512_H_

#include "matcher/kernels/kernels.h"

namespace tekmatch {

extern const Kernels kX86Vaes512Kernels;

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_KERNELS_X86_VAES512_H_
