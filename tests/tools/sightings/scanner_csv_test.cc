#include "tools/sightings/scanner_csv.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/shared_data.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tools/sightings/sightings_reader.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kRpi[] = "2cfb0de02b33d20c5c27611238e2d107";
constexpr char kRaw[] = "Time;RPI;AEM;RSSI;BDADDR\n";
constexpr char kSpans[] = "StartTime;EndTime;RPI;AEM;MaxRSSI;BDADDR\n";

absl::StatusOr<SightingsFile> Read(const std::string& text,
                                   bool skip_bad = false) {
  return ReadSightings(WriteTemp("rx_data.csv", text),
                       {.skip_bad = skip_bad, .progress = nullptr});
}

std::string Raw(int time) {
  return absl::StrCat(time, ";", kRpi, ";42b56ee5;-72;00:00:5E:00:53:00\n");
}
std::string Span(int begin, int end) {
  return absl::StrCat(begin, ";", end, ";", kRpi,
                      ";42b56ee5;-72;00:00:5E:00:53:00\n");
}

TEST(ScannerCsvTest, RawRowsAndTheHeaderOfEachStart) {
  const auto file =
      Read(absl::StrCat(kRaw, Raw(1598500000), kRaw, "\n", Raw(1598500300)));
  ASSERT_THAT(file, IsOk());
  ASSERT_THAT(file->sightings, SizeIs(2));
  EXPECT_EQ(CsvRow(file->sightings[0]),
            absl::StrCat("1598500000,", kRpi, ",42b56ee5,-72\n"));
  EXPECT_EQ(file->conversion.num_spans, 0U);
  EXPECT_EQ(file->conversion.num_addresses, 2U);
}

TEST(ScannerCsvTest, SpansAreASightingAtEachEnd) {
  const auto file = Read(absl::StrCat(kSpans, Span(1598500000, 1598500300),
                                      kSpans, Span(1598500400, 1598500400)));
  ASSERT_THAT(file, IsOk());
  ASSERT_THAT(file->sightings, SizeIs(3));
  EXPECT_EQ(file->sightings[1].unix_seconds, 1598500300);
  EXPECT_EQ(file->conversion.num_spans, 2U);
  EXPECT_EQ(file->conversion.num_of_spans, 3U);
}

TEST(ScannerCsvTest, RowsThatAreNone) {
  struct {
    std::string row;
    const char* reason;
  } const cases[] = {
      {Span(1598500300, 1598500000), "end: not within a day after the start"},
      {Span(1598500000, 1598586401), "end: not within a day after the start"},
      {Raw(1598500000), "not 6 fields"},
      {kRaw, "the header of another form"},
      {"a;2;3;4;5;6\n", "time: not an integer"},
      // A file that was cut.
      {Span(1598500000, 1598500300).substr(0, 60), "not 6 fields"},
      {Span(1598500000, 1598500300).substr(0, 80), "bdaddr: no address"},
      {absl::StrCat("1598500000;1598500001;0x", kRpi,
                    ";42b56ee5;-72;00:00:5E:00:53:00\n"),
       "rpi: begins with 0x"},
      {std::string(70000, '1') + "\n", "the line is too long"},
  };
  std::string all = kSpans;
  for (const auto& bad : cases) {
    EXPECT_THAT(
        Read(kSpans + bad.row),
        StatusIs(absl::StatusCode::kDataLoss,
                 HasSubstr(absl::StrCat("rx_data.csv:2: ", bad.reason))))
        << bad.row;
    absl::StrAppend(&all, bad.row, "\n");
  }
  const auto rest = Read(all + Span(1598500000, 1598500300), true);
  ASSERT_THAT(rest, IsOk());
  EXPECT_THAT(rest->sightings, SizeIs(2));
  EXPECT_EQ(rest->num_bad, std::size(cases));
  EXPECT_EQ(rest->bad_reasons.at("not 6 fields"), 2U);
}

TEST(ScannerCsvTest, TheSharedCase) {
  TEKMATCH_NEEDS_SHARED_DATA();
  const auto file =
      ReadSightings(SharedDataPath("../cases/sniffer-formats/scanned.csv"),
                    {.skip_bad = false, .progress = nullptr});
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->conversion.num_spans, 12U);
  EXPECT_THAT(file->sightings, SizeIs(24));
}

}  // namespace
}  // namespace tekmatch
