#include "keyformat/release.h"

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"

namespace tekmatch {
namespace {

// 2020-07-27T00:00:00Z.
constexpr EnIntervalNumber kDay = 2659680;
constexpr int64_t kDaySecond = 1595808000;
constexpr int64_t kHour = 3600;

DiagnosisKey Key(EnIntervalNumber start, uint8_t period) {
  DiagnosisKey key;
  key.rolling_start = start;
  key.rolling_period = period;
  return key;
}

bool GoesOut(const DiagnosisKey& key, int64_t now, ReleaseRule rule) {
  std::vector<DiagnosisKey> keys = {key};
  const uint64_t num_held = HoldBack(now, rule, keys);
  EXPECT_EQ(keys.size() + num_held, 1);
  return num_held == 0;
}

TEST(ReleaseTest, AKeyGoesOutTwoHoursAfterItsEnd) {
  const struct {
    DiagnosisKey key;
    int64_t from;  // the first second
  } kCases[] = {
      {Key(kDay, 144), kDaySecond + 26 * kHour},
      {Key(kDay, 1), kDaySecond + 600 + 2 * kHour},
      {Key(kDay + 1, 90), kDaySecond + 600 + 15 * kHour + 2 * kHour},
      {Key(1, 144), 600 + 26 * kHour},
      {Key(2147483647, 144), int64_t{2147483647} * 600 + 26 * kHour},
  };
  for (const auto& [key, from] : kCases) {
    EXPECT_TRUE(GoesOut(key, from, ReleaseRule::kAfterEnd));
    EXPECT_FALSE(GoesOut(key, from - 1, ReleaseRule::kAfterEnd));
    EXPECT_FALSE(GoesOut(key, 0, ReleaseRule::kAfterEnd));
    EXPECT_FALSE(GoesOut(key, -1, ReleaseRule::kAfterEnd));
  }
}

TEST(ReleaseTest, ASameDayKeyGoesOutFromItsBeginningOn) {
  for (const uint8_t period : {1, 144}) {
    const DiagnosisKey key = Key(kDay, period);
    EXPECT_TRUE(GoesOut(key, kDaySecond, ReleaseRule::kSameDay));
    EXPECT_TRUE(GoesOut(key, kDaySecond + 1, ReleaseRule::kSameDay));
    EXPECT_FALSE(GoesOut(key, kDaySecond - 1, ReleaseRule::kSameDay));
  }
}

TEST(ReleaseTest, OthersStayInOrderWhateverTheirMetadata) {
  std::vector<DiagnosisKey> keys = {Key(kDay - 288, 144), Key(kDay - 143, 144),
                                    Key(kDay - 144, 132), Key(kDay, 144),
                                    Key(kDay - 432, 144)};
  keys[1].metadata.revised = true;
  keys[4].metadata.revised = true;
  const std::vector<DiagnosisKey> out = {keys[0], keys[2], keys[4]};
  EXPECT_EQ(HoldBack(kDaySecond, ReleaseRule::kAfterEnd, keys), 2);
  EXPECT_EQ(keys, out);
}

}  // namespace
}  // namespace tekmatch
