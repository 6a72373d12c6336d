#include "bench/ceilings.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "bench/kernel_floor.h"
#include "bench/measure.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using Chains = std::array<uint32_t, kCeilingChains>;

Chains After(const Ceiling& ceiling, uint64_t num_rounds) {
  Chains chains{};
  ceiling.run(num_rounds, chains.data());
  return chains;
}

Chains AllOf(uint32_t value) {
  Chains chains;
  chains.fill(value);
  return chains;
}

// What a ceiling counts was executed, on every chain, as often as it says.
TEST(CeilingsTest, TheChainsHoldWhatTheRoundsMake) {
  Chains cycles{};
  CycleCeiling().run(1000, cycles.data());
  EXPECT_EQ(cycles[0], 1000 * kCeilingChains);
  for (const uint64_t rounds : {0, 1, 5, 1000}) {
    SCOPED_TRACE(rounds);
    if (AddCeiling().available) {
      EXPECT_EQ(After(AddCeiling(), rounds),
                AllOf(static_cast<uint32_t>(rounds)));
      EXPECT_EQ(After(RotateCeiling(), rounds),
                AllOf(uint32_t{1} << (32 - rounds % 32) % 32));
      // The wide round is four times the narrow one.
      EXPECT_EQ(After(Vaesenc512Ceiling(), rounds),
                After(Aesenc128Ceiling(), rounds));
    }
    if (Vaesenc256Ceiling().available) {
      EXPECT_EQ(After(Vaesenc256Ceiling(), rounds),
                After(Aesenc128Ceiling(), rounds));
    }
    if (Aesenc128Ceiling().available) {
      const Chains aes = After(Aesenc128Ceiling(), rounds);
      EXPECT_EQ(aes, AllOf(aes[0]));
      const Chains sha = After(Sha256Rnds2Ceiling(), rounds);
      EXPECT_EQ(sha, AllOf(sha[0]));
    }
  }
  if (Aesenc128Ceiling().available) {
    // SubBytes(0) = 0x63, and MixColumns leaves equal bytes as they are.
    EXPECT_EQ(After(Aesenc128Ceiling(), 1), AllOf(0x63636363));
    EXPECT_EQ(After(Sha256Rnds2Ceiling(), 0), AllOf(0));
  }
}

TEST(CeilingsTest, AreMeasuredWhereThereAre) {
  for (const Ceiling& ceiling :
       {AddCeiling(), RotateCeiling(), Vaesenc512Ceiling(), Vaesenc256Ceiling(),
        Aesenc128Ceiling(), Sha256Rnds2Ceiling(), CycleCeiling()}) {
    SCOPED_TRACE(ceiling.name);
    const auto rate = MeasureCeiling(ceiling);
    EXPECT_EQ(rate.ok(), ceiling.available) << rate.status();
    if (rate.ok()) {
      EXPECT_GT(*rate, 0);
    }
  }
  Ceiling lacking = CycleCeiling();
  lacking.available = false;
  EXPECT_THAT(MeasureCeiling(lacking),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(KernelCostsTest, TheScarcerInstructionDecides) {
  EXPECT_DOUBLE_EQ(HkdfKeysPerSecond(kHkdfInstructions, 1e9), kHkdfLanes);
  EXPECT_DOUBLE_EQ(HkdfKeysPerSecond(1e9, kHkdfRotations), kHkdfLanes);
}

TEST(MeasureTest, TheMedianIsInTheMiddle) {
  EXPECT_EQ(Quantile({3}, 0.5), 3);
  EXPECT_EQ(Quantile({9, 1, 2}, 0.5), 2);
  EXPECT_EQ(Quantile({4, 1, 2, 9}, 0.5), 3);
  EXPECT_EQ(Quantile({3}, 0.25), 3);
  EXPECT_EQ(Quantile({5, 1, 2, 4, 3}, 0.25), 2);
  EXPECT_EQ(Quantile({5, 1, 2, 4, 3}, 0.75), 4);
  EXPECT_EQ(Quantile({8, 0}, 0.25), 2);
  EXPECT_EQ(Quantile({8, 0}, 1), 8);
}

}  // namespace
}  // namespace tekmatch
