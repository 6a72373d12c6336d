// Match runs whose kernels fail: the run ends with the error, on any number of
// threads and at any call, and never with an empty or a partial result.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "matcher/check/exposure_check.h"
#include "matcher/check/file_matcher.h"
#include "matcher/join/match_engine.h"
#include "tests/matcher/kernels/failing_kernels.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

constexpr size_t kBlockKeys = 8;
constexpr size_t kKeysOfFile = 24;

const absl::Status& Failed() {
  static const auto* const status =
      new absl::Status(absl::InternalError("kernel failing: BoringSSL failed"));
  return *status;
}

// Three files, the last of them forged, and a sighting of each of their keys.
struct World {
  std::vector<std::string> paths;
  std::shared_ptr<const SightingIndex> index;
};

World MakeWorld() {
  World world;
  std::vector<Sighting> sightings;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const std::vector<DiagnosisKey> keys = TestKeys(kKeysOfFile, seed);
    for (const DiagnosisKey& key : keys) {
      sightings.push_back(HearKey(key, kTestDaySeconds));
    }
    world.paths.push_back(TempPath(absl::StrCat(seed, ".zip")));
    const ExportSigner signer =
        seed == 3 ? OtherSigner("440", "v1") : TestSigner();
    WriteFile(world.paths.back(),
              WriteTestExport(keys, TestExportOptions({signer})));
  }
  auto index = SightingIndex::Create(std::move(sightings));
  EXPECT_THAT(index, IsOk());
  world.index = std::make_shared<const SightingIndex>(*std::move(index));
  return world;
}

ExposureCheckOptions Options(int num_threads) {
  ExposureCheckOptions options;
  options.files.trusted = TrustTestSigner();
  options.skip_bad_files = true;
  options.kernels = &kFailingKernels;
  options.num_threads = num_threads;
  options.block_keys = kBlockKeys;
  return options;
}

// A kernel's calls: one a block, of each function.
constexpr uint64_t kNumCalls = 3 * kKeysOfFile / kBlockKeys;

TEST(FailingRunTest, WithoutAFailureTheRunIsWhole) {
  const World world = MakeWorld();
  for (const int num_threads : {1, 3}) {
    FailKernelCall(KernelFunction::kDeriveRpiks, 0);
    const auto run =
        CheckExposure(world.paths, world.index, Options(num_threads));
    ASSERT_THAT(run, IsOk());
    EXPECT_TRUE(run->complete);
    EXPECT_EQ(run->result.matches.size(), 2 * kKeysOfFile);
    EXPECT_EQ(NumKernelCalls(KernelFunction::kDeriveRpiks), kNumCalls);
    EXPECT_EQ(NumKernelCalls(KernelFunction::kFindCandidates), kNumCalls);
  }
}

// The keys of the forged file, too: they are matched before its verdict is
// known.
TEST(FailingRunTest, EveryCallOfAKernelCanFail) {
  const World world = MakeWorld();
  for (const int num_threads : {1, 3}) {
    for (const KernelFunction function :
         {KernelFunction::kDeriveRpiks, KernelFunction::kFindCandidates}) {
      for (uint64_t nth = 1; nth <= kNumCalls; ++nth) {
        SCOPED_TRACE(absl::StrCat(num_threads, " threads, call ", nth));
        FailKernelCall(function, nth);
        EXPECT_EQ(CheckExposure(world.paths, world.index, Options(num_threads))
                      .status(),
                  Failed());
        EXPECT_GE(NumKernelCalls(function), nth);
        if (num_threads == 1) {
          EXPECT_EQ(NumKernelCalls(function), nth);
        }
      }
    }
  }
}

// One file: one thread reads, the others match.
TEST(FailingRunTest, MatchFilesOfOneFile) {
  const World world = MakeWorld();
  const auto engine = MatchEngine::Create(world.index, {}, {}, kFailingKernels);
  ASSERT_THAT(engine, IsOk());
  ExportFileOptions files = Options(1).files;
  files.reader.decode.block_capacity = 1;
  for (const int num_threads : {1, 2, 3}) {
    for (uint64_t nth = 1; nth <= kKeysOfFile; ++nth) {
      SCOPED_TRACE(absl::StrCat(num_threads, " threads, call ", nth));
      FailKernelCall(KernelFunction::kFindCandidates, nth);
      const auto matched = MatchFiles({world.paths[0]}, *engine, files,
                                      {.num_threads = num_threads});
      EXPECT_EQ(matched.status(), Failed());
    }
    FailKernelCall(KernelFunction::kFindCandidates, 0);
    const auto matched = MatchFiles({world.paths[0]}, *engine, files,
                                    {.num_threads = num_threads});
    ASSERT_THAT(matched, IsOk());
    ASSERT_EQ(matched->size(), 1U);
    EXPECT_EQ((*matched)[0].candidates.size(), kKeysOfFile);
    EXPECT_TRUE((*matched)[0].file.accepted);
  }
}

}  // namespace
}  // namespace tekmatch
