// What x86's kernels have in common when they probe a filter with the RPIs that
// they generate: a line of steps that are hashed and not yet probed.
//
// A step's words are fetched two steps later and tested three steps later: what
// waited for a result that is still on its way to memory would hold up all that
// follows. They are fetched by scalar loads, beside the AES of the later step:
// on AMD's Zen 5 a gather of sixteen takes 22 cycles, and nothing goes beside
// it. Of a large filter they are prefetched a step before: a load that waits
// for the third cache holds up all that follows too, a prefetch does not. Each
// register says which filters are large for it, and what it gains
// (kPrefetchShift).
//
// For units of one instruction set (kernels.h says what they may include):
// everything here has internal linkage.
#ifndef TEKMATCH_MATCHER_KERNELS_X86_PROBE_H_
#define TEKMATCH_MATCHER_KERNELS_X86_PROBE_H_

#include <immintrin.h>

#include "matcher/kernels/kernels.h"

namespace tekmatch {
namespace {

// PaddedData of the specification is "EN-RPI", six zero bytes and the interval:
// these two words, zero, and the interval.
constexpr int kPadded0 = 0x522d4e45;
constexpr int kPadded1 = 0x00004950;

constexpr unsigned kPrefetchDelay = 1;
constexpr unsigned kFetchDelay = 2;
constexpr unsigned kProbeDelay = 3;
constexpr unsigned kSlots = 4;

// The hashes (h of RpiFilter) of a few keys in a few intervals. `Keys` are
// their round keys.
template <typename Keys, size_t kNum>
struct ProbeStep {
  static constexpr size_t kNumHashes = kNum;
  // Of the vectors that are stored and loaded here.
  static constexpr size_t kAlignment = kNum % 16 == 0  ? 64
                                       : kNum % 8 == 0 ? 32
                                                       : 16;
  // Where the filter's word is, which of its bits count, and the word.
  alignas(kAlignment) uint32_t index[kNum];
  alignas(kAlignment) uint32_t bits[kNum];
  alignas(kAlignment) uint32_t words[kNum];
  const Keys* keys;
  size_t key;         // the first of the keys
  uint32_t interval;  // the first
  size_t num_intervals;
};

// Where candidates go.
struct ProbeOutput {
  RpiCandidate* candidates;
  size_t num_candidates;
  size_t num_keys;
};

// The steps on their way; Step is a ProbeStep.
template <typename Step>
struct ProbeLine {
  RpiFilter filter;
  ProbeOutput out;
  unsigned turn;
  Step slots[kSlots];
};

template <typename Step>
inline void BeginProbe(const RpiFilter& filter, RpiCandidate* candidates,
                       size_t num_keys, ProbeLine<Step>* p) {
  p->filter = filter;
  p->out = {candidates, 0, num_keys};
  p->turn = 0;
  // Nothing to emit, and words that can be fetched.
  for (Step& slot : p->slots) {
    slot.keys = nullptr;
    slot.key = 0;
    slot.interval = 0;
    slot.num_intervals = 0;
    for (size_t i = 0; i < Step::kNumHashes; ++i) {
      slot.index[i] = 0;
      slot.bits[i] = slot.words[i] = ~uint32_t{0};
    }
  }
}

// The steps that are worked on at a time.
template <typename Step>
struct ProbeTurn {
  Step* next;  // to be hashed
  const Step* prefetched;
  Step* fetched;
  const Step* probed;
};
template <typename Step, typename Keys>
inline __attribute__((always_inline)) ProbeTurn<Step> NextProbeTurn(
    const Keys* keys, size_t key, uint32_t interval, size_t num_intervals,
    ProbeLine<Step>* p) {
  ++p->turn;
  Step* const next = &p->slots[p->turn % kSlots];
  next->keys = keys;
  next->key = key;
  next->interval = interval;
  next->num_intervals = num_intervals;
  return {next, &p->slots[(p->turn - kPrefetchDelay) % kSlots],
          &p->slots[(p->turn - kFetchDelay) % kSlots],
          &p->slots[(p->turn - kProbeDelay) % kSlots]};
}

// The words of the hashes [i, i + kNum), two hashes a load.
template <size_t kNum, typename Step>
inline __attribute__((always_inline)) void FetchWords(
    const uint32_t* __restrict words, size_t i, Step* step) {
#pragma GCC unroll 16
  for (const size_t end = i + kNum; i < end; i += 2) {
    uint64_t index;
    __builtin_memcpy(&index, step->index + i, sizeof(index));
    step->words[i] = words[static_cast<uint32_t>(index)];
    step->words[i + 1] = words[index >> 32];
  }
}

// Prefetches the words of the hashes [i, i + kNum).
template <size_t kNum, typename Step>
inline __attribute__((always_inline)) void PrefetchWords(
    const uint32_t* __restrict words, size_t i, const Step& step) {
#pragma GCC unroll 16
  for (const size_t end = i + kNum; i < end; i += 2) {
    uint64_t index;
    __builtin_memcpy(&index, step.index + i, sizeof(index));
    __builtin_prefetch(words + static_cast<uint32_t>(index));
    __builtin_prefetch(words + (index >> 32));
  }
}

// Generates an RPI that passes, of `key` in the step's interval j, if it
// exists. round_key(r) is the key's.
template <typename RoundKey>
inline void EmitRpi(size_t key, size_t j, uint32_t first_interval,
                    size_t num_intervals, RoundKey round_key,
                    ProbeOutput* out) {
  if (j >= num_intervals || key >= out->num_keys) return;
  const uint32_t interval = first_interval + static_cast<uint32_t>(j);
  __m128i block = _mm_xor_si128(
      _mm_set_epi32(static_cast<int>(interval), 0, kPadded1, kPadded0),
      round_key(0));
  for (int round = 1; round < 10; ++round) {
    block = _mm_aesenc_si128(block, round_key(round));
  }
  block = _mm_aesenclast_si128(block, round_key(10));
  RpiCandidate& candidate = out->candidates[out->num_candidates++];
  candidate.key = static_cast<uint32_t>(key);
  candidate.interval = interval;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(candidate.rpi), block);
}

}  // namespace
}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_KERNELS_X86_PROBE_H_
