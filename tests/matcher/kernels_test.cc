// One body of cases for every implementation of the kernels that this machine
// can run, against matcher/en_crypto.h.
#include "matcher/kernels/kernels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "matcher/en_crypto.h"
#include "matcher/kernels/dispatch.h"
#include "tests/matcher/test_util.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

// Written behind every output: a kernel that writes too far is seen.
constexpr uint8_t kGuard = 0xA5;
constexpr size_t kGuardBytes = 64;

std::vector<const Kernels*> RunnableKernels() {
  std::vector<const Kernels*> runnable;
  for (const KernelChoice& choice : AllKernels()) {
    if (choice.available) runnable.push_back(choice.kernels);
  }
  return runnable;
}

class KernelsTest : public testing::TestWithParam<const Kernels*> {};

// The arrays start one byte into their memory: no alignment may be assumed.
TEST_P(KernelsTest, DerivesRpiksAsTheOracleDoes) {
  for (const size_t num_keys : {0, 1, 2, 15, 16, 17, 100}) {
    for (const uint64_t seed : {1, 2, 3}) {
      SCOPED_TRACE(testing::Message() << num_keys << " keys, seed " << seed);
      std::mt19937_64 rng(seed);
      std::vector<Tek> teks(num_keys);
      std::vector<uint8_t> input(1);
      for (Tek& tek : teks) {
        tek = RandomBytes<Tek>(rng);
        input.insert(input.end(), tek.bytes.begin(), tek.bytes.end());
      }
      std::vector<uint8_t> output(1 + 16 * num_keys + kGuardBytes, kGuard);
      ASSERT_TRUE(GetParam()->derive_rpiks(input.data() + 1, num_keys,
                                           output.data() + 1));

      std::vector<uint8_t> expected(1, kGuard);
      for (const Tek& tek : teks) {
        const Rpik rpik = *DeriveRpik(tek);
        expected.insert(expected.end(), rpik.bytes.begin(), rpik.bytes.end());
      }
      expected.resize(output.size(), kGuard);
      EXPECT_EQ(output, expected);
    }
  }
}

TEST_P(KernelsTest, GeneratesRpisAsTheOracleDoes) {
  const uint32_t kLast = std::numeric_limits<uint32_t>::max();
  for (const size_t num_rpis : {0, 1, 2, 15, 16, 17, 89, 143, 144}) {
    for (const uint32_t first_interval :
         {uint32_t{0}, uint32_t{2642976}, uint32_t{0x00FFFFFA},
          kLast - static_cast<uint32_t>(num_rpis)}) {
      SCOPED_TRACE(testing::Message()
                   << num_rpis << " RPIs from interval " << first_interval);
      std::mt19937_64 rng(num_rpis);
      const auto rpik = RandomBytes<Rpik>(rng);
      std::vector<uint8_t> output(1 + 16 * num_rpis + kGuardBytes, kGuard);
      ASSERT_TRUE(GetParam()->generate_rpis(rpik.bytes.data(), first_interval,
                                            num_rpis, output.data() + 1));

      std::vector<uint8_t> expected(1, kGuard);
      for (uint32_t j = 0; j < num_rpis; ++j) {
        const Rpi rpi = *GenerateRpi(rpik, first_interval + j);
        expected.insert(expected.end(), rpi.bytes.begin(), rpi.bytes.end());
      }
      expected.resize(output.size(), kGuard);
      EXPECT_EQ(output, expected);
    }
  }
}

TEST_P(KernelsTest, TakesNullForEmptyArrays) {
  EXPECT_TRUE(GetParam()->derive_rpiks(nullptr, 0, nullptr));
  const Rpik rpik;
  EXPECT_TRUE(GetParam()->generate_rpis(rpik.bytes.data(), 0, 0, nullptr));
}

INSTANTIATE_TEST_SUITE_P(
    Runnable, KernelsTest, testing::ValuesIn(RunnableKernels()),
    [](const testing::TestParamInfo<const Kernels*>& info) {
      return std::string(info.param->name);
    });

TEST(DispatchTest, FindsEveryRunnableKernelByItsName) {
  for (const Kernels* kernels : RunnableKernels()) {
    const auto found = FindKernels(kernels->name);
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(*found, kernels);
  }
}

TEST(DispatchTest, PortableIsLastAndAlwaysAvailable) {
  ASSERT_FALSE(AllKernels().empty());
  EXPECT_STREQ(AllKernels().back().kernels->name, "portable");
  EXPECT_TRUE(AllKernels().back().available);
}

TEST(DispatchTest, TheDefaultIsTheFirstRunnableKernel) {
  EXPECT_EQ(&DefaultKernels(), RunnableKernels().front());
}

TEST(DispatchTest, RefusesAnUnknownName) {
  for (const char* name : {"x86_nonsense", "", "Portable", "portable "}) {
    const auto found = FindKernels(name);
    EXPECT_EQ(found.status().code(), absl::StatusCode::kInvalidArgument);
    const std::string message(found.status().message());
    EXPECT_THAT(message, HasSubstr(std::string("\"") + name + "\""));
    EXPECT_THAT(message, HasSubstr("portable"));
  }
}

TEST(DispatchTest, RefusesAKernelThatTheMachineLacks) {
  const Kernels wide = {"wide", nullptr, nullptr};
  const Kernels narrow = {"narrow", nullptr, nullptr};
  const std::vector<KernelChoice> choices = {{&wide, false}, {&narrow, true}};
  const auto found = FindKernels(choices, "wide");
  EXPECT_EQ(found.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(found.status().message(),
            "kernel \"wide\" needs instructions that this machine lacks; "
            "available: narrow");
  EXPECT_EQ(*FindKernels(choices, "narrow"), &narrow);
}

}  // namespace
}  // namespace tekmatch
