// Plan: expected values by the portable kernel, once; then each kernel over
// every size, with every array at each side of pages without access and at each
// alignment that kernels.h allows.
//
// kernels_test.cc holds all kernels to the specification; this one holds them
// to their arrays: no byte beside one is read or written. A kernel that reads
// too far ends the process (guarded_array.h).
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "matcher/kernels/dispatch.h"
#include "matcher/kernels/kernels.h"
#include "tests/matcher/kernels/guarded_array.h"
#include "tests/sanitized.h"

namespace tekmatch {
namespace {

constexpr size_t kKeyBytes = 16;
constexpr size_t kMostRpis = 144;
// More than four times the sixteen keys that the widest kernel derives at once.
constexpr size_t kMostKeys = 69;
constexpr Side kSides[] = {Side::kBefore, Side::kBehind};

const Kernels& Portable() { return *AllKernels().back().kernels; }

std::vector<uint8_t> RandomBytes(size_t n, uint64_t seed) {
  std::mt19937_64 rng(seed);
  std::vector<uint8_t> bytes(n);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(rng());
  return bytes;
}

// Gaps of 0..63 bytes in steps of an array's alignment; under sanitizers fewer.
std::vector<size_t> Gaps(size_t alignment) {
  const size_t step = alignment == 1 && ShareOf(4) != 4 ? size_t{7} : alignment;
  std::vector<size_t> gaps;
  for (size_t gap = 0; gap < 64; gap += step) gaps.push_back(gap);
  return gaps;
}

class GuardPagesTest : public testing::TestWithParam<const Kernels*> {};

TEST_P(GuardPagesTest, RpiksOfEverySizeAtEveryAlignment) {
  const std::vector<uint8_t> teks = RandomBytes(kMostKeys * kKeyBytes, 1);
  std::vector<uint8_t> expected(teks.size());
  ASSERT_TRUE(Portable().derive_rpiks(teks.data(), kMostKeys, expected.data()));
  GuardedArray input(teks.size());
  GuardedArray output(teks.size());
  for (size_t num_keys = 0; num_keys <= kMostKeys; ++num_keys) {
    const size_t num_bytes = num_keys * kKeyBytes;
    for (const Side side : kSides) {
      for (const size_t gap : Gaps(1)) {
        const uint8_t* const in =
            input.Place(teks.data(), num_bytes, side, gap);
        uint8_t* const out = output.Place(num_bytes, side, 63 - gap);
        ASSERT_TRUE(GetParam()->derive_rpiks(in, num_keys, out));
        ASSERT_EQ(std::memcmp(out, expected.data(), num_bytes), 0)
            << num_keys << " keys, gap " << gap;
        ASSERT_TRUE(output.IsUntouchedBeside()) << num_keys << ", " << gap;
        // Where the output, too, is at the page itself.
        uint8_t* const edge = output.Place(num_bytes, side, 0);
        ASSERT_TRUE(GetParam()->derive_rpiks(in, num_keys, edge));
        ASSERT_EQ(std::memcmp(edge, expected.data(), num_bytes), 0);
        ASSERT_TRUE(output.IsUntouchedBeside()) << num_keys << ", " << gap;
        ASSERT_TRUE(input.IsUntouchedBeside()) << num_keys << ", " << gap;
      }
    }
  }
}

TEST_P(GuardPagesTest, RpisOfEveryNumberAtEveryAlignment) {
  const std::vector<uint8_t> rpik = RandomBytes(kKeyBytes, 2);
  constexpr uint32_t kFirst = 2642976;
  std::vector<uint8_t> expected(kMostRpis * kKeyBytes);
  ASSERT_TRUE(Portable().generate_rpis(rpik.data(), kFirst, kMostRpis,
                                       expected.data()));
  GuardedArray input(kKeyBytes);
  GuardedArray output(expected.size());
  for (size_t num_rpis = 0; num_rpis <= kMostRpis; ++num_rpis) {
    for (const Side side : kSides) {
      for (const size_t gap : Gaps(1)) {
        const uint8_t* const in =
            input.Place(rpik.data(), kKeyBytes, side, 63 - gap);
        uint8_t* const out = output.Place(num_rpis * kKeyBytes, side, gap);
        ASSERT_TRUE(GetParam()->generate_rpis(in, kFirst, num_rpis, out));
        ASSERT_EQ(std::memcmp(out, expected.data(), num_rpis * kKeyBytes), 0)
            << num_rpis << " RPIs, gap " << gap;
        ASSERT_TRUE(output.IsUntouchedBeside()) << num_rpis << ", " << gap;
      }
    }
  }
}

// In an order of its own, as kernels write candidates in any.
std::vector<std::string> Sorted(const uint8_t* candidates, size_t n) {
  std::vector<std::string> sorted(n);
  for (size_t i = 0; i < n; ++i) {
    sorted[i].assign(
        reinterpret_cast<const char*>(candidates) + i * sizeof(RpiCandidate),
        sizeof(RpiCandidate));
  }
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

// The arrays of find_candidates.
class CandidateArrays {
 public:
  CandidateArrays(size_t most_keys, const std::vector<uint32_t>& words,
                  uint32_t shift)
      : words_(words),
        shift_(shift),
        rpiks_(RandomBytes(most_keys * kKeyBytes, 3)),
        input_(rpiks_.size()),
        filter_(4 * words.size()),
        output_(most_keys * kMostRpis * sizeof(RpiCandidate)),
        number_(sizeof(size_t)) {}

  // `gap` is of the RPIKs, `word_gap`, a multiple of 4, of the others.
  void Expect(const Kernels& kernels, size_t num_keys, size_t num_intervals,
              Side side, size_t gap, size_t word_gap) {
    SCOPED_TRACE(testing::Message()
                 << num_keys << " keys, " << num_intervals << " intervals, gap "
                 << gap << " and " << word_gap << ", shift " << shift_);
    const size_t room = num_keys * num_intervals;
    // Cut where the intervals' second byte changes, too.
    const auto first = static_cast<uint32_t>(
        2653440 - std::min<size_t>(num_intervals, 5) * (gap % 2));
    std::vector<RpiCandidate> expected(room + 1);
    size_t num_expected = 0;
    const RpiFilter plain = {words_.data(), shift_};
    ASSERT_TRUE(Portable().find_candidates(rpiks_.data(), num_keys, first,
                                           num_intervals, &plain,
                                           expected.data(), &num_expected));

    const uint8_t* const in =
        input_.Place(rpiks_.data(), num_keys * kKeyBytes, side, gap);
    const RpiFilter filter = {
        reinterpret_cast<const uint32_t*>(
            filter_.Place(words_.data(), 4 * words_.size(), side, word_gap)),
        shift_};
    uint8_t* const out =
        output_.Place(room * sizeof(RpiCandidate), side, word_gap);
    auto* const num_found = reinterpret_cast<size_t*>(
        number_.Place(sizeof(size_t), side, word_gap / 8 * 8));
    ASSERT_TRUE(kernels.find_candidates(
        in, num_keys, first, num_intervals, &filter,
        reinterpret_cast<RpiCandidate*>(out), num_found));
    ASSERT_EQ(*num_found, num_expected);
    ASSERT_EQ(Sorted(out, num_expected),
              Sorted(reinterpret_cast<const uint8_t*>(expected.data()),
                     num_expected));
    ASSERT_TRUE(input_.IsUntouchedBeside());
    ASSERT_TRUE(filter_.IsUntouchedBeside());
    ASSERT_TRUE(output_.IsUntouchedBeside());
    ASSERT_TRUE(number_.IsUntouchedBeside());
  }

 private:
  const std::vector<uint32_t> words_;
  const uint32_t shift_;
  const std::vector<uint8_t> rpiks_;
  GuardedArray input_;
  GuardedArray filter_;
  GuardedArray output_;
  GuardedArray number_;
};

// A filter that lets about a third pass.
std::vector<uint32_t> RandomFilter(uint32_t shift) {
  std::mt19937_64 rng(shift);
  std::vector<uint32_t> words(size_t{1} << (32 - shift));
  for (uint32_t& word : words) word = static_cast<uint32_t>(rng() & rng());
  return words;
}

// Where everything passes the array of candidates is full to its last byte.
TEST_P(GuardPagesTest, CandidatesOfEverySizeWhereAllPass) {
  CandidateArrays arrays(21, std::vector<uint32_t>(2, 0), 31);
  for (const Side side : kSides) {
    for (size_t num_keys = 0; num_keys <= 21; ++num_keys) {
      for (size_t num_intervals = 0; num_intervals <= 26; ++num_intervals) {
        arrays.Expect(*GetParam(), num_keys, num_intervals, side, 0, 0);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(GuardPagesTest, CandidatesOfEveryPeriod) {
  CandidateArrays arrays(9, RandomFilter(26), 26);
  for (const Side side : kSides) {
    for (const size_t num_keys : {1, 4, 5, 8, 9}) {
      for (size_t num_intervals = 0; num_intervals <= kMostRpis;
           ++num_intervals) {
        arrays.Expect(*GetParam(), num_keys, num_intervals, side,
                      num_intervals % 64, num_intervals % 16 * 4);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(GuardPagesTest, CandidatesAtEveryAlignment) {
  CandidateArrays arrays(17, RandomFilter(30), 30);
  for (const Side side : kSides) {
    for (const size_t num_keys : {0, 1, 3, 4, 5, 16, 17}) {
      for (const size_t num_intervals : {1, 4, 5, 11, 12, 13, 25}) {
        for (const size_t gap : Gaps(1)) {
          arrays.Expect(*GetParam(), num_keys, num_intervals, side, gap,
                        gap / 4 * 4);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

// Kernels fetch the words of a large filter ahead; what is ahead of the last
// step is no word.
TEST_P(GuardPagesTest, CandidatesByALargeFilter) {
  constexpr uint32_t kShiftOf16Mebibytes = 10;
  CandidateArrays arrays(21, RandomFilter(kShiftOf16Mebibytes),
                         kShiftOf16Mebibytes);
  for (const Side side : kSides) {
    for (const size_t num_keys : {1, 2, 5, 21}) {
      arrays.Expect(*GetParam(), num_keys, 37, side, 1, 0);
      if (HasFatalFailure()) return;
    }
  }
}

std::vector<const Kernels*> RunnableKernels() {
  std::vector<const Kernels*> runnable;
  for (const KernelChoice& choice : AllKernels()) {
    if (choice.available) runnable.push_back(choice.kernels);
  }
  return runnable;
}

INSTANTIATE_TEST_SUITE_P(
    Runnable, GuardPagesTest, testing::ValuesIn(RunnableKernels()),
    [](const testing::TestParamInfo<const Kernels*>& info) {
      return std::string(info.param->name);
    });

// That the tests above can fail: one byte beside an array.
void ReadAt(const uint8_t* p) {
  const volatile uint8_t byte = *p;
  (void)byte;
}

TEST(GuardedArrayDeathTest, AByteBesideAnArrayEndsTheProcess) {
  for (const size_t num_bytes : {0, 1, 16, 4096, 5000}) {
    GuardedArray array(5000);
    const uint8_t* const behind =
        array.Place(num_bytes, Side::kBehind, 0) + num_bytes;
    EXPECT_DEATH(ReadAt(behind), "");
    const uint8_t* const before = array.Place(num_bytes, Side::kBefore, 0) - 1;
    EXPECT_DEATH(ReadAt(before), "");
  }
}

TEST(GuardedArrayDeathTest, AByteWrittenInTheGapIsSeen) {
  GuardedArray array(100);
  for (const Side side : kSides) {
    uint8_t* const a = array.Place(48, side, 5);
    std::memset(a, 0, 48);
    EXPECT_TRUE(array.IsUntouchedBeside());
    a[48] = 0;
    EXPECT_FALSE(array.IsUntouchedBeside());
    a[48] = GuardedArray::kUntouched;
    EXPECT_TRUE(array.IsUntouchedBeside());
    a[-1] = 0;
    EXPECT_FALSE(array.IsUntouchedBeside());
  }
}

}  // namespace
}  // namespace tekmatch
