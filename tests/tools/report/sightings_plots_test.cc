#include "tools/report/sightings_plots.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/test_exports.h"
#include "tests/time_zones.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kHour = 3600;
constexpr int64_t kDay = 24 * kHour;

Sighting Heard(uint8_t rpi, int64_t seconds, uint32_t device = 0) {
  Sighting sighting;
  sighting.rpi.bytes[0] = rpi;
  sighting.unix_seconds = kTestDaySeconds + seconds;
  sighting.device = device;
  return sighting;
}

std::string Plots(std::vector<Sighting> sightings, uint32_t device = 0,
                  absl::TimeZone zone = absl::UTCTimeZone()) {
  std::sort(sightings.begin(), sightings.end(),
            [](const Sighting& a, const Sighting& b) { return a.rpi < b.rpi; });
  return SightingsPlots(
      {.sightings = sightings, .device = device, .id = "d", .zone = zone});
}

// A row of a table with these cells.
std::string Row(const std::string& day, const std::vector<std::string>& cells) {
  std::string row = absl::StrCat("<tr><th scope=\"row\">", day, "</th>");
  for (const std::string& cell : cells) {
    absl::StrAppend(&row, "<td class=\"n\">", cell, "</td>");
  }
  return row + "</tr>";
}

// The 24 counts of a day, all 0 but for these.
std::vector<std::string> Hours(
    const std::vector<std::pair<size_t, std::string>>& counts) {
  std::vector<std::string> cells(24, "0");
  for (const auto& [hour, count] : counts) cells[hour] = count;
  return cells;
}

TEST(SightingsPlotsTest, CountsByDayAndHourOfTheZone) {
  const std::vector<Sighting> sightings = {
      Heard(1, 0), Heard(1, 1), Heard(2, 3 * kHour), Heard(3, 20 * kHour)};
  const std::string utc = Plots(sightings);
  EXPECT_THAT(utc, HasSubstr(Row("2020-12-01",
                                 Hours({{0, "2"}, {3, "1"}, {20, "1"}}))));
  EXPECT_THAT(utc, HasSubstr("days and hours of UTC."));
  const std::string tokyo = Plots(sightings, 0, Zone("Asia/Tokyo"));
  EXPECT_THAT(tokyo,
              HasSubstr(Row("2020-12-01", Hours({{9, "2"}, {12, "1"}}))));
  EXPECT_THAT(tokyo, HasSubstr(Row("2020-12-02", Hours({{5, "1"}}))));
}

TEST(SightingsPlotsTest, IdentifierCountsOnceADay) {
  const std::string html = Plots({Heard(1, 0), Heard(1, 600), Heard(2, 5),
                                  Heard(2, kDay), Heard(1, 2 * kDay)});
  EXPECT_THAT(html, HasSubstr(Row("2020-12-01", {"2"})));
  EXPECT_THAT(html, HasSubstr(Row("2020-12-02", {"1"})));
  EXPECT_THAT(html, HasSubstr(Row("2020-12-03", {"1"})));
}

TEST(SightingsPlotsTest, GapIsOfMoreThanAQuarterOfAnHour) {
  EXPECT_THAT(Plots({Heard(1, 0), Heard(2, kGapSeconds)}),
              HasSubstr(Row("2020-12-01", {"0", "0"})));
  EXPECT_THAT(Plots({Heard(1, 0), Heard(2, kGapSeconds + 1)}),
              HasSubstr(Row("2020-12-01", {"1", "15"})));
}

// 20:00 of the first day to 04:00 of the third: each day has its part.
TEST(SightingsPlotsTest, GapOverMidnightIsOfEachDay) {
  const std::string html =
      Plots({Heard(1, 20 * kHour), Heard(2, 2 * kDay + 4 * kHour)});
  EXPECT_THAT(html, HasSubstr(Row("2020-12-01", {"1", "240"})));
  EXPECT_THAT(html, HasSubstr(Row("2020-12-02", {"1", "1\u202f440"})));
  EXPECT_THAT(html, HasSubstr(Row("2020-12-03", {"1", "240"})));
  EXPECT_THAT(html, HasSubstr("2020-12-01, 20:00–24:00"));
  EXPECT_THAT(html, HasSubstr("2020-12-03, 00:00–04:00"));
}

TEST(SightingsPlotsTest, OtherDevicesAreLeftOut) {
  const std::vector<Sighting> sightings = {Heard(1, 0, 1), Heard(2, kDay, 2)};
  EXPECT_THAT(Plots(sightings, 1), Not(HasSubstr("2020-12-02")));
  EXPECT_THAT(Plots(sightings, 2), HasSubstr(Row("2020-12-02", {"1"})));
  EXPECT_THAT(Plots(sightings, 3), HasSubstr("No sightings."));
}

// Clocks were set back at 02:00 on 1 November: its last hour is the 25th, and a
// row of 24 hours has no place for it.
TEST(SightingsPlotsTest, GapInTheLastHourOfALongDayHasNoNegativeWidth) {
  // 23:05 and 23:59 of that day in New York.
  constexpr int64_t kFrom = 1604289900 - kTestDaySeconds;
  const std::string html =
      Plots({Heard(1, kFrom), Heard(2, kFrom + int64_t{54} * 60)}, 0,
            Zone("America/New_York"));
  EXPECT_THAT(html, HasSubstr(Row("2020-11-01", {"1", "54"})));
  EXPECT_THAT(html, Not(HasSubstr("width=\"-")));
}

// A clock that was wrong once does not make a page of 20,000 days.
TEST(SightingsPlotsTest, ShowsTheNewestDays) {
  const std::string html = Plots({Heard(1, -9000 * kDay), Heard(2, 0)});
  EXPECT_THAT(html, HasSubstr(absl::StrCat("newest ", kMostSightingDays)));
  EXPECT_THAT(html, HasSubstr(Row("2020-12-01", {"1"})));
  EXPECT_THAT(html, HasSubstr("2020-10-03"));
  EXPECT_THAT(html, Not(HasSubstr("2020-10-02")));
}

}  // namespace
}  // namespace tekmatch
