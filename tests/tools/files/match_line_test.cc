#include "tools/files/match_line.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

Match ExampleMatch() {
  Match match;
  match.tek.bytes.fill(0xab);
  match.rolling_start = 2649888;
  match.rolling_period = 144;
  match.interval = 2649957;
  match.sighting.unix_seconds = 1589974662;
  match.sighting.rpi.bytes.fill(0xcd);
  match.sighting.rssi = -77;
  match.sighting.device = 3;
  match.tx_power = -10;
  match.attenuation = 67;
  return match;
}

TEST(MatchLineTest, ExactText) {
  const Match match = ExampleMatch();
  EXPECT_EQ(
      MatchLine(match, "a/b \"c\".zip"),
      R"({"tek":"abababababababababababababababab","rolling_start":2649888,)"
      R"("rolling_period":144,"interval":2649957,)"
      R"("rpi":"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd","sighting_time":1589974662,)"
      R"("rssi":-77,"tx_power":-10,"attenuation":67,)"
      R"("file":"a/b \"c\".zip"})"
      "\n");
}

TEST(MatchLineTest, TheDeviceIfWanted) {
  EXPECT_THAT(MatchLine(ExampleMatch(), "a.zip", /*with_device=*/true),
              HasSubstr(R"("attenuation":67,"device":3,"file":"a.zip"})"));
}

TEST(MatchLineTest, APathThatIsNoText) {
  const Match match = ExampleMatch();
  EXPECT_THAT(MatchLine(match, "\xff.zip"), HasSubstr("\"\uFFFD.zip\""));
}

}  // namespace
}  // namespace tekmatch
