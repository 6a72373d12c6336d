// What MatchFiles says of each file, before anything is made of it.
#include "matcher/check/file_matcher.h"

#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/hash_tables.h"
#include "matcher/join/match_engine.h"
#include "matcher/kernels/dispatch.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::IsEmpty;

MatchEngine EngineOver(std::vector<Sighting> sightings,
                       HashSet<Tek> own_keys = {}) {
  auto index = SightingIndex::Create(std::move(sightings));
  EXPECT_THAT(index, IsOk());
  auto engine = MatchEngine::Create(
      std::make_shared<const SightingIndex>(*std::move(index)), {},
      std::move(own_keys), DefaultKernels());
  EXPECT_THAT(engine, IsOk());
  return *std::move(engine);
}

// What a single file makes a caller's function allocate stays in one thread.
TEST(FileMatcherTest, TheCallersThreadReadsASingleFile) {
  const std::vector<DiagnosisKey> keys = TestKeys(200, 1);
  const MatchEngine engine = EngineOver({HearKey(keys[0], kTestDaySeconds)});
  const std::string path = WriteTemp("a.zip", WriteTestExport(keys));
  ExportFileOptions options;
  options.trusted = TrustTestSigner();
  options.reader.decode.block_capacity = 1;
  const std::thread::id here = std::this_thread::get_id();
  size_t num_blocks = 0;
  size_t num_elsewhere = 0;
  for (int run = 0; run < 20; ++run) {
    const auto matched =
        MatchFiles({path}, engine, options,
                   {.num_threads = 4, .read = [&](size_t, const KeyBlock&) {
                      ++num_blocks;
                      if (std::this_thread::get_id() != here) ++num_elsewhere;
                      return absl::OkStatus();
                    }});
    ASSERT_THAT(matched, IsOk());
    EXPECT_EQ(matched->front().candidates.size(), 1U);
  }
  EXPECT_EQ(num_blocks, 20 * keys.size());
  EXPECT_EQ(num_elsewhere, 0U);
}

// Blocks of a refused file are matched before its verdict is known, and, on
// several threads, after it.
TEST(FileMatcherTest, ARefusedFileGivesNothing) {
  const std::vector<DiagnosisKey> good = TestKeys(3, 1);
  const std::vector<DiagnosisKey> bad = TestKeys(30, 2);
  std::vector<Sighting> sightings;
  for (const std::vector<DiagnosisKey>& keys : {good, bad}) {
    for (const DiagnosisKey& key : keys) {
      sightings.push_back(HearKey(key, kTestDaySeconds));
    }
  }
  const MatchEngine engine =
      EngineOver(std::move(sightings), {good[0].tek, bad[0].tek, bad[29].tek});
  const std::vector<std::string> paths = {
      WriteTemp(
          "forged.zip",
          WriteTestExport(bad, TestExportOptions({OtherSigner("440", "v1")}))),
      WriteTemp("good.zip", WriteTestExport(good))};
  ExportFileOptions options;
  options.trusted = TrustTestSigner();
  options.reader.decode.block_capacity = 1;
  for (int run = 0; run < 60; ++run) {
    const int num_threads = 1 + run % 3;
    const auto matched =
        MatchFiles(paths, engine, options, {.num_threads = num_threads});
    ASSERT_THAT(matched, IsOk());
    ASSERT_EQ(matched->size(), 2U);
    const MatchedFile& forged = (*matched)[0];
    EXPECT_EQ(forged.file.path, paths[0]);
    EXPECT_EQ(forged.file.verdict, "wrong_signature");
    EXPECT_FALSE(forged.file.accepted);
    EXPECT_THAT(forged.candidates, IsEmpty());
    EXPECT_THAT(forged.publications, IsEmpty());
    EXPECT_EQ(forged.num_own_keys, 0U);
    EXPECT_EQ(forged.num_duplicates, 0U);
    const MatchedFile& accepted = (*matched)[1];
    EXPECT_EQ(accepted.file.path, paths[1]);
    EXPECT_TRUE(accepted.file.accepted);
    EXPECT_EQ(accepted.candidates.size(), 2U);
    for (const Match& match : accepted.candidates) EXPECT_EQ(match.source, 1U);
    EXPECT_EQ(accepted.publications.size(), 2U);
    EXPECT_EQ(accepted.num_own_keys, 1U);
  }
}

// Notes are of whole files: one that has more keys than may be noted has none.
TEST(FileMatcherTest, NotesAreOfNoMoreKeysThanAreAskedFor) {
  const std::vector<DiagnosisKey> first = TestKeys(20, 1);
  const std::vector<DiagnosisKey> second = TestKeys(20, 2);
  const Tek other = TestKeys(1, 3)[0].tek;
  const MatchEngine engine =
      EngineOver({HearKey(first[0], kTestDaySeconds)}, {});
  const std::vector<std::string> paths = {
      WriteTemp("first.zip", WriteTestExport(first)),
      WriteTemp("second.zip", WriteTestExport(second))};
  ExportFileOptions options;
  options.trusted = TrustTestSigner();
  options.reader.decode.block_capacity = 7;
  struct Case {
    uint64_t most;
    bool first_is_noted;
    bool second_is_noted;
  };
  for (const Case& c :
       {Case{0, false, false}, Case{19, false, false}, Case{20, true, false},
        Case{39, true, false}, Case{40, true, true}}) {
    SCOPED_TRACE(c.most);
    const auto matched =
        MatchFiles(paths, engine, options, {.most_noted_teks = c.most});
    ASSERT_THAT(matched, IsOk());
    for (const size_t i : {0, 1}) {
      const TekPrefixes& teks = (*matched)[i].teks;
      const bool is_noted = i == 0 ? c.first_is_noted : c.second_is_noted;
      EXPECT_EQ(teks.MayHoldMore({{other, 0}}), !is_noted);
      EXPECT_TRUE(teks.MayHoldMore({{(i == 0 ? first : second)[19].tek, 0}}));
    }
  }
}

// By several threads: each file has notes of all of its keys or none, and all
// together no more than were asked for.
TEST(FileMatcherTest, ThreadsNoteNoMoreThanIsAskedFor) {
  constexpr size_t kKeys = 50;
  const MatchEngine engine =
      EngineOver({HearKey(TestKeys(1, 1)[0], kTestDaySeconds)}, {});
  std::vector<std::string> paths;
  for (uint64_t i = 0; i < 6; ++i) {
    paths.push_back(WriteTemp(absl::StrCat(i, ".zip"),
                              WriteTestExport(TestKeys(kKeys, 10 + i))));
  }
  const Tek other = TestKeys(1, 3)[0].tek;
  ExportFileOptions options;
  options.trusted = TrustTestSigner();
  options.reader.decode.block_capacity = 3;
  for (const uint64_t most : {0, 1, 120, 150, 299, 300}) {
    const auto matched = MatchFiles(
        paths, engine, options, {.num_threads = 4, .most_noted_teks = most});
    ASSERT_THAT(matched, IsOk());
    size_t num_noted = 0;
    for (const MatchedFile& file : *matched) {
      size_t num_of_file = 0;
      for (const auto& some : file.teks.all()) num_of_file += some.size();
      const bool gave_up = file.teks.MayHoldMore({{other, 0}});
      EXPECT_EQ(num_of_file, gave_up ? 0 : kKeys) << most;
      num_noted += num_of_file;
    }
    EXPECT_LE(num_noted, most);
    if (most == 300) {
      EXPECT_EQ(num_noted, 300U);
    }
  }
}

// A key over and over: its duplicates go in several instalments, all counted.
TEST(FileMatcherTest, DuplicatesGoOnTheWay) {
  constexpr size_t kNumSightings = 100;
  constexpr size_t kNumKeys = 2500;
  DiagnosisKey key = TestKeys(1, 1)[0];
  key.rolling_period = 1;
  std::vector<Sighting> sightings;
  sightings.reserve(kNumSightings);
  for (size_t i = 0; i < kNumSightings; ++i) {
    sightings.push_back(
        HearKey(key, kTestDaySeconds + static_cast<int64_t>(i)));
  }
  const MatchEngine engine = EngineOver(std::move(sightings));
  const std::string zip =
      WriteTestExport(std::vector<DiagnosisKey>(kNumKeys, key));
  const std::vector<std::string> paths = {
      WriteTemp("a.zip", StoredExport(zip))};
  ExportFileOptions options;
  options.trusted = TrustTestSigner();
  options.reader.decode.block_capacity = 100;
  const auto matched = MatchFiles(paths, engine, options, {.num_threads = 1});
  ASSERT_THAT(matched, IsOk());
  const MatchedFile& file = (*matched)[0];
  ASSERT_TRUE(file.file.accepted) << file.file.message;
  // Whatever is left, nothing is lost.
  EXPECT_EQ(file.candidates.size() + file.num_duplicates,
            kNumSightings * kNumKeys);
  EXPECT_GE(file.candidates.size(), kNumSightings);
  // 65,536 and what a block adds are the most that lie there at a time.
  EXPECT_LE(file.candidates.size(), 65536U);
  EXPECT_EQ(file.publications.size(), 1U);
}

// What throws in a thread ends the run and not the process.
TEST(FileMatcherTest, AnExceptionIsAnError) {
  const std::vector<DiagnosisKey> keys = TestKeys(50, 3);
  const MatchEngine engine = EngineOver({HearKey(keys[0], kTestDaySeconds)});
  const std::vector<std::string> paths = {
      WriteTemp("a.zip", WriteTestExport(keys)),
      WriteTemp("b.zip", WriteTestExport(TestKeys(50, 4)))};
  ExportFileOptions options;
  options.trusted = TrustTestSigner();
  options.reader.decode.block_capacity = 7;
  for (const int num_threads : {1, 3}) {
    EXPECT_EQ(
        MatchFiles(
            paths, engine, options,
            {.num_threads = num_threads,
             .progress = [](size_t, uint64_t) { throw std::bad_alloc(); }})
            .status(),
        absl::ResourceExhaustedError("not enough memory to match the files"));
    EXPECT_EQ(MatchFiles(paths, engine, options,
                         {.num_threads = num_threads,
                          .cancelled = []() -> bool {
                            throw std::runtime_error("secret");
                          }})
                  .status(),
              absl::InternalError("an exception while the files were matched"));
  }
}

}  // namespace
}  // namespace tekmatch
