// Hermetic: intrinsics and fixed-width integers only. Everything but the table
// at the end has internal linkage, templates included.
#include "matcher/kernels/x86_aesni.h"

#include <immintrin.h>

#include "matcher/kernels/kernel_hits.h"
#include "matcher/kernels/x86_aes.h"
#include "matcher/kernels/x86_aes_probe.h"
#include "matcher/kernels/x86_sha.h"

namespace tekmatch {
namespace {

// A register of one block, as x86_aes.h wants it.
struct OneBlock {
  using Vec = __m128i;
  static constexpr size_t kLanes = 1;
  // From 512 KiB on, the second cache of a Zen 3. On a Zen 4, which has one of
  // 1 MiB, a probe took 9 % less time with filters of 1 MiB and 21 % less with
  // 4 MiB; with smaller ones it would take 1 to 2 % more.
  static constexpr uint32_t kPrefetchShift = 15;

#define TEKMATCH_INLINE static inline __attribute__((always_inline))
  TEKMATCH_INLINE Vec Load(const void* from) {
    return _mm_loadu_si128(static_cast<const Vec*>(from));
  }
  TEKMATCH_INLINE Vec LoadSame(const void* from) { return Load(from); }
  TEKMATCH_INLINE void Store(Vec v, void* to) {
    _mm_storeu_si128(static_cast<Vec*>(to), v);
  }
  TEKMATCH_INLINE Vec Set(uint32_t w) {
    return _mm_set1_epi32(static_cast<int>(w));
  }
  TEKMATCH_INLINE Vec Set(uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3) {
    return _mm_set_epi32(static_cast<int>(w3), static_cast<int>(w2),
                         static_cast<int>(w1), static_cast<int>(w0));
  }
  TEKMATCH_INLINE Vec LaneNumbers() { return _mm_setzero_si128(); }
  TEKMATCH_INLINE Vec Xor(Vec a, Vec b) { return _mm_xor_si128(a, b); }
  TEKMATCH_INLINE Vec Xor3(Vec a, Vec b, Vec c) { return Xor(Xor(a, b), c); }
  TEKMATCH_INLINE Vec And(Vec a, Vec b) { return _mm_and_si128(a, b); }
  TEKMATCH_INLINE Vec Add8(Vec a, Vec b) { return _mm_add_epi8(a, b); }
  TEKMATCH_INLINE Vec Add32(Vec a, Vec b) { return _mm_add_epi32(a, b); }
  TEKMATCH_INLINE Vec MulAddBytes(Vec a, Vec b) {
    return _mm_maddubs_epi16(a, b);
  }
  TEKMATCH_INLINE Vec Min32(Vec a, Vec b) { return _mm_min_epu32(a, b); }
  TEKMATCH_INLINE Vec ShiftRight(Vec v, __m128i count) {
    return _mm_srl_epi32(v, count);
  }
  TEKMATCH_INLINE Vec Enc(Vec v, Vec key) { return _mm_aesenc_si128(v, key); }
  TEKMATCH_INLINE Vec EncLast(Vec v, Vec key) {
    return _mm_aesenclast_si128(v, key);
  }
  TEKMATCH_INLINE Vec ShuffleBytes(Vec v, Vec from) {
    return _mm_shuffle_epi8(v, from);
  }
  template <int kFrom>
  TEKMATCH_INLINE Vec ShuffleWords(Vec v) {
    return _mm_shuffle_epi32(v, kFrom);
  }
  template <int kNum>
  TEKMATCH_INLINE Vec ShiftBytes(Vec v) {
    return _mm_slli_si128(v, kNum);
  }
  TEKMATCH_INLINE Vec Blend(Vec a, Vec b, Vec mask) {
    return _mm_blendv_epi8(a, b, mask);
  }
  template <int kWord>
  TEKMATCH_INLINE Vec WithWord3(Vec a, Vec b) {
    return _mm_castps_si128(_mm_insert_ps(
        _mm_castsi128_ps(a), _mm_castsi128_ps(b), kWord << 6 | 3 << 4));
  }
  TEKMATCH_INLINE unsigned ZeroWords(Vec v) {
    const Vec zero = _mm_cmpeq_epi32(v, _mm_setzero_si128());
    return static_cast<unsigned>(_mm_movemask_ps(_mm_castsi128_ps(zero)));
  }
#undef TEKMATCH_INLINE
};

}  // namespace

const Kernels kX86AesniKernels = {
    "x86_aesni", &ShaDeriveRpiks, &GenerateRpis<OneBlock>,
    &AesProbe<OneBlock>::FindCandidates, &unit_hits};

}  // namespace tekmatch
