#include "keyformat/random_source.h"

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

TEST(RandomSourceTest, SeedsDecideAndSystemDiffers) {
  const auto Draw = [](RandomSource random) {
    std::vector<uint8_t> bytes(10000);
    random.Fill(absl::MakeSpan(bytes));
    return bytes;
  };
  EXPECT_EQ(Draw(RandomSource::Seeded(1)), Draw(RandomSource::Seeded(1)));
  EXPECT_NE(Draw(RandomSource::Seeded(1)), Draw(RandomSource::Seeded(2)));
  EXPECT_NE(Draw(RandomSource::FromSystem()), Draw(RandomSource::FromSystem()));
  // No buffer repeats the last.
  const std::vector<uint8_t> bytes = Draw(RandomSource::Seeded(3));
  EXPECT_NE(std::vector<uint8_t>(bytes.begin(), bytes.begin() + 4096),
            std::vector<uint8_t>(bytes.begin() + 4096, bytes.begin() + 8192));
}

TEST(RandomSourceTest, BelowCoversItsRangeEvenly) {
  RandomSource random = RandomSource::Seeded(5);
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i) ++counts[random.Below(7)];
  for (const int count : counts) {
    EXPECT_GT(count, 9500);
    EXPECT_LT(count, 10500);
  }
  EXPECT_EQ(random.Below(1), 0);
}

}  // namespace
}  // namespace tekmatch
