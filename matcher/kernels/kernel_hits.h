// The note that each function of a kernel makes in its unit's KernelHits
// (kernels.h): one look at a byte a call, and a write at the first one, so that
// threads share the byte without taking it from one another.
//
// Static: each unit of one instruction set has its own, and may include this.
#ifndef TEKMATCH_MATCHER_KERNELS_KERNEL_HITS_H_
#define TEKMATCH_MATCHER_KERNELS_KERNEL_HITS_H_

#include <stdint.h>

#include "matcher/kernels/kernels.h"

namespace tekmatch {

// Of the unit that includes this.
static KernelHits unit_hits;

static inline __attribute__((always_inline)) void MarkHit(uint8_t* hit) {
  if (__atomic_load_n(hit, __ATOMIC_RELAXED) == 0) {
    __atomic_store_n(hit, 1, __ATOMIC_RELAXED);
  }
}

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_KERNELS_KERNEL_HITS_H_
