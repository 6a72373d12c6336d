// Hermetic: intrinsics and fixed-width integers only. Everything but the table
// at the end has internal linkage, templates included.
#include "matcher/kernels/x86_vaes512.h"

#include <immintrin.h>

#include "matcher/kernels/x86_probe.h"
#include "matcher/kernels/x86_sha_lanes.h"

namespace tekmatch {
namespace {

// ---- AES-128, one key or one block in each 128-bit lane ---------------------

constexpr size_t kNumRoundKeys = 11;

// The next round keys of four keys. FIPS 197, 5.2: the last word, rotated and
// substituted, goes into all four; AESENCLAST substitutes, and its ShiftRows
// does nothing to a block of four equal columns.
template <int kRcon>
TEKMATCH_INLINE Vec NextRoundKey(Vec key) {
  const Vec rotated = _mm512_shuffle_epi8(key, Set(0x0c0f0e0d));
  const Vec substituted = _mm512_aesenclast_epi128(rotated, Set(kRcon));
  const Vec t = _mm512_xor_si512(key, _mm512_bslli_epi128(key, 4));
  return Xor3(t, _mm512_bslli_epi128(t, 8), substituted);
}

// Four keys, one in each 128-bit lane.
struct KeyGroup {
  Vec round_keys[kNumRoundKeys];
  // Round key 1, column 3, and round key 10, column 1, in every column.
  Vec first_column_key;
  Vec hash_key;
};

// The schedules of kGroups times four keys, which are round keys 0, side by
// side to hide latency.
template <int kGroups>
TEKMATCH_INLINE void ExpandKeys(KeyGroup* groups) {
#define TEKMATCH_EXPAND(round, rcon) \
  for (int g = 0; g < kGroups; ++g)  \
  groups[g].round_keys[round] =      \
      NextRoundKey<rcon>(groups[g].round_keys[(round)-1])
  TEKMATCH_EXPAND(1, 0x01);
  TEKMATCH_EXPAND(2, 0x02);
  TEKMATCH_EXPAND(3, 0x04);
  TEKMATCH_EXPAND(4, 0x08);
  TEKMATCH_EXPAND(5, 0x10);
  TEKMATCH_EXPAND(6, 0x20);
  TEKMATCH_EXPAND(7, 0x40);
  TEKMATCH_EXPAND(8, 0x80);
  TEKMATCH_EXPAND(9, 0x1b);
  TEKMATCH_EXPAND(10, 0x36);
#undef TEKMATCH_EXPAND
  for (int g = 0; g < kGroups; ++g) {
    groups[g].first_column_key =
        _mm512_shuffle_epi32(groups[g].round_keys[1], _MM_PERM_DDDD);
    groups[g].hash_key = _mm512_shuffle_epi32(
        groups[g].round_keys[kNumRoundKeys - 1], _MM_PERM_BBBB);
  }
}

template <int kWidth>
TEKMATCH_INLINE void Encrypt(const Vec* round_keys, Vec* state) {
#pragma GCC unroll 16
  for (int i = 0; i < kWidth; ++i) {
    state[i] = _mm512_xor_si512(state[i], round_keys[0]);
  }
#pragma GCC unroll 16
  for (size_t round = 1; round < kNumRoundKeys - 1; ++round) {
#pragma GCC unroll 16
    for (int i = 0; i < kWidth; ++i) {
      state[i] = _mm512_aesenc_epi128(state[i], round_keys[round]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kWidth; ++i) {
    state[i] =
        _mm512_aesenclast_epi128(state[i], round_keys[kNumRoundKeys - 1]);
  }
}

bool GenerateRpis(const uint8_t* rpik, uint32_t first_interval, size_t num_rpis,
                  uint8_t* rpis) {
  constexpr size_t kWidth = 12;  // 36 = 3 * 12
  KeyGroup group;
  group.round_keys[0] = _mm512_broadcast_i32x4(
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(rpik)));
  ExpandKeys<1>(&group);
  const int first = static_cast<int>(first_interval);
  Vec counter = _mm512_add_epi32(
      _mm512_set4_epi32(first, 0, kPadded1, kPadded0),
      _mm512_set_epi32(3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0));
  const Vec four = _mm512_set4_epi32(4, 0, 0, 0);
  for (size_t done = 0; done < num_rpis; done += 4 * kWidth) {
    Vec state[kWidth];
    for (Vec& s : state) {
      s = counter;
      counter = Add(counter, four);
    }
    Encrypt<kWidth>(group.round_keys, state);
    uint8_t* const to = rpis + done * kBlockBytes;
    if (num_rpis - done >= 4 * kWidth) {
#pragma GCC unroll 16
      for (size_t i = 0; i < kWidth; ++i) {
        _mm512_storeu_si512(to + i * sizeof(Vec), state[i]);
      }
      continue;
    }
    for (size_t i = 0; i < kWidth; ++i) {
      const size_t at = done + 4 * i;
      if (at >= num_rpis) break;
      // A mask of 64-bit halves of blocks.
      const size_t num = num_rpis - at < 4 ? num_rpis - at : 4;
      _mm512_mask_storeu_epi64(to + i * sizeof(Vec),
                               static_cast<__mmask8>((1U << (2 * num)) - 1),
                               state[i]);
    }
  }
  return true;
}

// ---- RPIs fused with the probe ----------------------------------------------
//
// Two things save a part of AES's instructions:
// - The blocks of a key differ in the last four bytes, the interval, and of
//   those, for 256 intervals, in one. After the first round that byte has gone
//   into one column, so that one instruction computes the first round of four
//   blocks: it makes their four columns, which are then put each in its place.
// - The probe takes four bytes of an RPI, which the last round makes of four
//   bytes. Those of four blocks are brought together before it.
//
// HKDF of the keys to come beside AES gained nothing on AMD's Zen 5, neither by
// vectors nor by the SHA extensions: all want the two units that AES has.

// What the first round gives for intervals of equal upper bytes.
struct FirstRound {
  Vec columns;  // 0..2 of every block after it
  Vec packed;   // before it, what makes up column 3, without the interval
};

TEKMATCH_INLINE Vec Lanes(uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3) {
  return _mm512_set4_epi32(static_cast<int>(w3), static_cast<int>(w2),
                           static_cast<int>(w1), static_cast<int>(w0));
}

// For the interval with its lowest byte 0.
TEKMATCH_INLINE FirstRound StartRound(const KeyGroup& group,
                                      uint32_t interval) {
  const Vec block =
      _mm512_xor_si512(Lanes(kPadded0, kPadded1, 0, interval & ~uint32_t{0xff}),
                       group.round_keys[0]);
  // ShiftRows brings row r of column 3 + r there: bytes 12, 1, 6, 11.
  return {_mm512_aesenc_epi128(block, group.round_keys[1]),
          _mm512_shuffle_epi8(block, Set(0x0b06010c))};
}

// Four registers of blocks after round 9, one of each interval, to the bytes
// 4..7 of their RPIs: column q of the result is register q's. Row r of column 1
// comes of row r, column 1 + r, and in the result's column q of row r, column
// q + r, so that is where register q's byte has to be.
TEKMATCH_INLINE Vec Hashes(const Vec* state, const KeyGroup& group) {
  Vec packed = state[1];
  packed = _mm512_mask_shuffle_epi8(
      packed, 0x8421842184218421, state[0],
      Lanes(0x80808004, 0x80800980, 0x800e8080, 0x03808080));
  packed = _mm512_mask_shuffle_epi8(
      packed, 0x2184218421842184, state[2],
      Lanes(0x800e8080, 0x03808080, 0x80808004, 0x80800980));
  packed = _mm512_mask_shuffle_epi8(
      packed, 0x1842184218421842, state[3],
      Lanes(0x80800980, 0x800e8080, 0x03808080, 0x80808004));
  return _mm512_aesenclast_epi128(packed, group.hash_key);
}

// Four keys in up to kWide intervals. Hash 16 q + 4 k + j is that of key k in
// interval 4 q + j.
constexpr size_t kQuads = 3;
constexpr size_t kWide = 4 * kQuads;
using Step = ProbeStep<KeyGroup, 16 * kQuads>;

TEKMATCH_INLINE void Store(Vec hashes, __m128i shift, size_t quad, Step* p) {
  _mm512_store_si512(p->index + 16 * quad, _mm512_srl_epi32(hashes, shift));
  // Bits 0.., 3.., 8.. and 11.. of each, as bytes.
  const Vec numbers = _mm512_multishift_epi64_epi8(
      _mm512_set1_epi64(0x2b2823200b080300), hashes);
  const Vec bit_of =
      _mm512_set1_epi64(static_cast<long long>(0x8040201008040201));
  _mm512_store_si512(p->bits + 16 * quad,
                     _mm512_permutexvar_epi8(numbers, bit_of));
}

// Bit i: hash i passes.
TEKMATCH_INLINE uint64_t Hits(const Step& p) {
  uint64_t hits = 0;
#pragma GCC unroll 4
  for (size_t q = 0; q < kQuads; ++q) {
    const __mmask16 pass =
        _mm512_testn_epi32_mask(_mm512_load_si512(p.words + 16 * q),
                                _mm512_load_si512(p.bits + 16 * q));
    hits |= uint64_t{pass} << (16 * q);
  }
  return hits;
}

// The RPIs of the hits, of which there are few.
__attribute__((noinline)) void EmitHits(const Step& step, uint64_t hits,
                                        ProbeOutput* out) {
  for (; hits != 0; hits &= hits - 1) {
    const auto hit = static_cast<size_t>(__builtin_ctzll(hits));
    const size_t lane = hit % 16 / 4;
    const size_t j = hit / 16 * 4 + hit % 4;
    EmitRpi(
        step.key + lane, j, step.interval, step.num_intervals,
        [&](int round) {
          return _mm_load_si128(
              reinterpret_cast<const __m128i*>(&step.keys->round_keys[round]) +
              lane);
        },
        out);
  }
}

// Filters of 1 MiB and more are prefetched from: they fill the second cache of
// the cores that this was made for. What that gains was measured with
// x86_vaes256 (x86_probe.h), and is still to be measured here.
constexpr uint32_t kPrefetchShift = 14;

// Rounds 2 to 9 of kWidth registers, beside each an eighth of the fetches.
template <size_t kWidth, bool kPrefetch, size_t round = 2>
TEKMATCH_INLINE void MiddleRounds(const KeyGroup& group, const uint32_t* words,
                                  const ProbeTurn<Step>& turn, Vec* state) {
  if constexpr (round < kNumRoundKeys - 1) {
    const Vec key = group.round_keys[round];
#pragma GCC unroll 16
    for (size_t i = 0; i < kWidth; ++i) {
      state[i] = _mm512_aesenc_epi128(state[i], key);
    }
    constexpr size_t kFetches = Step::kNumHashes / 8;
    constexpr size_t kFirst = (round - 2) * kFetches;
    if constexpr (kPrefetch) {
      PrefetchWords<kFetches>(words, kFirst, *turn.prefetched);
    }
    FetchWords<kFetches>(words, kFirst, turn.fetched);
    MiddleRounds<kWidth, kPrefetch, round + 1>(group, words, turn, state);
  }
}

// The hashes of four keys in 4 * kNum intervals to turn.next, and beside that
// the words of turn.fetched. Returns the hits of turn.probed.
template <size_t kNum, bool kPrefetch>
TEKMATCH_INLINE uint64_t HashStep(const FirstRound& first,
                                  const RpiFilter& filter,
                                  const ProbeTurn<Step>& turn) {
  Step* const next = turn.next;
  const KeyGroup& group = *next->keys;
  // Past the last interval bytes wrap around, so that they change nothing else.
  Vec low = _mm512_add_epi8(Set(next->interval & 0xff), Lanes(0, 1, 2, 3));
  Vec state[4 * kNum];
#pragma GCC unroll 4
  for (size_t q = 0; q < kNum; ++q) {
    const Vec column = _mm512_aesenc_epi128(_mm512_xor_si512(first.packed, low),
                                            group.first_column_key);
    low = _mm512_add_epi8(low, Set(4));
    const __mmask16 third = 0x8888;
    state[4 * q] =
        _mm512_mask_shuffle_epi32(first.columns, third, column, _MM_PERM_AAAA);
    state[4 * q + 1] =
        _mm512_mask_shuffle_epi32(first.columns, third, column, _MM_PERM_BBBB);
    state[4 * q + 2] =
        _mm512_mask_shuffle_epi32(first.columns, third, column, _MM_PERM_CCCC);
    state[4 * q + 3] =
        _mm512_mask_shuffle_epi32(first.columns, third, column, _MM_PERM_DDDD);
  }
  MiddleRounds<4 * kNum, kPrefetch>(group, filter.words, turn, state);
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(filter.shift));
#pragma GCC unroll 4
  for (size_t q = 0; q < kNum; ++q) {
    Store(Hashes(state + 4 * q, group), shift, q, next);
  }
  return Hits(*turn.probed);
}

template <size_t kNum, bool kPrefetch>
TEKMATCH_INLINE void DoStep(const KeyGroup& group, const FirstRound& first,
                            size_t key, uint32_t interval, size_t num_intervals,
                            ProbeLine<Step>* p) {
  const ProbeTurn<Step> turn =
      NextProbeTurn(&group, key, interval, num_intervals, p);
  const uint64_t hits = HashStep<kNum, kPrefetch>(first, p->filter, turn);
  if (__builtin_expect(hits != 0, 0)) EmitHits(*turn.probed, hits, &p->out);
}

// The steps of four keys.
template <bool kPrefetch>
__attribute__((noinline)) void ProbeGroup(const KeyGroup& group, size_t key,
                                          uint32_t first_interval,
                                          size_t num_intervals,
                                          ProbeLine<Step>* p) {
  for (size_t j = 0; j < num_intervals;) {
    // Up to where more than the lowest byte changes.
    size_t end = j + 256 - ((first_interval + j) & 0xff);
    if (end > num_intervals) end = num_intervals;
    const FirstRound first =
        StartRound(group, first_interval + static_cast<uint32_t>(j));
    for (; j < end; j += kWide) {
      const uint32_t interval = first_interval + static_cast<uint32_t>(j);
      const size_t left = end - j;
      if (left > 8) {
        DoStep<3, kPrefetch>(group, first, key, interval,
                             left < kWide ? left : kWide, p);
      } else if (left > 4) {
        DoStep<2, kPrefetch>(group, first, key, interval, left, p);
      } else {
        DoStep<1, kPrefetch>(group, first, key, interval, left, p);
      }
    }
    j = end;
  }
}

bool FindCandidates(const uint8_t* rpiks, size_t num_keys,
                    uint32_t first_interval, size_t num_intervals,
                    const RpiFilter* filter, RpiCandidate* candidates,
                    size_t* num_candidates) {
  constexpr size_t kGroups = 4;
  constexpr size_t kKeys = kGroups * 4;
  ProbeLine<Step> p;
  BeginProbe(*filter, candidates, num_keys, &p);
  const auto probe_group =
      filter->shift <= kPrefetchShift ? &ProbeGroup<true> : &ProbeGroup<false>;
  // Those of the keys before are needed until all of their steps are probed.
  KeyGroup groups[2][kGroups];
  for (size_t key = 0; key < num_keys; key += kKeys) {
    alignas(64) uint8_t tail[kKeys * kBlockBytes] = {};
    const uint8_t* keys = rpiks + key * kBlockBytes;
    if (num_keys - key < kKeys) {
      __builtin_memcpy(tail, keys, (num_keys - key) * kBlockBytes);
      keys = tail;
    }
    KeyGroup* const these = groups[key / kKeys % 2];
    for (size_t g = 0; g < kGroups; ++g) {
      these[g].round_keys[0] = _mm512_loadu_si512(keys + g * sizeof(Vec));
    }
    ExpandKeys<kGroups>(these);
    for (size_t g = 0; g < kGroups && key + 4 * g < num_keys; ++g) {
      probe_group(these[g], key + 4 * g, first_interval, num_intervals, &p);
    }
  }
  for (unsigned i = 0; i < kProbeDelay; ++i) {
    Step& slot = p.slots[(p.turn - i) % kSlots];
    FetchWords<Step::kNumHashes>(p.filter.words, 0, &slot);
    EmitHits(slot, Hits(slot), &p.out);
  }
  *num_candidates = p.out.num_candidates;
  return true;
}

}  // namespace

const Kernels kX86Vaes512Kernels = {"x86_vaes512", &DeriveRpiks, &GenerateRpis,
                                    &FindCandidates};

}  // namespace tekmatch
