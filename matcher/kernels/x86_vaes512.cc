// Hermetic: intrinsics and fixed-width integers only. Everything but the table
// at the end has internal linkage, templates included.
#include "matcher/kernels/x86_vaes512.h"

#include <immintrin.h>

#include "matcher/kernels/hkdf_constants.h"

namespace tekmatch {
namespace {

#define TEKMATCH_INLINE inline __attribute__((always_inline))

using Vec = __m512i;

constexpr size_t kBlockBytes = 16;
// Keys of a batch, one in each 32-bit lane, and batches worked on side by side.
constexpr size_t kLanes = 16;
constexpr int kBatches = 2;

// ---- SHA-256, one key a lane ------------------------------------------------

TEKMATCH_INLINE Vec Set(uint32_t value) {
  return _mm512_set1_epi32(static_cast<int>(value));
}
TEKMATCH_INLINE Vec Add(Vec a, Vec b) { return _mm512_add_epi32(a, b); }
TEKMATCH_INLINE Vec Xor3(Vec a, Vec b, Vec c) {
  return _mm512_ternarylogic_epi32(a, b, c, 0x96);
}
TEKMATCH_INLINE Vec Choose(Vec e, Vec f, Vec g) {
  return _mm512_ternarylogic_epi32(e, f, g, 0xCA);
}
TEKMATCH_INLINE Vec Majority(Vec a, Vec b, Vec c) {
  return _mm512_ternarylogic_epi32(a, b, c, 0xE8);
}
TEKMATCH_INLINE Vec BigSigma0(Vec x) {
  return Xor3(_mm512_ror_epi32(x, 2), _mm512_ror_epi32(x, 13),
              _mm512_ror_epi32(x, 22));
}
TEKMATCH_INLINE Vec BigSigma1(Vec x) {
  return Xor3(_mm512_ror_epi32(x, 6), _mm512_ror_epi32(x, 11),
              _mm512_ror_epi32(x, 25));
}
TEKMATCH_INLINE Vec SmallSigma0(Vec x) {
  return Xor3(_mm512_ror_epi32(x, 7), _mm512_ror_epi32(x, 18),
              _mm512_srli_epi32(x, 3));
}
TEKMATCH_INLINE Vec SmallSigma1(Vec x) {
  return Xor3(_mm512_ror_epi32(x, 17), _mm512_ror_epi32(x, 19),
              _mm512_srli_epi32(x, 10));
}
// Round i with K[i] + W[i]; the roles of the eight words move by one a round.
template <int i>
TEKMATCH_INLINE void Round(Vec* s, Vec kw) {
  Vec& a = s[(64 - i) % 8];
  Vec& b = s[(65 - i) % 8];
  Vec& c = s[(66 - i) % 8];
  Vec& d = s[(67 - i) % 8];
  Vec& e = s[(68 - i) % 8];
  Vec& f = s[(69 - i) % 8];
  Vec& g = s[(70 - i) % 8];
  Vec& h = s[(71 - i) % 8];
  const Vec t1 = Add(Add(Add(h, kw), Choose(e, f, g)), BigSigma1(e));
  d = Add(d, t1);
  h = Add(Add(t1, Majority(a, b, c)), BigSigma0(a));
}

TEKMATCH_INLINE void SetAll(const uint32_t* words, Vec (*s)[8]) {
  for (int b = 0; b < kBatches; ++b) {
    for (int i = 0; i < 8; ++i) s[b][i] = Set(words[i]);
  }
}
TEKMATCH_INLINE void Copy(const Vec (*from)[8], Vec (*to)[8]) {
  for (int b = 0; b < kBatches; ++b) {
    for (int i = 0; i < 8; ++i) to[b][i] = from[b][i];
  }
}
TEKMATCH_INLINE void AddTo(const Vec (*from)[8], Vec (*to)[8]) {
  for (int b = 0; b < kBatches; ++b) {
    for (int i = 0; i < 8; ++i) to[b][i] = Add(to[b][i], from[b][i]);
  }
}
// Padding of a message of `num_words` words after HMAC's first block.
TEKMATCH_INLINE void Pad(int num_words, Vec (*w)[16]) {
  for (int b = 0; b < kBatches; ++b) {
    for (int i = num_words; i < 16; ++i) w[b][i] = Set(0);
    w[b][num_words] = Set(0x80000000);
    w[b][15] = Set(static_cast<uint32_t>(64 + 4 * num_words) * 8);
  }
}

TEKMATCH_INLINE void CopyDigest(const Vec (*digest)[8], Vec (*w)[16]) {
  for (int b = 0; b < kBatches; ++b) {
    for (int i = 0; i < 8; ++i) w[b][i] = digest[b][i];
  }
  Pad(8, w);
}
TEKMATCH_INLINE void XorWords(const Vec (*key)[8], uint32_t pad, Vec (*w)[16]) {
  for (int b = 0; b < kBatches; ++b) {
    for (int i = 0; i < 8; ++i) {
      w[b][i] = _mm512_xor_si512(key[b][i], Set(pad));
    }
    for (int i = 8; i < 16; ++i) w[b][i] = Set(pad);
  }
}

// Sixteen rounds of every batch, which go side by side to hide latency. Their
// words are w, or with kScheduled the sixteen after w, which w becomes.
// Unrolled no further, so that the code stays in the cache for it.
template <bool kScheduled, int i = 0>
TEKMATCH_INLINE void SixteenRounds(Vec (*s)[8], Vec (*w)[16],
                                   const uint32_t* constants) {
  if constexpr (i < 16) {
#pragma GCC unroll 4
    for (int b = 0; b < kBatches; ++b) {
      if constexpr (kScheduled) {
        w[b][i] = Add(Add(w[b][i], w[b][(i + 9) % 16]),
                      Add(SmallSigma0(w[b][(i + 1) % 16]),
                          SmallSigma1(w[b][(i + 14) % 16])));
      }
      Round<i>(s[b], Add(w[b][i], Set(constants[i])));
    }
    SixteenRounds<kScheduled, i + 1>(s, w, constants);
  }
}

// s is compressed with the blocks w, which it uses up.
TEKMATCH_INLINE void Compress(Vec (*w)[16], Vec (*s)[8]) {
  Vec before[kBatches][8];
  Copy(s, before);
  SixteenRounds<false>(s, w, kSha256Rounds);
#pragma GCC unroll 1
  for (int i = 16; i < 64; i += 16) {
    SixteenRounds<true>(s, w, kSha256Rounds + i);
  }
  AddTo(before, s);
}

template <int i = 0>
TEKMATCH_INLINE void SixteenInfoRounds(Vec (*s)[8], const uint32_t* constants) {
  if constexpr (i < 16) {
#pragma GCC unroll 4
    for (int b = 0; b < kBatches; ++b) Round<i>(s[b], Set(constants[i]));
    SixteenInfoRounds<i + 1>(s, constants);
  }
}

// s is compressed with "EN-RPIK" 0x01.
TEKMATCH_INLINE void CompressInfo(Vec (*s)[8]) {
  Vec before[kBatches][8];
  Copy(s, before);
#pragma GCC unroll 1
  for (int i = 0; i < 64; i += 16) SixteenInfoRounds(s, kRpikInfoRounds + i);
  AddTo(before, s);
}

// Four words of sixteen lanes <-> sixteen keys of four words, in an order of
// lanes that Transpose itself undoes.
TEKMATCH_INLINE void Transpose(Vec* v) {
  const Vec a = _mm512_unpacklo_epi32(v[0], v[1]);
  const Vec b = _mm512_unpackhi_epi32(v[0], v[1]);
  const Vec c = _mm512_unpacklo_epi32(v[2], v[3]);
  const Vec d = _mm512_unpackhi_epi32(v[2], v[3]);
  v[0] = _mm512_unpacklo_epi64(a, c);
  v[1] = _mm512_unpackhi_epi64(a, c);
  v[2] = _mm512_unpacklo_epi64(b, d);
  v[3] = _mm512_unpackhi_epi64(b, d);
}

TEKMATCH_INLINE Vec SwapBytes(Vec v) {
  return _mm512_shuffle_epi8(
      v, _mm512_set4_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203));
}

// The RPIKs of kBatches * kLanes keys.
void DeriveBatches(const uint8_t* teks, uint8_t* rpiks) {
  Vec w[kBatches][16];
  Vec s[kBatches][8];
  Vec prk[kBatches][8];
  for (int b = 0; b < kBatches; ++b) {
    for (int i = 0; i < 4; ++i) {
      w[b][i] = SwapBytes(_mm512_loadu_si512(teks + (b * 4 + i) * sizeof(Vec)));
    }
    Transpose(w[b]);
  }
  Pad(4, w);
  SetAll(kNoSaltInner, s);
  Compress(w, s);
  CopyDigest(s, w);
  SetAll(kNoSaltOuter, s);
  Compress(w, s);
  Copy(s, prk);

  XorWords(prk, 0x36363636, w);
  SetAll(kSha256Initial, s);
  Compress(w, s);
  CompressInfo(s);
  Vec inner[kBatches][8];
  Copy(s, inner);
  XorWords(prk, 0x5c5c5c5c, w);
  SetAll(kSha256Initial, s);
  Compress(w, s);
  CopyDigest(inner, w);
  Compress(w, s);

  for (int b = 0; b < kBatches; ++b) {
    Transpose(s[b]);
    for (int i = 0; i < 4; ++i) {
      _mm512_storeu_si512(rpiks + (b * 4 + i) * sizeof(Vec),
                          SwapBytes(s[b][i]));
    }
  }
}

bool DeriveRpiks(const uint8_t* teks, size_t num_keys, uint8_t* rpiks) {
  constexpr size_t kStep = kBatches * kLanes;
  for (; num_keys >= kStep; num_keys -= kStep) {
    DeriveBatches(teks, rpiks);
    teks += kStep * kBlockBytes;
    rpiks += kStep * kBlockBytes;
  }
  if (num_keys == 0) return true;
  alignas(64) uint8_t in[kStep * kBlockBytes] = {};
  alignas(64) uint8_t out[kStep * kBlockBytes];
  __builtin_memcpy(in, teks, num_keys * kBlockBytes);
  DeriveBatches(in, out);
  __builtin_memcpy(rpiks, out, num_keys * kBlockBytes);
  return true;
}

// ---- AES-128, one key or one block in each 128-bit lane ---------------------

constexpr int kNumRoundKeys = 11;
constexpr size_t kMaxIntervals = 144;  // kMaxRollingPeriod

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

// The schedules of kGroups times four keys, side by side to hide latency.
template <int kGroups>
TEKMATCH_INLINE void ExpandKeys(const uint8_t* keys,
                                Vec (*round_keys)[kNumRoundKeys]) {
#define TEKMATCH_EXPAND(round, rcon) \
  for (int g = 0; g < kGroups; ++g)  \
  round_keys[g][round] = NextRoundKey<rcon>(round_keys[g][(round)-1])
  for (int g = 0; g < kGroups; ++g) {
    round_keys[g][0] = _mm512_loadu_si512(keys + g * sizeof(Vec));
  }
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
}

template <int kWidth>
TEKMATCH_INLINE void Encrypt(const Vec* round_keys, Vec* state) {
#pragma GCC unroll 16
  for (int i = 0; i < kWidth; ++i) {
    state[i] = _mm512_xor_si512(state[i], round_keys[0]);
  }
#pragma GCC unroll 16
  for (int round = 1; round < kNumRoundKeys - 1; ++round) {
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

// PaddedData of the specification, "EN-RPI" and six zero bytes, without the
// interval: the first three words of a lane.
constexpr int kPadded0 = 0x522d4e45;
constexpr int kPadded1 = 0x00004950;

bool GenerateRpis(const uint8_t* rpik, uint32_t first_interval, size_t num_rpis,
                  uint8_t* rpis) {
  constexpr size_t kWidth = 9;  // 36 = 4 * 9
  alignas(64) uint8_t keys[sizeof(Vec)];
  for (size_t i = 0; i < 4; ++i) {
    __builtin_memcpy(keys + i * kBlockBytes, rpik, kBlockBytes);
  }
  Vec round_keys[1][kNumRoundKeys];
  ExpandKeys<1>(keys, round_keys);
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
    Encrypt<kWidth>(round_keys[0], state);
    for (size_t i = 0; i < kWidth; ++i) {
      const size_t at = done + 4 * i;
      if (at >= num_rpis) break;
      // A mask of 64-bit halves of blocks.
      const size_t num = num_rpis - at < 4 ? num_rpis - at : 4;
      _mm512_mask_storeu_epi64(rpis + at * kBlockBytes,
                               static_cast<__mmask8>((1U << (2 * num)) - 1),
                               state[i]);
    }
  }
  return true;
}

// ---- RPIs fused with the probe ----------------------------------------------

// Where candidates go, and which part of a group's RPIs exists.
struct Output {
  RpiCandidate* candidates;
  size_t num_candidates;
  size_t num_keys;
  uint32_t first_interval;
  size_t num_intervals;
};

// Four registers of RPIs, some of which pass the filter: of key + lane in
// interval j + register. Few calls get here.
__attribute__((noinline)) void Emit(const Vec* state, size_t key, size_t j,
                                    const RpiFilter& filter, Output* out) {
  alignas(64) uint8_t rpis[4][4][kBlockBytes];
  for (int i = 0; i < 4; ++i) _mm512_store_si512(rpis[i], state[i]);
  for (size_t i = 0; i < 4 && j + i < out->num_intervals; ++i) {
    for (size_t lane = 0; lane < 4 && key + lane < out->num_keys; ++lane) {
      uint32_t h;
      __builtin_memcpy(&h, rpis[i][lane] + 4, sizeof(h));
      const uint32_t word = filter.words[h >> filter.shift];
      if (((word >> (h % 32)) & (word >> (h / 32 % 32)) & 1) == 0) continue;
      RpiCandidate& candidate = out->candidates[out->num_candidates++];
      candidate.key = static_cast<uint32_t>(key + lane);
      candidate.interval = out->first_interval + static_cast<uint32_t>(j + i);
      __builtin_memcpy(candidate.rpi, rpis[i][lane], kBlockBytes);
    }
  }
}

// Whether one of sixteen RPIs passes. Gathers: with the same probe by scalar
// loads, side by side with AES or after it, find_candidates took 1.4 to 1.6
// times as long on an Intel Xeon of 2024.
TEKMATCH_INLINE bool AnyPasses(const Vec* state, const RpiFilter& filter) {
  // The second word of every RPI.
  const __m512 a = _mm512_shuffle_ps(_mm512_castsi512_ps(state[0]),
                                     _mm512_castsi512_ps(state[1]), 0x55);
  const __m512 b = _mm512_shuffle_ps(_mm512_castsi512_ps(state[2]),
                                     _mm512_castsi512_ps(state[3]), 0x55);
  const Vec h = _mm512_castps_si512(_mm512_shuffle_ps(a, b, 0x88));
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(filter.shift));
  const Vec words = _mm512_i32gather_epi32(_mm512_srl_epi32(h, shift),
                                           filter.words, sizeof(uint32_t));
  const Vec first = _mm512_and_si512(h, Set(31));
  const Vec second = _mm512_and_si512(_mm512_srli_epi32(h, 5), Set(31));
  const Vec both = _mm512_and_si512(_mm512_srlv_epi32(words, first),
                                    _mm512_srlv_epi32(words, second));
  return _mm512_test_epi32_mask(both, Set(1)) != 0;
}

// The RPIs of four keys in kWidth intervals from j on.
template <int kWidth>
TEKMATCH_INLINE void Probe(const Vec* round_keys, const Vec* blocks, size_t key,
                           size_t j, const RpiFilter& filter, Output* out) {
  Vec state[kWidth];
#pragma GCC unroll 16
  for (int i = 0; i < kWidth; ++i) state[i] = blocks[j + i];
  Encrypt<kWidth>(round_keys, state);
#pragma GCC unroll 4
  for (int i = 0; i < kWidth; i += 4) {
    if (__builtin_expect(AnyPasses(state + i, filter), 0)) {
      Emit(state + i, key, j + i, filter, out);
    }
  }
}

bool FindCandidates(const uint8_t* rpiks, size_t num_keys,
                    uint32_t first_interval, size_t num_intervals,
                    const RpiFilter* filter, RpiCandidate* candidates,
                    size_t* num_candidates) {
  constexpr size_t kGroups = 4;
  constexpr size_t kKeys = kGroups * 4;
  constexpr size_t kWide = 12;
  Output out = {candidates, 0, num_keys, first_interval, num_intervals};
  const RpiFilter by_value = *filter;
  // PaddedData for every interval, and a few more for the last step.
  Vec blocks[kMaxIntervals + 4];
  for (size_t j = 0; j < num_intervals + 3; ++j) {
    blocks[j] = _mm512_set4_epi32(
        static_cast<int>(first_interval + static_cast<uint32_t>(j)), 0,
        kPadded1, kPadded0);
  }
  for (size_t key = 0; key < num_keys; key += kKeys) {
    alignas(64) uint8_t tail[kKeys * kBlockBytes] = {};
    const uint8_t* keys = rpiks + key * kBlockBytes;
    if (num_keys - key < kKeys) {
      __builtin_memcpy(tail, keys, (num_keys - key) * kBlockBytes);
      keys = tail;
    }
    Vec round_keys[kGroups][kNumRoundKeys];
    ExpandKeys<kGroups>(keys, round_keys);
    for (size_t g = 0; g < kGroups && key + 4 * g < num_keys; ++g) {
      size_t j = 0;
      for (; j + kWide <= num_intervals; j += kWide) {
        Probe<kWide>(round_keys[g], blocks, key + 4 * g, j, by_value, &out);
      }
      for (; j < num_intervals; j += 4) {
        Probe<4>(round_keys[g], blocks, key + 4 * g, j, by_value, &out);
      }
    }
  }
  *num_candidates = out.num_candidates;
  return true;
}

}  // namespace

const Kernels kX86Vaes512Kernels = {"x86_vaes512", &DeriveRpiks, &GenerateRpis,
                                    &FindCandidates};

}  // namespace tekmatch
