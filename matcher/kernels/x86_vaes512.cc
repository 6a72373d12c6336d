// Hermetic: intrinsics and fixed-width integers only. Everything but the table
// at the end has internal linkage, templates included.
#include "matcher/kernels/x86_vaes512.h"

#include <immintrin.h>

#include "matcher/kernels/hkdf_constants.h"
#include "matcher/kernels/x86_probe.h"

namespace tekmatch {
namespace {

#define TEKMATCH_INLINE inline __attribute__((always_inline))

using Vec = __m512i;

constexpr size_t kBlockBytes = 16;
// Keys of a batch, one in each 32-bit lane, and batches worked on side by side.
constexpr size_t kLanes = 16;
constexpr size_t kBatches = 2;

// ---- SHA-256, one key a lane ------------------------------------------------

TEKMATCH_INLINE Vec Set(uint32_t value) {
  return _mm512_set1_epi32(static_cast<int>(value));
}
TEKMATCH_INLINE Vec Add(Vec a, Vec b) { return _mm512_add_epi32(a, b); }
TEKMATCH_INLINE Vec Xor3(Vec a, Vec b, Vec c) {
  return _mm512_ternarylogic_epi32(a, b, c, 0x96);
}
// A value that is computed, or loaded, as written, and once.
TEKMATCH_INLINE Vec Keep(Vec x) {
  asm("" : "+v"(x));
  return x;
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
// In assembly: of intrinsics GCC 12 makes longer chains of additions, and keeps
// half of the states in memory, which took a tenth more time.
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

// ---- HKDF -------------------------------------------------------------------
//
// kBatches batches of sixteen keys side by side: one alone would wait for its
// own results. In loops of eight rounds, since code that leaves the processor's
// cache of decoded instructions takes three times as long.

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
TEKMATCH_INLINE Vec NextWord(const Word* w, size_t b) {
  return Add(Add(w[-16][b], w[-7][b]),
             Add(SmallSigma0(Keep(w[-15][b])), SmallSigma1(Keep(w[-2][b]))));
}
// The same for t in 16..31.
template <int t>
TEKMATCH_INLINE Vec FirstNextWord(const Tail& tail, const Word* w, size_t b) {
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
TEKMATCH_INLINE void EightRounds(const uint32_t* constants, int first,
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

TEKMATCH_INLINE void Load(const Word* from, Vec (*s)[8]) {
  for (size_t b = 0; b < kBatches; ++b) {
    for (int i = 0; i < 8; ++i) s[b][i] = from[i][b];
  }
}
TEKMATCH_INLINE void StoreSum(const Vec (*s)[8], const Word* with, Word* to) {
  for (int i = 0; i < 8; ++i) {
    for (size_t b = 0; b < kBatches; ++b) to[i][b] = Add(with[i][b], s[b][i]);
  }
}

// Rounds 16 to 31.
template <int t = 16>
TEKMATCH_INLINE void FirstScheduledRounds(const Tail& tail, Word* message,
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
__attribute__((noinline)) void Compress(const Word* from, const Tail& tail,
                                        Word* message, Word* to) {
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
__attribute__((noinline)) void CompressInfo(Word* states) {
  Vec s[kBatches][8];
  Load(states, s);
#pragma GCC unroll 1
  for (int first = 0; first < 64; first += 8) {
    EightRounds<Words::kConstant>(kRpikInfoRounds, first, nullptr, s);
  }
  StoreSum(s, states, states);
}

// The words of `from`, exclusive-or `with`.
TEKMATCH_INLINE void Copy(const Word* from, uint32_t with, Word* to) {
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
TEKMATCH_INLINE void SetAll(const uint32_t* words, Word* states) {
  for (int i = 0; i < 8; ++i) {
    for (size_t b = 0; b < kBatches; ++b) states[i][b] = Set(words[i]);
  }
}

// The RPIKs of kBatches * kLanes keys.
void DeriveBatches(const InitialStates& initial, const uint8_t* teks,
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

bool DeriveRpiks(const uint8_t* teks, size_t num_keys, uint8_t* rpiks) {
  constexpr size_t kStep = kBatches * kLanes;
  InitialStates initial;
  SetAll(kNoSaltInner, initial.no_salt_inner);
  SetAll(kNoSaltOuter, initial.no_salt_outer);
  SetAll(kSha256Initial, initial.sha256);
  for (; num_keys >= kStep; num_keys -= kStep) {
    DeriveBatches(initial, teks, rpiks);
    teks += kStep * kBlockBytes;
    rpiks += kStep * kBlockBytes;
  }
  if (num_keys == 0) return true;
  alignas(64) uint8_t in[kStep * kBlockBytes] = {};
  alignas(64) uint8_t out[kStep * kBlockBytes];
  __builtin_memcpy(in, teks, num_keys * kBlockBytes);
  DeriveBatches(initial, in, out);
  __builtin_memcpy(rpiks, out, num_keys * kBlockBytes);
  return true;
}

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
using Step = Pending<KeyGroup, 16 * kQuads>;

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
                                        Output* out) {
  for (; hits != 0; hits &= hits - 1) {
    const auto hit = static_cast<size_t>(__builtin_ctzll(hits));
    const size_t lane = hit % 16 / 4;
    const size_t j = hit / 16 * 4 + hit % 4;
    Emit(
        step.key + lane, j, step.interval, step.num_intervals,
        [&](int round) {
          return _mm_load_si128(
              reinterpret_cast<const __m128i*>(&step.keys->round_keys[round]) +
              lane);
        },
        out);
  }
}

// Rounds 2 to 9 of kWidth registers, beside each an eighth of the fetches.
template <size_t kWidth, size_t round = 2>
TEKMATCH_INLINE void MiddleRounds(const KeyGroup& group, const uint32_t* words,
                                  Step* fetched, Vec* state) {
  if constexpr (round < kNumRoundKeys - 1) {
    const Vec key = group.round_keys[round];
#pragma GCC unroll 16
    for (size_t i = 0; i < kWidth; ++i) {
      state[i] = _mm512_aesenc_epi128(state[i], key);
    }
    constexpr size_t kFetches = Step::kNumHashes / 8;
    Fetch<kFetches>(words, (round - 2) * kFetches, fetched);
    MiddleRounds<kWidth, round + 1>(group, words, fetched, state);
  }
}

// The hashes of four keys in 4 * kNum intervals to `next`, and beside that the
// words of `fetched`. Returns the hits of `probed`.
template <size_t kNum>
TEKMATCH_INLINE uint64_t HashStep(const FirstRound& first,
                                  const RpiFilter& filter, const Step& probed,
                                  Step* fetched, Step* next) {
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
  MiddleRounds<4 * kNum>(group, filter.words, fetched, state);
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(filter.shift));
#pragma GCC unroll 4
  for (size_t q = 0; q < kNum; ++q) {
    Store(Hashes(state + 4 * q, group), shift, q, next);
  }
  return Hits(probed);
}

template <size_t kNum>
TEKMATCH_INLINE void DoStep(const KeyGroup& group, const FirstRound& first,
                            size_t key, uint32_t interval, size_t num_intervals,
                            Pipeline<Step>* p) {
  ++p->turn;
  Step& next = p->slots[p->turn % kSlots];
  Step& fetched = p->slots[(p->turn - kFetchDelay) % kSlots];
  const Step& probed = p->slots[(p->turn - kProbeDelay) % kSlots];
  next.keys = &group;
  next.key = key;
  next.interval = interval;
  next.num_intervals = num_intervals;
  const uint64_t hits =
      HashStep<kNum>(first, p->filter, probed, &fetched, &next);
  if (__builtin_expect(hits != 0, 0)) EmitHits(probed, hits, &p->out);
}

// The steps of four keys.
__attribute__((noinline)) void ProbeGroup(const KeyGroup& group, size_t key,
                                          uint32_t first_interval,
                                          size_t num_intervals,
                                          Pipeline<Step>* p) {
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
        DoStep<3>(group, first, key, interval, left < kWide ? left : kWide, p);
      } else if (left > 4) {
        DoStep<2>(group, first, key, interval, left, p);
      } else {
        DoStep<1>(group, first, key, interval, left, p);
      }
    }
    j = end;
  }
}

bool FindCandidates(const uint8_t* rpiks, size_t num_keys,
                    uint32_t first_interval, size_t num_intervals,
                    const RpiFilter* filter, KeysAhead* /*ahead*/,
                    RpiCandidate* candidates, size_t* num_candidates) {
  constexpr size_t kGroups = 4;
  constexpr size_t kKeys = kGroups * 4;
  Pipeline<Step> p;
  Begin(*filter, candidates, num_keys, &p);
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
      ProbeGroup(these[g], key + 4 * g, first_interval, num_intervals, &p);
    }
  }
  for (unsigned i = 0; i < kProbeDelay; ++i) {
    Step& slot = p.slots[(p.turn - i) % kSlots];
    Fetch<Step::kNumHashes>(p.filter.words, 0, &slot);
    EmitHits(slot, Hits(slot), &p.out);
  }
  *num_candidates = p.out.num_candidates;
  return true;
}

}  // namespace

const Kernels kX86Vaes512Kernels = {"x86_vaes512", &DeriveRpiks, &GenerateRpis,
                                    &FindCandidates};

}  // namespace tekmatch
