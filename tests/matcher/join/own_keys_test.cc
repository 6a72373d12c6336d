#include "matcher/join/own_keys.h"

#include <vector>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

Tek TekOf(uint8_t byte) {
  Tek tek;
  tek.bytes.fill(byte);
  return tek;
}

Match HeardBy(uint32_t device, uint8_t key) {
  Match match;
  match.tek = TekOf(key);
  match.sighting.device = device;
  return match;
}

// The key of device 3 is a stranger's to device 4.
TEST(OwnKeysTest, OneDevicesOwnKeyIsDroppedForItAlone) {
  OwnKeys own;
  own.of_device[3] = {TekOf(1)};
  own.of_device[5] = {TekOf(2)};
  std::vector<Match> matches = {HeardBy(3, 1), HeardBy(4, 1), HeardBy(3, 2),
                                HeardBy(5, 2), HeardBy(3, 1)};
  EXPECT_EQ(DropOwnMatches(own, matches), 3U);
  EXPECT_EQ(matches, (std::vector<Match>{HeardBy(4, 1), HeardBy(3, 2)}));
}

// Keys of all devices are the engine's to leave out.
TEST(OwnKeysTest, KeysOfAllDevicesAreNotItsConcern) {
  OwnKeys own;
  own.of_all = {TekOf(1)};
  std::vector<Match> matches = {HeardBy(3, 1)};
  EXPECT_EQ(DropOwnMatches(own, matches), 0U);
  EXPECT_EQ(matches.size(), 1U);
}

TEST(OwnKeysTest, WhoAsksIsToldOfEachThatIsDropped) {
  OwnKeys own;
  own.of_device[3] = {TekOf(1)};
  std::vector<Match> matches = {HeardBy(3, 1), HeardBy(4, 1), HeardBy(3, 2)};
  std::vector<Match> told;
  EXPECT_EQ(DropOwnMatches(own, matches,
                           [&told](const Match& match, absl::string_view why) {
                             EXPECT_EQ(why, "own_key");
                             told.push_back(match);
                           }),
            1U);
  EXPECT_EQ(told, std::vector<Match>{HeardBy(3, 1)});
  EXPECT_EQ(matches, (std::vector<Match>{HeardBy(4, 1), HeardBy(3, 2)}));
}

}  // namespace
}  // namespace tekmatch
