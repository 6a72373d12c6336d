// One body of cases for every implementation of the kernels that this machine
// can run, against matcher/join/en_crypto.h.
#include "matcher/kernels/kernels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <iostream>
#include <iterator>
#include <limits>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "gmock/gmock.h"
#include "matcher/join/en_crypto.h"
#include "matcher/kernels/dispatch.h"
#include "tests/matcher/join/test_util.h"
#include "tests/status_matchers.h"

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

void ExpectRpiks(const Kernels& kernels, size_t num_keys, size_t misalignment,
                 uint64_t seed) {
  SCOPED_TRACE(testing::Message() << num_keys << " keys, " << misalignment
                                  << " bytes off, seed " << seed);
  std::mt19937_64 rng(seed);
  std::vector<uint8_t> input(misalignment);
  std::vector<uint8_t> expected(misalignment, kGuard);
  for (size_t k = 0; k < num_keys; ++k) {
    const Tek tek = RandomBytes<Tek>(rng);
    input.insert(input.end(), tek.bytes.begin(), tek.bytes.end());
    const Rpik rpik = *DeriveRpik(tek);
    expected.insert(expected.end(), rpik.bytes.begin(), rpik.bytes.end());
  }
  expected.resize(expected.size() + kGuardBytes, kGuard);
  std::vector<uint8_t> output(expected.size(), kGuard);
  ASSERT_TRUE(kernels.derive_rpiks(input.data() + misalignment, num_keys,
                                   output.data() + misalignment));
  EXPECT_EQ(output, expected);
}

TEST_P(KernelsTest, DerivesRpiksAsTheOracleDoes) {
  for (const size_t num_keys : {0, 1, 2, 3, 15, 16, 17, 31, 32, 33, 64, 100}) {
    for (const uint64_t seed : {1, 2, 3}) {
      ExpectRpiks(*GetParam(), num_keys, 1, seed);
    }
  }
}

TEST_P(KernelsTest, DerivesRpiksAtEveryAlignment) {
  for (size_t misalignment = 0; misalignment < 64; ++misalignment) {
    ExpectRpiks(*GetParam(), 35, misalignment, misalignment);
  }
}

void ExpectRpis(const Kernels& kernels, uint32_t first_interval,
                size_t num_rpis, size_t misalignment) {
  SCOPED_TRACE(testing::Message()
               << num_rpis << " RPIs from interval " << first_interval << ", "
               << misalignment << " bytes off");
  std::mt19937_64 rng(num_rpis);
  const auto rpik = RandomBytes<Rpik>(rng);
  std::vector<uint8_t> input(misalignment);
  input.insert(input.end(), rpik.bytes.begin(), rpik.bytes.end());
  std::vector<uint8_t> expected(misalignment, kGuard);
  for (uint32_t j = 0; j < num_rpis; ++j) {
    const Rpi rpi = *GenerateRpi(rpik, first_interval + j);
    expected.insert(expected.end(), rpi.bytes.begin(), rpi.bytes.end());
  }
  expected.resize(expected.size() + kGuardBytes, kGuard);
  std::vector<uint8_t> output(expected.size(), kGuard);
  ASSERT_TRUE(kernels.generate_rpis(input.data() + misalignment, first_interval,
                                    num_rpis, output.data() + misalignment));
  EXPECT_EQ(output, expected);
}

TEST_P(KernelsTest, GeneratesRpisAsTheOracleDoes) {
  const uint32_t kLast = std::numeric_limits<uint32_t>::max();
  for (size_t num_rpis = 0; num_rpis <= 144; ++num_rpis) {
    for (const uint32_t first_interval :
         {uint32_t{0}, uint32_t{2642976}, uint32_t{0x00FFFFFA},
          kLast - static_cast<uint32_t>(num_rpis)}) {
      ExpectRpis(*GetParam(), first_interval, num_rpis, 1);
    }
  }
}

TEST_P(KernelsTest, GeneratesRpisAtEveryAlignment) {
  for (size_t misalignment = 0; misalignment < 64; ++misalignment) {
    ExpectRpis(*GetParam(), 2642976, 37, misalignment);
  }
}

// (key, interval, RPI), in an order of its own.
using Candidates = std::vector<std::tuple<uint32_t, uint32_t, Rpi>>;

// What the contract says of a filter, for one RPI.
bool Passes(const Rpi& rpi, const RpiFilter& filter) {
  uint32_t h = 0;
  for (size_t i = 0; i < 4; ++i) h = h << 8 | rpi.bytes[i];
  const uint32_t word = filter.words[h >> filter.shift];
  return (word >> h % 8 & 1) == 0 && (word >> (8 + (h >> 3) % 8) & 1) == 0 &&
         (word >> (16 + (h >> 8) % 8) & 1) == 0 &&
         (word >> (24 + (h >> 11) % 8) & 1) == 0;
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
                const RpiFilter& filter, size_t misalignment = 1) {
  // With a guard behind.
  std::vector<uint8_t> input(misalignment);
  for (const Rpik& rpik : rpiks) {
    input.insert(input.end(), rpik.bytes.begin(), rpik.bytes.end());
  }
  const size_t room = rpiks.size() * num_intervals;
  RpiCandidate guard;
  std::memset(&guard, kGuard, sizeof(guard));
  std::vector<RpiCandidate> found(room + 2, guard);
  size_t num_found = kGuard;
  EXPECT_TRUE(kernels.find_candidates(input.data() + misalignment, rpiks.size(),
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

// Kernels have steps of their own for large filters. What is large differs;
// 16 MiB is for each of them.
constexpr uint32_t kShiftOf256Bytes = 26;
constexpr uint32_t kShiftOf16Mebibytes = 10;

// A filter that lets about a third pass. The random words repeat, but after a
// number of them that no power of two divides.
std::vector<uint32_t> RandomFilter(uint32_t shift, std::mt19937_64& rng) {
  std::vector<uint32_t> random(65521);
  for (uint32_t& word : random) word = static_cast<uint32_t>(rng() & rng());
  std::vector<uint32_t> words(size_t{1} << (32 - shift));
  for (size_t i = 0; i < words.size(); ++i) words[i] = random[i % 65521];
  return words;
}

// Filters of several sizes.
TEST_P(KernelsTest, FindsTheCandidatesThatTheOracleFinds) {
  const uint32_t kLast = std::numeric_limits<uint32_t>::max();
  std::mt19937_64 rng(1);
  for (const uint32_t shift : {31U, 30U, 24U, 18U, kShiftOf16Mebibytes}) {
    const std::vector<uint32_t> words = RandomFilter(shift, rng);
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

TEST_P(KernelsTest, FindsCandidatesInEveryPeriodAndAtEveryAlignment) {
  for (const uint32_t shift : {kShiftOf256Bytes, kShiftOf16Mebibytes}) {
    std::mt19937_64 rng(1);
    const std::vector<uint32_t> words = RandomFilter(shift, rng);
    const RpiFilter filter = {words.data(), shift};
    std::vector<Rpik> rpiks(5);
    for (Rpik& rpik : rpiks) rpik = RandomBytes<Rpik>(rng);
    for (size_t num_intervals = 0; num_intervals <= 144; ++num_intervals) {
      SCOPED_TRACE(testing::Message()
                   << num_intervals << " intervals, shift " << shift);
      ASSERT_EQ(Find(*GetParam(), rpiks, 2642976, num_intervals, filter,
                     /*misalignment=*/num_intervals % 64),
                FindExpected(rpiks, 2642976, num_intervals, filter));
    }
  }
}

TEST_P(KernelsTest, FiltersThatLetEverythingOrNothingPass) {
  std::mt19937_64 rng(1);
  std::vector<Rpik> rpiks(21);
  for (Rpik& rpik : rpiks) rpik = RandomBytes<Rpik>(rng);
  std::vector<uint32_t> words(64, 0);
  const RpiFilter filter = {words.data(), 26};
  const Candidates all = Find(*GetParam(), rpiks, 2642976, 144, filter);
  EXPECT_EQ(all.size(), 21 * 144);
  EXPECT_EQ(all, FindExpected(rpiks, 2642976, 144, filter));
  words.assign(64, ~uint32_t{0});
  EXPECT_TRUE(Find(*GetParam(), rpiks, 2642976, 144, filter).empty());
}

// Many keys, cut where intervals' upper bytes change, and few hits.
TEST_P(KernelsTest, FindsRareCandidatesOfManyKeys) {
  std::mt19937_64 rng(1);
  std::vector<Rpik> rpiks(70);
  for (Rpik& rpik : rpiks) rpik = RandomBytes<Rpik>(rng);
  for (const uint32_t shift : {kShiftOf256Bytes, kShiftOf16Mebibytes}) {
    std::vector<uint32_t> words = RandomFilter(shift, rng);
    for (uint32_t& word : words) word |= 0xf0f0f0f0;
    const RpiFilter filter = {words.data(), shift};
    for (const uint32_t first_interval : {2653344U, 2653440U - 7}) {
      SCOPED_TRACE(testing::Message()
                   << "from " << first_interval << ", shift " << shift);
      const Candidates expected =
          FindExpected(rpiks, first_interval, 144, filter);
      EXPECT_FALSE(expected.empty());
      ASSERT_EQ(Find(*GetParam(), rpiks, first_interval, 144, filter),
                expected);
    }
  }
}

TEST_P(KernelsTest, TakesNullForEmptyArrays) {
  EXPECT_TRUE(GetParam()->derive_rpiks(nullptr, 0, nullptr));
  const Rpik rpik;
  EXPECT_TRUE(GetParam()->generate_rpis(rpik.bytes.data(), 0, 0, nullptr));
  const uint32_t words[2] = {};
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

// What this machine can run by the kernel's own account of its processor, not
// by ours (cpu_features.h); in the order of AllKernels.
std::string KernelsOfThisProcessor() {
  std::string names;
#if defined(__x86_64__)
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::set<std::string> flags;
  for (std::string line; flags.empty() && std::getline(cpuinfo, line);) {
    if (!line.starts_with("flags")) continue;
    std::istringstream words(line);
    flags.insert(std::istream_iterator<std::string>(words), {});
  }
  const auto has = [&flags](std::initializer_list<const char*> wanted) {
    return std::all_of(wanted.begin(), wanted.end(),
                       [&flags](const char* w) { return flags.contains(w); });
  };
  EXPECT_FALSE(flags.empty());
  if (has({"avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512vbmi", "aes",
           "vaes"})) {
    names += "x86_vaes512,";
  }
  if (has({"aes", "sse4_1", "ssse3", "sha_ni", "avx2", "vaes"})) {
    names += "x86_vaes256,";
  }
  if (has({"aes", "sse4_1", "ssse3", "sha_ni"})) names += "x86_aesni,";
#endif
  return names + "portable";
}

// Each implementation is tested only where the machine can run it, so this
// fails where it could, but did not. Under emulation the machine's account is
// of another processor; TEKMATCH_EXPECT_KERNELS says then what has to have run.
TEST(RunnableTest, AreAllKernelsThatTheProcessorHas) {
  std::string names;
  for (const Kernels* kernels : RunnableKernels()) {
    if (!names.empty()) names += ',';
    names += kernels->name;
  }
  std::cout << "kernels tested: " << names << std::endl;
  RecordProperty("kernels", names);
  const char* expected = std::getenv("TEKMATCH_EXPECT_KERNELS");
  EXPECT_EQ(names, expected != nullptr ? expected : KernelsOfThisProcessor());
}

TEST(DispatchTest, FindsEveryRunnableKernelByItsName) {
  for (const Kernels* kernels : RunnableKernels()) {
    EXPECT_THAT(FindKernels(kernels->name), IsOkAndHolds(kernels));
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
    EXPECT_THAT(found, StatusIs(absl::StatusCode::kInvalidArgument));
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
  EXPECT_THAT(
      found,
      StatusIs(absl::StatusCode::kFailedPrecondition,
               "kernel \"wide\" needs instructions that this machine lacks; "
               "available: narrow"));
  EXPECT_THAT(FindKernels(choices, "narrow"), IsOkAndHolds(&narrow));
}

}  // namespace
}  // namespace tekmatch
