// Hermetic: intrinsics and fixed-width integers only. Everything but the table
// at the end has internal linkage, templates included.
#include "matcher/kernels/x86_aesni.h"

#include <immintrin.h>

#include "matcher/kernels/hkdf_constants.h"

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

// ---- SHA-256 ----------------------------------------------------------------

// Keys whose compressions go side by side, to hide latency.
constexpr int kStreams = 2;

// A state as the instructions have it.
struct State {
  Vec abef;
  Vec cdgh;
};

TEKMATCH_INLINE State MakeState(const uint32_t* words) {
  const Vec abcd = LoadBytes(words);
  const Vec efgh = LoadBytes(words + 4);
  const Vec ba_dc = _mm_shuffle_epi32(abcd, 0xB1);
  const Vec fe_hg = _mm_shuffle_epi32(efgh, 0xB1);
  // Words from low to high: f e b a, h g d c.
  return {_mm_unpacklo_epi64(fe_hg, ba_dc), _mm_unpackhi_epi64(fe_hg, ba_dc)};
}

// The eight words in two registers, in their order.
TEKMATCH_INLINE void Words(const State& state, Vec* words) {
  const Vec abef = _mm_shuffle_epi32(state.abef, 0x1B);
  const Vec cdgh = _mm_shuffle_epi32(state.cdgh, 0x1B);
  words[0] = _mm_unpacklo_epi64(abef, cdgh);
  words[1] = _mm_unpackhi_epi64(abef, cdgh);
}

TEKMATCH_INLINE void FourRounds(State* s, Vec kw) {
  s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, kw);
  s->abef =
      _mm_sha256rnds2_epu32(s->abef, s->cdgh, _mm_shuffle_epi32(kw, 0x0E));
}

TEKMATCH_INLINE void Copy(const State* from, State* to) {
  for (int k = 0; k < kStreams; ++k) to[k] = from[k];
}
TEKMATCH_INLINE void AddTo(const State* from, State* to) {
  for (int k = 0; k < kStreams; ++k) {
    to[k].abef = _mm_add_epi32(to[k].abef, from[k].abef);
    to[k].cdgh = _mm_add_epi32(to[k].cdgh, from[k].cdgh);
  }
}

// s is compressed with the blocks w, which it uses up.
TEKMATCH_INLINE void Compress(Vec (*w)[4], State* s) {
  State before[kStreams];
  Copy(s, before);
#pragma GCC unroll 16
  for (size_t i = 0; i < 16; ++i) {
#pragma GCC unroll 4
    for (int k = 0; k < kStreams; ++k) {
      Vec& next = w[k][i % 4];
      if (i >= 4) {
        const Vec last = w[k][(i + 3) % 4];
        const Vec middle = _mm_alignr_epi8(last, w[k][(i + 2) % 4], 4);
        next = _mm_sha256msg1_epu32(next, w[k][(i + 1) % 4]);
        next = _mm_sha256msg2_epu32(_mm_add_epi32(next, middle), last);
      }
      FourRounds(&s[k], _mm_add_epi32(next, LoadBytes(&kSha256Rounds[4 * i])));
    }
  }
  AddTo(before, s);
}

// s is compressed with "EN-RPIK" 0x01.
TEKMATCH_INLINE void CompressInfo(State* s) {
  State before[kStreams];
  Copy(s, before);
#pragma GCC unroll 16
  for (size_t i = 0; i < 16; ++i) {
#pragma GCC unroll 4
    for (int k = 0; k < kStreams; ++k) {
      FourRounds(&s[k], LoadBytes(&kRpikInfoRounds[4 * i]));
    }
  }
  AddTo(before, s);
}

TEKMATCH_INLINE void SetAll(const uint32_t* words, State* s) {
  for (int k = 0; k < kStreams; ++k) s[k] = MakeState(words);
}

// A digest and its padding, after HMAC's first block.
TEKMATCH_INLINE void DigestBlock(const State* digest, Vec (*w)[4]) {
  for (int k = 0; k < kStreams; ++k) {
    Words(digest[k], w[k]);
    w[k][2] = _mm_set_epi32(0, 0, 0, static_cast<int>(0x80000000));
    w[k][3] = _mm_set_epi32((64 + 32) * 8, 0, 0, 0);
  }
}

// HMAC's key block for a key of 32 bytes.
TEKMATCH_INLINE void KeyBlock(const State* key, uint32_t pad, Vec (*w)[4]) {
  const Vec pads = _mm_set1_epi32(static_cast<int>(pad));
  for (int k = 0; k < kStreams; ++k) {
    Words(key[k], w[k]);
    w[k][0] = _mm_xor_si128(w[k][0], pads);
    w[k][1] = _mm_xor_si128(w[k][1], pads);
    w[k][2] = pads;
    w[k][3] = pads;
  }
}

TEKMATCH_INLINE Vec SwapBytes(Vec v) {
  return _mm_shuffle_epi8(
      v, _mm_set_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203));
}

// The RPIKs of kStreams keys.
TEKMATCH_INLINE void DeriveSome(const uint8_t* teks, uint8_t* rpiks) {
  Vec w[kStreams][4];
  State s[kStreams];
  State prk[kStreams];
  State inner[kStreams];
  for (int k = 0; k < kStreams; ++k) {
    w[k][0] = SwapBytes(LoadBytes(teks + k * kBlockBytes));
    w[k][1] = _mm_set_epi32(0, 0, 0, static_cast<int>(0x80000000));
    w[k][2] = _mm_setzero_si128();
    w[k][3] = _mm_set_epi32((64 + 16) * 8, 0, 0, 0);
  }
  SetAll(kNoSaltInner, s);
  Compress(w, s);
  DigestBlock(s, w);
  SetAll(kNoSaltOuter, s);
  Compress(w, s);
  Copy(s, prk);

  KeyBlock(prk, 0x36363636, w);
  SetAll(kSha256Initial, s);
  Compress(w, s);
  CompressInfo(s);
  Copy(s, inner);
  KeyBlock(prk, 0x5c5c5c5c, w);
  SetAll(kSha256Initial, s);
  Compress(w, s);
  DigestBlock(inner, w);
  Compress(w, s);
  for (int k = 0; k < kStreams; ++k) {
    Vec words[2];
    Words(s[k], words);
    StoreBytes(SwapBytes(words[0]), rpiks + k * kBlockBytes);
  }
}

bool DeriveRpiks(const uint8_t* teks, size_t num_keys, uint8_t* rpiks) {
  for (; num_keys >= kStreams; num_keys -= kStreams) {
    DeriveSome(teks, rpiks);
    teks += kStreams * kBlockBytes;
    rpiks += kStreams * kBlockBytes;
  }
  if (num_keys == 0) return true;
  uint8_t in[kStreams * kBlockBytes] = {};
  uint8_t out[kStreams * kBlockBytes];
  __builtin_memcpy(in, teks, num_keys * kBlockBytes);
  DeriveSome(in, out);
  __builtin_memcpy(rpiks, out, num_keys * kBlockBytes);
  return true;
}

// ---- AES-128 ----------------------------------------------------------------

constexpr int kNumRoundKeys = 11;

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

// The schedules of kKeys keys, side by side to hide latency.
template <int kKeys>
TEKMATCH_INLINE void ExpandKeys(const uint8_t* keys,
                                Vec (*round_keys)[kNumRoundKeys]) {
  for (int k = 0; k < kKeys; ++k) {
    round_keys[k][0] = LoadBytes(keys + k * kBlockBytes);
  }
#define TEKMATCH_EXPAND(round, rcon) \
  for (int k = 0; k < kKeys; ++k)    \
  round_keys[k][round] = NextRoundKey<rcon>(round_keys[k][(round)-1])
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

// Blocks in flight, enough to hide the latency of a round.
constexpr int kWidth = 8;

TEKMATCH_INLINE void Encrypt(const Vec* round_keys, Vec* state) {
#pragma GCC unroll 8
  for (int i = 0; i < kWidth; ++i) {
    state[i] = _mm_xor_si128(state[i], round_keys[0]);
  }
#pragma GCC unroll 16
  for (int round = 1; round < kNumRoundKeys - 1; ++round) {
#pragma GCC unroll 8
    for (int i = 0; i < kWidth; ++i) {
      state[i] = _mm_aesenc_si128(state[i], round_keys[round]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kWidth; ++i) {
    state[i] = _mm_aesenclast_si128(state[i], round_keys[kNumRoundKeys - 1]);
  }
}

// RPIs of intervals [first, first + kWidth).
TEKMATCH_INLINE void Generate(const Vec* round_keys, uint32_t first,
                              Vec* state) {
  // PaddedData of the specification: "EN-RPI", six zero bytes, the interval.
  const Vec padded = _mm_set_epi32(0, 0, 0x00004950, 0x522d4e45);
#pragma GCC unroll 8
  for (int i = 0; i < kWidth; ++i) {
    state[i] = _mm_insert_epi32(
        padded, static_cast<int>(first + static_cast<uint32_t>(i)), 3);
  }
  Encrypt(round_keys, state);
}

bool GenerateRpis(const uint8_t* rpik, uint32_t first_interval, size_t num_rpis,
                  uint8_t* rpis) {
  Vec round_keys[1][kNumRoundKeys];
  if (num_rpis == 0) return true;
  ExpandKeys<1>(rpik, round_keys);
  for (size_t j = 0; j < num_rpis; j += kWidth) {
    Vec state[kWidth];
    Generate(round_keys[0], first_interval + static_cast<uint32_t>(j), state);
    for (size_t i = 0; i < kWidth && j + i < num_rpis; ++i) {
      StoreBytes(state[i], rpis + (j + i) * kBlockBytes);
    }
  }
  return true;
}

// ---- RPIs fused with the probe ----------------------------------------------

TEKMATCH_INLINE bool Passes(Vec rpi, const RpiFilter& filter) {
  const auto h = static_cast<uint32_t>(_mm_extract_epi32(rpi, 1));
  const uint32_t word = filter.words[h >> filter.shift];
  return ((word >> (h % 32)) & (word >> (h / 32 % 32)) & 1) != 0;
}

bool FindCandidates(const uint8_t* rpiks, size_t num_keys,
                    uint32_t first_interval, size_t num_intervals,
                    const RpiFilter* filter, RpiCandidate* candidates,
                    size_t* num_candidates) {
  constexpr size_t kKeys = 4;
  const RpiFilter by_value = *filter;
  size_t num_found = 0;
  for (size_t key = 0; key < num_keys; key += kKeys) {
    uint8_t tail[kKeys * kBlockBytes] = {};
    const uint8_t* keys = rpiks + key * kBlockBytes;
    if (num_keys - key < kKeys) {
      __builtin_memcpy(tail, keys, (num_keys - key) * kBlockBytes);
      keys = tail;
    }
    Vec round_keys[kKeys][kNumRoundKeys];
    ExpandKeys<kKeys>(keys, round_keys);
    for (size_t k = 0; k < kKeys && key + k < num_keys; ++k) {
      for (size_t j = 0; j < num_intervals; j += kWidth) {
        Vec state[kWidth];
        Generate(round_keys[k], first_interval + static_cast<uint32_t>(j),
                 state);
#pragma GCC unroll 8
        for (size_t i = 0; i < kWidth; ++i) {
          if (__builtin_expect(!Passes(state[i], by_value), 1)) continue;
          if (j + i >= num_intervals) continue;
          RpiCandidate& candidate = candidates[num_found++];
          candidate.key = static_cast<uint32_t>(key + k);
          candidate.interval = first_interval + static_cast<uint32_t>(j + i);
          StoreBytes(state[i], candidate.rpi);
        }
      }
    }
  }
  *num_candidates = num_found;
  return true;
}

}  // namespace

const Kernels kX86AesniKernels = {"x86_aesni", &DeriveRpiks, &GenerateRpis,
                                  &FindCandidates};

}  // namespace tekmatch
