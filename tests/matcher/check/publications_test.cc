// Keys that several files publish: what counts follows from facts, and not from
// the names, folders or order of files.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/check/check_halves.h"
#include "matcher/check/exposure_check.h"
#include "tests/matcher/check/check_runs.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"
#include "tools/files/json_text.h"
#include "tools/files/match_line.h"
#include "tools/report/match_report.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

ExposureCheckOptions Options() {
  ExposureCheckOptions options;
  options.files.trusted = TrustTestSigner();
  return options;
}

ExposureCheckResult RunOver(const std::vector<std::string>& paths,
                            const std::vector<Sighting>& sightings,
                            const ExposureCheckOptions& options = Options()) {
  return RunOver(paths, Index(sightings), options);
}

// The export of a day, by its end.
std::string Export(std::vector<DiagnosisKey> keys, int day,
                   ExportWriterOptions options = TestExportOptions()) {
  options.start_timestamp += static_cast<uint64_t>(day) * 86400;
  options.end_timestamp += static_cast<uint64_t>(day) * 86400;
  return WriteTestExport(std::move(keys), options);
}

DiagnosisKey With(DiagnosisKey key, ReportType type, bool revised = false) {
  key.metadata.report_type = type;
  key.metadata.revised = revised;
  return key;
}

uint64_t Conflicts(const ExposureCheckResult& run, PublishedField field) {
  return run.num_conflicts[static_cast<size_t>(field)];
}

constexpr int64_t kHeard = kTestDaySeconds + int64_t{50} * 600;

MatchReportInput Input(const ExposureCheckResult& run) {
  static const SightingsCounts* none = new SightingsCounts();
  return {.account = {.run = run, .sightings = *none},
          .zone = absl::UTCTimeZone()};
}

// All that a run says, with a word for each file in place of its path.
std::string AllOutput(const ExposureCheckResult& run,
                      const std::vector<std::string>& paths) {
  std::string output =
      DumpJson(MatchReportJson(Input(run)), 1) + MatchReportText(Input(run));
  for (const Match& match : run.result.matches) {
    output += MatchLine(match, run.files[match.source].path);
  }
  // The longest first: one path may begin as another does.
  std::vector<std::pair<std::string, std::string>> words;
  for (size_t i = 0; i < paths.size(); ++i) {
    words.emplace_back(paths[i], absl::StrCat("<file ", i, ">"));
  }
  return absl::StrReplaceAll(output, words);
}

TEST(PublicationsTest, NamesFoldersAndOrderMoveNoByte) {
  std::vector<DiagnosisKey> keys = TestKeys(12, 1);
  std::vector<Sighting> sightings;
  for (const DiagnosisKey& key : keys) {
    sightings.push_back(HearKey(key, kHeard));
    sightings.push_back(HearKey(key, kHeard + 60));
  }
  std::vector<DiagnosisKey> first;
  std::vector<DiagnosisKey> same_day;
  std::vector<DiagnosisKey> later;
  for (size_t i = 0; i < keys.size(); ++i) {
    DiagnosisKey key = With(keys[i], ReportType::kSelfReport);
    key.metadata.days_since_onset = 3;
    first.push_back(key);
    key.metadata.days_since_onset = -5;
    if (i % 4 == 1) key.rolling_period = 50;
    if (i % 4 == 2) key.rolling_start += 144;
    if (i % 4 == 3) key.metadata.report_type = ReportType::kConfirmedTest;
    same_day.push_back(key);
    later.push_back(With(
        keys[i], i % 3 == 0 ? ReportType::kRevoked : ReportType::kConfirmedTest,
        /*revised=*/true));
  }
  ExportWriterOptions no_time = TestExportOptions();
  no_time.end_timestamp = 253402300800;  // the year 10000: no date
  const std::vector<std::string> contents = {
      Export(first, 1),
      Export(same_day, 1),
      Export(later, 2),
      Export(later, 2),  // the same keys, signed anew
      WriteTestExport(first, no_time),
      Export(TestKeys(3, 9), 0),
      Export(keys, 0, TestExportOptions({OtherSigner("440", "v1")}))};
  ExposureCheckOptions options = Options();
  options.skip_bad_files = true;
  std::vector<std::string> names = {"a.zip",     "b.zip",    "z/a.zip",
                                    "z/b/9.zip", "z/10.zip", "z/9.zip",
                                    "1000.zip"};
  std::mt19937_64 rng(1);
  std::string expected;
  for (int round = 0; round < 20; ++round) {
    std::shuffle(names.begin(), names.end(), rng);
    std::vector<std::string> paths;
    for (size_t i = 0; i < contents.size(); ++i) {
      paths.push_back(
          WriteTemp(absl::StrCat(round, "/", names[i]), contents[i]));
    }
    std::vector<std::string> arguments = paths;
    std::shuffle(arguments.begin(), arguments.end(), rng);
    options.num_threads = 1 + round % 3;
    const ExposureCheckResult run = RunOver(arguments, sightings, options);
    // Contents 2 and 3 have one export.bin: which of them is the copy is a
    // matter of names, and the words of the two are swapped back.
    if (run.files[4].path == paths[3]) std::swap(paths[2], paths[3]);
    const std::string output = AllOutput(run, paths);
    if (round == 0) expected = output;
    EXPECT_EQ(output, expected) << round;
  }
  EXPECT_THAT(expected, HasSubstr("\"copy_of\": \"<file 2>\""));
  EXPECT_THAT(expected, HasSubstr("\"days_since_onset\": 12"));
}

TEST(PublicationsTest, TheSameExportCountsOnce) {
  const std::vector<DiagnosisKey> keys = TestKeys(5, 1);
  const std::string a = WriteTemp("a.zip", Export(keys, 0));
  const std::string b = WriteTemp("b.zip", ReadFile(a));
  const std::string c = WriteTemp("c.zip", Export(TestKeys(5, 2), 0));
  const ExposureCheckResult run =
      RunOver({c, b, a, a}, {HearKey(keys[0], kHeard)});
  ASSERT_EQ(run.files.size(), 4U);
  EXPECT_EQ(std::count_if(run.files.begin(), run.files.end(),
                          [](const ExportFileResult& f) { return f.counts(); }),
            2);
  for (const ExportFileResult& file : run.files) {
    EXPECT_TRUE(file.accepted);
    EXPECT_EQ(file.copy_of, file.counts() ? "" : a);
  }
  EXPECT_EQ(run.num_keys, 10U);
  EXPECT_EQ(run.result.num_duplicates, 0U);
  EXPECT_EQ(run.result.matches.size(), 1U);
  const std::string text = MatchReportText(Input(run));
  EXPECT_THAT(text, HasSubstr(absl::StrCat("COUNTED ONCE: ", b,
                                           " holds the same export as ", a)));
  EXPECT_THAT(text, HasSubstr("Read 10 keys in 2 files"));
}

// An unsigned copy of a signed file leaves the result signed.
TEST(PublicationsTest, OfASignedAndAnUnsignedCopyTheSignedOneCounts) {
  const std::vector<DiagnosisKey> keys = TestKeys(1, 1);
  const std::string zip = Export(keys, 0);
  const std::string bare = WriteTemp("a.bin", ZipEntry(zip, "export.bin"));
  const std::string whole = WriteTemp("b.zip", zip);
  ExposureCheckOptions options = Options();
  options.files.allow_unsigned = true;
  const ExposureCheckResult run =
      RunOver({bare, whole}, {HearKey(keys[0], kHeard)}, options);
  EXPECT_EQ(run.files[0].path, whole);
  EXPECT_EQ(run.files[1].copy_of, whole);
  EXPECT_EQ(MatchReportJson(Input(run))["all_files_signed"], true);
}

// The key's second publication has nothing that was heard; it counts
// nevertheless, for what it does to the first.
TEST(PublicationsTest, ARevisionWithAnotherTimeRevokes) {
  const DiagnosisKey key = With(TestKeys(1, 1)[0], ReportType::kSelfReport);
  const std::string first = WriteTemp("a.zip", Export({key}, 0));
  DiagnosisKey other_start = With(key, ReportType::kRevoked, true);
  other_start.rolling_start += 144;
  DiagnosisKey other_period = With(key, ReportType::kRevoked, true);
  other_period.rolling_period = 10;
  for (const DiagnosisKey& revoked : {other_start, other_period}) {
    std::vector<DiagnosisKey> keys = TestKeys(30, 2);
    keys.push_back(revoked);
    const std::string second = WriteTemp("b.zip", Export(keys, 1));
    for (const size_t block_keys : {size_t{0}, size_t{7}}) {
      ExposureCheckOptions options = Options();
      options.block_keys = block_keys;
      const ExposureCheckResult run =
          RunOver({first, second}, {HearKey(key, kHeard)}, options);
      EXPECT_THAT(run.result.matches, IsEmpty());
      EXPECT_EQ(run.report_types.num_revoked, 1U);
      EXPECT_EQ(run.num_revisions, 1U);
    }
  }
  // In one file as well.
  const std::string both = WriteTemp("c.zip", Export({key, other_start}, 0));
  EXPECT_EQ(RunOver({both}, {HearKey(key, kHeard)}).report_types.num_revoked,
            1U);
}

TEST(PublicationsTest, TheFirstPublicationDecidesThoughItWasNotHeard) {
  DiagnosisKey key = TestKeys(1, 1)[0];
  const std::string second = WriteTemp("a.zip", Export({key}, 1));
  DiagnosisKey earlier = key;
  earlier.rolling_period = 50;
  const std::string first = WriteTemp("b.zip", Export({earlier}, 0));
  const std::vector<Sighting> sightings = {HearKey(key, kHeard - 600),
                                           HearKey(key, kHeard)};
  const ExposureCheckResult run = RunOver({second, first}, sightings);
  ASSERT_EQ(run.result.matches.size(), 1U);
  EXPECT_EQ(run.result.matches[0].interval, kTestDay + 49);
  EXPECT_EQ(run.result.matches[0].rolling_period, 50);
  EXPECT_EQ(run.num_outside_first_publication, 1U);
  EXPECT_EQ(Conflicts(run, PublishedField::kRollingPeriod), 1U);

  earlier.rolling_start += 144;
  const std::string other_day = WriteTemp("c.zip", Export({earlier}, 0));
  const ExposureCheckResult none = RunOver({second, other_day}, sightings);
  EXPECT_THAT(none.result.matches, IsEmpty());
  EXPECT_EQ(none.num_outside_first_publication, 2U);
  EXPECT_EQ(Conflicts(none, PublishedField::kRollingStart), 1U);
  EXPECT_EQ(Conflicts(none, PublishedField::kRollingPeriod), 1U);
}

TEST(PublicationsTest, ARecursivePublicationIsSkipped) {
  const DiagnosisKey key = TestKeys(1, 1)[0];
  DiagnosisKey recursive = With(key, ReportType::kRecursive);
  recursive.rolling_period = 10;
  const ExposureCheckResult run = RunOver(
      {WriteTemp("a.zip", Export({recursive}, 0)),
       WriteTemp("b.zip", Export({With(key, ReportType::kConfirmedTest)}, 1))},
      {HearKey(key, kHeard)});
  ASSERT_EQ(run.result.matches.size(), 1U);
  EXPECT_EQ(run.result.matches[0].metadata.report_type,
            ReportType::kConfirmedTest);
  EXPECT_EQ(run.num_ignored_revisions, 0U);
}

// The second says that the key's owner was not infectious yet.
TEST(PublicationsTest, AContactCountsByAnyPublication) {
  DiagnosisKey key = TestKeys(1, 1)[0];
  ExposureCheckOptions options = Options();
  options.window_policy = *NamedTransmissionWindowPolicy("cocoa-3");
  options.window_zone = absl::UTCTimeZone();
  const auto run = [&](int first, int second) {
    key.metadata.days_since_onset = static_cast<int8_t>(first);
    const std::string a = WriteTemp("a.zip", Export({key}, 0));
    key.metadata.days_since_onset = static_cast<int8_t>(second);
    const std::string b = WriteTemp("b.zip", Export({key}, 1));
    return RunOver({a, b}, {HearKey(key, kHeard)}, options);
  };
  for (const auto& [first, second] : {std::pair(3, -5), std::pair(-5, 3)}) {
    const ExposureCheckResult counts = run(first, second);
    ASSERT_EQ(counts.result.matches.size(), 1U);
    EXPECT_EQ(counts.result.matches[0].metadata.days_since_onset, first);
  }
  const ExposureCheckResult none = run(-5, 12);
  EXPECT_THAT(none.result.matches, IsEmpty());
  EXPECT_EQ(
      none.num_outside_window[static_cast<size_t>(WindowReason::kBeforeWindow)],
      1U);
}

// Anybody can make an unsigned file, with any date in it.
TEST(PublicationsTest, AnUnsignedFileTakesNothingFromASignedOne) {
  const DiagnosisKey key = With(TestKeys(1, 1)[0], ReportType::kSelfReport);
  const std::string honest = WriteTemp("a.zip", Export({key}, 1));
  ExposureCheckOptions options = Options();
  options.files.allow_unsigned = true;
  for (const int day : {0, 2}) {
    for (const int period : {1, 144}) {
      DiagnosisKey made_up = With(key, ReportType::kRevoked, true);
      made_up.rolling_period = static_cast<uint8_t>(period);
      made_up.metadata.days_since_onset = -14;
      const std::string bare =
          WriteTemp("b.bin", ZipEntry(Export({made_up}, day), "export.bin"));
      const ExposureCheckResult run =
          RunOver({honest, bare}, {HearKey(key, kHeard)}, options);
      ASSERT_EQ(run.result.matches.size(), 1U);
      EXPECT_EQ(run.files[run.result.matches[0].source].path, honest);
      EXPECT_EQ(run.result.matches[0].metadata, key.metadata);
    }
  }
}

// Another authority's revocation, though it is trusted for keys of its own.
TEST(PublicationsTest, AnAuthorityRevokesNoKeyOfAnother) {
  const DiagnosisKey key = With(TestKeys(1, 1)[0], ReportType::kSelfReport);
  const std::string published = WriteTemp("a.zip", Export({key}, 1));
  const ExportSigner next = OtherSigner("440", "v2");
  const ExportSigner foreign = OtherSigner("999", "v1");
  ExposureCheckOptions options = Options();
  for (const ExportSigner* signer : {&next, &foreign}) {
    ASSERT_THAT(options.files.trusted.AddSet({Trust(*signer)}), IsOk());
  }
  for (const auto& [signer, num_matches] :
       {std::pair(&next, 0U), std::pair(&foreign, 1U)}) {
    for (const int day : {0, 2}) {
      const std::string revoking =
          WriteTemp("b.zip", Export({With(key, ReportType::kRevoked, true)},
                                    day, TestExportOptions({*signer})));
      const ExposureCheckResult run =
          RunOver({published, revoking}, {HearKey(key, kHeard)}, options);
      EXPECT_TRUE(run.files[0].accepted && run.files[1].accepted);
      // Before the publication even the same authority's is none: the key is
      // revoked, and published as a self-report then.
      EXPECT_EQ(run.result.matches.size(), num_matches) << day;
    }
  }
}

// Seven exports: the fourth has the key for the day at which it is heard, the
// others for a day at which it is not. So those are read once more.
std::vector<std::string> ExportsOfWhichOneIsHeard(const DiagnosisKey& key) {
  std::vector<std::string> paths;
  for (int day = 0; day < 7; ++day) {
    DiagnosisKey published = key;
    if (day != 3) published.rolling_start += 144 * (day + 1);
    std::vector<DiagnosisKey> keys =
        TestKeys(30, 2 + static_cast<uint64_t>(day));
    keys.push_back(published);
    paths.push_back(WriteTemp(absl::StrCat(day, ".zip"), Export(keys, day)));
  }
  return paths;
}

TEST(PublicationsTest, AnyNumberOfThreadsReadsFilesOnceMore) {
  const DiagnosisKey key = TestKeys(1, 1)[0];
  const std::vector<std::string> paths = ExportsOfWhichOneIsHeard(key);
  std::string expected;
  for (const int num_threads : {1, 2, 5, 20}) {
    std::atomic<bool> is_asking = false;
    std::atomic<int> num_asked = 0;
    ExposureCheckOptions options = Options();
    options.num_threads = num_threads;
    options.block_keys = 7;
    options.cancelled = [&] {
      EXPECT_FALSE(is_asking.exchange(true)) << "by two threads at a time";
      std::this_thread::yield();
      is_asking = false;
      ++num_asked;
      return false;
    };
    const ExposureCheckResult run =
        RunOver(paths, {HearKey(key, kHeard)}, options);
    EXPECT_EQ(Conflicts(run, PublishedField::kRollingStart), 1U);
    // At five blocks of each of seven files, and of six once more.
    EXPECT_GE(num_asked, 5 * (7 + 6));
    if (expected.empty()) expected = AllOutput(run, paths);
    EXPECT_EQ(AllOutput(run, paths), expected) << num_threads;
  }
}

// Without notes every file is read once more, and nothing else is different:
// what a file says of a key for another day is found, and where no key was
// heard nothing is read.
TEST(PublicationsTest, WithoutNotesTheConclusionIsTheSame) {
  const DiagnosisKey key = TestKeys(1, 1)[0];
  const std::vector<std::string> paths = ExportsOfWhichOneIsHeard(key);
  const ExposureCheckOptions options = Options();
  for (const bool is_heard : {true, false}) {
    const auto index =
        Index({HearKey(is_heard ? key : TestKeys(1, 99)[0], kHeard)});
    std::vector<std::string> outputs;
    for (const uint64_t most : {uint64_t{1000}, uint64_t{100}, uint64_t{0}}) {
      auto matched = MatchAllFiles(paths, index, options, most);
      ASSERT_THAT(matched, IsOk());
      auto run = ConcludeFromFiles(*std::move(matched), {.all = 1}, options);
      ASSERT_THAT(run, IsOk());
      EXPECT_EQ(Conflicts(*run, PublishedField::kRollingStart),
                is_heard ? 1U : 0U);
      outputs.push_back(AllOutput(*run, paths));
    }
    EXPECT_EQ(outputs[1], outputs[0]);
    EXPECT_EQ(outputs[2], outputs[0]);
  }
}

// By any number of threads the error is that of the first file with one, in the
// order of publication.
TEST(PublicationsTest, OfSeveralFilesThatChangeTheFirstIsNamed) {
  const DiagnosisKey key = TestKeys(1, 1)[0];
  const std::string replacement = Export(TestKeys(1, 30), 0);
  for (const int num_threads : {1, 2, 5}) {
    const std::vector<std::string> paths = ExportsOfWhichOneIsHeard(key);
    bool have_changed = false;
    std::atomic<int> num_asked_since = 0;
    ExposureCheckOptions options = Options();
    options.num_threads = num_threads;
    options.block_keys = 7;
    options.progress = [&](size_t, uint64_t num_keys) {
      if (num_keys < uint64_t{31} * 7) return;
      for (const size_t i : {6, 2, 4}) WriteFile(paths[i], replacement);
      have_changed = true;
    };
    options.cancelled = [&] {
      if (have_changed) ++num_asked_since;
      return false;
    };
    EXPECT_EQ(
        CheckExposure(paths, Index({HearKey(key, kHeard)}), options).status(),
        absl::DataLossError(
            absl::StrCat(paths[2], ": changed while it was read")));
    // One thread leaves the files after it: it asks at five blocks of each of
    // two, at the one block of the third, and a few times beside that.
    if (num_threads == 1) {
      EXPECT_LE(num_asked_since, 2 * 5 + 1 + 4);
    }
  }
}

TEST(PublicationsTest, WhatIsThrownWhileFilesAreReadOnceMoreEndsTheCheck) {
  const DiagnosisKey key = TestKeys(1, 1)[0];
  const std::vector<std::string> paths = ExportsOfWhichOneIsHeard(key);
  for (const int num_threads : {1, 3}) {
    bool all_are_read = false;
    int num_asked_since = 0;
    ExposureCheckOptions options = Options();
    options.num_threads = num_threads;
    options.block_keys = 7;
    options.progress = [&](size_t, uint64_t num_keys) {
      if (num_keys == uint64_t{31} * 7) all_are_read = true;
    };
    options.cancelled = [&] {
      if (all_are_read && ++num_asked_since > 9) throw std::runtime_error("");
      return false;
    };
    EXPECT_EQ(CheckExposure(paths, Index({HearKey(key, kHeard)}), options)
                  .status()
                  .code(),
              absl::StatusCode::kInternal);
  }
}

TEST(PublicationsTest, AnEndIsAskedForWhileFilesAreReadOnceMore) {
  const DiagnosisKey key = TestKeys(1, 1)[0];
  const std::vector<std::string> paths = ExportsOfWhichOneIsHeard(key);
  for (const int num_threads : {1, 3}) {
    std::atomic<bool> all_are_read = false;
    std::atomic<int> num_asked_since = 0;
    ExposureCheckOptions options = Options();
    options.num_threads = num_threads;
    options.block_keys = 7;
    options.progress = [&](size_t, uint64_t num_keys) {
      if (num_keys == uint64_t{31} * 7) all_are_read = true;
    };
    options.cancelled = [&] { return all_are_read && ++num_asked_since > 9; };
    EXPECT_TRUE(absl::IsCancelled(
        CheckExposure(paths, Index({HearKey(key, kHeard)}), options).status()));
    // Each thread may have asked once more.
    EXPECT_LE(num_asked_since, 10 + num_threads);
  }
}

// A file that has to be read once more, and is another one by then.
TEST(PublicationsTest, AFileThatChangesDuringTheRunIsAnError) {
  const DiagnosisKey key = TestKeys(1, 1)[0];
  DiagnosisKey other_day = key;
  other_day.rolling_start += 144;
  const std::string changing = WriteTemp("a.zip", Export({other_day}, 0));
  const std::string replacement = Export(TestKeys(1, 3), 0);
  std::vector<DiagnosisKey> keys = TestKeys(20, 2);
  keys.push_back(key);
  const std::string steady = WriteTemp("b.zip", Export(keys, 1));
  for (const bool removed : {false, true}) {
    WriteFile(changing, Export({other_day}, 0));
    ExposureCheckOptions options = Options();
    options.block_keys = 7;
    options.progress = [&](size_t, uint64_t num_keys) {
      if (num_keys < 22) return;
      WriteFile(changing, replacement);
      if (removed) std::filesystem::remove(changing);
    };
    EXPECT_EQ(CheckExposure({changing, steady}, Index({HearKey(key, kHeard)}),
                            options)
                  .status(),
              absl::DataLossError(
                  absl::StrCat(changing, ": changed while it was read")));
  }
}

}  // namespace
}  // namespace tekmatch
