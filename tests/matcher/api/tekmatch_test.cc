// What tekmatch.h says is what CheckExposure says.
#include "matcher/api/tekmatch.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <set>
#include <thread>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "matcher/check/exposure_check.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/exposure/match_counts.h"
#include "matcher/exposure/transmission_window.h"
#include "tests/matcher/api/c_world.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

absl::TimeZone Tokyo() {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("Asia/Tokyo", &zone));
  return zone;
}

absl::CivilDay Day(const tekmatch_date& date) {
  return absl::CivilDay(date.year, date.month, date.day);
}

std::vector<DiagnosisKey> Keys(size_t n) {
  std::vector<DiagnosisKey> keys = TestKeys(n, 1);
  for (DiagnosisKey& key : keys) {
    key.metadata.report_type = ReportType::kConfirmedTest;
    key.metadata.days_since_onset = 1;
  }
  return keys;
}

// The same check through the C++ door.
ExposureCheckResult CheckInCpp(const std::vector<Sighting>& heard,
                               const std::string& name,
                               const std::string& bytes) {
  const auto index = IndexSightings(heard);
  EXPECT_TRUE(index.ok()) << index.status();
  ExposureCheckOptions options;
  options.files.trusted = TrustTestSigner();
  options.files.sources[name] = MemorySource(name, bytes);
  options.window_policy = *NamedTransmissionWindowPolicy("cocoa-3");
  options.window_zone = options.zone = Tokyo();
  options.config = *NamedExposureConfig("cocoa");
  options.now = absl::FromUnixSeconds(kTestDaySeconds + int64_t{2} * 86400);
  auto checked = CheckExposure({name}, *index, options);
  EXPECT_TRUE(checked.ok()) << checked.status();
  return *std::move(checked);
}

class TekmatchTest : public testing::Test {
 protected:
  const std::vector<DiagnosisKey> keys_ = Keys(50);
  const std::string export_ = WriteTestExport(keys_);
  const std::vector<Sighting> heard_ =
      HearForHalfAnHour({keys_[3], keys_[4], keys_[40]});
  const TrustHandle trust_ = TrustTestSignerInC();
  const IndexHandle index_ = IndexInC(heard_);
  Message message_;
};

TEST_F(TekmatchTest, SaysWhatCheckExposureSays) {
  const ResultHandle result =
      CheckInC(index_.get(), trust_.get(), {MemorySourceInC("a.zip", export_)},
               CocoaOptions());
  ASSERT_NE(result, nullptr);
  const ExposureCheckResult right = CheckInCpp(heard_, "a.zip", export_);
  ASSERT_TRUE(right.complete);
  ASSERT_EQ(right.result.matches.size(), heard_.size());

  tekmatch_counts counts{};
  counts.struct_size = sizeof(counts);
  ASSERT_EQ(tekmatch_result_counts(&counts, result.get(), nullptr, 0),
            TEKMATCH_OK);
  EXPECT_EQ(counts.complete, 1);
  EXPECT_EQ(counts.num_files, 1);
  EXPECT_EQ(counts.num_accepted_files, 1);
  EXPECT_EQ(counts.num_keys, right.num_keys);
  EXPECT_EQ(counts.num_compared_keys, right.num_compared);
  EXPECT_EQ(counts.num_sightings, heard_.size());
  EXPECT_EQ(counts.num_matches, right.result.matches.size());
  EXPECT_EQ(counts.num_outside_window, 0);

  tekmatch_file file{};
  file.struct_size = sizeof(file);
  ASSERT_EQ(tekmatch_result_file(&file, result.get(), 0, nullptr, 0),
            TEKMATCH_OK);
  EXPECT_STREQ(file.name, "a.zip");
  EXPECT_STREQ(file.verdict, "valid");
  EXPECT_STREQ(file.reason, "");
  EXPECT_EQ(file.accepted, 1);
  EXPECT_EQ(file.verified, 1);
  EXPECT_EQ(file.num_keys, keys_.size());
  EXPECT_EQ(
      std::memcmp(file.sha256, right.files[0].report.digests.sha256.data(),
                  sizeof(file.sha256)),
      0);

  EXPECT_EQ(tekmatch_result_compared(result.get(), 0, message_.data(),
                                     message_.size()),
            TEKMATCH_OK)
      << message_.str();

  const auto dates =
      RowsInC<tekmatch_date_count>(tekmatch_result_dates, result.get());
  const auto right_dates = CountByDate(right.result.matches, Tokyo());
  ASSERT_EQ(dates.size(), right_dates.size());
  ASSERT_THAT(dates, SizeIs(1));
  EXPECT_EQ(Day(dates[0].date), right_dates[0].date);
  EXPECT_EQ(dates[0].num_keys, 3);
  EXPECT_EQ(dates[0].num_sightings, heard_.size());

  const ExposureFindings& findings = right.findings.at(0);
  const auto days = RowsInC<tekmatch_day>(tekmatch_result_days, result.get());
  ASSERT_EQ(days.size(), findings.days.size());
  for (size_t i = 0; i < days.size(); ++i) {
    const DailySummary& day = findings.days[i];
    EXPECT_EQ(Day(days[i].date), day.date);
    EXPECT_EQ(days[i].seconds, day.seconds);
    EXPECT_EQ(days[i].num_windows, day.num_windows);
    EXPECT_EQ(days[i].num_keys, day.num_keys);
    EXPECT_EQ(days[i].alerting != 0, day.alerting);
    EXPECT_EQ(days[i].all.score_sum, day.all.score_sum);
    EXPECT_EQ(days[i].by_report_type[1].maximum_score,
              day.by_report_type[1].maximum_score);
  }
  EXPECT_EQ(days[0].alerting, 1);

  const auto windows =
      RowsInC<tekmatch_window>(tekmatch_result_windows, result.get());
  const auto scans =
      RowsInC<tekmatch_scan>(tekmatch_result_scans, result.get());
  ASSERT_EQ(windows.size(), findings.windows.size());
  for (size_t i = 0; i < windows.size(); ++i) {
    const ExposureWindow& window = findings.windows[i];
    EXPECT_EQ(Day(windows[i].date), WindowDate(window, Tokyo()));
    EXPECT_EQ(windows[i].report_type, static_cast<uint8_t>(window.report_type));
    EXPECT_EQ(windows[i].infectiousness,
              static_cast<uint8_t>(window.infectiousness));
    ASSERT_EQ(windows[i].num_scans, window.scans.size());
    for (size_t j = 0; j < window.scans.size(); ++j) {
      const tekmatch_scan& scan = scans.at(windows[i].first_scan + j);
      EXPECT_EQ(scan.seconds_since_last_scan,
                window.scans[j].seconds_since_last_scan);
      EXPECT_EQ(scan.typical_attenuation, window.scans[j].typical_attenuation);
      EXPECT_EQ(scan.min_attenuation, window.scans[j].min_attenuation);
    }
  }

  tekmatch_notice notice{};
  notice.struct_size = sizeof(notice);
  ASSERT_EQ(tekmatch_result_notice(&notice, result.get(), nullptr, 0),
            TEKMATCH_OK);
  EXPECT_EQ(Day(notice.today), findings.today);
  EXPECT_EQ(Day(notice.since), *findings.since);
  EXPECT_EQ(notice.num_days, findings.days.size());
  EXPECT_EQ(notice.num_alerting_days, 1);
  EXPECT_EQ(notice.num_contacts, findings.num_contacts);
  EXPECT_STREQ(notice.zone, "Asia/Tokyo");
  EXPECT_EQ(notice.consultation_japanese,
            NamedExposureConfig("cocoa")->consultation.japanese);
  EXPECT_EQ(notice.num_matched_keys, findings.version_1.num_matched_keys);
  EXPECT_EQ(notice.maximum_risk_score,
            static_cast<uint32_t>(findings.version_1.maximum_risk_score));
}

size_t ReadString(void* context, uint64_t offset, void* out, size_t n) {
  const auto& bytes = *static_cast<const std::string*>(context);
  if (offset > bytes.size() || n > bytes.size() - offset) return 0;
  std::memcpy(out, bytes.data() + offset, n);
  return n;
}

TEST_F(TekmatchTest, TakesFilesInEveryForm) {
  const std::string path = TempPath("path.zip");
  WriteFile(path, export_);
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(descriptor, 0);
  tekmatch_source by_path{};
  by_path.name = path.c_str();
  tekmatch_source by_descriptor{};
  by_descriptor.name = "descriptor";
  by_descriptor.kind = TEKMATCH_SOURCE_DESCRIPTOR;
  by_descriptor.descriptor = descriptor;
  tekmatch_source by_callback{};
  by_callback.name = "callback";
  by_callback.kind = TEKMATCH_SOURCE_CALLBACK;
  by_callback.num_bytes = export_.size();
  by_callback.read = ReadString;
  std::string copy = export_;
  by_callback.context = &copy;
  for (const tekmatch_source& source :
       {by_path, by_descriptor, by_callback, MemorySourceInC("m", export_)}) {
    SCOPED_TRACE(source.name);
    const ResultHandle result =
        CheckInC(index_.get(), trust_.get(), {source}, CocoaOptions());
    ASSERT_NE(result, nullptr);
    EXPECT_EQ(tekmatch_result_compared(result.get(), 0, nullptr, 0),
              TEKMATCH_OK);
    EXPECT_THAT(RowsInC<tekmatch_day>(tekmatch_result_days, result.get()),
                SizeIs(1));
  }
  // It stays the caller's, at its place.
  EXPECT_EQ(lseek(descriptor, 0, SEEK_CUR), 0);
  EXPECT_EQ(close(descriptor), 0);
}

TEST_F(TekmatchTest, ReadsABareExportWithItsSignatureListBesideIt) {
  const std::string bin = ZipEntry(export_, "export.bin");
  const std::string sig = ZipEntry(export_, "export.sig");
  const ResultHandle result =
      CheckInC(index_.get(), trust_.get(),
               {MemorySourceInC("1.bin", bin), MemorySourceInC("1.sig", sig)},
               CocoaOptions());
  tekmatch_counts counts{};
  counts.struct_size = sizeof(counts);
  ASSERT_EQ(tekmatch_result_counts(&counts, result.get(), nullptr, 0),
            TEKMATCH_OK);
  EXPECT_EQ(counts.complete, 1);
  EXPECT_EQ(counts.num_files, 1);
  EXPECT_EQ(counts.num_matches, heard_.size());
}

TEST_F(TekmatchTest, TellsNothingBeforeItIsAskedWhatItRestsOn) {
  const ResultHandle result =
      CheckInC(index_.get(), trust_.get(), {MemorySourceInC("a.zip", export_)},
               CocoaOptions());
  size_t num_rows = 0;
  EXPECT_EQ(tekmatch_result_dates(nullptr, &num_rows, result.get(),
                                  message_.data(), message_.size()),
            TEKMATCH_FAILED_PRECONDITION);
  EXPECT_THAT(message_.str(), HasSubstr("tekmatch_result_compared"));
  tekmatch_notice notice{};
  notice.struct_size = sizeof(notice);
  EXPECT_EQ(tekmatch_result_notice(&notice, result.get(), nullptr, 0),
            TEKMATCH_FAILED_PRECONDITION);
  EXPECT_EQ(tekmatch_result_compared(result.get(), 0, nullptr, 0), TEKMATCH_OK);
  EXPECT_EQ(tekmatch_result_notice(&notice, result.get(), nullptr, 0),
            TEKMATCH_OK);
  EXPECT_EQ(tekmatch_result_dates(nullptr, &num_rows, result.get(), nullptr, 0),
            TEKMATCH_OK);
  EXPECT_EQ(num_rows, 1);
}

TEST_F(TekmatchTest, SaysWhereAnAllClearRestsOnNothing) {
  const IndexHandle empty = IndexInC({});
  const ResultHandle result =
      CheckInC(empty.get(), trust_.get(), {MemorySourceInC("a.zip", export_)},
               CocoaOptions());
  EXPECT_EQ(tekmatch_result_compared(result.get(), 3, message_.data(),
                                     message_.size()),
            TEKMATCH_DATA_LOSS);
  EXPECT_NE(message_.str(), "");
  EXPECT_THAT(RowsInC<tekmatch_day>(tekmatch_result_days, result.get()),
              SizeIs(0));
}

TEST_F(TekmatchTest, HasTheVerdictOfEachFile) {
  const std::string forged =
      WriteTestExport(Keys(5), TestExportOptions({OtherSigner("440", "v1")}));
  const std::vector<tekmatch_source> sources = {
      MemorySourceInC("forged.zip", forged), MemorySourceInC("a.zip", export_)};
  tekmatch_check_options options = CocoaOptions();
  const ResultHandle refused =
      CheckInC(index_.get(), trust_.get(), sources, options);
  tekmatch_counts counts{};
  counts.struct_size = sizeof(counts);
  ASSERT_EQ(tekmatch_result_counts(&counts, refused.get(), nullptr, 0),
            TEKMATCH_OK);
  EXPECT_EQ(counts.complete, 0);
  EXPECT_EQ(counts.num_files, 2);
  EXPECT_EQ(counts.num_matches, 0);
  EXPECT_EQ(tekmatch_result_compared(refused.get(), 0, nullptr, 0),
            TEKMATCH_FAILED_PRECONDITION);
  size_t num_rows = 0;
  EXPECT_EQ(tekmatch_result_days(nullptr, &num_rows, refused.get(), nullptr, 0),
            TEKMATCH_FAILED_PRECONDITION);
  std::set<std::string> verdicts;
  for (size_t i = 0; i < 2; ++i) {
    tekmatch_file file{};
    file.struct_size = sizeof(file);
    ASSERT_EQ(tekmatch_result_file(&file, refused.get(), i, nullptr, 0),
              TEKMATCH_OK);
    verdicts.insert(std::string(file.name) + " " + file.verdict);
    if (std::string(file.name) == "forged.zip") {
      EXPECT_THAT(file.reason, HasSubstr("does not fit"));
    }
  }
  EXPECT_EQ(verdicts, (std::set<std::string>{"a.zip valid",
                                             "forged.zip wrong_signature"}));

  options.flags = TEKMATCH_SKIP_BAD_FILES;
  const ResultHandle skipped =
      CheckInC(index_.get(), trust_.get(), sources, options);
  ASSERT_EQ(tekmatch_result_counts(&counts, skipped.get(), nullptr, 0),
            TEKMATCH_OK);
  EXPECT_EQ(counts.complete, 1);
  EXPECT_EQ(counts.num_matches, heard_.size());
}

TEST_F(TekmatchTest, NeedsAllKeysOfASet) {
  const ExportSigner other = OtherSigner("other", "v1");
  const std::string pem = *TestSigner().key.PublicPem();
  const std::string other_pem = *other.key.PublicPem();
  const tekmatch_trusted_key both[] = {
      {"440", "v1", pem.data(), pem.size()},
      {"other", nullptr, other_pem.data(), other_pem.size()}};
  tekmatch_trust* made = nullptr;
  ASSERT_EQ(tekmatch_trust_create(&made, nullptr, 0), TEKMATCH_OK);
  const TrustHandle trust(made);
  ASSERT_EQ(tekmatch_trust_add_set(made, both, 2, nullptr, 0), TEKMATCH_OK);
  const std::string twice =
      WriteTestExport(keys_, TestExportOptions({TestSigner(), other}));
  for (const auto& [bytes, complete] :
       {std::pair{&export_, 0U}, std::pair{&twice, 1U}}) {
    const ResultHandle result =
        CheckInC(index_.get(), trust.get(), {MemorySourceInC("a.zip", *bytes)},
                 CocoaOptions());
    tekmatch_counts counts{};
    counts.struct_size = sizeof(counts);
    ASSERT_EQ(tekmatch_result_counts(&counts, result.get(), nullptr, 0),
              TEKMATCH_OK);
    EXPECT_EQ(counts.complete, complete);
  }
}

TEST_F(TekmatchTest, LeavesOwnKeysOut) {
  tekmatch_check_options options = CocoaOptions();
  options.own_keys = keys_[3].tek.bytes.data();
  options.num_own_keys = 1;
  const ResultHandle result = CheckInC(
      index_.get(), trust_.get(), {MemorySourceInC("a.zip", export_)}, options);
  tekmatch_counts counts{};
  counts.struct_size = sizeof(counts);
  ASSERT_EQ(tekmatch_result_counts(&counts, result.get(), nullptr, 0),
            TEKMATCH_OK);
  EXPECT_EQ(counts.num_own_keys, 1);
  EXPECT_EQ(counts.num_matches, heard_.size() / 3 * 2);
}

struct Called {
  std::atomic<int> progress{0};
  std::atomic<int> asked{0};
  int cancel_at = 0;
};

TEST_F(TekmatchTest, TellsProgressAndCanBeCancelled) {
  Called called;
  tekmatch_check_options options = CocoaOptions();
  options.num_threads = 4;
  options.context = &called;
  options.progress = [](void* context, uint64_t, uint64_t) {
    ++static_cast<Called*>(context)->progress;
  };
  options.cancelled = [](void* context) {
    auto& told = *static_cast<Called*>(context);
    return ++told.asked == told.cancel_at ? 1 : 0;
  };
  EXPECT_NE(CheckInC(index_.get(), trust_.get(),
                     {MemorySourceInC("a.zip", export_)}, options),
            nullptr);
  EXPECT_GT(called.progress, 0);
  EXPECT_GT(called.asked, 0);

  called.asked = 0;
  called.cancel_at = 1;
  tekmatch_result* result = nullptr;
  const tekmatch_source source = MemorySourceInC("a.zip", export_);
  EXPECT_EQ(tekmatch_check(&result, index_.get(), trust_.get(), &source, 1,
                           &options, message_.data(), message_.size()),
            TEKMATCH_CANCELLED);
  EXPECT_EQ(result, nullptr);
}

TEST_F(TekmatchTest, HandlesAreSharedByThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> num_right{0};
  threads.reserve(8);
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const ResultHandle result =
          CheckInC(index_.get(), trust_.get(),
                   {MemorySourceInC("a.zip", export_)}, CocoaOptions());
      if (tekmatch_result_compared(result.get(), 0, nullptr, 0) ==
              TEKMATCH_OK &&
          RowsInC<tekmatch_day>(tekmatch_result_days, result.get()).size() ==
              1) {
        ++num_right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(num_right, 8);
}

}  // namespace
}  // namespace tekmatch
