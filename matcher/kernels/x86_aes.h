// AES-128 of RPIs by x86's AES instructions, for registers of one block
// (AES-NI), of two and of four (VAES of 256 and of 512 bits): key schedules,
// and generate_rpis.
//
// For units of one instruction set (kernels.h says what they may include):
// everything here has internal linkage.
#ifndef TEKMATCH_MATCHER_KERNELS_X86_AES_H_
#define TEKMATCH_MATCHER_KERNELS_X86_AES_H_

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "matcher/kernels/kernel_hits.h"
#include "matcher/kernels/x86_probe.h"

namespace tekmatch {
namespace {  // NOLINT(google-build-namespaces): see above

#define TEKMATCH_AES_INLINE inline __attribute__((always_inline))

// V is the register: V::Vec holds V::kLanes blocks, and each of these does the
// same to every one of them.
//   Load, Store                  any alignment
//   LoadSame(bytes)              one block into every lane
//   Set(w), Set(w0, w1, w2, w3)  a word, or four, lowest first
//   LaneNumbers()                word 3 is the lane's number, the others are 0
//   Xor, Xor3, Add8, Add32       Xor3 of three
//   Enc, EncLast                 AESENC, AESENCLAST
//   ShuffleBytes, ShuffleWords<imm>, ShiftBytes<n>  PSHUFB, PSHUFD, PSLLDQ
//   WithWord3<q>(a, b)           a with word q of b as its word 3
// What a probe asks of it besides is in x86_aes_probe.h, and
//   kPrefetchShift  words are prefetched of filters with this shift or less

constexpr size_t kBlockBytes = 16;
constexpr size_t kNumRoundKeys = 11;
// Registers in flight, enough to hide the latency of a round.
constexpr size_t kWidth = 12;

// Of V::kLanes keys.
template <typename V>
struct AesKeys {
  typename V::Vec round_keys[kNumRoundKeys];
  // Round key 1, column 3, and round key 10, column 0, in every column.
  typename V::Vec first_column_key;
  typename V::Vec hash_key;
};

// FIPS 197, 5.2: the last word, rotated and substituted, goes into all four;
// AESENCLAST substitutes, and its ShiftRows does nothing to a block of four
// equal columns.
template <typename V, int kRcon>
TEKMATCH_AES_INLINE typename V::Vec NextRoundKey(typename V::Vec key) {
  using Vec = typename V::Vec;
  const Vec rotated = V::ShuffleBytes(key, V::Set(0x0c0f0e0d));
  const Vec substituted = V::EncLast(rotated, V::Set(kRcon));
  key = V::Xor(key, V::template ShiftBytes<4>(key));
  return V::Xor3(key, V::template ShiftBytes<8>(key), substituted);
}

// The schedules of kNum registers of keys, whose round keys 0 are given, side
// by side to hide latency.
template <typename V, size_t kNum>
TEKMATCH_AES_INLINE void ExpandKeys(AesKeys<V>* keys) {
#define TEKMATCH_EXPAND(round, rcon) \
  for (size_t k = 0; k < kNum; ++k)  \
  keys[k].round_keys[round] =        \
      NextRoundKey<V, rcon>(keys[k].round_keys[(round)-1])
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
  for (size_t k = 0; k < kNum; ++k) {
    keys[k].first_column_key =
        V::template ShuffleWords<0xFF>(keys[k].round_keys[1]);
    keys[k].hash_key =
        V::template ShuffleWords<0x00>(keys[k].round_keys[kNumRoundKeys - 1]);
  }
}

// As in Kernels.
template <typename V>
bool GenerateRpis(const uint8_t* rpik, uint32_t first_interval, size_t num_rpis,
                  uint8_t* rpis) {
  using Vec = typename V::Vec;
  constexpr size_t kLanes = V::kLanes;
  MarkHit(&unit_hits.generate_rpis);
  if (num_rpis == 0) return true;
  AesKeys<V> keys;
  keys.round_keys[0] = V::LoadSame(rpik);
  ExpandKeys<V, 1>(&keys);
  Vec counter =
      V::Add32(V::Set(kPadded0, kPadded1, 0, first_interval), V::LaneNumbers());
  const Vec step = V::Set(0, 0, 0, kLanes);
  for (size_t j = 0; j < num_rpis; j += kWidth * kLanes) {
    Vec state[kWidth];
#pragma GCC unroll 16
    for (size_t i = 0; i < kWidth; ++i) {
      state[i] = V::Xor(counter, keys.round_keys[0]);
      counter = V::Add32(counter, step);
    }
#pragma GCC unroll 16
    for (size_t round = 1; round < kNumRoundKeys - 1; ++round) {
#pragma GCC unroll 16
      for (size_t i = 0; i < kWidth; ++i) {
        state[i] = V::Enc(state[i], keys.round_keys[round]);
      }
    }
#pragma GCC unroll 16
    for (size_t i = 0; i < kWidth; ++i) {
      state[i] = V::EncLast(state[i], keys.round_keys[kNumRoundKeys - 1]);
    }
    for (size_t i = 0; i < kWidth && j + i * kLanes < num_rpis; ++i) {
      const size_t at = j + i * kLanes;
      if (num_rpis - at >= kLanes) {
        V::Store(state[i], rpis + at * kBlockBytes);
      } else {
        __builtin_memcpy(rpis + at * kBlockBytes, &state[i],
                         (num_rpis - at) * kBlockBytes);
      }
    }
  }
  return true;
}

}  // namespace
}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_KERNELS_X86_AES_H_
