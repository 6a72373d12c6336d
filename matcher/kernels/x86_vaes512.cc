// Plan: a register of four blocks, by which the templates of x86_aes.h and
// x86_aes_probe.h generate and probe; what AVX-512 does for the probe in fewer
// instructions; and the table. HKDF is in x86_sha_lanes.h.
//
// Hermetic: intrinsics and fixed-width integers only. Everything but the table
// at the end has internal linkage, templates included.
#include "matcher/kernels/x86_vaes512.h"

#include <immintrin.h>

#include "matcher/kernels/kernel_hits.h"
#include "matcher/kernels/x86_aes.h"
#include "matcher/kernels/x86_aes_probe.h"
#include "matcher/kernels/x86_sha_lanes.h"

namespace tekmatch {
namespace {

// A register of four blocks, as x86_aes.h wants it.
struct FourBlocks {
  using Vec = __m512i;
  static constexpr size_t kLanes = 4;
  // From 16 MiB on. On a Zen 4, whose second and third cache have 1 and 32 MiB,
  // a probe took a third less time with that; with 8 MiB as much as without,
  // and with less it would take 2 to 6 % more.
  static constexpr uint32_t kPrefetchShift = 10;

#define TEKMATCH_INLINE static inline __attribute__((always_inline))
  TEKMATCH_INLINE Vec Load(const void* from) {
    return _mm512_loadu_si512(from);
  }
  TEKMATCH_INLINE Vec LoadSame(const void* from) {
    return _mm512_broadcast_i32x4(
        _mm_loadu_si128(static_cast<const __m128i*>(from)));
  }
  TEKMATCH_INLINE void Store(Vec v, void* to) { _mm512_storeu_si512(to, v); }
  TEKMATCH_INLINE Vec Set(uint32_t w) {
    return _mm512_set1_epi32(static_cast<int>(w));
  }
  TEKMATCH_INLINE Vec Set(uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3) {
    return _mm512_set4_epi32(static_cast<int>(w3), static_cast<int>(w2),
                             static_cast<int>(w1), static_cast<int>(w0));
  }
  TEKMATCH_INLINE Vec LaneNumbers() {
    return _mm512_set_epi32(3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
  }
  TEKMATCH_INLINE Vec Xor(Vec a, Vec b) { return _mm512_xor_si512(a, b); }
  TEKMATCH_INLINE Vec Xor3(Vec a, Vec b, Vec c) {
    return _mm512_ternarylogic_epi32(a, b, c, 0x96);
  }
  TEKMATCH_INLINE Vec Add8(Vec a, Vec b) { return _mm512_add_epi8(a, b); }
  TEKMATCH_INLINE Vec Add32(Vec a, Vec b) { return _mm512_add_epi32(a, b); }
  TEKMATCH_INLINE Vec Enc(Vec v, Vec key) {
    return _mm512_aesenc_epi128(v, key);
  }
  TEKMATCH_INLINE Vec EncLast(Vec v, Vec key) {
    return _mm512_aesenclast_epi128(v, key);
  }
  TEKMATCH_INLINE Vec ShuffleBytes(Vec v, Vec from) {
    return _mm512_shuffle_epi8(v, from);
  }
  template <int kFrom>
  TEKMATCH_INLINE Vec ShuffleWords(Vec v) {
    return _mm512_shuffle_epi32(v, static_cast<_MM_PERM_ENUM>(kFrom));
  }
  template <int kNum>
  TEKMATCH_INLINE Vec ShiftBytes(Vec v) {
    return _mm512_bslli_epi128(v, kNum);
  }
  template <int kWord>
  TEKMATCH_INLINE Vec WithWord3(Vec a, Vec b) {
    return _mm512_mask_shuffle_epi32(a, 0x8888, b,
                                     static_cast<_MM_PERM_ENUM>(kWord << 6));
  }
};

template <>
struct ProbeOperations<FourBlocks> {
  using V = FourBlocks;
  using Vec = V::Vec;

  // Byte by byte from the blocks 1, 2 and 3 into block 0, whose own are in
  // their places.
  TEKMATCH_INLINE Vec BringTogether(const Vec* state) {
    Vec packed = state[0];
    packed = _mm512_mask_shuffle_epi8(
        packed, 0x4218421842184218, state[1],
        V::Set(0x0f808080, 0x80808000, 0x80800580, 0x800a8080));
    packed = _mm512_mask_shuffle_epi8(
        packed, 0x2184218421842184, state[2],
        V::Set(0x800a8080, 0x0f808080, 0x80808000, 0x80800580));
    return _mm512_mask_shuffle_epi8(
        packed, 0x1842184218421842, state[3],
        V::Set(0x80800580, 0x800a8080, 0x0f808080, 0x80808000));
  }
  TEKMATCH_INLINE Vec Indices(Vec hashes, __m128i shift) {
    return _mm512_srl_epi32(hashes, shift);
  }
  TEKMATCH_INLINE Vec Bits(Vec hashes) {
    // Bits 0.., 3.., 8.. and 11.. of each, as bytes.
    const Vec numbers = _mm512_multishift_epi64_epi8(
        _mm512_set1_epi64(0x2b2823200b080300), hashes);
    const Vec bit_of =
        _mm512_set1_epi64(static_cast<long long>(0x8040201008040201));
    return _mm512_permutexvar_epi8(numbers, bit_of);
  }
  TEKMATCH_INLINE unsigned Hits(Vec words, Vec bits) {
    return _mm512_testn_epi32_mask(words, bits);
  }
  template <size_t kNum>
  TEKMATCH_INLINE bool AnyHit(const Vec* words, const Vec* bits) {
    __mmask16 hits = 0;
#pragma GCC unroll 4
    for (size_t i = 0; i < kNum; ++i) {
      hits = _kor_mask16(hits, _mm512_testn_epi32_mask(words[i], bits[i]));
    }
    return hits != 0;
  }
#undef TEKMATCH_INLINE
};

}  // namespace

const Kernels kX86Vaes512Kernels = {
    "x86_vaes512", &ShaDeriveRpiks, &GenerateRpis<FourBlocks>,
    &AesProbe<FourBlocks>::FindCandidates, &unit_hits};

}  // namespace tekmatch
