// HKDF of an RPIK by x86's SHA extensions, for several keys side by side and in
// steps, so that it can go beside other work: SHA256RNDS2 has a unit of its
// own, which that work leaves idle, and a latency, which that work hides.
//
// For units that are compiled with -msha -msse4.1 (kernels.h says what they may
// include): everything here has internal linkage.
//
// Source: hkdf_constants.h.
#ifndef TEKMATCH_MATCHER_KERNELS_X86_SHA_H_
#define TEKMATCH_MATCHER_KERNELS_X86_SHA_H_

#include <immintrin.h>

#include "matcher/kernels/hkdf_constants.h"

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

// A key whose RPIK is being derived.
struct ShaKey {
  ShaState state;
  ShaState before;   // what the compression began with
  __m128i words[4];  // of the message, the last sixteen of its schedule
  ShaState prk, inner;
};

// kNum keys that have come equally far, in steps of sixteen rounds.
template <size_t kNum>
struct ShaHkdf {
  ShaKey keys[kNum];
  int step;  // 0..kShaSteps
};
constexpr int kShaSteps = 6 * 4;

// The compression whose message is constant: it is in the rounds' constants,
// and the words are zero.
constexpr int kInfoCompression = 3;

// Whether a step's words are made of those before, and its constants.
template <size_t kNum>
TEKMATCH_SHA_INLINE bool IsScheduled(const ShaHkdf<kNum>& h) {
  return h.step % 4 != 0 && h.step / 4 != kInfoCompression;
}
template <size_t kNum>
TEKMATCH_SHA_INLINE const uint32_t* ConstantsOf(const ShaHkdf<kNum>& h) {
  const uint32_t* const all =
      h.step / 4 == kInfoCompression ? kRpikInfoRounds : kSha256Rounds;
  return all + static_cast<size_t>(h.step % 4) * 16;
}

// Four rounds, the i-th of a step, of a key.
template <bool kScheduled, size_t i>
TEKMATCH_SHA_INLINE void ShaFourRounds(const uint32_t* constants, ShaState* s,
                                       __m128i* w) {
  __m128i& next = w[i];
  if constexpr (kScheduled) {
    const __m128i last = w[(i + 3) % 4];
    const __m128i middle = _mm_alignr_epi8(last, w[(i + 2) % 4], 4);
    next = _mm_sha256msg1_epu32(next, w[(i + 1) % 4]);
    next = _mm_sha256msg2_epu32(_mm_add_epi32(next, middle), last);
  }
  const __m128i kw = _mm_add_epi32(next, ShaLoad(constants + 4 * i));
  s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, kw);
  s->abef =
      _mm_sha256rnds2_epu32(s->abef, s->cdgh, _mm_shuffle_epi32(kw, 0x0E));
}

// A message of one or two registers and its padding, after HMAC's first block.
TEKMATCH_SHA_INLINE void ShaSetMessage(__m128i first, __m128i second,
                                       int num_bytes, ShaKey* key) {
  const __m128i end = _mm_set_epi32(0, 0, 0, static_cast<int>(0x80000000));
  key->words[0] = first;
  key->words[1] = num_bytes > 16 ? second : end;
  key->words[2] = num_bytes > 16 ? end : _mm_setzero_si128();
  key->words[3] = _mm_set_epi32((64 + num_bytes) * 8, 0, 0, 0);
}
TEKMATCH_SHA_INLINE void ShaSetDigest(const ShaState& digest, ShaKey* key) {
  __m128i words[2];
  ShaWords(digest, words);
  ShaSetMessage(words[0], words[1], 32, key);
}
// HMAC's first block for a key of 32 bytes.
TEKMATCH_SHA_INLINE void ShaSetPads(uint32_t pad, ShaKey* key) {
  const __m128i pads = _mm_set1_epi32(static_cast<int>(pad));
  ShaWords(key->prk, key->words);
  key->words[0] = _mm_xor_si128(key->words[0], pads);
  key->words[1] = _mm_xor_si128(key->words[1], pads);
  key->words[2] = pads;
  key->words[3] = pads;
}
TEKMATCH_SHA_INLINE void ShaStart(const ShaState& state, ShaKey* key) {
  key->state = state;
  key->before = state;
}

template <size_t kNum>
inline void ShaBegin(const uint8_t* teks, ShaHkdf<kNum>* h) {
  for (size_t k = 0; k < kNum; ++k) {
    ShaSetMessage(ShaSwapBytes(ShaLoad(teks + 16 * k)), _mm_setzero_si128(), 16,
                  &h->keys[k]);
    ShaStart(MakeShaState(kNoSaltInner), &h->keys[k]);
  }
  h->step = 0;
}

// Between two compressions, with what the first of them has given, and after
// the last one.
inline void ShaNext(int compression, ShaKey* key) {
  const ShaState done = {_mm_add_epi32(key->state.abef, key->before.abef),
                         _mm_add_epi32(key->state.cdgh, key->before.cdgh)};
  switch (compression) {
    case 1:
      ShaSetDigest(done, key);
      return ShaStart(MakeShaState(kNoSaltOuter), key);
    case 2:
      key->prk = done;
      ShaSetPads(0x36363636, key);
      return ShaStart(MakeShaState(kSha256Initial), key);
    case kInfoCompression:
      for (__m128i& words : key->words) words = _mm_setzero_si128();
      return ShaStart(done, key);
    case 4:
      key->inner = done;
      ShaSetPads(0x5c5c5c5c, key);
      return ShaStart(MakeShaState(kSha256Initial), key);
    case 5:
      ShaSetDigest(key->inner, key);
      return ShaStart(done, key);
    default:
      key->state = done;
  }
}

// What the rounds of a step work on.
template <size_t kNum>
TEKMATCH_SHA_INLINE void ShaTake(const ShaHkdf<kNum>& h, ShaState* s,
                                 __m128i (*w)[4]) {
  for (size_t k = 0; k < kNum; ++k) {
    s[k] = h.keys[k].state;
    for (int i = 0; i < 4; ++i) w[k][i] = h.keys[k].words[i];
  }
}
template <size_t kNum>
TEKMATCH_SHA_INLINE void ShaGive(const ShaState* s, const __m128i (*w)[4],
                                 ShaHkdf<kNum>* h) {
  for (size_t k = 0; k < kNum; ++k) {
    h->keys[k].state = s[k];
    for (int i = 0; i < 4; ++i) h->keys[k].words[i] = w[k][i];
  }
}

// After the rounds of a step.
template <size_t kNum>
TEKMATCH_SHA_INLINE void ShaStepDone(ShaHkdf<kNum>* h) {
  if (++h->step % 4 != 0) return;
  for (size_t k = 0; k < kNum; ++k) ShaNext(h->step / 4, &h->keys[k]);
}

template <bool kScheduled, size_t kNum, size_t i = 0>
TEKMATCH_SHA_INLINE void ShaSixteenRounds(const uint32_t* constants,
                                          ShaState* s, __m128i (*w)[4]) {
  if constexpr (i < 4) {
#pragma GCC unroll 4
    for (size_t k = 0; k < kNum; ++k) {
      ShaFourRounds<kScheduled, i>(constants, &s[k], w[k]);
    }
    ShaSixteenRounds<kScheduled, kNum, i + 1>(constants, s, w);
  }
}

// A step with nothing beside it.
template <size_t kNum>
inline void ShaStepAlone(ShaHkdf<kNum>* h) {
  ShaState s[kNum];
  __m128i w[kNum][4];
  ShaTake(*h, s, w);
  if (IsScheduled(*h)) {
    ShaSixteenRounds<true, kNum>(ConstantsOf(*h), s, w);
  } else {
    ShaSixteenRounds<false, kNum>(ConstantsOf(*h), s, w);
  }
  ShaGive(s, w, h);
  ShaStepDone(h);
}

// After the last step.
template <size_t kNum>
inline void ShaEnd(const ShaHkdf<kNum>& h, uint8_t* rpiks) {
  for (size_t k = 0; k < kNum; ++k) {
    __m128i words[2];
    ShaWords(h.keys[k].state, words);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(rpiks + 16 * k),
                     ShaSwapBytes(words[0]));
  }
}

// As in Kernels.
inline bool ShaDeriveRpiks(const uint8_t* teks, size_t num_keys,
                           uint8_t* rpiks) {
  constexpr size_t kBlockBytes = 16;
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

}  // namespace
}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_KERNELS_X86_SHA_H_
