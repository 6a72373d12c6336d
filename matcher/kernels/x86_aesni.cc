// Hermetic: intrinsics and fixed-width integers only. Everything but the table
// at the end has internal linkage, templates included.
#include "matcher/kernels/x86_aesni.h"

#include <immintrin.h>

#include "matcher/kernels/x86_probe.h"
#include "matcher/kernels/x86_sha.h"

namespace tekmatch {
namespace {

#define TEKMATCH_INLINE inline __attribute__((always_inline))

using Vec = __m128i;

constexpr size_t kBlockBytes = 16;

TEKMATCH_INLINE Vec LoadBytes(const void* bytes) {
  return _mm_loadu_si128(static_cast<const Vec*>(bytes));
}
TEKMATCH_INLINE void StoreBytes(Vec v, void* bytes) {
  _mm_storeu_si128(static_cast<Vec*>(bytes), v);
}

// ---- HKDF -------------------------------------------------------------------

bool DeriveRpiks(const uint8_t* teks, size_t num_keys, uint8_t* rpiks) {
  // Two keys side by side keep the unit busy.
  constexpr size_t kKeys = 2;
  ShaHkdf<kKeys> hkdf;
  for (size_t key = 0; key < num_keys; key += kKeys) {
    uint8_t in[kKeys * kBlockBytes] = {};
    uint8_t out[kKeys * kBlockBytes];
    const bool whole = num_keys - key >= kKeys;
    const size_t num_bytes = (whole ? kKeys : 1) * kBlockBytes;
    __builtin_memcpy(in, teks + key * kBlockBytes, num_bytes);
    ShaBegin(in, &hkdf);
    while (hkdf.step < kShaSteps) ShaStepAlone(&hkdf);
    ShaEnd(hkdf, out);
    __builtin_memcpy(rpiks + key * kBlockBytes, out, num_bytes);
  }
  return true;
}

// ---- AES-128 ----------------------------------------------------------------

constexpr size_t kNumRoundKeys = 11;

// FIPS 197, 5.2: the last word, rotated and substituted, goes into all four;
// AESENCLAST substitutes, and its ShiftRows does nothing to a block of four
// equal columns.
template <int kRcon>
TEKMATCH_INLINE Vec NextRoundKey(Vec key) {
  const Vec rotated = _mm_shuffle_epi8(key, _mm_set1_epi32(0x0c0f0e0d));
  const Vec substituted = _mm_aesenclast_si128(rotated, _mm_set1_epi32(kRcon));
  key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  key = _mm_xor_si128(key, _mm_slli_si128(key, 8));
  return _mm_xor_si128(key, substituted);
}

struct AesKey {
  Vec round_keys[kNumRoundKeys];
  // Round key 1, column 3, and round key 10, column 1, in every column.
  Vec first_column_key;
  Vec hash_key;
};

// The schedules of kKeys keys, side by side to hide latency.
template <int kKeys>
TEKMATCH_INLINE void ExpandKeys(const uint8_t* bytes, AesKey* keys) {
  for (int k = 0; k < kKeys; ++k) {
    keys[k].round_keys[0] = LoadBytes(bytes + k * kBlockBytes);
  }
#define TEKMATCH_EXPAND(round, rcon) \
  for (int k = 0; k < kKeys; ++k)    \
  keys[k].round_keys[round] = NextRoundKey<rcon>(keys[k].round_keys[(round)-1])
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
  for (int k = 0; k < kKeys; ++k) {
    keys[k].first_column_key = _mm_shuffle_epi32(keys[k].round_keys[1], 0xFF);
    keys[k].hash_key =
        _mm_shuffle_epi32(keys[k].round_keys[kNumRoundKeys - 1], 0x55);
  }
}

// Blocks in flight, enough to hide the latency of a round.
constexpr size_t kWidth = 12;

TEKMATCH_INLINE void Encrypt(const Vec* round_keys, Vec* state) {
#pragma GCC unroll 16
  for (size_t i = 0; i < kWidth; ++i) {
    state[i] = _mm_xor_si128(state[i], round_keys[0]);
  }
#pragma GCC unroll 16
  for (size_t round = 1; round < kNumRoundKeys - 1; ++round) {
#pragma GCC unroll 16
    for (size_t i = 0; i < kWidth; ++i) {
      state[i] = _mm_aesenc_si128(state[i], round_keys[round]);
    }
  }
#pragma GCC unroll 16
  for (size_t i = 0; i < kWidth; ++i) {
    state[i] = _mm_aesenclast_si128(state[i], round_keys[kNumRoundKeys - 1]);
  }
}

// RPIs of intervals [first, first + kWidth).
TEKMATCH_INLINE void Generate(const Vec* round_keys, uint32_t first,
                              Vec* state) {
  const Vec padded = _mm_set_epi32(0, 0, kPadded1, kPadded0);
#pragma GCC unroll 16
  for (size_t i = 0; i < kWidth; ++i) {
    state[i] = _mm_insert_epi32(
        padded, static_cast<int>(first + static_cast<uint32_t>(i)), 3);
  }
  Encrypt(round_keys, state);
}

bool GenerateRpis(const uint8_t* rpik, uint32_t first_interval, size_t num_rpis,
                  uint8_t* rpis) {
  AesKey key;
  if (num_rpis == 0) return true;
  ExpandKeys<1>(rpik, &key);
  for (size_t j = 0; j < num_rpis; j += kWidth) {
    Vec state[kWidth];
    Generate(key.round_keys, first_interval + static_cast<uint32_t>(j), state);
    for (size_t i = 0; i < kWidth && j + i < num_rpis; ++i) {
      StoreBytes(state[i], rpis + (j + i) * kBlockBytes);
    }
  }
  return true;
}

// ---- RPIs fused with the probe ----------------------------------------------
//
// As x86_vaes512.cc has it, with one block a register: a step is of one key in
// twelve intervals. Here HKDF of the keys to come goes beside AES, since it has
// a unit of its own, which AES leaves idle.
//
// AMD's cores do other vector instructions in AES's units too, so that each one
// less counts: with 25 fewer a step, of 84, find_candidates fell on a Zen 3
// from 1,070 to 985 cycles a key.

// What the first round gives for intervals of equal upper bytes.
struct FirstRound {
  Vec columns;  // 0..2 of every block after it
  Vec packed;   // before it, what makes up column 3, without the interval
};

// For the interval with its lowest byte 0.
TEKMATCH_INLINE FirstRound StartRound(const AesKey& key, uint32_t interval) {
  const Vec block =
      _mm_xor_si128(_mm_set_epi32(static_cast<int>(interval & ~uint32_t{0xff}),
                                  0, kPadded1, kPadded0),
                    key.round_keys[0]);
  // ShiftRows brings row r of column 3 + r there: bytes 12, 1, 6, 11.
  return {_mm_aesenc_si128(block, key.round_keys[1]),
          _mm_shuffle_epi8(block, _mm_set1_epi32(0x0b06010c))};
}

// A block with column q of `columns` as its column 3: one instruction.
template <int q>
TEKMATCH_INLINE Vec WithColumn3(Vec block, Vec columns) {
  return _mm_castps_si128(_mm_insert_ps(
      _mm_castsi128_ps(block), _mm_castsi128_ps(columns), q << 6 | 3 << 4));
}

// Four blocks after round 9 to the bytes 4..7 of their RPIs: column q of the
// result is block q's. Row r of column 1 comes of row r, column 1 + r, and in
// the result's column q of row r, column q + r, so that is where block q's byte
// has to be.
TEKMATCH_INLINE Vec Hashes(const Vec* state, const AesKey& key) {
  // By columns; then bytes from the blocks 1 and 3, and from 2 and 3.
  const Vec s0 = _mm_shuffle_epi32(state[0], 0x39);
  const Vec s2 = _mm_shuffle_epi32(state[2], 0x93);
  const Vec s3 = _mm_shuffle_epi32(state[3], 0x4E);
  const Vec odd = _mm_set_epi32(0x00ff00ff, static_cast<int>(0xff00ff00),
                                0x00ff00ff, static_cast<int>(0xff00ff00));
  const Vec upper = _mm_set_epi32(0x0000ffff, static_cast<int>(0xff0000ff),
                                  static_cast<int>(0xffff0000), 0x00ffff00);
  const Vec packed = _mm_blendv_epi8(_mm_blendv_epi8(s0, state[1], odd),
                                     _mm_blendv_epi8(s2, s3, odd), upper);
  return _mm_aesenclast_si128(packed, key.hash_key);
}

// Hash 4 q + j is that of interval 4 q + j.
constexpr size_t kQuads = kWidth / 4;
using Step = Pending<AesKey, kWidth>;

TEKMATCH_INLINE void Store(Vec hashes, Vec shift, size_t quad, Step* step) {
  _mm_store_si128(reinterpret_cast<Vec*>(step->index + 4 * quad),
                  _mm_srl_epi32(hashes, shift));
  // Bits 0.., 3.., 8.. and 11.. of each: bytes 0, 0, 1, 1, of which the second
  // and the fourth are shifted, as a sum of products: 32 of bits 3.. are bits
  // 8...
  const Vec bytes = _mm_shuffle_epi8(
      hashes, _mm_set_epi32(0x0d0d0c0c, 0x09090808, 0x05050404, 0x01010000));
  const Vec numbers =
      _mm_maddubs_epi16(_mm_and_si128(bytes, _mm_set1_epi32(0x38073807)),
                        _mm_set1_epi32(0x20012001));
  const Vec bit_of =
      _mm_set1_epi64x(static_cast<long long>(0x8040201008040201));
  _mm_store_si128(reinterpret_cast<Vec*>(step->bits + 4 * quad),
                  _mm_shuffle_epi8(bit_of, numbers));
}

// A lane is zero where that hash passes.
TEKMATCH_INLINE Vec BitsLeft(const Step& step, size_t quad) {
  return _mm_and_si128(
      _mm_load_si128(reinterpret_cast<const Vec*>(step.words + 4 * quad)),
      _mm_load_si128(reinterpret_cast<const Vec*>(step.bits + 4 * quad)));
}
// Bit j: lane j is zero.
TEKMATCH_INLINE unsigned Zeros(Vec v) {
  const Vec zero = _mm_cmpeq_epi32(v, _mm_setzero_si128());
  return static_cast<unsigned>(_mm_movemask_ps(_mm_castsi128_ps(zero)));
}

TEKMATCH_INLINE bool AnyHit(const Step& step) {
  Vec least = BitsLeft(step, 0);
#pragma GCC unroll 4
  for (size_t q = 1; q < kQuads; ++q) {
    least = _mm_min_epu32(least, BitsLeft(step, q));
  }
  return Zeros(least) != 0;
}

// The RPIs of the hits, of which there are few.
__attribute__((noinline)) void EmitHits(const Step& step, Output* out) {
  unsigned hits = 0;
  for (size_t q = 0; q < kQuads; ++q) {
    hits |= Zeros(BitsLeft(step, q)) << (4 * q);
  }
  for (; hits != 0; hits &= hits - 1) {
    Emit(
        step.key, static_cast<size_t>(__builtin_ctz(hits)), step.interval,
        step.num_intervals, [&](int r) { return step.keys->round_keys[r]; },
        out);
  }
}

// What goes beside a step: nothing, or sixteen rounds of two keys ahead.
enum class Beside { kNothing, kGiven, kScheduled };
constexpr size_t kAhead = 2;

// Rounds 2 to 9, beside them the fetches and what is ahead.
template <Beside kBeside, size_t round = 2>
TEKMATCH_INLINE void MiddleRounds(const AesKey& key, const uint32_t* words,
                                  const uint32_t* constants, Step* fetched,
                                  Vec* state, ShaState* s, Vec (*w)[4]) {
  if constexpr (round < kNumRoundKeys - 1) {
#pragma GCC unroll 16
    for (size_t i = 0; i < kWidth; ++i) {
      state[i] = _mm_aesenc_si128(state[i], key.round_keys[round]);
    }
    if constexpr (kBeside != Beside::kNothing) {
      ShaFourRounds<kBeside == Beside::kScheduled, (round - 2) / 2>(
          constants, &s[round % 2], w[round % 2]);
    }
    if constexpr (round - 2 < kWidth / 2) {
      Fetch<2>(words, 2 * (round - 2), fetched);
    }
    MiddleRounds<kBeside, round + 1>(key, words, constants, fetched, state, s,
                                     w);
  }
}

// The hashes of a key in twelve intervals to `next`, and beside that the words
// of `fetched` and a step of `ahead`. Returns whether `probed` has a hit.
template <Beside kBeside>
__attribute__((noinline)) bool HashStep(const FirstRound& first,
                                        const RpiFilter& filter,
                                        const Step& probed, Step* fetched,
                                        Step* next, ShaHkdf<kAhead>* ahead) {
  const AesKey& key = *next->keys;
  ShaState s[kAhead];
  Vec w[kAhead][4];
  if constexpr (kBeside != Beside::kNothing) ShaTake(*ahead, s, w);
  Vec state[kWidth];
  // Past the last interval bytes wrap around, so that they change nothing else.
  Vec low =
      _mm_add_epi8(_mm_set1_epi32(static_cast<int>(next->interval & 0xff)),
                   _mm_set_epi32(3, 2, 1, 0));
#pragma GCC unroll 4
  for (size_t q = 0; q < kQuads; ++q) {
    const Vec columns = _mm_aesenc_si128(_mm_xor_si128(first.packed, low),
                                         key.first_column_key);
    low = _mm_add_epi8(low, _mm_set1_epi32(4));
    state[4 * q] = WithColumn3<0>(first.columns, columns);
    state[4 * q + 1] = WithColumn3<1>(first.columns, columns);
    state[4 * q + 2] = WithColumn3<2>(first.columns, columns);
    state[4 * q + 3] = WithColumn3<3>(first.columns, columns);
  }
  MiddleRounds<kBeside>(key, filter.words, ConstantsOf(*ahead), fetched, state,
                        s, w);
  if constexpr (kBeside != Beside::kNothing) ShaGive(s, w, ahead);
  const Vec shift = _mm_cvtsi32_si128(static_cast<int>(filter.shift));
#pragma GCC unroll 4
  for (size_t q = 0; q < kQuads; ++q) {
    Store(Hashes(state + 4 * q, key), shift, q, next);
  }
  return AnyHit(probed);
}

// Two keys at a time of those ahead, as long as there are any.
struct Ahead {
  KeysAhead* keys;
  size_t num_pairs;
  ShaHkdf<kAhead> pair;
};

TEKMATCH_INLINE void BeginPair(Ahead* ahead) {
  if (ahead->num_pairs > 0) ShaBegin(ahead->keys->teks, &ahead->pair);
}
void EndPair(Ahead* ahead) {
  ShaEnd(ahead->pair, ahead->keys->rpiks);
  ahead->keys->teks += kAhead * kBlockBytes;
  ahead->keys->rpiks += kAhead * kBlockBytes;
  ahead->keys->num_keys -= kAhead;
  --ahead->num_pairs;
  BeginPair(ahead);
}

// The steps of a key.
void ProbeKey(const AesKey& aes, size_t key, uint32_t first_interval,
              size_t num_intervals, Pipeline<Step>* p, Ahead* ahead) {
  for (size_t j = 0; j < num_intervals;) {
    // Up to where more than the lowest byte changes.
    size_t end = j + 256 - ((first_interval + j) & 0xff);
    if (end > num_intervals) end = num_intervals;
    const FirstRound first =
        StartRound(aes, first_interval + static_cast<uint32_t>(j));
    for (; j < end; j += kWidth) {
      const Turn<Step> turn =
          NextTurn(&aes, key, first_interval + static_cast<uint32_t>(j),
                   end - j < kWidth ? end - j : kWidth, p);
      const Step& probed = *turn.probed;
      bool any_hit;
      if (ahead->num_pairs == 0) {
        any_hit = HashStep<Beside::kNothing>(
            first, p->filter, probed, turn.fetched, turn.next, &ahead->pair);
      } else {
        any_hit = IsScheduled(ahead->pair)
                      ? HashStep<Beside::kScheduled>(first, p->filter, probed,
                                                     turn.fetched, turn.next,
                                                     &ahead->pair)
                      : HashStep<Beside::kGiven>(first, p->filter, probed,
                                                 turn.fetched, turn.next,
                                                 &ahead->pair);
        ShaStepDone(&ahead->pair);
        if (ahead->pair.step == kShaSteps) EndPair(ahead);
      }
      if (__builtin_expect(any_hit, 0)) EmitHits(probed, &p->out);
    }
    j = end;
  }
}

bool FindCandidates(const uint8_t* rpiks, size_t num_keys,
                    uint32_t first_interval, size_t num_intervals,
                    const RpiFilter* filter, KeysAhead* keys_ahead,
                    RpiCandidate* candidates, size_t* num_candidates) {
  constexpr size_t kKeys = 4;
  Pipeline<Step> p;
  Begin(*filter, candidates, num_keys, &p);
  Ahead ahead;
  ahead.keys = keys_ahead;
  ahead.pair.step = 0;
  // There are at least as many steps as this takes.
  ahead.num_pairs =
      num_keys * ((num_intervals + kWidth - 1) / kWidth) / size_t{kShaSteps};
  if (ahead.num_pairs > keys_ahead->num_keys / kAhead) {
    ahead.num_pairs = keys_ahead->num_keys / kAhead;
  }
  BeginPair(&ahead);
  // Those of the keys before are needed until all of their steps are probed.
  AesKey keys[2][kKeys];
  for (size_t key = 0; key < num_keys; key += kKeys) {
    uint8_t tail[kKeys * kBlockBytes] = {};
    const uint8_t* bytes = rpiks + key * kBlockBytes;
    if (num_keys - key < kKeys) {
      __builtin_memcpy(tail, bytes, (num_keys - key) * kBlockBytes);
      bytes = tail;
    }
    AesKey* const these = keys[key / kKeys % 2];
    ExpandKeys<kKeys>(bytes, these);
    for (size_t k = 0; k < kKeys && key + k < num_keys; ++k) {
      ProbeKey(these[k], key + k, first_interval, num_intervals, &p, &ahead);
    }
  }
  for (unsigned i = 0; i < kProbeDelay; ++i) {
    Step& slot = p.slots[(p.turn - i) % kSlots];
    Fetch<kWidth>(p.filter.words, 0, &slot);
    EmitHits(slot, &p.out);
  }
  *num_candidates = p.out.num_candidates;
  return true;
}

}  // namespace

const Kernels kX86AesniKernels = {"x86_aesni", &DeriveRpiks, &GenerateRpis,
                                  &FindCandidates};

}  // namespace tekmatch
