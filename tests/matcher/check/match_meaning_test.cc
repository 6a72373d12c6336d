// What CheckExposure lets count of the matches: transmission windows, revisions
// and revocations of keys.
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/check/exposure_check.h"
#include "tests/matcher/check/check_runs.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"
#include "tests/time_zones.h"

namespace tekmatch {
namespace {

using ::testing::IsEmpty;

ExposureCheckOptions Options(const char* policy = "none") {
  ExposureCheckOptions options;
  options.files.trusted = TrustTestSigner();
  options.report_type_when_missing = ReportType::kConfirmedTest;
  const auto named = NamedTransmissionWindowPolicy(policy);
  EXPECT_THAT(named, IsOk());
  options.window_policy = *named;
  const absl::TimeZone tokyo = Tokyo();
  options.window_zone = tokyo;
  return options;
}

ExposureCheckResult RunOver(const std::vector<std::string>& paths,
                            std::vector<Sighting> sightings,
                            const ExposureCheckOptions& options) {
  return RunOver(paths, Index(std::move(sightings)), options);
}

// The test's export number `day`: its end is that many days after the first.
std::string Write(const std::string& name, std::vector<DiagnosisKey> keys,
                  int day = 0) {
  ExportWriterOptions options = TestExportOptions();
  options.start_timestamp += static_cast<uint64_t>(day) * 86400;
  options.end_timestamp += static_cast<uint64_t>(day) * 86400;
  std::string path = TempPath(name);
  WriteFile(path, WriteTestExport(std::move(keys), options));
  return path;
}

DiagnosisKey WithType(DiagnosisKey key, ReportType type, bool revised = false) {
  key.metadata.report_type = type;
  key.metadata.revised = revised;
  return key;
}

uint64_t NotCounted(const ExposureCheckResult& run, WindowReason reason) {
  return run.num_outside_window[static_cast<size_t>(reason)];
}

// Keys of one day with every number of days since onset, and one without.
TEST(MatchMeaningTest, APolicyDropsWhatItDoesNotCount) {
  std::vector<DiagnosisKey> keys = TestKeys(30, 1);
  std::vector<Sighting> sightings;
  for (int i = 0; i < 30; ++i) {
    DiagnosisKey& key = keys[static_cast<size_t>(i)];
    key.metadata.days_since_onset.reset();
    if (i < 29) key.metadata.days_since_onset = static_cast<int8_t>(i - 14);
    // 2 December 00:10 in Japan: the key's next day there.
    sightings.push_back(
        HearKey(key, kTestDaySeconds + int64_t{15} * 3600 + 600));
  }
  const std::string path = Write("a.zip", keys);

  const ExposureCheckResult all = RunOver({path}, sightings, Options());
  EXPECT_EQ(all.result.matches.size(), 30U);

  ExposureCheckResult run = RunOver({path}, sightings, Options("cocoa-3"));
  EXPECT_EQ(run.result.matches.size(), 15U);  // -3..10, and unknown
  EXPECT_EQ(NotCounted(run, WindowReason::kBeforeWindow), 11U);
  EXPECT_EQ(NotCounted(run, WindowReason::kAfterWindow), 4U);
  for (const Match& match : run.result.matches) {
    const int days = match.metadata.days_since_onset.value_or(0);
    EXPECT_TRUE(-3 <= days && days <= 10) << days;
  }

  run = RunOver({path}, sightings, Options("cocoa-1.2.1"));
  EXPECT_EQ(run.result.matches.size(), 19U);  // -3..14, and unknown
  EXPECT_EQ(NotCounted(run, WindowReason::kBeforeWindow), 11U);

  // The contact was a day after the key began: -3 is D - 2.
  run = RunOver({path}, sightings, Options("civil"));
  EXPECT_EQ(run.result.matches.size(), 19U);
  EXPECT_EQ(NotCounted(run, WindowReason::kBeforeWindow), 11U);

  ExposureCheckOptions options = Options("civil");
  options.window_policy.days_since_onset_missing =
      TransmissionWindowPolicy::WhenMissing::kIgnore;
  run = RunOver({path}, sightings, options);
  EXPECT_EQ(run.result.matches.size(), 18U);
  EXPECT_EQ(NotCounted(run, WindowReason::kDaysSinceOnsetMissing), 1U);
}

// The limit by registration comes from the export's own timestamps.
TEST(MatchMeaningTest, TheAgeLimitIsThatOfTheFile) {
  DiagnosisKey key = TestKeys(1, 1)[0];
  key.metadata.days_since_onset = 0;
  const std::vector<Sighting> sightings = {HearKey(key, kTestDaySeconds)};
  // Exports start on 2 December; the key on 1 December.
  const std::string in_time = Write("a.zip", {key}, 13);
  const std::string too_late = Write("b.zip", {key}, 14);
  EXPECT_EQ(RunOver({in_time}, sightings, Options("cocoa-1.2.1"))
                .result.matches.size(),
            1U);
  const ExposureCheckResult run =
      RunOver({too_late}, sightings, Options("cocoa-1.2.1"));
  EXPECT_THAT(run.result.matches, IsEmpty());
  EXPECT_EQ(NotCounted(run, WindowReason::kTooOld), 1U);
}

TEST(MatchMeaningTest, AnInvalidPolicyIsRefused) {
  ExposureCheckOptions options = Options();
  options.window_policy.days_before = 15;
  EXPECT_EQ(CheckExposure({}, Index({}), options).status(),
            absl::InvalidArgumentError("days_before: not in 0..14"));
}

TEST(MatchMeaningTest, ARevisionCountsWhateverTheOrderOfFiles) {
  const DiagnosisKey key = TestKeys(1, 1)[0];
  const std::vector<Sighting> sightings = {HearKey(key, kTestDaySeconds)};
  const std::string first =
      Write("b.zip", {WithType(key, ReportType::kSelfReport)}, 0);
  const std::string later =
      Write("a.zip", {WithType(key, ReportType::kConfirmedTest, true)}, 1);
  for (const std::vector<std::string>& paths :
       {std::vector<std::string>{first, later}, {later, first}}) {
    const ExposureCheckResult run = RunOver(paths, sightings, Options());
    ASSERT_EQ(run.result.matches.size(), 1U);
    EXPECT_EQ(run.result.matches[0].metadata.report_type,
              ReportType::kConfirmedTest);
    EXPECT_EQ(run.num_revisions, 1U);
    EXPECT_EQ(run.num_ignored_revisions, 0U);
  }
}

// What the key gave before is withdrawn, and stays so.
TEST(MatchMeaningTest, ARevokedKeyGivesNothing) {
  const std::vector<DiagnosisKey> keys = TestKeys(2, 1);
  const std::vector<Sighting> sightings = {HearKey(keys[0], kTestDaySeconds),
                                           HearKey(keys[0], kTestDaySeconds),
                                           HearKey(keys[1], kTestDaySeconds)};
  std::vector<std::string> paths = {
      Write("a.zip", {WithType(keys[0], ReportType::kSelfReport), keys[1]}, 0)};
  EXPECT_EQ(RunOver(paths, sightings, Options()).result.matches.size(), 3U);
  paths.push_back(
      Write("b.zip", {WithType(keys[0], ReportType::kRevoked, true)}, 1));
  ExposureCheckResult run = RunOver(paths, sightings, Options());
  ASSERT_EQ(run.result.matches.size(), 1U);
  EXPECT_EQ(run.result.matches[0].tek, keys[1].tek);
  EXPECT_EQ(run.report_types.num_revoked, 2U);
  paths.push_back(
      Write("c.zip", {WithType(keys[0], ReportType::kConfirmedTest, true)}, 2));
  run = RunOver(paths, sightings, Options());
  EXPECT_EQ(run.result.matches.size(), 1U);
  EXPECT_EQ(run.num_ignored_revisions, 1U);
}

// A confirmed test cannot be withdrawn, by the platform's rules.
TEST(MatchMeaningTest, AnIllegalRevisionIsIgnored) {
  const DiagnosisKey key = TestKeys(1, 1)[0];
  const std::vector<Sighting> sightings = {HearKey(key, kTestDaySeconds)};
  const std::vector<std::string> paths = {
      Write("a.zip", {WithType(key, ReportType::kConfirmedTest)}, 0),
      Write("b.zip", {WithType(key, ReportType::kRevoked, true)}, 1)};
  const ExposureCheckResult run = RunOver(paths, sightings, Options());
  EXPECT_EQ(run.result.matches.size(), 1U);
  EXPECT_EQ(run.num_ignored_revisions, 1U);
}

// The revocation of a file that is not believed revokes nothing.
TEST(MatchMeaningTest, AForgedRevocationIsNone) {
  const DiagnosisKey key = TestKeys(1, 1)[0];
  const std::vector<Sighting> sightings = {HearKey(key, kTestDaySeconds)};
  const std::string honest =
      Write("a.zip", {WithType(key, ReportType::kSelfReport)});
  const std::string forged = TempPath("b.zip");
  WriteFile(forged,
            WriteTestExport({WithType(key, ReportType::kRevoked, true)},
                            TestExportOptions({OtherSigner("440", "v1")})));
  ExposureCheckOptions options = Options();
  options.skip_bad_files = true;
  const ExposureCheckResult run = RunOver({honest, forged}, sightings, options);
  EXPECT_EQ(run.result.matches.size(), 1U);
  EXPECT_EQ(run.num_revisions, 0U);
}

TEST(MatchMeaningTest, RecursiveKeysAreNotReported) {
  const DiagnosisKey key = WithType(TestKeys(1, 1)[0], ReportType::kRecursive);
  const ExposureCheckResult run = RunOver(
      {Write("a.zip", {key})}, {HearKey(key, kTestDaySeconds)}, Options());
  EXPECT_THAT(run.result.matches, IsEmpty());
  EXPECT_EQ(run.report_types.num_recursive, 1U);
}

// The key of `Write`'s export 0, in an unsigned file with any timestamps: the
// writer makes none that are absurd.
std::string WriteWithTimestamps(const DiagnosisKey& key, uint64_t start,
                                uint64_t end) {
  std::string bin = ZipEntry(WriteTestExport({key}), "export.bin");
  // After the 16 bytes of the header: tags 1 and 2 of 64 bits each.
  EXPECT_EQ(bin[16], 0x09);
  EXPECT_EQ(bin[25], 0x11);
  for (size_t i = 0; i < 8; ++i) {
    bin[17 + i] = static_cast<char>(start >> (8 * i));
    bin[26 + i] = static_cast<char>(end >> (8 * i));
  }
  std::string path = TempPath("timestamps.zip");
  WriteFile(path, StoredZip({{"export.bin", bin}}));
  return path;
}

// A timestamp of 0 is none, and one from the year 10000 on is no date: then
// there is no limit by registration. Any other is taken as it is.
TEST(MatchMeaningTest, TimestampsThatStandForNoDate) {
  constexpr uint64_t kYear10000 = 253402300800;
  constexpr uint64_t kNone = 0;
  constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
  constexpr uint64_t kStartOfDay = kTestDaySeconds;  // 00:00 UTC
  DiagnosisKey key = TestKeys(1, 1)[0];
  key.metadata.days_since_onset = 0;
  const std::vector<Sighting> sightings = {HearKey(key, kTestDaySeconds)};
  ExposureCheckOptions options = Options("cocoa-3");
  options.files.allow_unsigned = true;
  struct Case {
    uint64_t start;
    uint64_t end;
    std::optional<WindowReason> want;  // of what does not count
  };
  const auto old = WindowReason::kTooOld;
  const auto late = WindowReason::kStartsAfterRegistration;
  const std::vector<Case> cases = {
      {kNone, kNone, std::nullopt},
      // 1970-01-01: nobody registered a key of 2020 then.
      {kNone, 1, late},
      {1, 1, late},
      {1, kNone, std::nullopt},
      {kStartOfDay, kStartOfDay - 1, late},
      {kStartOfDay, kStartOfDay, std::nullopt},
      {kStartOfDay + uint64_t{15} * 86400 - 1, kNone, std::nullopt},
      {kStartOfDay + uint64_t{15} * 86400, kNone, old},
      {kYear10000 - 1, kNone, old},
      {kYear10000, kNone, std::nullopt},
      {kMost, kNone, std::nullopt},
      {kNone, kYear10000 - 1, std::nullopt},
      {kNone, kYear10000, std::nullopt},
      {kNone, kMost, std::nullopt},
      // Each stands for itself.
      {kYear10000, 1, late},
      {kYear10000 - 1, kYear10000, old},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(absl::StrCat(c.start, " ", c.end));
    const ExposureCheckResult run =
        RunOver({WriteWithTimestamps(key, c.start, c.end)}, sightings, options);
    ASSERT_EQ(run.files.size(), 1U);
    EXPECT_EQ(run.files[0].verdict, "no_signature_entry");
    EXPECT_EQ(run.files[0].report.metadata.start_timestamp, c.start);
    EXPECT_EQ(run.files[0].report.metadata.end_timestamp, c.end);
    EXPECT_EQ(run.result.matches.size(), c.want.has_value() ? 0U : 1U);
    if (c.want.has_value()) {
      EXPECT_EQ(NotCounted(run, *c.want), 1U);
    }
  }
}

// A self-report can be revoked, a confirmed test cannot: what a key without
// report type counts as decides.
TEST(MatchMeaningTest, AKeyWithoutReportTypeIsRevisedFromWhatItCountsAs) {
  const DiagnosisKey key = TestKeys(1, 1)[0];
  ASSERT_FALSE(key.metadata.report_type.has_value());
  const std::vector<Sighting> sightings = {HearKey(key, kTestDaySeconds)};
  const std::vector<std::string> paths = {
      Write("a.zip", {key}, 0),
      Write("b.zip", {WithType(key, ReportType::kRevoked, true)}, 1)};
  ExposureCheckOptions options = Options();
  options.report_type_when_missing = ReportType::kConfirmedTest;
  const ExposureCheckResult confirmed = RunOver(paths, sightings, options);
  EXPECT_EQ(confirmed.result.matches.size(), 1U);
  EXPECT_EQ(confirmed.num_ignored_revisions, 1U);
  options.report_type_when_missing = ReportType::kSelfReport;
  const ExposureCheckResult self_report = RunOver(paths, sightings, options);
  EXPECT_THAT(self_report.result.matches, IsEmpty());
  EXPECT_EQ(self_report.num_ignored_revisions, 0U);
  EXPECT_EQ(self_report.report_types.num_revoked, 1U);
}

// All keys of all files, whichever list they stand in.
TEST(MatchMeaningTest, RevisedKeysAreCountedAmongTheKeys) {
  const std::vector<DiagnosisKey> keys = TestKeys(5, 1);
  const std::vector<std::string> paths = {
      Write("a.zip",
            {keys[0], keys[1], WithType(keys[2], ReportType::kRevoked, true)}),
      Write("b.zip", {keys[3], WithType(keys[4], ReportType::kRevoked, true)})};
  const ExposureCheckResult run =
      RunOver(paths, std::vector<Sighting>(), Options());
  EXPECT_EQ(run.num_keys, 5U);
  EXPECT_EQ(run.num_rejected, 0U);
}

}  // namespace
}  // namespace tekmatch
