// Keys as bytes and back: all that a key can be, packs of odd sizes, and bytes
// that are damaged anywhere.
#include "matcher/check/packed_keys.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/key_block.h"
#include "keyformat/random_source.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr EnIntervalNumber kMaxInterval =
    std::numeric_limits<EnIntervalNumber>::max();

absl::Span<const uint8_t> BytesOf(absl::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Any legal key, of one of so many kinds.
DiagnosisKey RandomKey(RandomSource& random, uint64_t num_kinds) {
  RandomSource kind = RandomSource::Seeded(random.Below(num_kinds));
  DiagnosisKey key;
  random.Fill(absl::MakeSpan(key.tek.bytes));
  key.rolling_period = static_cast<uint8_t>(1 + kind.Below(kMaxRollingPeriod));
  key.rolling_start = static_cast<EnIntervalNumber>(
      kind.Below(uint64_t{kMaxInterval} - key.rolling_period + 1));
  KeyMetadata& m = key.metadata;
  if (kind.Below(2) == 0) {
    m.transmission_risk =
        static_cast<uint8_t>(kind.Below(kMaxTransmissionRisk + 1));
  }
  if (kind.Below(2) == 0) {
    m.report_type = static_cast<ReportType>(kind.Below(kNumReportTypes));
  }
  if (kind.Below(2) == 0) {
    m.days_since_onset = static_cast<int8_t>(
        static_cast<int>(kind.Below(2 * kMaxDaysSinceOnset + 1)) -
        kMaxDaysSinceOnset);
  }
  if (kind.Below(2) == 0) {
    m.variant_of_concern = static_cast<uint8_t>(kind.Below(256));
  }
  m.revised = kind.Below(2) == 0;
  return key;
}

std::vector<DiagnosisKey> RandomKeys(size_t n, uint64_t seed,
                                     uint64_t num_kinds) {
  RandomSource random = RandomSource::Seeded(seed);
  std::vector<DiagnosisKey> keys;
  for (size_t i = 0; i < n; ++i) keys.push_back(RandomKey(random, num_kinds));
  return keys;
}

std::string Pack(const std::vector<DiagnosisKey>& keys) {
  KeyBlock block;
  for (const DiagnosisKey& key : keys) block.Append(key);
  std::string bytes;
  PackKeys(block, &bytes);
  return bytes;
}

struct Unpacked {
  std::vector<DiagnosisKey> keys;
  std::vector<size_t> blocks;  // their sizes
};

absl::StatusOr<Unpacked> Unpack(absl::string_view bytes) {
  Unpacked unpacked;
  const absl::Status status =
      UnpackKeys(BytesOf(bytes), [&](const KeyBlock& block) {
        unpacked.blocks.push_back(block.size());
        for (size_t i = 0; i < block.size(); ++i) {
          unpacked.keys.push_back(block.key(i));
        }
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return unpacked;
}

bool IsLegal(const DiagnosisKey& key) {
  const KeyMetadata& m = key.metadata;
  return key.rolling_period >= 1 && key.rolling_period <= kMaxRollingPeriod &&
         key.rolling_start <= kMaxInterval - key.rolling_period &&
         m.transmission_risk.value_or(0) <= kMaxTransmissionRisk &&
         static_cast<int>(m.report_type.value_or(ReportType::kUnknown)) <
             kNumReportTypes &&
         std::abs(int{m.days_since_onset.value_or(0)}) <= kMaxDaysSinceOnset;
}

// DATA_LOSS, or other keys that are legal.
void ExpectNoHarm(absl::string_view bytes, size_t* num_refused) {
  const absl::StatusOr<Unpacked> unpacked = Unpack(bytes);
  if (!unpacked.ok()) {
    ++*num_refused;
    ASSERT_EQ(unpacked.status(), absl::DataLossError("kept keys are damaged"));
    return;
  }
  ASSERT_TRUE(
      std::all_of(unpacked->keys.begin(), unpacked->keys.end(), IsLegal));
}

TEST(PackedKeysTest, RoundTrip) {
  for (const size_t n : {0, 1, 2, 100, 4095, 4096, 4097, 8192, 10'000}) {
    // As an export has them, and each key of a kind of its own.
    for (const uint64_t num_kinds : {uint64_t{14}, uint64_t{1} << 40}) {
      const std::vector<DiagnosisKey> keys = RandomKeys(n, n, num_kinds);
      const auto unpacked = Unpack(Pack(keys));
      ASSERT_THAT(unpacked, IsOk());
      EXPECT_TRUE(unpacked->keys == keys) << n << " of " << num_kinds;
      EXPECT_EQ(unpacked->blocks.size(),
                (n + kMaxPackedKeys - 1) / kMaxPackedKeys);
      for (size_t i = 1; i < unpacked->blocks.size(); ++i) {
        EXPECT_EQ(unpacked->blocks[i - 1], kMaxPackedKeys);
      }
    }
  }
}

// What the header says of the size.
TEST(PackedKeysTest, EighteenBytesAKeyAndTenAKind) {
  const DiagnosisKey key = RandomKeys(1, 1, 1)[0];
  EXPECT_EQ(Pack({}).size(), 0);
  EXPECT_EQ(Pack({key}).size(), 9 + 10 + 18);
  EXPECT_EQ(Pack(std::vector<DiagnosisKey>(4096, key)).size(),
            9 + 10 + 18 * 4096);
  EXPECT_EQ(Pack(std::vector<DiagnosisKey>(4097, key)).size(),
            2 * (9 + 10) + 18 * 4097);
  DiagnosisKey other = key;
  other.rolling_period = key.rolling_period == 1 ? 2 : 1;
  EXPECT_EQ(Pack({key, other, key, other}).size(), 9 + 2 * 10 + 4 * 18);
}

TEST(PackedKeysTest, TheEndsOfEveryField) {
  std::vector<DiagnosisKey> keys;
  DiagnosisKey key;
  key.rolling_period = 1;
  keys.push_back(key);  // nothing of metadata
  key.tek.bytes.fill(0xFF);
  key.rolling_period = kMaxRollingPeriod;
  key.rolling_start = kMaxInterval - kMaxRollingPeriod;
  key.metadata = {.transmission_risk = kMaxTransmissionRisk,
                  .report_type = ReportType::kRevoked,
                  .days_since_onset = kMaxDaysSinceOnset,
                  .variant_of_concern = 255,
                  .revised = true};
  keys.push_back(key);
  key.metadata.days_since_onset = -kMaxDaysSinceOnset;
  keys.push_back(key);
  // That are there, and 0, is not that they are lacking.
  key.metadata = {.transmission_risk = 0,
                  .report_type = ReportType::kUnknown,
                  .days_since_onset = 0,
                  .variant_of_concern = 0};
  keys.push_back(key);
  key.metadata = {};
  keys.push_back(key);
  const auto unpacked = Unpack(Pack(keys));
  ASSERT_THAT(unpacked, IsOk());
  EXPECT_TRUE(unpacked->keys == keys);
}

TEST(PackedKeysTest, PacksFollowEachOther) {
  const std::vector<DiagnosisKey> one = RandomKeys(3, 1, 2);
  const std::vector<DiagnosisKey> other = RandomKeys(5, 2, 2);
  const auto unpacked = Unpack(Pack(one) + Pack(other));
  ASSERT_THAT(unpacked, IsOk());
  EXPECT_THAT(unpacked->blocks, ElementsAre(3, 5));
  std::vector<DiagnosisKey> both = one;
  both.insert(both.end(), other.begin(), other.end());
  EXPECT_TRUE(unpacked->keys == both);
  EXPECT_THAT(Unpack("")->keys, IsEmpty());
}

TEST(PackedKeysTest, AnErrorOfTheSinkEndsIt) {
  const std::string bytes = Pack(RandomKeys(3, 1, 2)) + "damaged";
  int num_calls = 0;
  EXPECT_EQ(UnpackKeys(BytesOf(bytes),
                       [&](const KeyBlock&) {
                         ++num_calls;
                         return absl::AbortedError("enough");
                       }),
            absl::AbortedError("enough"));
  EXPECT_EQ(num_calls, 1);
}

TEST(PackedKeysTest, BytesThatAreCutOff) {
  const std::string bytes = Pack(RandomKeys(20, 1, 3));
  for (size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_THAT(Unpack(bytes.substr(0, size)),
                StatusIs(absl::StatusCode::kDataLoss))
        << size;
    EXPECT_THAT(Unpack(bytes + bytes.substr(0, size)),
                StatusIs(absl::StatusCode::kDataLoss))
        << size;
  }
}

TEST(PackedKeysTest, EveryByteWithEveryValue) {
  const std::string bytes = Pack(RandomKeys(12, 1, 3));
  size_t num_refused = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(value);
      ExpectNoHarm(damaged, &num_refused);
      if (HasFatalFailure()) return;
    }
  }
  // The version and the numbers, and all but some numbers of kinds: what is
  // left are TEKs and other values of a kind.
  EXPECT_GT(num_refused, 9U * 250);
}

TEST(PackedKeysTest, AnyBytes) {
  RandomSource random = RandomSource::Seeded(1);
  size_t num_refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::vector<uint8_t> bytes(random.Below(200));
    random.Fill(absl::MakeSpan(bytes));
    // So far as the numbers, which are small.
    if (bytes.size() > 9) {
      bytes[0] = 1;
      bytes[1] %= 8;
      bytes[5] %= 8;
      for (const size_t zero : {2, 3, 4, 6, 7, 8}) bytes[zero] = 0;
    }
    ExpectNoHarm(absl::string_view(reinterpret_cast<const char*>(bytes.data()),
                                   bytes.size()),
                 &num_refused);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(num_refused, 10'000U);
}

// Numbers that would take a size beyond all memory are none.
TEST(PackedKeysTest, NumbersThatAreTooLarge) {
  const std::string one = Pack(RandomKeys(1, 1, 1));
  for (const uint32_t n : {0U, 2U, 4097U, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
    for (const size_t at : {1, 5}) {
      std::string bytes = one;
      for (size_t i = 0; i < 4; ++i) {
        bytes[at + i] = static_cast<char>(n >> (8 * i));
      }
      EXPECT_THAT(Unpack(bytes), StatusIs(absl::StatusCode::kDataLoss))
          << n << " at " << at;
    }
  }
}

}  // namespace
}  // namespace tekmatch
