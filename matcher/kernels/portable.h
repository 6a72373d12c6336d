// The kernels for every machine: nothing but calls of BoringSSL, which itself
// uses the AES and SHA instructions that it finds.
#ifndef TEKMATCH_MATCHER_KERNELS_PORTABLE_H_
#define TEKMATCH_MATCHER_KERNELS_PORTABLE_H_

#include "matcher/kernels/kernels.h"

namespace tekmatch {

extern const Kernels kPortableKernels;

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_KERNELS_PORTABLE_H_
