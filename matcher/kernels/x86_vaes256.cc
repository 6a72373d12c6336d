// Hermetic: intrinsics, fixed-width integers and x86_aesni's table. Everything
// but the table at the end has internal linkage, templates included.
#include "matcher/kernels/x86_vaes256.h"

#include <immintrin.h>

#include "matcher/kernels/kernel_hits.h"
#include "matcher/kernels/x86_aes.h"
#include "matcher/kernels/x86_aes_probe.h"
#include "matcher/kernels/x86_aesni.h"

namespace tekmatch {
namespace {

// A register of two blocks, as x86_aes.h wants it.
struct TwoBlocks {
  using Vec = __m256i;
  static constexpr size_t kLanes = 2;
  // From 512 KiB on, the second cache of a Zen 3, where a probe took 700 cycles
  // a key instead of 850 with filters of 1 MiB, and 950 instead of 1,350 with
  // 4 MiB; with small ones it would take 3 % longer. On a Zen 4, with a cache
  // of 1 MiB, it took 17 and 18 % less time with those two, and would take 2 %
  // more with small ones.
  static constexpr uint32_t kPrefetchShift = 15;

#define TEKMATCH_INLINE static inline __attribute__((always_inline))
  TEKMATCH_INLINE Vec Load(const void* from) {
    return _mm256_loadu_si256(static_cast<const Vec*>(from));
  }
  TEKMATCH_INLINE Vec LoadSame(const void* from) {
    return _mm256_broadcastsi128_si256(
        _mm_loadu_si128(static_cast<const __m128i*>(from)));
  }
  TEKMATCH_INLINE void Store(Vec v, void* to) {
    _mm256_storeu_si256(static_cast<Vec*>(to), v);
  }
  TEKMATCH_INLINE Vec Set(uint32_t w) {
    return _mm256_set1_epi32(static_cast<int>(w));
  }
  TEKMATCH_INLINE Vec Set(uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3) {
    return _mm256_broadcastsi128_si256(
        _mm_set_epi32(static_cast<int>(w3), static_cast<int>(w2),
                      static_cast<int>(w1), static_cast<int>(w0)));
  }
  TEKMATCH_INLINE Vec LaneNumbers() {
    return _mm256_set_epi32(1, 0, 0, 0, 0, 0, 0, 0);
  }
  TEKMATCH_INLINE Vec Xor(Vec a, Vec b) { return _mm256_xor_si256(a, b); }
  TEKMATCH_INLINE Vec Xor3(Vec a, Vec b, Vec c) { return Xor(Xor(a, b), c); }
  TEKMATCH_INLINE Vec And(Vec a, Vec b) { return _mm256_and_si256(a, b); }
  TEKMATCH_INLINE Vec Add8(Vec a, Vec b) { return _mm256_add_epi8(a, b); }
  TEKMATCH_INLINE Vec Add32(Vec a, Vec b) { return _mm256_add_epi32(a, b); }
  TEKMATCH_INLINE Vec MulAddBytes(Vec a, Vec b) {
    return _mm256_maddubs_epi16(a, b);
  }
  TEKMATCH_INLINE Vec Min32(Vec a, Vec b) { return _mm256_min_epu32(a, b); }
  TEKMATCH_INLINE Vec ShiftRight(Vec v, __m128i count) {
    return _mm256_srl_epi32(v, count);
  }
  TEKMATCH_INLINE Vec Enc(Vec v, Vec key) {
    return _mm256_aesenc_epi128(v, key);
  }
  TEKMATCH_INLINE Vec EncLast(Vec v, Vec key) {
    return _mm256_aesenclast_epi128(v, key);
  }
  TEKMATCH_INLINE Vec ShuffleBytes(Vec v, Vec from) {
    return _mm256_shuffle_epi8(v, from);
  }
  template <int kFrom>
  TEKMATCH_INLINE Vec ShuffleWords(Vec v) {
    return _mm256_shuffle_epi32(v, kFrom);
  }
  template <int kNum>
  TEKMATCH_INLINE Vec ShiftBytes(Vec v) {
    return _mm256_slli_si256(v, kNum);
  }
  TEKMATCH_INLINE Vec Blend(Vec a, Vec b, Vec mask) {
    return _mm256_blendv_epi8(a, b, mask);
  }
  template <int kWord>
  TEKMATCH_INLINE Vec WithWord3(Vec a, Vec b) {
    // An insertion as x86_aesni has it exists for one block alone.
    return _mm256_blend_epi32(a, _mm256_shuffle_epi32(b, kWord << 6), 0x88);
  }
  TEKMATCH_INLINE unsigned ZeroWords(Vec v) {
    const Vec zero = _mm256_cmpeq_epi32(v, _mm256_setzero_si256());
    return static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(zero)));
  }
#undef TEKMATCH_INLINE
};

// By the unit that is compiled without 256-bit instructions: SHA's have no form
// that knows of the registers' upper halves, and to change from one kind to the
// other took a Zen 3 some 330 cycles.
bool DeriveRpiks(const uint8_t* teks, size_t num_keys, uint8_t* rpiks) {
  return kX86AesniKernels.derive_rpiks(teks, num_keys, rpiks);
}

}  // namespace

const Kernels kX86Vaes256Kernels = {
    "x86_vaes256", &DeriveRpiks, &GenerateRpis<TwoBlocks>,
    &AesProbe<TwoBlocks>::FindCandidates, &unit_hits};

}  // namespace tekmatch
