// HKDF of an RPIK by x86's SHA extensions, for two keys side by side: each
// SHA256RNDS2 waits for the one before, and the other key's go between them.
//
// For units that are compiled with -msha -msse4.1 (kernels.h says what they may
// include): everything here has internal linkage.
//
// Source: hkdf_constants.h.
#ifndef TEKMATCH_MATCHER_KERNELS_X86_SHA_H_
#define TEKMATCH_MATCHER_KERNELS_X86_SHA_H_

#include <immintrin.h>

#include "matcher/kernels/hkdf_constants.h"
#include "matcher/kernels/kernel_hits.h"

namespace tekmatch {
namespace {  // NOLINT(google-build-namespaces): see above

#define TEKMATCH_SHA_INLINE inline __attribute__((always_inline))

// SHA-256's state as the instructions have it.
struct ShaState {
  __m128i abef;
  __m128i cdgh;
};

TEKMATCH_SHA_INLINE __m128i ShaLoad(const void* bytes) {
  return _mm_loadu_si128(static_cast<const __m128i*>(bytes));
}

TEKMATCH_SHA_INLINE ShaState MakeShaState(const uint32_t* words) {
  const __m128i ba_dc = _mm_shuffle_epi32(ShaLoad(words), 0xB1);
  const __m128i fe_hg = _mm_shuffle_epi32(ShaLoad(words + 4), 0xB1);
  // Words from low to high: f e b a, h g d c.
  return {_mm_unpacklo_epi64(fe_hg, ba_dc), _mm_unpackhi_epi64(fe_hg, ba_dc)};
}

// The eight words in two registers, in their order.
TEKMATCH_SHA_INLINE void ShaWords(const ShaState& state, __m128i* words) {
  const __m128i abef = _mm_shuffle_epi32(state.abef, 0x1B);
  const __m128i cdgh = _mm_shuffle_epi32(state.cdgh, 0x1B);
  words[0] = _mm_unpacklo_epi64(abef, cdgh);
  words[1] = _mm_unpackhi_epi64(abef, cdgh);
}

TEKMATCH_SHA_INLINE __m128i ShaSwapBytes(__m128i v) {
  return _mm_shuffle_epi8(
      v, _mm_set_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203));
}

constexpr size_t kShaKeyBytes = 16;
constexpr size_t kShaKeys = 2;

// Of each key: the state, and the words of a message or the last sixteen of its
// schedule.
struct ShaStates {
  ShaState key[kShaKeys];
};
struct ShaMessages {
  __m128i words[kShaKeys][4];
};

TEKMATCH_SHA_INLINE ShaStates ShaSame(const uint32_t* words) {
  ShaStates states;
  for (ShaState& state : states.key) state = MakeShaState(words);
  return states;
}

// Four rounds of each key, the i-th of sixteen. kScheduled: with the words made
// of those before.
template <bool kScheduled, size_t i>
TEKMATCH_SHA_INLINE void ShaFourRounds(const uint32_t* constants, ShaStates* s,
                                       ShaMessages* m) {
  const __m128i constant = ShaLoad(constants + 4 * i);
#pragma GCC unroll 4
  for (size_t k = 0; k < kShaKeys; ++k) {
    __m128i* const w = m->words[k];
    if constexpr (kScheduled) {
      const __m128i last = w[(i + 3) % 4];
      const __m128i middle = _mm_alignr_epi8(last, w[(i + 2) % 4], 4);
      w[i] = _mm_sha256msg1_epu32(w[i], w[(i + 1) % 4]);
      w[i] = _mm_sha256msg2_epu32(_mm_add_epi32(w[i], middle), last);
    }
    const __m128i kw = _mm_add_epi32(w[i], constant);
    ShaState& state = s->key[k];
    state.cdgh = _mm_sha256rnds2_epu32(state.cdgh, state.abef, kw);
    state.abef = _mm_sha256rnds2_epu32(state.abef, state.cdgh,
                                       _mm_shuffle_epi32(kw, 0x0E));
  }
}
template <bool kScheduled>
TEKMATCH_SHA_INLINE void ShaSixteenRounds(const uint32_t* constants,
                                          ShaStates* s, ShaMessages* m) {
  ShaFourRounds<kScheduled, 0>(constants, s, m);
  ShaFourRounds<kScheduled, 1>(constants, s, m);
  ShaFourRounds<kScheduled, 2>(constants, s, m);
  ShaFourRounds<kScheduled, 3>(constants, s, m);
}

TEKMATCH_SHA_INLINE void ShaAdd(const ShaStates& before, ShaStates* s) {
  for (size_t k = 0; k < kShaKeys; ++k) {
    s->key[k].abef = _mm_add_epi32(s->key[k].abef, before.key[k].abef);
    s->key[k].cdgh = _mm_add_epi32(s->key[k].cdgh, before.key[k].cdgh);
  }
}

// SHA-256's compression function.
inline __attribute__((noinline)) void ShaCompress(const ShaStates& before,
                                                  const ShaMessages& messages,
                                                  ShaStates* to) {
  ShaStates s = before;
  ShaMessages m = messages;
  ShaSixteenRounds<false>(kSha256Rounds, &s, &m);
#pragma GCC unroll 1
  for (int round = 16; round < 64; round += 16) {
    ShaSixteenRounds<true>(kSha256Rounds + round, &s, &m);
  }
  ShaAdd(before, &s);
  *to = s;
}

// The same with "EN-RPIK" 0x01, which is in the rounds' constants.
inline __attribute__((noinline)) void ShaCompressInfo(ShaStates* states) {
  ShaStates s = *states;
  ShaMessages none = {};
#pragma GCC unroll 1
  for (int round = 0; round < 64; round += 16) {
    ShaSixteenRounds<false>(kRpikInfoRounds + round, &s, &none);
  }
  ShaAdd(*states, &s);
  *states = s;
}

// Of a message after HMAC's first block: what follows its last byte, and its
// length.
TEKMATCH_SHA_INLINE __m128i ShaEndMark() {
  return _mm_set_epi32(0, 0, 0, static_cast<int>(0x80000000));
}
TEKMATCH_SHA_INLINE __m128i ShaLengthOf(int num_bytes) {
  return _mm_set_epi32((64 + num_bytes) * 8, 0, 0, 0);
}

TEKMATCH_SHA_INLINE ShaMessages ShaTeks(const uint8_t* teks) {
  ShaMessages m;
  for (size_t k = 0; k < kShaKeys; ++k) {
    m.words[k][0] = ShaSwapBytes(ShaLoad(teks + k * kShaKeyBytes));
    m.words[k][1] = ShaEndMark();
    m.words[k][2] = _mm_setzero_si128();
    m.words[k][3] = ShaLengthOf(16);
  }
  return m;
}
TEKMATCH_SHA_INLINE ShaMessages ShaDigests(const ShaStates& digests) {
  ShaMessages m;
  for (size_t k = 0; k < kShaKeys; ++k) {
    ShaWords(digests.key[k], m.words[k]);
    m.words[k][2] = ShaEndMark();
    m.words[k][3] = ShaLengthOf(32);
  }
  return m;
}
// HMAC's first block for keys of 32 bytes.
TEKMATCH_SHA_INLINE ShaMessages ShaPads(const ShaStates& keys, uint32_t pad) {
  const __m128i pads = _mm_set1_epi32(static_cast<int>(pad));
  ShaMessages m;
  for (size_t k = 0; k < kShaKeys; ++k) {
    ShaWords(keys.key[k], m.words[k]);
    m.words[k][0] = _mm_xor_si128(m.words[k][0], pads);
    m.words[k][1] = _mm_xor_si128(m.words[k][1], pads);
    m.words[k][2] = pads;
    m.words[k][3] = pads;
  }
  return m;
}

// The RPIKs of kShaKeys keys.
inline void ShaDerive(const uint8_t* teks, uint8_t* rpiks) {
  ShaStates prk;
  ShaCompress(ShaSame(kNoSaltInner), ShaTeks(teks), &prk);
  ShaCompress(ShaSame(kNoSaltOuter), ShaDigests(prk), &prk);

  ShaStates inner;
  ShaCompress(ShaSame(kSha256Initial), ShaPads(prk, 0x36363636), &inner);
  ShaCompressInfo(&inner);
  ShaStates outer;
  ShaCompress(ShaSame(kSha256Initial), ShaPads(prk, 0x5c5c5c5c), &outer);
  ShaCompress(outer, ShaDigests(inner), &outer);

  for (size_t k = 0; k < kShaKeys; ++k) {
    __m128i words[2];
    ShaWords(outer.key[k], words);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(rpiks + k * kShaKeyBytes),
                     ShaSwapBytes(words[0]));
  }
}

// As in Kernels.
inline bool ShaDeriveRpiks(const uint8_t* teks, size_t num_keys,
                           uint8_t* rpiks) {
  MarkHit(&unit_hits.derive_rpiks);
  constexpr size_t kStepBytes = kShaKeys * kShaKeyBytes;
  for (; num_keys >= kShaKeys; num_keys -= kShaKeys) {
    ShaDerive(teks, rpiks);
    teks += kStepBytes;
    rpiks += kStepBytes;
  }
  if (num_keys == 0) return true;
  uint8_t in[kStepBytes] = {};
  uint8_t out[kStepBytes];
  __builtin_memcpy(in, teks, num_keys * kShaKeyBytes);
  ShaDerive(in, out);
  __builtin_memcpy(rpiks, out, num_keys * kShaKeyBytes);
  return true;
}

}  // namespace
}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_KERNELS_X86_SHA_H_
