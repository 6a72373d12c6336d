// What the processor's instructions themselves allow: how many of those that
// the kernels are made of a core completes in a second, when nothing else
// waits. A kernel's share of that is the measure of how well it is written;
// what share of what, kernel_floor.h says.
//
// The runs are chains of one instruction that do not depend on one another, as
// many as hide its latency, on registers. Each run returns what the chains hold
// in the end, so that it can be checked that they were computed.
#ifndef TEKMATCH_BENCH_CEILINGS_H_
#define TEKMATCH_BENCH_CEILINGS_H_

#include <stdint.h>

namespace tekmatch {

// Chains of a run, each of which executes the instruction `num_rounds` times.
enum { kCeilingChains = 12 };

// Each writes the low 32 bits of every chain, which all begin alike.
using CeilingRun = void (*)(uint64_t num_rounds, uint32_t* chains);

struct Ceiling {
  const char* name;  // of the instruction, with its width in bits
  bool available;    // on this machine; `run` must not be called otherwise
  CeilingRun run;
};

// 1 is added to 0, in 16 lanes.
Ceiling AddCeiling();
// 1 is rotated right by 1, in 16 lanes.
Ceiling RotateCeiling();
// The round of AES with key 0 on 0, four blocks at a time, two and one.
Ceiling Vaesenc512Ceiling();
Ceiling Vaesenc256Ceiling();
Ceiling Aesenc128Ceiling();
// Two rounds of SHA-256 with message 0 on 0.
Ceiling Sha256Rnds2Ceiling();

// Additions that wait for each other, one a cycle: how fast the core's clock
// runs. Writes the sum, num_rounds * kCeilingChains, to chains[0].
Ceiling CycleCeiling();

}  // namespace tekmatch

#endif  // TEKMATCH_BENCH_CEILINGS_H_
