// find_candidates by x86's AES instructions (x86_aes.h): RPIs fused with the
// probe of a filter (x86_probe.h).
//
// For units of one instruction set (kernels.h says what they may include):
// everything here has internal linkage.
#ifndef TEKMATCH_MATCHER_KERNELS_X86_AES_PROBE_H_
#define TEKMATCH_MATCHER_KERNELS_X86_AES_PROBE_H_

#include <immintrin.h>

#include "matcher/kernels/kernel_hits.h"
#include "matcher/kernels/kernels.h"
#include "matcher/kernels/x86_aes.h"
#include "matcher/kernels/x86_probe.h"

namespace tekmatch {
namespace {  // NOLINT(google-build-namespaces): see above

// What a probe asks of a register V (x86_aes.h). Here it is done by
// instructions that registers of one and of two blocks have:
//   And, Min32, MulAddBytes, ShiftRight(v, __m128i count)
//   Blend(a, b, mask)  bytes of b where the mask has 0xff, else of a
//   ZeroWords(v)       bit i: word i, counted over all lanes, is 0
// A unit whose instructions do it better specialises this.
template <typename V>
struct ProbeOperations {
  using Vec = typename V::Vec;

  // Of four blocks after round 9, what the last round makes the bytes 0..3 of
  // their RPIs of, each where it makes block q's column q of the result. Row r
  // of column 0 comes of row r, column r, and in the result's column q of row
  // r, column q + r, so that is where block q's byte has to be.
  static TEKMATCH_AES_INLINE Vec BringTogether(const Vec* state) {
    // By columns; then bytes from the blocks 1 and 3, and from 2 and 3.
    const Vec s1 = V::template ShuffleWords<0x93>(state[1]);
    const Vec s2 = V::template ShuffleWords<0x4E>(state[2]);
    const Vec s3 = V::template ShuffleWords<0x39>(state[3]);
    const Vec odd = V::Set(0xff00ff00, 0x00ff00ff, 0xff00ff00, 0x00ff00ff);
    const Vec upper = V::Set(0x00ffff00, 0xffff0000, 0xff0000ff, 0x0000ffff);
    return V::Blend(V::Blend(state[0], s1, odd), V::Blend(s2, s3, odd), upper);
  }

  // The index of each hash's word.
  static TEKMATCH_AES_INLINE Vec Indices(Vec hashes, __m128i shift) {
    return V::ShiftRight(hashes, shift);
  }

  // The bits of each hash in its word.
  static TEKMATCH_AES_INLINE Vec Bits(Vec hashes) {
    // Bits 0.., 3.., 8.. and 11.. of each: bytes 0, 0, 1, 1, of which the
    // second and the fourth are shifted, as a sum of products: 32 of bits 3..
    // are bits 8...
    const Vec bytes = V::ShuffleBytes(
        hashes, V::Set(0x01010000, 0x05050404, 0x09090808, 0x0d0d0c0c));
    const Vec numbers =
        V::MulAddBytes(V::And(bytes, V::Set(0x38073807)), V::Set(0x20012001));
    const Vec bit_of = V::Set(0x08040201, 0x80402010, 0x08040201, 0x80402010);
    return V::ShuffleBytes(bit_of, numbers);
  }

  // Bit i: word i has none of the bits.
  static TEKMATCH_AES_INLINE unsigned Hits(Vec words, Vec bits) {
    return V::ZeroWords(V::And(words, bits));
  }

  // Whether any of kNum registers' words has none of the bits.
  template <size_t kNum>
  static TEKMATCH_AES_INLINE bool AnyHit(const Vec* words, const Vec* bits) {
    Vec least = V::And(words[0], bits[0]);
#pragma GCC unroll 4
    for (size_t i = 1; i < kNum; ++i) {
      least = V::Min32(least, V::And(words[i], bits[i]));
    }
    return V::ZeroWords(least) != 0;
  }
};

// V is a register of x86_aes.h.
//
// Two things save a part of AES's instructions:
// - The blocks of a key differ in the last four bytes, the interval, and of
//   those, for 256 intervals, in one. After the first round that byte has gone
//   into one column, so that one instruction computes the first round of four
//   blocks: it makes their four columns, which are then put each in its place.
// - The probe takes four bytes of an RPI, which the last round makes of four
//   bytes. Those of four blocks are brought together before it.
//
// AMD's cores do other vector instructions in AES's units too, so that each one
// less counts: with 25 fewer of 84 in a step, find_candidates fell on a Zen 3
// from 1,070 to 985 cycles a key, in registers of one block.
template <typename V>
class AesProbe {
 public:
  // As in Kernels.
  static bool FindCandidates(const uint8_t* rpiks, size_t num_keys,
                             uint32_t first_interval, size_t num_intervals,
                             const RpiFilter* filter, RpiCandidate* candidates,
                             size_t* num_candidates);

 private:
  using Vec = typename V::Vec;
  using Operations = ProbeOperations<V>;
  static constexpr size_t kLanes = V::kLanes;
  static constexpr size_t kQuads = kWidth / 4;

  using Keys = AesKeys<V>;

  // Of the keys in twelve intervals. Word w of lane l of quad q is the hash of
  // key l in interval 4 q + w.
  using Step = ProbeStep<Keys, kWidth * kLanes>;
  using Line = ProbeLine<Step>;
  using Turn = ProbeTurn<Step>;

  // What the first round gives for intervals of equal upper bytes.
  struct FirstRound {
    Vec columns;  // 0..2 of every block after it
    Vec packed;   // before it, what makes up column 3, without the interval
  };

  static FirstRound StartRound(const Keys& keys, uint32_t interval);
  template <size_t kNum, bool kPrefetch, size_t round = 2>
  static void MiddleRounds(const Keys& keys, const uint32_t* words,
                           const Turn& turn, Vec* state);
  template <size_t kNumQuads, bool kPrefetch>
  static bool HashStep(const FirstRound& first, const RpiFilter& filter,
                       const Turn& turn);
  template <size_t kNumQuads, bool kPrefetch>
  static void DoStep(const Keys& keys, const FirstRound& first, size_t key,
                     uint32_t interval, size_t num_intervals, Line* line);
  template <bool kPrefetch>
  static void ProbeKeys(const Keys& keys, size_t key, uint32_t first_interval,
                        size_t num_intervals, Line* line);
  static void EmitHits(const Step& step, ProbeOutput* out);
};

// For the interval with its lowest byte 0.
template <typename V>
TEKMATCH_AES_INLINE typename AesProbe<V>::FirstRound AesProbe<V>::StartRound(
    const Keys& keys, uint32_t interval) {
  const Vec block =
      V::Xor(V::Set(kPadded0, kPadded1, 0, interval & ~uint32_t{0xff}),
             keys.round_keys[0]);
  // ShiftRows brings row r of column 3 + r there: bytes 12, 1, 6, 11.
  return {V::Enc(block, keys.round_keys[1]),
          V::ShuffleBytes(block, V::Set(0x0b06010c))};
}

// The RPIs of the hits, of which there are few.
template <typename V>
__attribute__((noinline)) void AesProbe<V>::EmitHits(const Step& step,
                                                     ProbeOutput* out) {
  for (size_t q = 0; q < kQuads; ++q) {
    const size_t at = 4 * kLanes * q;
    for (unsigned hits = Operations::Hits(V::Load(step.words + at),
                                          V::Load(step.bits + at));
         hits != 0; hits &= hits - 1) {
      const auto hit = static_cast<size_t>(__builtin_ctz(hits));
      const size_t lane = hit / 4;
      EmitRpi(
          step.key + lane, 4 * q + hit % 4, step.interval, step.num_intervals,
          [&](int round) {
            return _mm_load_si128(reinterpret_cast<const __m128i*>(
                                      &step.keys->round_keys[round]) +
                                  lane);
          },
          out);
    }
  }
}

// Rounds 2 to 9 of kNum registers, beside them prefetches and fetches.
template <typename V>
template <size_t kNum, bool kPrefetch, size_t round>
TEKMATCH_AES_INLINE void AesProbe<V>::MiddleRounds(const Keys& keys,
                                                   const uint32_t* words,
                                                   const Turn& turn,
                                                   Vec* state) {
  if constexpr (round < kNumRoundKeys - 1) {
    const Vec key = keys.round_keys[round];
#pragma GCC unroll 16
    for (size_t i = 0; i < kNum; ++i) state[i] = V::Enc(state[i], key);
    // In the first six of the eight rounds.
    constexpr size_t kFetches = Step::kNumHashes / 6;
    if constexpr (round - 2 < 6) {
      constexpr size_t kFirst = kFetches * (round - 2);
      if constexpr (kPrefetch) {
        PrefetchWords<kFetches>(words, kFirst, *turn.prefetched);
      }
      FetchWords<kFetches>(words, kFirst, turn.fetched);
    }
    MiddleRounds<kNum, kPrefetch, round + 1>(keys, words, turn, state);
  }
}

// The hashes of turn.next in the first 4 * kNumQuads intervals, and beside that
// the words of turn.fetched. Returns whether turn.probed has a hit.
template <typename V>
template <size_t kNumQuads, bool kPrefetch>
TEKMATCH_AES_INLINE bool AesProbe<V>::HashStep(const FirstRound& first,
                                               const RpiFilter& filter,
                                               const Turn& turn) {
  Step* const next = turn.next;
  const Keys& keys = *next->keys;
  Vec state[4 * kNumQuads];
  // Past the last interval bytes wrap around, so that they change nothing else.
  Vec low = V::Add8(V::Set(next->interval & 0xff), V::Set(0, 1, 2, 3));
#pragma GCC unroll 4
  for (size_t q = 0; q < kNumQuads; ++q) {
    const Vec columns =
        V::Enc(V::Xor(first.packed, low), keys.first_column_key);
    low = V::Add8(low, V::Set(4));
    state[4 * q] = V::template WithWord3<0>(first.columns, columns);
    state[4 * q + 1] = V::template WithWord3<1>(first.columns, columns);
    state[4 * q + 2] = V::template WithWord3<2>(first.columns, columns);
    state[4 * q + 3] = V::template WithWord3<3>(first.columns, columns);
  }
  MiddleRounds<4 * kNumQuads, kPrefetch>(keys, filter.words, turn, state);
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(filter.shift));
  const Vec big_endian = V::Set(0x00010203, 0x04050607, 0x08090a0b, 0x0c0d0e0f);
#pragma GCC unroll 4
  for (size_t q = 0; q < kNumQuads; ++q) {
    const Vec hashes = V::ShuffleBytes(
        V::EncLast(Operations::BringTogether(state + 4 * q), keys.hash_key),
        big_endian);
    const size_t at = 4 * kLanes * q;
    V::Store(Operations::Indices(hashes, shift), next->index + at);
    V::Store(Operations::Bits(hashes), next->bits + at);
  }
  Vec words[kQuads];
  Vec bits[kQuads];
#pragma GCC unroll 4
  for (size_t q = 0; q < kQuads; ++q) {
    words[q] = V::Load(turn.probed->words + 4 * kLanes * q);
    bits[q] = V::Load(turn.probed->bits + 4 * kLanes * q);
  }
  return Operations::template AnyHit<kQuads>(words, bits);
}

template <typename V>
template <size_t kNumQuads, bool kPrefetch>
TEKMATCH_AES_INLINE void AesProbe<V>::DoStep(const Keys& keys,
                                             const FirstRound& first,
                                             size_t key, uint32_t interval,
                                             size_t num_intervals, Line* line) {
  const Turn turn = NextProbeTurn(&keys, key, interval, num_intervals, line);
  const bool any_hit =
      HashStep<kNumQuads, kPrefetch>(first, line->filter, turn);
  if (__builtin_expect(any_hit, 0)) EmitHits(*turn.probed, &line->out);
}

// The steps of a register's keys. The last one before the end has registers for
// the intervals that are left alone.
template <typename V>
template <bool kPrefetch>
__attribute__((noinline)) void AesProbe<V>::ProbeKeys(const Keys& keys,
                                                      size_t key,
                                                      uint32_t first_interval,
                                                      size_t num_intervals,
                                                      Line* line) {
  static_assert(kQuads == 3);
  for (size_t j = 0; j < num_intervals;) {
    // Up to where more than the lowest byte changes.
    size_t end = j + 256 - ((first_interval + j) & 0xff);
    if (end > num_intervals) end = num_intervals;
    const FirstRound first =
        StartRound(keys, first_interval + static_cast<uint32_t>(j));
    for (; j < end; j += kWidth) {
      const uint32_t interval = first_interval + static_cast<uint32_t>(j);
      const size_t left = end - j;
      if (left > 8) {
        DoStep<3, kPrefetch>(keys, first, key, interval,
                             left < kWidth ? left : kWidth, line);
      } else if (left > 4) {
        DoStep<2, kPrefetch>(keys, first, key, interval, left, line);
      } else {
        DoStep<1, kPrefetch>(keys, first, key, interval, left, line);
      }
    }
    j = end;
  }
}

template <typename V>
bool AesProbe<V>::FindCandidates(const uint8_t* rpiks, size_t num_keys,
                                 uint32_t first_interval, size_t num_intervals,
                                 const RpiFilter* filter,
                                 RpiCandidate* candidates,
                                 size_t* num_candidates) {
  MarkHit(&unit_hits.find_candidates);
  // Registers of keys whose schedules are made side by side.
  constexpr size_t kNum = 4;
  constexpr size_t kKeys = kNum * kLanes;
  Line line;
  BeginProbe(*filter, candidates, num_keys, &line);
  const auto probe_keys =
      filter->shift <= V::kPrefetchShift ? &ProbeKeys<true> : &ProbeKeys<false>;
  // Those of the keys before are needed until all of their steps are probed.
  Keys schedules[2][kNum];
  for (size_t key = 0; key < num_keys; key += kKeys) {
    uint8_t tail[kKeys * kBlockBytes] = {};
    const uint8_t* bytes = rpiks + key * kBlockBytes;
    if (num_keys - key < kKeys) {
      __builtin_memcpy(tail, bytes, (num_keys - key) * kBlockBytes);
      bytes = tail;
    }
    Keys* const these = schedules[key / kKeys % 2];
    for (size_t k = 0; k < kNum; ++k) {
      these[k].round_keys[0] = V::Load(bytes + k * kLanes * kBlockBytes);
    }
    ExpandKeys<V, kNum>(these);
    for (size_t k = 0; k < kNum && key + k * kLanes < num_keys; ++k) {
      probe_keys(these[k], key + k * kLanes, first_interval, num_intervals,
                 &line);
    }
  }
  for (unsigned i = 0; i < kProbeDelay; ++i) {
    Step& slot = line.slots[(line.turn - i) % kSlots];
    FetchWords<Step::kNumHashes>(line.filter.words, 0, &slot);
    EmitHits(slot, &line.out);
  }
  *num_candidates = line.out.num_candidates;
  return true;
}

}  // namespace
}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_KERNELS_X86_AES_PROBE_H_
