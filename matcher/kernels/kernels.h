// The contract of a kernel: the specification's key derivation and RPI
// generation for many keys at a time, and the probe of a filter with what was
// generated. matcher/join/en_crypto.h says what each function computes for one
// key.
//
// All kernels are pure functions over counted arrays:
// - They compute the same bytes, whatever the implementation.
// - Keys and RPIs are 16 bytes each and lie one after another, without
//   alignment. Inputs and outputs do not overlap. A count may be 0, and the
//   pointers of empty arrays may be null.
// - The caller has validated the arguments. Outside the stated ranges the
//   behaviour is undefined.
// - They return false only if BoringSSL failed, and the content of the output
//   is then unspecified.
// - Any number of threads may call them.
//
// This header is included by files that are compiled for one instruction set,
// so it has no templates and no inline functions: the linker could keep the
// copy that an older machine cannot run.
#ifndef TEKMATCH_MATCHER_KERNELS_KERNELS_H_
#define TEKMATCH_MATCHER_KERNELS_KERNELS_H_

#include <stddef.h>
#include <stdint.h>

namespace tekmatch {

// A set of RPIs that says "no" or "perhaps", in words of 32 bits. With h, the
// bytes 0..3 of an RPI read as a big-endian number, the RPI is perhaps in the
// set if in words[h >> shift] the bits
//   h % 8,  8 + (h >> 3) % 8,  16 + (h >> 8) % 8  and  24 + (h >> 11) % 8
// are clear: one of each byte, and set is what is absent, so that one AND
// decides. Words and bits are taken from different bits of h up to 2^18 words.
// The order of RPIs is that of h, so sorted RPIs come to the words in order.
struct RpiFilter {
  const uint32_t* words;  // 2^(32 - shift) of them
  uint32_t shift;         // 5..31
};

// An RPI that a filter let pass.
struct RpiCandidate {
  uint32_t key;       // its position in rpiks
  uint32_t interval;  // of the RPI
  uint8_t rpi[16];
};

// Which functions of a unit have run: 1 from its first call on. The functions
// set it themselves, whoever calls them and by whichever table, so that a test
// can see which implementation a choice has led to (BoringSSL's
// BORINGSSL_function_hit is the model). Tests may clear it while no kernel
// runs; nothing else reads it.
struct KernelHits {
  uint8_t derive_rpiks;
  uint8_t generate_rpis;
  uint8_t find_candidates;
};

struct Kernels {
  // Name for people who choose an implementation, for example "portable".
  const char* name;

  // rpiks[k] = DeriveRpik(teks[k]) for k in [0, num_keys).
  bool (*derive_rpiks)(const uint8_t* teks, size_t num_keys, uint8_t* rpiks);

  // rpis[j] = GenerateRpi(rpik, first_interval + j) for j in [0, num_rpis).
  // num_rpis is 0..144 (kMaxRollingPeriod), and first_interval + num_rpis does
  // not overflow.
  bool (*generate_rpis)(const uint8_t* rpik, uint32_t first_interval,
                        size_t num_rpis, uint8_t* rpis);

  // Generates the RPIs of every key in the intervals [first_interval,
  // first_interval + num_intervals), and writes those that the filter lets pass
  // to `candidates`, in any order. num_intervals is as num_rpis above;
  // `candidates` has room for num_keys * num_intervals.
  bool (*find_candidates)(const uint8_t* rpiks, size_t num_keys,
                          uint32_t first_interval, size_t num_intervals,
                          const RpiFilter* filter, RpiCandidate* candidates,
                          size_t* num_candidates);

  // Of the unit that the table is in; null where a table is not one of ours.
  KernelHits* hits;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_KERNELS_KERNELS_H_
