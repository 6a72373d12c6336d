// Compiled for Armv8 with its cryptographic instructions: includes nothing that
// has templates or inline functions other than the intrinsics (kernels.h says
// why). Little-endian, as every Linux on 64-bit Arm in use.
#include "matcher/kernels/arm64_crypto.h"

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>

#include "matcher/kernels/filter_bits.h"
#include "matcher/kernels/hkdf_constants.h"
#include "matcher/kernels/kernel_hits.h"

namespace tekmatch {

#define TEKMATCH_INLINE static inline __attribute__((always_inline))
// Before a loop over values that are to stay in registers.
#define TEKMATCH_UNROLL _Pragma("GCC unroll 16")

static const size_t kBlockBytes = 16;

// ---------------------------------------------------------------------------
// HKDF-SHA256
//
// RPIK = first 16 bytes of HMAC(PRK, "EN-RPIK" || 0x01), PRK = HMAC(0^32, TEK),
// where HMAC(K, m) = SHA256((K ^ opad) || SHA256((K ^ ipad) || m)). Each
// message after a pad is one block, and the pads of the zero key are constant:
// of the 8 compressions 6 remain. Two keys go side by side, since the
// instructions have a latency of several cycles and each needs the result of
// the one before.

// The words of SHA-256's state.
struct State {
  uint32x4_t abcd;
  uint32x4_t efgh;
};

// A message block, as big-endian words.
struct Block {
  uint32x4_t words[4];
};

struct StatePair {
  State lane[2];
};

struct BlockPair {
  Block lane[2];
};

TEKMATCH_INLINE StatePair Both(const uint32_t* words) {
  const State state = {vld1q_u32(words), vld1q_u32(words + 4)};
  return {{state, state}};
}

// Four rounds of each, with the message schedule plus round constants given.
TEKMATCH_INLINE void FourRounds(StatePair* s, uint32x4_t wk0, uint32x4_t wk1) {
  State* s0 = &s->lane[0];
  State* s1 = &s->lane[1];
  const uint32x4_t abcd0 = s0->abcd;
  const uint32x4_t abcd1 = s1->abcd;
  s0->abcd = vsha256hq_u32(abcd0, s0->efgh, wk0);
  s1->abcd = vsha256hq_u32(abcd1, s1->efgh, wk1);
  s0->efgh = vsha256h2q_u32(s0->efgh, abcd0, wk0);
  s1->efgh = vsha256h2q_u32(s1->efgh, abcd1, wk1);
}

// Four rounds of each with words j of the messages and the constants k.
TEKMATCH_INLINE void MessageRounds(StatePair* s, const BlockPair* m, int j,
                                   const uint32_t* k) {
  const uint32x4_t constants = vld1q_u32(k);
  FourRounds(s, vaddq_u32(m->lane[0].words[j], constants),
             vaddq_u32(m->lane[1].words[j], constants));
}

// Replaces words j, four of the message schedule, by those 16 later.
TEKMATCH_INLINE void ExtendLane(Block* m, int j) {
  uint32x4_t* w = m->words;
  w[j] = vsha256su1q_u32(vsha256su0q_u32(w[j], w[(j + 1) % 4]), w[(j + 2) % 4],
                         w[(j + 3) % 4]);
}
TEKMATCH_INLINE void Extend(BlockPair* m, int j) {
  ExtendLane(&m->lane[0], j);
  ExtendLane(&m->lane[1], j);
}

TEKMATCH_INLINE StatePair Sum(StatePair s, StatePair t) {
  TEKMATCH_UNROLL
  for (int lane = 0; lane < 2; ++lane) {
    s.lane[lane].abcd = vaddq_u32(s.lane[lane].abcd, t.lane[lane].abcd);
    s.lane[lane].efgh = vaddq_u32(s.lane[lane].efgh, t.lane[lane].efgh);
  }
  return s;
}

// SHA-256's compression function.
static StatePair Compress(StatePair before, BlockPair m) {
  StatePair s = before;
  const uint32_t* k = kSha256Rounds;
  for (int i = 0; i < 3; ++i, k += 16) {
    MessageRounds(&s, &m, 0, k);
    Extend(&m, 0);
    MessageRounds(&s, &m, 1, k + 4);
    Extend(&m, 1);
    MessageRounds(&s, &m, 2, k + 8);
    Extend(&m, 2);
    MessageRounds(&s, &m, 3, k + 12);
    Extend(&m, 3);
  }
  MessageRounds(&s, &m, 0, k);
  MessageRounds(&s, &m, 1, k + 4);
  MessageRounds(&s, &m, 2, k + 8);
  MessageRounds(&s, &m, 3, k + 12);
  return Sum(s, before);
}

// The same for the block of kRpikInfoRounds.
static StatePair CompressInfo(StatePair before) {
  StatePair s = before;
  for (size_t i = 0; i < 16; ++i) {
    const uint32x4_t wk = vld1q_u32(kRpikInfoRounds + 4 * i);
    FourRounds(&s, wk, wk);
  }
  return Sum(s, before);
}

// The end of a message: the bit 1, zeros, and `bits`, the message's length.
TEKMATCH_INLINE uint32x4_t EndMark() {
  return vsetq_lane_u32(0x80000000, vdupq_n_u32(0), 0);
}
TEKMATCH_INLINE uint32x4_t LengthOf(uint32_t bits) {
  return vsetq_lane_u32(bits, vdupq_n_u32(0), 3);
}

// A digest as the block that follows the outer pad (64 + 32 bytes).
TEKMATCH_INLINE BlockPair DigestBlocks(StatePair digest) {
  BlockPair m;
  TEKMATCH_UNROLL
  for (int lane = 0; lane < 2; ++lane) {
    m.lane[lane].words[0] = digest.lane[lane].abcd;
    m.lane[lane].words[1] = digest.lane[lane].efgh;
    m.lane[lane].words[2] = EndMark();
    m.lane[lane].words[3] = LengthOf(768);
  }
  return m;
}

// The state after a key of 32 bytes, filled up and XORed with a pad.
TEKMATCH_INLINE StatePair AbsorbKey(StatePair key, uint32_t pad) {
  const uint32x4_t pads = vdupq_n_u32(pad);
  BlockPair m;
  TEKMATCH_UNROLL
  for (int lane = 0; lane < 2; ++lane) {
    m.lane[lane].words[0] = veorq_u32(key.lane[lane].abcd, pads);
    m.lane[lane].words[1] = veorq_u32(key.lane[lane].efgh, pads);
    m.lane[lane].words[2] = pads;
    m.lane[lane].words[3] = pads;
  }
  return Compress(Both(kSha256Initial), m);
}

static void DerivePair(const uint8_t* tek0, const uint8_t* tek1, uint8_t* rpik0,
                       uint8_t* rpik1) {
  BlockPair m;
  m.lane[0].words[0] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(tek0)));
  m.lane[1].words[0] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(tek1)));
  TEKMATCH_UNROLL
  for (int lane = 0; lane < 2; ++lane) {
    m.lane[lane].words[1] = EndMark();
    m.lane[lane].words[2] = vdupq_n_u32(0);
    m.lane[lane].words[3] = LengthOf(640);  // 64 + 16 bytes
  }
  const StatePair inner = Compress(Both(kNoSaltInner), m);
  const StatePair prk = Compress(Both(kNoSaltOuter), DigestBlocks(inner));

  const StatePair info = CompressInfo(AbsorbKey(prk, 0x36363636));
  const StatePair okm =
      Compress(AbsorbKey(prk, 0x5c5c5c5c), DigestBlocks(info));
  vst1q_u8(rpik0, vrev32q_u8(vreinterpretq_u8_u32(okm.lane[0].abcd)));
  vst1q_u8(rpik1, vrev32q_u8(vreinterpretq_u8_u32(okm.lane[1].abcd)));
}

static bool DeriveRpiks(const uint8_t* teks, size_t num_keys, uint8_t* rpiks) {
  MarkHit(&unit_hits.derive_rpiks);
  size_t k = 0;
  for (; k + 2 <= num_keys; k += 2) {
    const uint8_t* tek = teks + k * kBlockBytes;
    uint8_t* rpik = rpiks + k * kBlockBytes;
    DerivePair(tek, tek + kBlockBytes, rpik, rpik + kBlockBytes);
  }
  if (k < num_keys) {
    const uint8_t* tek = teks + k * kBlockBytes;
    uint8_t* rpik = rpiks + k * kBlockBytes;
    DerivePair(tek, tek, rpik, rpik);
  }
  return true;
}

// ---------------------------------------------------------------------------
// AES-128

struct AesKey {
  uint8x16_t round_keys[11];
};

// One step of the key expansion (FIPS 197, 5.2): the round key after `key`.
TEKMATCH_INLINE uint8x16_t NextRoundKey(uint8x16_t key, uint32_t rcon) {
  const uint8x16_t zero = vdupq_n_u8(0);
  // AESE is SubBytes(ShiftRows(.)), which leaves the rows of four equal columns
  // as they are: SubWord of the last word, in every column.
  const uint32x4_t last =
      vdupq_laneq_u32(vreinterpretq_u32_u8(key), /*lane=*/3);
  const uint32x4_t sub =
      vreinterpretq_u32_u8(vaeseq_u8(vreinterpretq_u8_u32(last), zero));
  // RotWord, as the words are little-endian here.
  const uint32x4_t rot = vsriq_n_u32(vshlq_n_u32(sub, 24), sub, 8);
  const uint32x4_t mix = veorq_u32(rot, vdupq_n_u32(rcon));
  // Word j of the result has the words 0..j of the key XORed into it.
  key = veorq_u8(key, vextq_u8(zero, key, 12));
  key = veorq_u8(key, vextq_u8(zero, key, 8));
  return veorq_u8(key, vreinterpretq_u8_u32(mix));
}

static void ExpandKey(const uint8_t* key, AesKey* aes) {
  aes->round_keys[0] = vld1q_u8(key);
  uint32_t rcon = 1;
  for (int round = 1; round <= 10; ++round) {
    aes->round_keys[round] = NextRoundKey(aes->round_keys[round - 1], rcon);
    rcon = rcon == 0x80 ? 0x1b : rcon << 1;
  }
}

// Eight blocks in flight hide the latency of the instructions.
enum { kGroup = 8 };

// The RPIs of `interval` and the seven after it. Those beyond the last interval
// wrap around; their callers leave them out.
TEKMATCH_INLINE void GenerateGroup(const AesKey* aes, uint32_t interval,
                                   uint8x16_t* rpis) {
  // PaddedData of the specification: "EN-RPI", six zeros, the interval number.
  static const uint8_t kPaddedData[16] = {'E', 'N', '-', 'R', 'P', 'I'};
  const uint32x4_t padded_data = vreinterpretq_u32_u8(vld1q_u8(kPaddedData));
  TEKMATCH_UNROLL
  for (uint32_t i = 0; i < kGroup; ++i) {
    rpis[i] =
        vreinterpretq_u8_u32(vsetq_lane_u32(interval + i, padded_data, 3));
  }
  TEKMATCH_UNROLL
  for (int round = 0; round < 9; ++round) {
    const uint8x16_t key = aes->round_keys[round];
    TEKMATCH_UNROLL
    for (int i = 0; i < kGroup; ++i) {
      rpis[i] = vaesmcq_u8(vaeseq_u8(rpis[i], key));
    }
  }
  TEKMATCH_UNROLL
  for (int i = 0; i < kGroup; ++i) {
    rpis[i] =
        veorq_u8(vaeseq_u8(rpis[i], aes->round_keys[9]), aes->round_keys[10]);
  }
}

static bool GenerateRpis(const uint8_t* rpik, uint32_t first_interval,
                         size_t num_rpis, uint8_t* rpis) {
  MarkHit(&unit_hits.generate_rpis);
  AesKey aes;
  ExpandKey(rpik, &aes);
  for (size_t j = 0; j < num_rpis; j += kGroup) {
    uint8x16_t group[kGroup];
    GenerateGroup(&aes, first_interval + (uint32_t)j, group);
    const size_t left = num_rpis - j;
    for (size_t i = 0; i < kGroup && i < left; ++i) {
      vst1q_u8(rpis + (j + i) * kBlockBytes, group[i]);
    }
  }
  return true;
}

TEKMATCH_INLINE bool Passes(uint8x16_t rpi, const RpiFilter* filter) {
  const uint32_t hash =
      __builtin_bswap32(vgetq_lane_u32(vreinterpretq_u32_u8(rpi), 0));
  return (filter->words[hash >> filter->shift] & FilterBits(hash)) == 0;
}

static bool FindCandidates(const uint8_t* rpiks, size_t num_keys,
                           uint32_t first_interval, size_t num_intervals,
                           const RpiFilter* filter, RpiCandidate* candidates,
                           size_t* num_candidates) {
  MarkHit(&unit_hits.find_candidates);
  RpiCandidate* next = candidates;
  for (size_t k = 0; k < num_keys; ++k) {
    AesKey aes;
    ExpandKey(rpiks + k * kBlockBytes, &aes);
    for (size_t j = 0; j < num_intervals; j += kGroup) {
      const uint32_t interval = first_interval + (uint32_t)j;
      uint8x16_t group[kGroup];
      GenerateGroup(&aes, interval, group);
      const size_t left = num_intervals - j;
      for (uint32_t i = 0; i < kGroup && i < left; ++i) {
        if (!Passes(group[i], filter)) continue;
        next->key = (uint32_t)k;
        next->interval = interval + i;
        vst1q_u8(next->rpi, group[i]);
        ++next;
      }
    }
  }
  *num_candidates = (size_t)(next - candidates);
  return true;
}

const Kernels kArm64CryptoKernels = {
    "arm64_crypto", &DeriveRpiks, &GenerateRpis, &FindCandidates, &unit_hits};

}  // namespace tekmatch
