// find_candidates by x86's AES instructions (x86_aes.h): RPIs fused with the
// probe of a filter (x86_probe.h). Beside it may go HKDF by the SHA extensions
// (x86_sha.h), which have a unit of their own.
//
// For units of one instruction set (kernels.h says what they may include):
// everything here has internal linkage.
#ifndef TEKMATCH_MATCHER_KERNELS_X86_AES_PROBE_H_
#define TEKMATCH_MATCHER_KERNELS_X86_AES_PROBE_H_

#include <immintrin.h>

#include "matcher/kernels/kernels.h"
#include "matcher/kernels/x86_aes.h"
#include "matcher/kernels/x86_probe.h"
#include "matcher/kernels/x86_sha.h"

namespace tekmatch {
namespace {  // NOLINT(google-build-namespaces): see above

// V is a register of x86_aes.h. V::kShaBeside: whether HKDF goes beside AES;
// not where the registers' upper halves are in use, since SHA's instructions
// have no form that knows of those, and to change from one kind to the other
// took a Zen 3 some 330 cycles.
//
// Two things save a part of AES's instructions, as in x86_vaes512.cc:
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
                             const RpiFilter* filter, KeysAhead* keys_ahead,
                             RpiCandidate* candidates, size_t* num_candidates);

 private:
  using Vec = typename V::Vec;
  static constexpr size_t kLanes = V::kLanes;
  static constexpr size_t kQuads = kWidth / 4;

  using Keys = AesKeys<V>;

  // Of the keys in twelve intervals. Word w of lane l of quad q is the hash of
  // key l in interval 4 q + w.
  using Step = ProbeStep<Keys, kWidth * kLanes>;

  // What the first round gives for intervals of equal upper bytes.
  struct FirstRound {
    Vec columns;  // 0..2 of every block after it
    Vec packed;   // before it, what makes up column 3, without the interval
  };

  // What goes beside a step: nothing, or sixteen rounds of two keys ahead.
  enum class Beside { kNothing, kGiven, kScheduled };
  static constexpr size_t kAhead = 2;
  // Two keys at a time of those ahead, as long as there are any.
  struct Ahead {
    KeysAhead* keys;
    size_t num_pairs;
    ShaHkdf<kAhead> pair;
  };

  static FirstRound StartRound(const Keys& keys, uint32_t interval);
  static Vec Hashes(const Vec* state, const Keys& keys);
  static void StoreHashes(Vec hashes, __m128i shift, size_t quad, Step* step);
  static Vec BitsLeft(const Step& step, size_t quad);
  static bool AnyHit(const Step& step);
  static void EmitHits(const Step& step, ProbeOutput* out);
  template <Beside kBeside, bool kPrefetch, size_t round = 2>
  static void MiddleRounds(const Keys& keys, const uint32_t* words,
                           const uint32_t* constants,
                           const ProbeTurn<Step>& turn, Vec* state, ShaState* s,
                           __m128i (*w)[4]);
  template <Beside kBeside, bool kPrefetch>
  static bool HashStep(const FirstRound& first, const RpiFilter& filter,
                       const ProbeTurn<Step>& turn, ShaHkdf<kAhead>* ahead);
  template <Beside kBeside>
  static bool HashByFilter(const FirstRound& first, const RpiFilter& filter,
                           const ProbeTurn<Step>& turn, ShaHkdf<kAhead>* ahead);
  static bool HashBeside(const FirstRound& first, const RpiFilter& filter,
                         const ProbeTurn<Step>& turn, Ahead* ahead);
  static void BeginPair(Ahead* ahead);
  static void EndPair(Ahead* ahead);
  static void ProbeKeys(const Keys& aes, size_t key, uint32_t first_interval,
                        size_t num_intervals, ProbeLine<Step>* p, Ahead* ahead);
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

// Four blocks after round 9 to the bytes 4..7 of their RPIs: column q of the
// result is block q's. Row r of column 1 comes of row r, column 1 + r, and in
// the result's column q of row r, column q + r, so that is where block q's byte
// has to be.
template <typename V>
TEKMATCH_AES_INLINE typename V::Vec AesProbe<V>::Hashes(const Vec* state,
                                                        const Keys& keys) {
  // By columns; then bytes from the blocks 1 and 3, and from 2 and 3.
  const Vec s0 = V::template ShuffleWords<0x39>(state[0]);
  const Vec s2 = V::template ShuffleWords<0x93>(state[2]);
  const Vec s3 = V::template ShuffleWords<0x4E>(state[3]);
  const Vec odd = V::Set(0xff00ff00, 0x00ff00ff, 0xff00ff00, 0x00ff00ff);
  const Vec upper = V::Set(0x00ffff00, 0xffff0000, 0xff0000ff, 0x0000ffff);
  const Vec packed =
      V::Blend(V::Blend(s0, state[1], odd), V::Blend(s2, s3, odd), upper);
  return V::EncLast(packed, keys.hash_key);
}

template <typename V>
TEKMATCH_AES_INLINE void AesProbe<V>::StoreHashes(Vec hashes, __m128i shift,
                                                  size_t quad, Step* step) {
  V::Store(V::ShiftRight(hashes, shift), step->index + 4 * kLanes * quad);
  // Bits 0.., 3.., 8.. and 11.. of each: bytes 0, 0, 1, 1, of which the second
  // and the fourth are shifted, as a sum of products: 32 of bits 3.. are bits
  // 8...
  const Vec bytes = V::ShuffleBytes(
      hashes, V::Set(0x01010000, 0x05050404, 0x09090808, 0x0d0d0c0c));
  const Vec numbers =
      V::MulAddBytes(V::And(bytes, V::Set(0x38073807)), V::Set(0x20012001));
  const Vec bit_of = V::Set(0x08040201, 0x80402010, 0x08040201, 0x80402010);
  V::Store(V::ShuffleBytes(bit_of, numbers), step->bits + 4 * kLanes * quad);
}

// A word is zero where that hash passes.
template <typename V>
TEKMATCH_AES_INLINE typename V::Vec AesProbe<V>::BitsLeft(const Step& step,
                                                          size_t quad) {
  return V::And(V::Load(step.words + 4 * kLanes * quad),
                V::Load(step.bits + 4 * kLanes * quad));
}

template <typename V>
TEKMATCH_AES_INLINE bool AesProbe<V>::AnyHit(const Step& step) {
  Vec least = BitsLeft(step, 0);
#pragma GCC unroll 4
  for (size_t q = 1; q < kQuads; ++q) {
    least = V::Min32(least, BitsLeft(step, q));
  }
  return V::ZeroWords(least) != 0;
}

// The RPIs of the hits, of which there are few.
template <typename V>
__attribute__((noinline)) void AesProbe<V>::EmitHits(const Step& step,
                                                     ProbeOutput* out) {
  for (size_t q = 0; q < kQuads; ++q) {
    for (unsigned hits = V::ZeroWords(BitsLeft(step, q)); hits != 0;
         hits &= hits - 1) {
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

// Rounds 2 to 9, beside them prefetches, fetches and what is ahead.
template <typename V>
template <typename AesProbe<V>::Beside kBeside, bool kPrefetch, size_t round>
TEKMATCH_AES_INLINE void AesProbe<V>::MiddleRounds(
    const Keys& keys, const uint32_t* words, const uint32_t* constants,
    const ProbeTurn<Step>& turn, Vec* state, ShaState* s, __m128i (*w)[4]) {
  if constexpr (round < kNumRoundKeys - 1) {
#pragma GCC unroll 16
    for (size_t i = 0; i < kWidth; ++i) {
      state[i] = V::Enc(state[i], keys.round_keys[round]);
    }
    if constexpr (kBeside != Beside::kNothing) {
      ShaFourRounds<kBeside == Beside::kScheduled, (round - 2) / 2>(
          constants, &s[round % 2], w[round % 2]);
    }
    // In the first six of the eight rounds.
    constexpr size_t kFetches = Step::kNumHashes / 6;
    if constexpr (round - 2 < 6) {
      constexpr size_t kFirst = kFetches * (round - 2);
      if constexpr (kPrefetch) {
        PrefetchWords<kFetches>(words, kFirst, *turn.prefetched);
      }
      FetchWords<kFetches>(words, kFirst, turn.fetched);
    }
    MiddleRounds<kBeside, kPrefetch, round + 1>(keys, words, constants, turn,
                                                state, s, w);
  }
}

// The hashes of turn.next, and beside that the words of turn.fetched and a part
// of `ahead`. Returns whether turn.probed has a hit.
template <typename V>
template <typename AesProbe<V>::Beside kBeside, bool kPrefetch>
__attribute__((noinline)) bool AesProbe<V>::HashStep(
    const FirstRound& first, const RpiFilter& filter,
    const ProbeTurn<Step>& turn, ShaHkdf<kAhead>* ahead) {
  Step* const next = turn.next;
  const Keys& keys = *next->keys;
  ShaState s[kAhead];
  __m128i w[kAhead][4];
  if constexpr (kBeside != Beside::kNothing) ShaTake(*ahead, s, w);
  Vec state[kWidth];
  // Past the last interval bytes wrap around, so that they change nothing else.
  Vec low = V::Add8(V::Set(next->interval & 0xff), V::Set(0, 1, 2, 3));
#pragma GCC unroll 4
  for (size_t q = 0; q < kQuads; ++q) {
    const Vec columns =
        V::Enc(V::Xor(first.packed, low), keys.first_column_key);
    low = V::Add8(low, V::Set(4));
    state[4 * q] = V::template WithWord3<0>(first.columns, columns);
    state[4 * q + 1] = V::template WithWord3<1>(first.columns, columns);
    state[4 * q + 2] = V::template WithWord3<2>(first.columns, columns);
    state[4 * q + 3] = V::template WithWord3<3>(first.columns, columns);
  }
  MiddleRounds<kBeside, kPrefetch>(keys, filter.words, ConstantsOf(*ahead),
                                   turn, state, s, w);
  if constexpr (kBeside != Beside::kNothing) ShaGive(s, w, ahead);
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(filter.shift));
#pragma GCC unroll 4
  for (size_t q = 0; q < kQuads; ++q) {
    StoreHashes(Hashes(state + 4 * q, keys), shift, q, next);
  }
  return AnyHit(*turn.probed);
}

template <typename V>
TEKMATCH_AES_INLINE void AesProbe<V>::BeginPair(Ahead* ahead) {
  if (ahead->num_pairs > 0) ShaBegin(ahead->keys->teks, &ahead->pair);
}
template <typename V>
void AesProbe<V>::EndPair(Ahead* ahead) {
  ShaEnd(ahead->pair, ahead->keys->rpiks);
  ahead->keys->teks += kAhead * kBlockBytes;
  ahead->keys->rpiks += kAhead * kBlockBytes;
  ahead->keys->num_keys -= kAhead;
  --ahead->num_pairs;
  BeginPair(ahead);
}

// A step over that filter.
template <typename V>
template <typename AesProbe<V>::Beside kBeside>
TEKMATCH_AES_INLINE bool AesProbe<V>::HashByFilter(const FirstRound& first,
                                                   const RpiFilter& filter,
                                                   const ProbeTurn<Step>& turn,
                                                   ShaHkdf<kAhead>* ahead) {
  return filter.shift <= V::kPrefetchShift
             ? HashStep<kBeside, true>(first, filter, turn, ahead)
             : HashStep<kBeside, false>(first, filter, turn, ahead);
}

// A step, with a part of what is ahead, if anything is, beside it.
template <typename V>
TEKMATCH_AES_INLINE bool AesProbe<V>::HashBeside(const FirstRound& first,
                                                 const RpiFilter& filter,
                                                 const ProbeTurn<Step>& turn,
                                                 Ahead* ahead) {
  if constexpr (V::kShaBeside) {
    if (ahead->num_pairs > 0) {
      const bool any_hit =
          IsScheduled(ahead->pair)
              ? HashByFilter<Beside::kScheduled>(first, filter, turn,
                                                 &ahead->pair)
              : HashByFilter<Beside::kGiven>(first, filter, turn, &ahead->pair);
      ShaStepDone(&ahead->pair);
      if (ahead->pair.step == kShaSteps) EndPair(ahead);
      return any_hit;
    }
  }
  return HashByFilter<Beside::kNothing>(first, filter, turn, &ahead->pair);
}

// The steps of a register's keys.
template <typename V>
void AesProbe<V>::ProbeKeys(const Keys& aes, size_t key,
                            uint32_t first_interval, size_t num_intervals,
                            ProbeLine<Step>* p, Ahead* ahead) {
  for (size_t j = 0; j < num_intervals;) {
    // Up to where more than the lowest byte changes.
    size_t end = j + 256 - ((first_interval + j) & 0xff);
    if (end > num_intervals) end = num_intervals;
    const FirstRound first =
        StartRound(aes, first_interval + static_cast<uint32_t>(j));
    for (; j < end; j += kWidth) {
      const ProbeTurn<Step> turn =
          NextProbeTurn(&aes, key, first_interval + static_cast<uint32_t>(j),
                        end - j < kWidth ? end - j : kWidth, p);
      if (__builtin_expect(HashBeside(first, p->filter, turn, ahead), 0)) {
        EmitHits(*turn.probed, &p->out);
      }
    }
    j = end;
  }
}

template <typename V>
bool AesProbe<V>::FindCandidates(const uint8_t* rpiks, size_t num_keys,
                                 uint32_t first_interval, size_t num_intervals,
                                 const RpiFilter* filter, KeysAhead* keys_ahead,
                                 RpiCandidate* candidates,
                                 size_t* num_candidates) {
  // Registers of keys whose schedules are made side by side.
  constexpr size_t kNum = 4;
  constexpr size_t kKeys = kNum * kLanes;
  ProbeLine<Step> p;
  BeginProbe(*filter, candidates, num_keys, &p);
  Ahead ahead;
  ahead.keys = keys_ahead;
  ahead.pair.step = 0;
  ahead.num_pairs = 0;
  if constexpr (V::kShaBeside) {
    // There are at least as many steps as this takes.
    ahead.num_pairs = num_keys / kLanes *
                      ((num_intervals + kWidth - 1) / kWidth) /
                      size_t{kShaSteps};
    if (ahead.num_pairs > keys_ahead->num_keys / kAhead) {
      ahead.num_pairs = keys_ahead->num_keys / kAhead;
    }
    BeginPair(&ahead);
  }
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
      ProbeKeys(these[k], key + k * kLanes, first_interval, num_intervals, &p,
                &ahead);
    }
  }
  for (unsigned i = 0; i < kProbeDelay; ++i) {
    Step& slot = p.slots[(p.turn - i) % kSlots];
    FetchWords<Step::kNumHashes>(p.filter.words, 0, &slot);
    EmitHits(slot, &p.out);
  }
  *num_candidates = p.out.num_candidates;
  return true;
}

}  // namespace
}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_KERNELS_X86_AES_PROBE_H_
