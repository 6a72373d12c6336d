// HKDF of an RPIK by AVX-512, one key in each 32-bit lane: sixteen keys a
// batch, and kBatches of those side by side, since one alone would wait for its
// own results. In loops of eight rounds: code that leaves the processor's cache
// of decoded instructions takes three times as long.
//
// For units that are compiled for AVX-512 (kernels.h says what they may
// include): everything here has internal linkage.
//
// Source: hkdf_constants.h.
#ifndef TEKMATCH_MATCHER_KERNELS_X86_SHA_LANES_H_
#define TEKMATCH_MATCHER_KERNELS_X86_SHA_LANES_H_

#include <immintrin.h>
#include <stddef.h>

#include "matcher/kernels/hkdf_constants.h"
#include "matcher/kernels/kernel_hits.h"

namespace tekmatch {
namespace {

#define TEKMATCH_SHA_INLINE inline __attribute__((always_inline))

using Vec = __m512i;

constexpr size_t kShaKeyBytes = 16;
// Keys of a batch, one in each 32-bit lane, and batches worked on side by side.
constexpr size_t kShaLanes = 16;
constexpr size_t kBatches = 2;

TEKMATCH_SHA_INLINE Vec Set(uint32_t value) {
  return _mm512_set1_epi32(static_cast<int>(value));
}
TEKMATCH_SHA_INLINE Vec Add(Vec a, Vec b) { return _mm512_add_epi32(a, b); }
TEKMATCH_SHA_INLINE Vec Xor3(Vec a, Vec b, Vec c) {
  return _mm512_ternarylogic_epi32(a, b, c, 0x96);
}
// A value that is computed, or loaded, as written, and once.
TEKMATCH_SHA_INLINE Vec Keep(Vec x) {
#ifndef TEKMATCH_SHA_BY_INTRINSICS
  asm("" : "+v"(x));
#endif
  return x;
}
TEKMATCH_SHA_INLINE Vec SmallSigma0(Vec x) {
  return Xor3(_mm512_ror_epi32(x, 7), _mm512_ror_epi32(x, 18),
              _mm512_srli_epi32(x, 3));
}
TEKMATCH_SHA_INLINE Vec SmallSigma1(Vec x) {
  return Xor3(_mm512_ror_epi32(x, 17), _mm512_ror_epi32(x, 19),
              _mm512_srli_epi32(x, 10));
}
// Round i with K[i] + W[i]; the roles of the eight words move by one a round.
// In assembly: of intrinsics GCC 12 makes longer chains of additions, and keeps
// half of the states in memory, which took a tenth more time. Of registers
// alone, without a jump: time and addresses cannot depend on what they hold.
// With TEKMATCH_SHA_BY_INTRINSICS the same steps for MemorySanitizer, which
// follows no assembly (tests/matcher/kernels/x86_vaes512_msan.cc).
template <int i>
TEKMATCH_SHA_INLINE void Round(Vec* s, Vec kw) {
  Vec& a = s[(64 - i) % 8];
  Vec& b = s[(65 - i) % 8];
  Vec& c = s[(66 - i) % 8];
  Vec& d = s[(67 - i) % 8];
  Vec& e = s[(68 - i) % 8];
  Vec& f = s[(69 - i) % 8];
  Vec& g = s[(70 - i) % 8];
  Vec& h = s[(71 - i) % 8];
#ifdef TEKMATCH_SHA_BY_INTRINSICS
  const Vec sum1 = Xor3(_mm512_ror_epi32(e, 6), _mm512_ror_epi32(e, 11),
                        _mm512_ror_epi32(e, 25));
  const Vec choice =
      _mm512_xor_si512(_mm512_and_si512(e, f), _mm512_andnot_si512(e, g));
  const Vec sum0 = Xor3(_mm512_ror_epi32(a, 2), _mm512_ror_epi32(a, 13),
                        _mm512_ror_epi32(a, 22));
  const Vec majority = _mm512_or_si512(
      _mm512_and_si512(a, _mm512_or_si512(b, c)), _mm512_and_si512(b, c));
  h = Add(Add(Add(h, kw), choice), sum1);
  d = Add(d, h);
  h = Add(h, Add(sum0, majority));
#else
  Vec t0, t1, t2;
  asm("vprord $6, %[e], %[t0]\n\t"
      "vprord $11, %[e], %[t1]\n\t"
      "vpaddd %[kw], %[h], %[h]\n\t"
      "vprord $25, %[e], %[t2]\n\t"
      "vpternlogd $0x96, %[t1], %[t2], %[t0]\n\t"
      "vmovdqa64 %[e], %[t1]\n\t"
      "vpternlogd $0xCA, %[g], %[f], %[t1]\n\t"
      "vpaddd %[t1], %[h], %[h]\n\t"
      "vprord $2, %[a], %[t1]\n\t"
      "vprord $13, %[a], %[t2]\n\t"
      "vpaddd %[t0], %[h], %[h]\n\t"
      "vprord $22, %[a], %[t0]\n\t"
      "vpaddd %[h], %[d], %[d]\n\t"
      "vpternlogd $0x96, %[t1], %[t2], %[t0]\n\t"
      "vmovdqa64 %[a], %[t1]\n\t"
      "vpternlogd $0xE8, %[b], %[c], %[t1]\n\t"
      "vpaddd %[t0], %[t1], %[t1]\n\t"
      "vpaddd %[t1], %[h], %[h]"
      :
      [h] "+&v"(h), [d] "+&v"(d), [t0] "=&v"(t0), [t1] "=&v"(t1), [t2] "=&v"(t2)
      : [a] "v"(a), [b] "v"(b), [c] "v"(c), [e] "v"(e), [f] "v"(f), [g] "v"(g),
        [kw] "v"(kw));
#endif
}

// Four words of sixteen lanes <-> sixteen keys of four words, in an order of
// lanes that Transpose itself undoes.
TEKMATCH_SHA_INLINE void Transpose(Vec* v) {
  const Vec a = _mm512_unpacklo_epi32(v[0], v[1]);
  const Vec b = _mm512_unpackhi_epi32(v[0], v[1]);
  const Vec c = _mm512_unpacklo_epi32(v[2], v[3]);
  const Vec d = _mm512_unpackhi_epi32(v[2], v[3]);
  v[0] = _mm512_unpacklo_epi64(a, c);
  v[1] = _mm512_unpackhi_epi64(a, c);
  v[2] = _mm512_unpacklo_epi64(b, d);
  v[3] = _mm512_unpackhi_epi64(b, d);
}

TEKMATCH_SHA_INLINE Vec SwapBytes(Vec v) {
  return _mm512_shuffle_epi8(
      v, _mm512_set4_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203));
}

// Every message has eight words of data, or fewer, and eight constant ones.
// What those add to the rounds and to the schedule is constant too.
struct Tail {
  uint32_t rounds[8];     // K[t] + W[t], t = 8..15
  uint32_t schedule[16];  // of W[t], t = 16..31
};

constexpr uint32_t RotateRight(uint32_t x, int by) {
  return x >> by | x << (32 - by);
}
constexpr bool IsInTail(int t) { return t >= 8 && t < 16; }

// `words`: W[8]..W[15].
constexpr Tail MakeTail(const uint32_t (&words)[8]) {
  Tail tail = {};
  for (int t = 8; t < 16; ++t) {
    tail.rounds[t - 8] = kSha256Rounds[t] + words[t - 8];
  }
  for (int t = 16; t < 32; ++t) {
    uint32_t sum = 0;
    if (IsInTail(t - 16)) sum += words[t - 16 - 8];
    if (IsInTail(t - 15)) {
      const uint32_t x = words[t - 15 - 8];
      sum += RotateRight(x, 7) ^ RotateRight(x, 18) ^ x >> 3;
    }
    if (IsInTail(t - 7)) sum += words[t - 7 - 8];
    if (IsInTail(t - 2)) {
      const uint32_t x = words[t - 2 - 8];
      sum += RotateRight(x, 17) ^ RotateRight(x, 19) ^ x >> 10;
    }
    tail.schedule[t - 16] = sum;
  }
  return tail;
}

// Of a TEK and of a digest, after HMAC's first block, with their lengths in
// bits; and of HMAC's inner and outer pad for a key of 32 bytes.
constexpr Tail kTekTail = MakeTail({0, 0, 0, 0, 0, 0, 0, (64 + 16) * 8});
constexpr Tail kDigestTail =
    MakeTail({0x80000000, 0, 0, 0, 0, 0, 0, (64 + 32) * 8});
constexpr uint32_t kInnerPad = 0x36363636;
constexpr uint32_t kOuterPad = 0x5c5c5c5c;
constexpr Tail kInnerPadTail =
    MakeTail({kInnerPad, kInnerPad, kInnerPad, kInnerPad, kInnerPad, kInnerPad,
              kInnerPad, kInnerPad});
constexpr Tail kOuterPadTail =
    MakeTail({kOuterPad, kOuterPad, kOuterPad, kOuterPad, kOuterPad, kOuterPad,
              kOuterPad, kOuterPad});

// A word of every batch, side by side: 4 KiB apart, as two messages would lie,
// the processor would take a load of one for a load of what is stored of the
// other.
using Word = Vec[kBatches];

// W[t] of a batch; `w` is its place.
TEKMATCH_SHA_INLINE Vec NextWord(const Word* w, size_t b) {
  return Add(Add(w[-16][b], w[-7][b]),
             Add(SmallSigma0(Keep(w[-15][b])), SmallSigma1(Keep(w[-2][b]))));
}
// The same for t in 16..31.
template <int t>
TEKMATCH_SHA_INLINE Vec FirstNextWord(const Tail& tail, const Word* w,
                                      size_t b) {
  Vec sum = Set(tail.schedule[t - 16]);
  if constexpr (!IsInTail(t - 16)) sum = Add(sum, w[-16][b]);
  if constexpr (!IsInTail(t - 15)) sum = Add(sum, SmallSigma0(Keep(w[-15][b])));
  if constexpr (!IsInTail(t - 7)) sum = Add(sum, w[-7][b]);
  if constexpr (!IsInTail(t - 2)) sum = Add(sum, SmallSigma1(Keep(w[-2][b])));
  return sum;
}

enum class Words { kConstant, kGiven, kScheduled };

// Eight rounds from `first` on, of every batch; with kConstant the constants
// hold the words.
template <Words kWords, int i = 0>
TEKMATCH_SHA_INLINE void EightRounds(const uint32_t* constants, int first,
                                     Word* message, Vec (*s)[8]) {
  if constexpr (i < 8) {
    const Vec constant = Set(constants[first + i]);
#pragma GCC unroll 4
    for (size_t b = 0; b < kBatches; ++b) {
      if constexpr (kWords == Words::kConstant) {
        Round<i>(s[b], constant);
      } else {
        Word* const w = message + first + i;
        if constexpr (kWords == Words::kScheduled) (*w)[b] = NextWord(w, b);
        Round<i>(s[b], Add((*w)[b], constant));
      }
    }
    EightRounds<kWords, i + 1>(constants, first, message, s);
  }
}

TEKMATCH_SHA_INLINE void Load(const Word* from, Vec (*s)[8]) {
  for (size_t b = 0; b < kBatches; ++b) {
    for (int i = 0; i < 8; ++i) s[b][i] = from[i][b];
  }
}
TEKMATCH_SHA_INLINE void StoreSum(const Vec (*s)[8], const Word* with,
                                  Word* to) {
  for (int i = 0; i < 8; ++i) {
    for (size_t b = 0; b < kBatches; ++b) to[i][b] = Add(with[i][b], s[b][i]);
  }
}

// Rounds 16 to 31.
template <int t = 16>
TEKMATCH_SHA_INLINE void FirstScheduledRounds(const Tail& tail, Word* message,
                                              Vec (*s)[8]) {
  if constexpr (t < 32) {
    const Vec constant = Set(kSha256Rounds[t]);
#pragma GCC unroll 4
    for (size_t b = 0; b < kBatches; ++b) {
      Word* const w = message + t;
      (*w)[b] = FirstNextWord<t>(tail, w, b);
      Round<t % 8>(s[b], Add((*w)[b], constant));
    }
    FirstScheduledRounds<t + 1>(tail, message, s);
  }
}

// Compresses the states `from` with the eight words of `message`, which has
// room for 64, and the tail. `to` may be `from` or `message`.
inline __attribute__((noinline)) void Compress(const Word* from,
                                               const Tail& tail, Word* message,
                                               Word* to) {
  Vec s[kBatches][8];
  Load(from, s);
  EightRounds<Words::kGiven>(kSha256Rounds, 0, message, s);
  EightRounds<Words::kConstant>(tail.rounds, 0, nullptr, s);
  FirstScheduledRounds(tail, message, s);
#pragma GCC unroll 1
  for (int first = 32; first < 64; first += 8) {
    EightRounds<Words::kScheduled>(kSha256Rounds, first, message, s);
  }
  StoreSum(s, from, to);
}

// The same with "EN-RPIK" 0x01.
inline __attribute__((noinline)) void CompressInfo(Word* states) {
  Vec s[kBatches][8];
  Load(states, s);
#pragma GCC unroll 1
  for (int first = 0; first < 64; first += 8) {
    EightRounds<Words::kConstant>(kRpikInfoRounds, first, nullptr, s);
  }
  StoreSum(s, states, states);
}

// The words of `from`, exclusive-or `with`.
TEKMATCH_SHA_INLINE void Copy(const Word* from, uint32_t with, Word* to) {
  for (int i = 0; i < 8; ++i) {
    for (size_t b = 0; b < kBatches; ++b) {
      to[i][b] = _mm512_xor_si512(from[i][b], Set(with));
    }
  }
}

// The states that compressions begin with.
struct InitialStates {
  Word no_salt_inner[8];
  Word no_salt_outer[8];
  Word sha256[8];
};
TEKMATCH_SHA_INLINE void SetAll(const uint32_t* words, Word* states) {
  for (int i = 0; i < 8; ++i) {
    for (size_t b = 0; b < kBatches; ++b) states[i][b] = Set(words[i]);
  }
}

// The RPIKs of kBatches * kShaLanes keys.
inline void DeriveBatches(const InitialStates& initial, const uint8_t* teks,
                          uint8_t* rpiks) {
  Word message[64];
  Word prk[8];
  Word inner[8];
  Word outer[8];
  for (size_t b = 0; b < kBatches; ++b) {
    Vec tek[4];
    for (size_t i = 0; i < 4; ++i) {
      tek[i] = SwapBytes(_mm512_loadu_si512(teks + (b * 4 + i) * sizeof(Vec)));
    }
    Transpose(tek);
    for (size_t i = 0; i < 4; ++i) message[i][b] = tek[i];
    message[4][b] = Set(0x80000000);
    for (size_t i = 5; i < 8; ++i) message[i][b] = Set(0);
  }
  Compress(initial.no_salt_inner, kTekTail, message, message);
  Compress(initial.no_salt_outer, kDigestTail, message, prk);

  Copy(prk, kInnerPad, message);
  Compress(initial.sha256, kInnerPadTail, message, inner);
  CompressInfo(inner);
  Copy(prk, kOuterPad, message);
  Compress(initial.sha256, kOuterPadTail, message, outer);
  Copy(inner, 0, message);
  Compress(outer, kDigestTail, message, outer);

  for (size_t b = 0; b < kBatches; ++b) {
    Vec rpik[4];
    for (size_t i = 0; i < 4; ++i) rpik[i] = outer[i][b];
    Transpose(rpik);
    for (size_t i = 0; i < 4; ++i) {
      _mm512_storeu_si512(rpiks + (b * 4 + i) * sizeof(Vec),
                          SwapBytes(rpik[i]));
    }
  }
}

// As Kernels::derive_rpiks.
inline bool ShaDeriveRpiks(const uint8_t* teks, size_t num_keys,
                           uint8_t* rpiks) {
  MarkHit(&unit_hits.derive_rpiks);
  constexpr size_t kStep = kBatches * kShaLanes;
  InitialStates initial;
  SetAll(kNoSaltInner, initial.no_salt_inner);
  SetAll(kNoSaltOuter, initial.no_salt_outer);
  SetAll(kSha256Initial, initial.sha256);
  for (; num_keys >= kStep; num_keys -= kStep) {
    DeriveBatches(initial, teks, rpiks);
    teks += kStep * kShaKeyBytes;
    rpiks += kStep * kShaKeyBytes;
  }
  if (num_keys == 0) return true;
  alignas(64) uint8_t in[kStep * kShaKeyBytes] = {};
  alignas(64) uint8_t out[kStep * kShaKeyBytes];
  __builtin_memcpy(in, teks, num_keys * kShaKeyBytes);
  DeriveBatches(initial, in, out);
  __builtin_memcpy(rpiks, out, num_keys * kShaKeyBytes);
  return true;
}

}  // namespace
}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_KERNELS_X86_SHA_LANES_H_
