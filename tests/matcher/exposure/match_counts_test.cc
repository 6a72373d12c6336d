#include "matcher/exposure/match_counts.h"

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/match_at.h"
#include "tests/time_zones.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

DateCount Date(int year, int month, int day, uint64_t num_keys,
               uint64_t num_sightings) {
  return {absl::CivilDay(year, month, day), num_keys, num_sightings};
}

TEST(CountByDateTest, TheZoneDecides) {
  const std::vector<Match> matches = {MatchAt("2020-05-20T14:59:59Z", 1, 0),
                                      MatchAt("2020-05-20T15:00:00Z", 1, 1),
                                      MatchAt("2020-05-20T23:59:59Z", 1, 2),
                                      MatchAt("2020-05-21T00:00:00Z", 1, 3)};
  EXPECT_THAT(CountByDate(matches, Zone("UTC")),
              ElementsAre(Date(2020, 5, 20, 1, 3), Date(2020, 5, 21, 1, 1)));
  EXPECT_THAT(CountByDate(matches, Zone("Asia/Tokyo")),
              ElementsAre(Date(2020, 5, 20, 1, 1), Date(2020, 5, 21, 1, 3)));
  // 14 hours ahead, 11 behind: either side of the date line.
  EXPECT_THAT(CountByDate(matches, Zone("Pacific/Kiritimati")),
              ElementsAre(Date(2020, 5, 21, 1, 4)));
  EXPECT_THAT(CountByDate(matches, Zone("Pacific/Pago_Pago")),
              ElementsAre(Date(2020, 5, 20, 1, 4)));
  EXPECT_THAT(CountByDate({}, Zone("UTC")), IsEmpty());
}

TEST(CountByDateTest, SummerTime) {
  // Berlin's 29 March 2020 has 23 hours, its 25 October 25.
  const std::vector<Match> matches = {MatchAt("2020-03-28T22:59:59Z", 1, 0),
                                      MatchAt("2020-03-28T23:00:00Z", 1, 1),
                                      MatchAt("2020-03-29T21:59:59Z", 1, 2),
                                      MatchAt("2020-03-29T22:00:00Z", 1, 3),
                                      MatchAt("2020-10-24T21:59:59Z", 1, 4),
                                      MatchAt("2020-10-24T22:00:00Z", 1, 5),
                                      MatchAt("2020-10-25T22:59:59Z", 1, 6),
                                      MatchAt("2020-10-25T23:00:00Z", 1, 7)};
  EXPECT_THAT(CountByDate(matches, Zone("Europe/Berlin")),
              ElementsAre(Date(2020, 3, 28, 1, 1), Date(2020, 3, 29, 1, 2),
                          Date(2020, 3, 30, 1, 1), Date(2020, 10, 24, 1, 1),
                          Date(2020, 10, 25, 1, 2), Date(2020, 10, 26, 1, 1)));
}

TEST(CountByDateTest, ADateThatAZoneSkipped) {
  // Samoa went from 29 December 2011 to the 31st.
  const std::vector<Match> matches = {MatchAt("2011-12-30T09:59:59Z", 1, 0),
                                      MatchAt("2011-12-30T10:00:00Z", 1, 1)};
  EXPECT_THAT(CountByDate(matches, Zone("Pacific/Apia")),
              ElementsAre(Date(2011, 12, 29, 1, 1), Date(2011, 12, 31, 1, 1)));
}

TEST(CountTest, EverythingIsDistinct) {
  // One sighting that matches two keys; one key sighted thrice, under two
  // identifiers, on two dates.
  const std::vector<Match> matches = {MatchAt("2020-05-20T10:00:00Z", 1, 0),
                                      MatchAt("2020-05-20T10:00:00Z", 2, 0),
                                      MatchAt("2020-05-20T10:05:00Z", 1, 1),
                                      MatchAt("2020-05-21T10:00:00Z", 1, 2, 9)};
  EXPECT_EQ(CountKeys(matches), 2);
  EXPECT_EQ(CountSightings(matches), 3);
  EXPECT_EQ(CountRpis(matches), 2);
  EXPECT_THAT(CountByDate(matches, Zone("UTC")),
              ElementsAre(Date(2020, 5, 20, 2, 2), Date(2020, 5, 21, 1, 1)));
}

}  // namespace
}  // namespace tekmatch
