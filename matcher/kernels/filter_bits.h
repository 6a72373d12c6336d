// Which bits of a filter's word an RPI has (RpiFilter, kernels.h).
#ifndef TEKMATCH_MATCHER_KERNELS_FILTER_BITS_H_
#define TEKMATCH_MATCHER_KERNELS_FILTER_BITS_H_

#include <stdint.h>

namespace tekmatch {

// Of h, the bytes 4..7 of an RPI. Static: the units of one instruction set
// include this too.
static inline uint32_t FilterBits(uint32_t h) {
  return UINT32_C(1) << (h & 7) | UINT32_C(0x100) << (h >> 3 & 7) |
         UINT32_C(0x10000) << (h >> 8 & 7) |
         UINT32_C(0x1000000) << (h >> 11 & 7);
}

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_KERNELS_FILTER_BITS_H_
