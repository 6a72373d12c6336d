#include "matcher/check/exposure_check.h"

#include <malloc.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/key_block.h"
#include "keyformat/random_source.h"
#include "matcher/check/file_matcher.h"
#include "matcher/join/match_engine.h"
#include "matcher/kernels/dispatch.h"
#include "tests/matcher/check/check_runs.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

ExposureCheckOptions Options() {
  ExposureCheckOptions options;
  options.files.trusted = TrustTestSigner();
  options.block_keys = 7;  // many hand-overs
  return options;
}

// Keys and their export, signed by nobody trusted under the trusted name.
std::string ForgedExport(const std::vector<DiagnosisKey>& keys) {
  return WriteTestExport(keys, TestExportOptions({OtherSigner("440", "v1")}));
}

std::vector<std::string> Summary(const ExposureCheckResult& run) {
  std::vector<std::string> summary = {
      std::to_string(run.complete) + " " + std::to_string(run.num_keys) + " " +
      std::to_string(run.num_rejected) + " " +
      std::to_string(run.num_own_keys) + " " +
      std::to_string(run.result.num_duplicates) + " " +
      std::to_string(run.result.num_replayed) + " " +
      std::to_string(run.result.num_tx_power_out_of_bounds)};
  for (const ExportFileResult& file : run.files) {
    summary.push_back(file.path + " " + file.verdict + " " + file.message);
  }
  return summary;
}

void ExpectNoResult(const ExposureCheckResult& run) {
  EXPECT_FALSE(run.complete);
  EXPECT_EQ(Summary(run).front(), "0 0 0 0 0 0 0");
  EXPECT_THAT(run.result.matches, IsEmpty());
}

// A phone whose clock is three hours late: every sighting counts once, in
// however many files its key stands; of a file that is refused none does.
TEST(ExposureCheckTest, CountsSightingsOutsideTheTolerance) {
  constexpr int64_t kLate = int64_t{3} * 3600;
  const std::vector<DiagnosisKey> keys = TestKeys(20, 1);
  const std::vector<DiagnosisKey> forged = TestKeys(5, 2);
  std::vector<Sighting> sightings;
  for (const DiagnosisKey& key : keys) {
    sightings.push_back(HearKey(key, kTestDaySeconds));
    sightings.back().unix_seconds += kLate;
  }
  for (const DiagnosisKey& key : forged) {
    sightings.push_back(HearKey(key, kTestDaySeconds));
    sightings.back().unix_seconds += kLate;
  }
  sightings.push_back(HearKey(keys[0], kTestDaySeconds));
  auto index = SightingIndex::Create(sightings, kSearchedIntervals);
  ASSERT_THAT(index, IsOk());
  const auto shared = std::make_shared<const SightingIndex>(*std::move(index));
  const std::vector<std::string> paths = {
      WriteTemp("one.zip", WriteTestExport(keys, TestExportOptions())),
      WriteTemp("two.zip", WriteTestExport({keys.begin(), keys.begin() + 10},
                                           TestExportOptions())),
      WriteTemp("forged.zip", ForgedExport(forged))};
  ExposureCheckOptions options = Options();
  options.skip_bad_files = true;
  for (const int num_threads : {1, 3}) {
    options.num_threads = num_threads;
    const ExposureCheckResult run = RunOver(paths, shared, options);
    EXPECT_EQ(run.num_outside_tolerance, 20U);
    EXPECT_EQ(run.result.matches.size(), 1U);
  }
  // Of an index that was made for matching alone nothing is known.
  EXPECT_EQ(RunOver(paths, Index(sightings), options).num_outside_tolerance,
            0U);
}

TEST(ExposureCheckTest, ThreadsBlocksAndOrderDoNotMatter) {
  // The same three keys in three files, with other metadata; a forged file.
  std::vector<DiagnosisKey> keys = TestKeys(200, 1);
  std::vector<DiagnosisKey> more = TestKeys(300, 2);
  std::vector<DiagnosisKey> third = TestKeys(150, 3);
  std::vector<Sighting> sightings;
  for (int i = 0; i < 30; ++i) {
    const int64_t time = kTestDaySeconds + int64_t{700} * i;
    sightings.push_back(HearKey(keys[i], time));
    sightings.push_back(HearKey(keys[i], time));  // twice the same
    sightings.push_back(HearKey(keys[i], time));
    sightings.back().unix_seconds += 1201;  // replayed
    sightings.push_back(HearKey(more[i], time));
    sightings.back().aem.bytes[1] ^= 0x40;  // sent with 44 dBm
    sightings.push_back(HearKey(third[i], time));
  }
  for (int i = 0; i < 3; ++i) {
    more[100 + i] = third[100 + i] = keys[i];
    more[100 + i].metadata.transmission_risk = 5;
    third[100 + i].metadata.transmission_risk = 2;
  }
  ExposureCheckOptions options = Options();
  options.own_keys.of_all = {keys[29].tek, third[29].tek};
  options.skip_bad_files = true;
  std::vector<std::string> paths = {
      WriteTemp("a.zip", WriteTestExport(keys)),
      WriteTemp("b.zip", WriteTestExport(more)),
      WriteTemp("c.zip", WriteTestExport(third)),
      WriteTemp("d.zip", ForgedExport(TestKeys(100, 1)))};
  const auto index = Index(sightings);
  const ExposureCheckResult expected = RunOver(paths, index, options);
  EXPECT_EQ(Summary(expected).front(), "1 650 0 2 18 29 30");
  EXPECT_EQ(expected.result.matches.size(), 2 * 29 + 29);
  do {
    for (const auto& [num_threads, block_keys] :
         std::vector<std::pair<int, size_t>>{
             {1, 7}, {1, 0}, {2, 1}, {3, 0}, {8, 7}}) {
      options.num_threads = num_threads;
      options.block_keys = block_keys;
      const ExposureCheckResult run = RunOver(paths, index, options);
      EXPECT_EQ(run.result.matches, expected.result.matches);
      EXPECT_EQ(Summary(run), Summary(expected));
    }
  } while (std::next_permutation(paths.begin(), paths.end()));
}

TEST(ExposureCheckTest, BlocksSuitSightingsAndThreads) {
  const auto engine_over = [](size_t num_sightings) {
    std::vector<Sighting> sightings(num_sightings);
    RandomSource random = RandomSource::Seeded(1);
    for (Sighting& sighting : sightings) {
      sighting.unix_seconds = kTestDaySeconds;
      random.Fill(absl::MakeSpan(sighting.rpi.bytes));
    }
    auto engine = MatchEngine::Create(Index(std::move(sightings)), {}, {},
                                      DefaultKernels());
    EXPECT_THAT(engine, IsOk());
    return *std::move(engine);
  };
  const MatchEngine few = engine_over(1);
  const MatchEngine many = engine_over(100'000);
  // One thread has all that the engine can use, few sightings need less, and
  // many threads share what memory there is.
  EXPECT_EQ(BlockKeysFor(few, 1), few.block_keys());
  EXPECT_LT(BlockKeysFor(few, 1), BlockKeysFor(many, 1));
  EXPECT_LE(many.block_keys(), kMostBlockKeys);
  EXPECT_EQ(BlockKeysFor(many, 1000), KeyBlock::kDefaultCapacity);
  for (const int num_threads : {1, 3, 7, 16, 64}) {
    const size_t num_keys = BlockKeysFor(many, num_threads);
    EXPECT_TRUE(std::has_single_bit(num_keys)) << num_keys;
    EXPECT_LE(num_keys * static_cast<size_t>(num_threads), kMostBlockKeys);
  }
}

TEST(ExposureCheckTest, AKeyInTwoFilesCountsOnceByTheFirstPublication) {
  std::vector<DiagnosisKey> keys = TestKeys(1, 1);
  keys[0].metadata.transmission_risk = 2;
  const std::string first = WriteTemp("b.zip", WriteTestExport(keys));
  keys[0].metadata.transmission_risk = 1;
  ExportWriterOptions later = TestExportOptions();
  later.end_timestamp += 1;
  const std::string second = WriteTemp("a.zip", WriteTestExport(keys, later));
  const ExposureCheckResult run = RunOver(
      {second, first}, Index({HearKey(keys[0], kTestDaySeconds)}), Options());
  ASSERT_EQ(run.result.matches.size(), 1);
  const Match& match = run.result.matches[0];
  EXPECT_EQ(run.files[match.source].path, first);
  EXPECT_EQ(match.metadata.transmission_risk, 2);
  EXPECT_EQ(run.result.num_duplicates, 1);
  EXPECT_EQ(run.num_keys, 2);
  EXPECT_EQ(
      run.num_conflicts[static_cast<size_t>(PublishedField::kTransmissionRisk)],
      1);
}

TEST(ExposureCheckTest, OwnKeysDoNotMatch) {
  const std::vector<DiagnosisKey> keys = TestKeys(2, 1);
  const std::string path = WriteTemp("a.zip", WriteTestExport(keys));
  ExposureCheckOptions options = Options();
  options.own_keys.of_all = {keys[0].tek};
  const ExposureCheckResult run =
      RunOver({path},
              Index({HearKey(keys[0], kTestDaySeconds),
                     HearKey(keys[1], kTestDaySeconds)}),
              options);
  EXPECT_EQ(run.num_own_keys, 1);
  ASSERT_EQ(run.result.matches.size(), 1);
  EXPECT_EQ(run.result.matches[0].tek, keys[1].tek);
}

// A tampered file holds the very key that was sighted, and also one that a
// good file has; it comes before or after the good one.
TEST(ExposureCheckTest, ARefusedFileContributesNothing) {
  const std::vector<DiagnosisKey> good = TestKeys(50, 1);
  std::vector<DiagnosisKey> bad = TestKeys(50, 2);
  bad[1] = good[1];
  const auto index = Index({HearKey(bad[0], kTestDaySeconds),
                            HearKey(good[0], kTestDaySeconds),
                            HearKey(good[1], kTestDaySeconds)});
  const std::string tampered = StoredZip(
      {{"export.bin", ZipEntry(WriteTestExport(bad), "export.bin")},
       {"export.sig", ZipEntry(WriteTestExport(good), "export.sig")}});
  const std::string good_path = WriteTemp("m.zip", WriteTestExport(good));
  for (const std::string name : {"a.zip", "z.zip"}) {
    const std::string bad_path = WriteTemp(name, tampered);
    for (const int num_threads : {1, 4}) {
      ExposureCheckOptions options = Options();
      options.num_threads = num_threads;
      options.own_keys.of_all = {bad[2].tek};
      const ExposureCheckResult refused =
          RunOver({good_path, bad_path}, index, options);
      ExpectNoResult(refused);
      ASSERT_EQ(refused.files.size(), 2);
      EXPECT_EQ(std::count_if(refused.files.begin(), refused.files.end(),
                              [](const ExportFileResult& file) {
                                return file.verdict == "wrong_signature";
                              }),
                1);

      options.skip_bad_files = true;
      const ExposureCheckResult skipped =
          RunOver({good_path, bad_path}, index, options);
      EXPECT_EQ(Summary(skipped).front(), "1 50 0 0 0 0 0");
      ASSERT_EQ(skipped.result.matches.size(), 2);
      for (const Match& match : skipped.result.matches) {
        EXPECT_EQ(skipped.files[match.source].path, good_path);
      }
    }
  }
}

TEST(ExposureCheckTest, OtherBadFilesAreLeftOutToo) {
  const std::vector<DiagnosisKey> keys = TestKeys(20, 1);
  const auto index = Index({HearKey(keys[0], kTestDaySeconds)});
  const std::string bin = ZipEntry(WriteTestExport(keys), "export.bin");
  const std::vector<std::string> paths = {
      WriteTemp("a.zip", WriteTestExport(TestKeys(3, 9))),
      WriteTemp("truncated", bin.substr(0, bin.size() - 1)),
      WriteTemp("unsigned", bin), TempPath("zz missing")};
  ExposureCheckOptions options = Options();
  ExpectNoResult(RunOver(paths, index, options));
  options.skip_bad_files = true;
  const ExposureCheckResult run = RunOver(paths, index, options);
  EXPECT_EQ(Summary(run).front(), "1 3 0 0 0 0 0");
  EXPECT_THAT(run.result.matches, IsEmpty());
  options.files.allow_unsigned = true;
  EXPECT_EQ(RunOver(paths, index, options).result.matches.size(), 1);
}

// Bytes that malloc has handed out; 0 under the sanitizers, which replace it.
size_t BytesInUse() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// An unsigned file with one key over and over.
std::string RepeatingExport(const DiagnosisKey& key, size_t num_repeats) {
  return StoredExport(WriteTestExport(
      std::vector<DiagnosisKey>(num_repeats, key), TestExportOptions({})));
}

TEST(ExposureCheckTest, AHostileFileStaysBounded) {
  constexpr int kSightings = 4;
  DiagnosisKey key = TestKeys(1, 1)[0];
  key.rolling_period = 1;
  std::vector<Sighting> sightings;
  sightings.reserve(kSightings);
  for (int i = 0; i < kSightings; ++i) {
    sightings.push_back(HearKey(key, kTestDaySeconds + i));
  }
  const auto index = Index(sightings);
  ExposureCheckOptions options;
  options.skip_bad_files = true;
  options.num_threads = 2;
  // 800,000 candidates of some 100 bytes each, were they kept.
  std::string path = WriteTemp("refused.zip", RepeatingExport(key, 200'000));
  const size_t before = BytesInUse();
  size_t peak = before;
  options.progress = [&peak](size_t, uint64_t) {
    peak = std::max(peak, BytesInUse());
  };
  const ExposureCheckResult refused = RunOver({path}, index, options);
  EXPECT_EQ(refused.files[0].verdict, "empty_signature_list");
  EXPECT_EQ(refused.files[0].report.counts.keys, 200'000);
  EXPECT_EQ(Summary(refused).front(), "1 0 0 0 0 0 0");
  EXPECT_THAT(refused.result.matches, IsEmpty());
  EXPECT_LT(peak - before, 40 << 20);

  // Believed, such a file says no more than once. It is long enough for
  // duplicates to go on the way.
  path = WriteTemp("believed.zip", RepeatingExport(key, 20'000));
  options.files.allow_unsigned = true;
  const ExposureCheckResult believed = RunOver({path}, index, options);
  EXPECT_EQ(believed.num_keys, 20'000);
  EXPECT_EQ(believed.result.matches.size(), kSightings);
  EXPECT_EQ(believed.result.num_duplicates, 19'999 * kSightings);
}

TEST(ExposureCheckTest, ABatchCountsAsAWhole) {
  const std::vector<DiagnosisKey> keys = TestKeys(30, 1);
  std::vector<Sighting> sightings;
  sightings.reserve(keys.size());
  for (const DiagnosisKey& key : keys) {
    sightings.push_back(HearKey(key, kTestDaySeconds));
  }
  const auto index = Index(sightings);
  ExportWriterOptions writer = TestExportOptions();
  writer.max_keys = 10;
  std::vector<std::string> paths;
  for (const std::string& zip : WriteTestBatch(keys, writer)) {
    paths.push_back(WriteTemp(std::to_string(paths.size()) + ".zip", zip));
  }
  ASSERT_EQ(paths.size(), 3);
  ExposureCheckOptions options = Options();
  EXPECT_EQ(RunOver(paths, index, options).result.matches.size(), 30);
  paths.pop_back();
  ExpectNoResult(RunOver(paths, index, options));
  options.skip_bad_files = true;
  const ExposureCheckResult run = RunOver(paths, index, options);
  EXPECT_EQ(Summary(run).front(), "1 0 0 0 0 0 0");
  EXPECT_EQ(run.files[0].verdict, "incomplete_batch");
}

TEST(ExposureCheckTest, RefusesWrongOptions) {
  const auto Code = [](const std::shared_ptr<const SightingIndex>& index,
                       const ExposureCheckOptions& options) {
    return CheckExposure({}, index, options).status().code();
  };
  ExposureCheckOptions options;
  EXPECT_EQ(Code(Index({}), options), absl::StatusCode::kOk);
  EXPECT_EQ(Code(nullptr, options), absl::StatusCode::kInvalidArgument);
  for (const int num_threads : {0, -1}) {
    options.num_threads = num_threads;
    EXPECT_EQ(Code(Index({}), options), absl::StatusCode::kInvalidArgument);
  }
  options = {};
  options.policy.tolerance_intervals = -1;
  EXPECT_EQ(Code(Index({}), options), absl::StatusCode::kInvalidArgument);
  for (const ReportType type :
       {ReportType::kUnknown, ReportType::kRecursive, ReportType::kRevoked}) {
    options = {};
    options.report_type_when_missing = type;
    EXPECT_EQ(Code(Index({}), options), absl::StatusCode::kInvalidArgument);
  }
}

TEST(ExposureCheckTest, CountsRejectedKeysAndProgress) {
  std::vector<DiagnosisKey> keys = TestKeys(20, 1);
  keys[0].rolling_start = kTestDay + 1000;
  const std::string path = WriteTemp("a.zip", WriteTestExport(keys));
  ExposureCheckOptions options = Options();
  options.now = absl::FromUnixSeconds(int64_t{kTestDay} * kIntervalSeconds);
  std::vector<std::pair<size_t, uint64_t>> progress;
  options.progress = [&progress](size_t file, uint64_t num_keys) {
    progress.emplace_back(file, num_keys);
  };
  // The same file twice is read twice, and counts once.
  const ExposureCheckResult run = RunOver({path, path}, Index({}), options);
  EXPECT_EQ(Summary(run).front(), "1 20 1 0 0 0 0");
  EXPECT_THAT(progress, ElementsAre(Pair(1, 7), Pair(1, 14), Pair(1, 19),
                                    Pair(2, 26), Pair(2, 33), Pair(2, 38)));
}

// Duplicates that go on the way of each of two files, and between them.
TEST(ExposureCheckTest, DuplicatesOfAllFilesAreCounted) {
  constexpr int kSightings = 4;
  constexpr size_t kRepeats = 17'000;
  DiagnosisKey key = TestKeys(1, 1)[0];
  key.rolling_period = 1;
  std::vector<Sighting> sightings;
  sightings.reserve(kSightings);
  for (int i = 0; i < kSightings; ++i) {
    sightings.push_back(HearKey(key, kTestDaySeconds + i));
  }
  // Not the same file twice, which would count once.
  const std::string one = RepeatingExport(key, kRepeats);
  const std::string other = RepeatingExport(key, kRepeats + 1);
  ExposureCheckOptions options = Options();
  options.block_keys = 1000;
  options.files.allow_unsigned = true;
  const ExposureCheckResult run =
      RunOver({WriteTemp("a.zip", one), WriteTemp("b.zip", other)},
              Index(std::move(sightings)), options);
  EXPECT_EQ(run.result.matches.size(), kSightings);
  EXPECT_EQ(run.result.num_duplicates, 2 * kRepeats * kSightings);
}

}  // namespace
}  // namespace tekmatch
