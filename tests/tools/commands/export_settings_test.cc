#include "tools/commands/export_settings.h"

#include <cstdint>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
// 2020-07-30T01:30:00Z
const absl::Time kNow = absl::FromUnixSeconds(1596072600);

absl::Status CountsStatus(uint64_t min_keys, uint64_t padding_range,
                          uint64_t max_keys) {
  ExportSettings settings;
  settings.min_keys = min_keys;
  settings.padding_range = padding_range;
  settings.max_keys = max_keys;
  const auto options = WriterOptions(settings, kNow);
  if (!options.ok()) return options.status();
  EXPECT_EQ(options->min_keys, min_keys);
  EXPECT_EQ(options->padding_range, padding_range);
  EXPECT_EQ(options->max_keys, max_keys);
  return absl::OkStatus();
}

TEST(ExportSettingsTest, CountsHaveRanges) {
  const absl::Status min_keys =
      absl::InvalidArgumentError("--min-keys: not in 0..750000");
  const absl::Status padding_range =
      absl::InvalidArgumentError("--padding-range: not in 0..750000");
  const absl::Status max_keys =
      absl::InvalidArgumentError("--max-keys: not in 1..750000");
  const absl::Status together = absl::InvalidArgumentError(
      "--max-keys: less than --min-keys and --padding-range together");
  EXPECT_THAT(CountsStatus(0, 0, 1), IsOk());
  EXPECT_THAT(CountsStatus(1000, 100, 1100), IsOk());
  EXPECT_THAT(CountsStatus(750'000, 0, 750'000), IsOk());
  EXPECT_THAT(CountsStatus(0, 750'000, 750'000), IsOk());
  EXPECT_EQ(CountsStatus(750'001, 0, 750'000), min_keys);
  EXPECT_EQ(CountsStatus(kMost, 0, 1), min_keys);
  EXPECT_EQ(CountsStatus(kMost, kMost, kMost), min_keys);
  EXPECT_EQ(CountsStatus(0, 750'001, 750'000), padding_range);
  EXPECT_EQ(CountsStatus(0, kMost, kMost), padding_range);
  EXPECT_EQ(CountsStatus(0, 0, 750'001), max_keys);
  EXPECT_EQ(CountsStatus(0, 0, kMost), max_keys);
  EXPECT_EQ(CountsStatus(0, 0, 0), max_keys);
  EXPECT_EQ(CountsStatus(1000, 101, 1100), together);
  EXPECT_EQ(CountsStatus(2, 0, 1), together);
  EXPECT_EQ(CountsStatus(750'000, 750'000, 750'000), together);
}

TEST(ExportSettingsTest, TheWindowIsADayToTheLastWholeHour) {
  ExportSettings settings;
  auto options = WriterOptions(settings, kNow);
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->start_timestamp, 1595984400);
  EXPECT_EQ(options->end_timestamp, 1596070800);
  settings.end = "2020-07-30T00:00:00Z";
  options = WriterOptions(settings, kNow);
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->start_timestamp, 1595980800);
  EXPECT_EQ(options->end_timestamp, 1596067200);
  settings.start = "1596067199";
  options = WriterOptions(settings, kNow);
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->start_timestamp, 1596067199);
}

TEST(ExportSettingsTest, WrongWindowsAreNamed) {
  const struct {
    std::string start;
    std::string end;
    std::string message;
  } kCases[] = {
      {"-1", "5", "--start: before 1970"},
      {"", "86399", "--start: before 1970"},
      {"5", "5", "--end: not after --start"},
      {"5", "-5", "--end: not after --start"},
      {"2020-07-30T00:00:00.1Z", "2020-07-30T00:00:00.9Z",
       "--end: not after --start"},
      {"x", "5",
       "--start x: neither RFC 3339, such as 2020-12-10T09:00+09:00, nor Unix "
       "seconds, such as 1607558400"},
      {"5", "y",
       "--end y: neither RFC 3339, such as 2020-12-10T09:00+09:00, nor Unix "
       "seconds, such as 1607558400"},
  };
  for (const auto& [start, end, message] : kCases) {
    ExportSettings settings;
    settings.start = start;
    settings.end = end;
    EXPECT_EQ(WriterOptions(settings, kNow).status(),
              absl::InvalidArgumentError(message));
  }
}

TEST(ExportSettingsTest, NamesBecomeTheWritersOptions) {
  ExportSettings settings;
  settings.region = "440";
  auto options = WriterOptions(settings, kNow);
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->region, "440");
  EXPECT_EQ(options->split, ExportSplit::kWindows);
  EXPECT_EQ(options->order, KeyOrder::kSorted);
  settings.split = "batch";
  settings.order = "random";
  options = WriterOptions(settings, kNow);
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->split, ExportSplit::kBatch);
  EXPECT_EQ(options->order, KeyOrder::kRandom);
}

}  // namespace
}  // namespace tekmatch
