// One body of cases for every implementation of the kernels that this machine
// can run, against matcher/en_crypto.h.
#include "matcher/kernels/kernels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <limits>
#include <random>
#include <string>
#include <tuple>
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
  for (const size_t num_keys : {0, 1, 2, 3, 15, 16, 17, 31, 32, 33, 64, 100}) {
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

// (key, interval, RPI), in an order of its own.
using Candidates = std::vector<std::tuple<uint32_t, uint32_t, Rpi>>;

// What the contract says of a filter, for one RPI.
bool Passes(const Rpi& rpi, const RpiFilter& filter) {
  uint32_t h = 0;
  for (size_t i = 8; i-- > 4;) h = h << 8 | rpi.bytes[i];
  const uint32_t word = filter.words[h >> filter.shift];
  return (word >> (h % 32) & 1) == 1 && (word >> (h / 32 % 32) & 1) == 1;
}

Candidates FindExpected(const std::vector<Rpik>& rpiks, uint32_t first_interval,
                        size_t num_intervals, const RpiFilter& filter) {
  Candidates expected;
  for (uint32_t k = 0; k < rpiks.size(); ++k) {
    for (uint32_t j = 0; j < num_intervals; ++j) {
      const Rpi rpi = *GenerateRpi(rpiks[k], first_interval + j);
      if (Passes(rpi, filter))
        expected.emplace_back(k, first_interval + j, rpi);
    }
  }
  return expected;
}

Candidates Find(const Kernels& kernels, const std::vector<Rpik>& rpiks,
                uint32_t first_interval, size_t num_intervals,
                const RpiFilter& filter) {
  // One byte into their memory, with a guard behind.
  std::vector<uint8_t> input(1);
  for (const Rpik& rpik : rpiks) {
    input.insert(input.end(), rpik.bytes.begin(), rpik.bytes.end());
  }
  const size_t room = rpiks.size() * num_intervals;
  RpiCandidate guard;
  std::memset(&guard, kGuard, sizeof(guard));
  std::vector<RpiCandidate> found(room + 2, guard);
  size_t num_found = kGuard;
  EXPECT_TRUE(kernels.find_candidates(input.data() + 1, rpiks.size(),
                                      first_interval, num_intervals, &filter,
                                      found.data(), &num_found));
  EXPECT_LE(num_found, room);
  for (size_t i = room; i < found.size(); ++i) {
    EXPECT_EQ(std::memcmp(&found[i], &guard, sizeof(guard)), 0);
  }
  Candidates candidates;
  for (size_t i = 0; i < std::min(num_found, room); ++i) {
    Rpi rpi;
    std::copy_n(found[i].rpi, 16, rpi.bytes.begin());
    candidates.emplace_back(found[i].key, found[i].interval, rpi);
  }
  std::sort(candidates.begin(), candidates.end());
  return candidates;
}

// Filters of several sizes that let about a tenth pass, everything, nothing.
TEST_P(KernelsTest, FindsTheCandidatesThatTheOracleFinds) {
  const uint32_t kLast = std::numeric_limits<uint32_t>::max();
  std::mt19937_64 rng(1);
  for (const uint32_t shift : {31, 30, 24, 18}) {
    std::vector<uint32_t> words(size_t{1} << (32 - shift));
    for (uint32_t& word : words) {
      word = static_cast<uint32_t>((rng() & rng()) | (rng() & rng() & rng()));
    }
    const RpiFilter filter = {words.data(), shift};
    for (const size_t num_keys : {0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33}) {
      std::vector<Rpik> rpiks(num_keys);
      for (Rpik& rpik : rpiks) rpik = RandomBytes<Rpik>(rng);
      for (const size_t num_intervals :
           {0, 1, 2, 3, 4, 7, 8, 11, 12, 13, 24, 25, 89, 144}) {
        if (num_keys * num_intervals > 2000) continue;
        for (const uint32_t first_interval :
             {uint32_t{0}, uint32_t{2642976}, uint32_t{0x00FFFFFA},
              kLast - static_cast<uint32_t>(num_intervals)}) {
          SCOPED_TRACE(testing::Message()
                       << num_keys << " keys, " << num_intervals
                       << " intervals from " << first_interval << ", shift "
                       << shift);
          ASSERT_EQ(
              Find(*GetParam(), rpiks, first_interval, num_intervals, filter),
              FindExpected(rpiks, first_interval, num_intervals, filter));
        }
      }
    }
  }
}

TEST_P(KernelsTest, FiltersThatLetEverythingOrNothingPass) {
  std::mt19937_64 rng(1);
  std::vector<Rpik> rpiks(21);
  for (Rpik& rpik : rpiks) rpik = RandomBytes<Rpik>(rng);
  std::vector<uint32_t> words(64, ~uint32_t{0});
  const RpiFilter filter = {words.data(), 26};
  const Candidates all = Find(*GetParam(), rpiks, 2642976, 144, filter);
  EXPECT_EQ(all.size(), 21 * 144);
  EXPECT_EQ(all, FindExpected(rpiks, 2642976, 144, filter));
  words.assign(64, 0);
  EXPECT_TRUE(Find(*GetParam(), rpiks, 2642976, 144, filter).empty());
}

TEST_P(KernelsTest, TakesNullForEmptyArrays) {
  EXPECT_TRUE(GetParam()->derive_rpiks(nullptr, 0, nullptr));
  const Rpik rpik;
  EXPECT_TRUE(GetParam()->generate_rpis(rpik.bytes.data(), 0, 0, nullptr));
  const uint32_t words[2] = {~uint32_t{0}, ~uint32_t{0}};
  const RpiFilter filter = {words, 31};
  size_t num_candidates = 1;
  EXPECT_TRUE(GetParam()->find_candidates(nullptr, 0, 0, 144, &filter, nullptr,
                                          &num_candidates));
  EXPECT_EQ(num_candidates, 0U);
  num_candidates = 1;
  EXPECT_TRUE(GetParam()->find_candidates(rpik.bytes.data(), 1, 0, 0, &filter,
                                          nullptr, &num_candidates));
  EXPECT_EQ(num_candidates, 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Runnable, KernelsTest, testing::ValuesIn(RunnableKernels()),
    [](const testing::TestParamInfo<const Kernels*>& info) {
      return std::string(info.param->name);
    });

// Each implementation is tested only where the machine can run it. A
// configuration that knows its machine says which ones have to have been
// (TEKMATCH_EXPECT_KERNELS, names in the order of AllKernels).
TEST(RunnableTest, AreTheKernelsThatTheConfigurationExpects) {
  std::string names;
  for (const Kernels* kernels : RunnableKernels()) {
    if (!names.empty()) names += ',';
    names += kernels->name;
  }
  std::cout << "kernels tested: " << names << std::endl;
  RecordProperty("kernels", names);
  const char* expected = std::getenv("TEKMATCH_EXPECT_KERNELS");
  if (expected != nullptr) {
    EXPECT_EQ(names, expected);
  }
}

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
  const Kernels wide = {"wide", nullptr, nullptr, nullptr};
  const Kernels narrow = {"narrow", nullptr, nullptr, nullptr};
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
