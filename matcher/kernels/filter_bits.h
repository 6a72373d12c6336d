// Where a filter has an RPI (RpiFilter, kernels.h). Static: the units of one
// instruction set include this too.
#ifndef TEKMATCH_MATCHER_KERNELS_FILTER_BITS_H_
#define TEKMATCH_MATCHER_KERNELS_FILTER_BITS_H_

#include <stdint.h>

namespace tekmatch {

// h: the first four bytes of an RPI.
static inline uint32_t FilterHash(const uint8_t* rpi) {
  return static_cast<uint32_t>(rpi[0]) << 24 |
         static_cast<uint32_t>(rpi[1]) << 16 |
         static_cast<uint32_t>(rpi[2]) << 8 | rpi[3];
}

// Which bits of its word an RPI has.
static inline uint32_t FilterBits(uint32_t h) {
  return UINT32_C(1) << (h & 7) | UINT32_C(0x100) << (h >> 3 & 7) |
         UINT32_C(0x10000) << (h >> 8 & 7) |
         UINT32_C(0x1000000) << (h >> 11 & 7);
}

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_KERNELS_FILTER_BITS_H_
