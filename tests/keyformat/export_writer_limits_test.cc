// What the writer refuses, and what it just takes.
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/export_writer.h"
#include "keyformat/random_source.h"
#include "tests/keyformat/written_exports.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

TEST(ExportWriterLimitsTest, RefusesWhatTheFormatForbids) {
  const auto Refused = [](std::vector<DiagnosisKey> keys,
                          const ExportWriterOptions& options,
                          const std::string& reason) {
    const auto written = WriteAndRead(std::move(keys), options);
    EXPECT_THAT(written, StatusIs(absl::StatusCode::kInvalidArgument,
                                  HasSubstr(reason)));
  };
  ExportWriterOptions options = Options();
  options.end_timestamp = options.start_timestamp;
  Refused({}, options, "before end_timestamp");
  options = Options();
  options.max_keys = 0;
  Refused({}, options, "max_keys must be in 1..20000000");
  // What once divided by zero, and its siblings.
  const uint64_t most = std::numeric_limits<uint64_t>::max();
  for (const uint64_t padding_range : {uint64_t{0}, most}) {
    for (const uint64_t max_keys : {uint64_t{20'000'001}, most}) {
      options.min_keys = 0;
      options.padding_range = padding_range;
      options.max_keys = max_keys;
      Refused(MakeKeys(1), options, "max_keys must be in 1..20000000");
    }
  }
  options.max_keys = 20'000'000;
  Refused({}, options, "min_keys + padding_range");
  options.max_keys = 10;
  options.min_keys = 5;
  options.padding_range = 6;
  Refused({}, options, "min_keys + padding_range");
  options.min_keys = 11;
  options.padding_range = 0;
  Refused({}, options, "min_keys + padding_range");

  const DiagnosisKey good = MakeKeys(1)[0];
  DiagnosisKey key = good;
  key.rolling_period = 0;
  Refused({key}, Options(), "rolling_period");
  key.rolling_period = 145;
  Refused({key}, Options(), "rolling_period");
  key = good;
  key.rolling_start = 0;
  Refused({key}, Options(), "rolling_start is missing");
  key.rolling_start = uint32_t{1} << 31;
  Refused({key}, Options(), "rolling_start is too large");
  key = good;
  key.metadata.report_type = ReportType::kRevoked;
  Refused({key}, Options(), "a primary key is revoked");
  key.metadata.revised = true;
  key.metadata.report_type = ReportType::kSelfReport;
  Refused({key}, Options(), "a revised key is a self-report");
  key.metadata.report_type = ReportType::kConfirmedClinicalDiagnosis;
  Refused({key}, Options(), "or a clinical diagnosis");
  for (const int8_t days : {int8_t{-15}, int8_t{15}}) {
    key = good;
    key.metadata.days_since_onset = days;
    Refused({key}, Options(), "days_since_onset");
  }
  key = good;
  key.metadata.transmission_risk = 9;
  Refused({key}, Options(), "transmission_risk");
}

TEST(ExportWriterLimitsTest, WritesKeysUpToTheFormatsLimits) {
  std::vector<DiagnosisKey> keys = MakeKeys(2);
  keys[0].rolling_start = 1;
  keys[0].rolling_period = 1;
  keys[0].metadata = {.transmission_risk = 0,
                      .report_type = ReportType::kConfirmedClinicalDiagnosis,
                      .days_since_onset = -14,
                      .variant_of_concern = 0};
  keys[1].rolling_start = 2147483647;
  keys[1].rolling_period = 144;
  keys[1].metadata = {.transmission_risk = 8,
                      .report_type = ReportType::kRecursive,
                      .days_since_onset = 14,
                      .variant_of_concern = 255,
                      .revised = true};
  ExportWriterOptions options = Options();
  options.start_timestamp = options.end_timestamp - 1;
  options.max_keys = 2;
  options.min_keys = 1;
  options.padding_range = 1;
  const auto written = WriteAndRead(keys, options);
  ASSERT_THAT(written, IsOk());
  EXPECT_EQ(written->front().keys, keys);  // the revised one is last
}

TEST(ExportWriterLimitsTest, AWindowHasASecondForEachOfItsFiles) {
  ExportWriterOptions options = Options();
  options.split = ExportSplit::kWindows;
  options.max_keys = 1;
  options.start_timestamp = options.end_timestamp - 3;
  const auto three = WriteAndRead(MakeKeys(3), options);
  ASSERT_THAT(three, IsOk());
  // Not before its start, but a second after it.
  EXPECT_EQ(three->front().file.end_timestamp, options.start_timestamp + 1);
  const auto four = WriteAndRead(MakeKeys(4), options);
  EXPECT_EQ(four.status(),
            absl::InvalidArgumentError(
                "a window of 3 s cannot be split into 4 files: each one ends a "
                "second later"));
  options.split = ExportSplit::kBatch;
  EXPECT_THAT(WriteAndRead(MakeKeys(4), options), IsOk());
}

// The region is the one thing of any length in a file of few keys.
TEST(ExportWriterLimitsTest, RefusesAFileThatNoReaderTakes) {
  ExportWriterOptions options = Options();
  options.region = std::string(size_t{512} << 20, '4');
  const auto written = WriteAndRead(MakeKeys(1), options);
  EXPECT_THAT(written, StatusIs(absl::StatusCode::kInvalidArgument,
                                HasSubstr("bytes, more than 536870912")));
}

TEST(ExportWriterLimitsTest, RefusesABatchOfTooManyFilesBeforeItsFirst) {
  ExportWriterOptions options = Options();
  options.max_keys = 1;
  RandomSource random = RandomSource::Seeded(1);
  int num_calls = 0;
  const absl::Status status =
      WriteExports(std::vector<DiagnosisKey>(1'000'001, MakeKeys(1)[0]),
                   options, random, [&num_calls](const ExportFile&) {
                     ++num_calls;
                     return absl::ResourceExhaustedError("enough");
                   });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(num_calls, 0);
}

TEST(ExportWriterLimitsTest, RefusesAFileThatIsNotOfItsBatchOrTooLarge) {
  RandomSource random = RandomSource::Seeded(7);
  ExportWriterOptions options = Options();
  options.max_keys = 10;
  const struct {
    size_t num_keys;
    int batch_num;
    int batch_size;
  } kBad[] = {{10, 0, 1},   {10, 2, 1}, {10, 1, 0},
              {10, -1, -1}, {11, 1, 1}, {10, 1, 1'000'001}};
  for (const auto& [num_keys, batch_num, batch_size] : kBad) {
    EXPECT_THAT(WriteExportFile(MakeKeys(num_keys), batch_num, batch_size,
                                options, random),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << num_keys << " " << batch_num << " " << batch_size;
  }
  EXPECT_THAT(WriteExportFile(MakeKeys(10), 1, 1, options, random), IsOk());
  EXPECT_THAT(
      WriteExportFile(MakeKeys(1), 1'000'000, 1'000'000, options, random),
      IsOk());
}

TEST(ExportWriterLimitsTest, AFileOfABatchNeedsGoodOptionsToo) {
  ExportWriterOptions options = Options();
  options.end_timestamp = options.start_timestamp;
  RandomSource random = RandomSource::Seeded(1);
  EXPECT_THAT(WriteExportFile(MakeKeys(1), 1, 1, options, random),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("before end_timestamp")));
}

TEST(ExportWriterLimitsTest, DefaultsAreThoseOfGooglesServer) {
  const ExportWriterOptions options;
  EXPECT_EQ(options.max_keys, 500'000);
  EXPECT_EQ(options.min_keys, 1'000);
  EXPECT_EQ(options.padding_range, 100);
}

}  // namespace
}  // namespace tekmatch
