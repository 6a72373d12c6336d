// A merge holds no more memory for many candidates than for few.
//
// Plan: shards whose candidates are made up; what merging them holds at most.
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "matcher/check/partial.h"
#include "matcher/check/shard_merger.h"
#include "matcher/check/tek_prefixes.h"
#include "tests/held_memory.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

constexpr uint32_t kNumShards = 4;
constexpr size_t kNumKeys = 100;
constexpr size_t kMemory = size_t{3} << 20;

// Shard i has device i, which heard each key so often, in a file of its own.
struct Shards {
  std::string path = "keys.zip";
  ShardPlan plan;
  std::vector<std::string> partials;  // paths

  explicit Shards(uint32_t num_hearings) {
    plan.paths = {path};
    plan.by_devices = true;
    plan.common_files = {0};
    for (uint32_t i = 0; i < kNumShards; ++i) {
      plan.shards.push_back({.files = {},
                             .devices = {i},
                             .num_sightings = kNumKeys * num_hearings});
    }
    for (uint32_t i = 0; i < kNumShards; ++i) Write(i, num_hearings);
  }

  void Write(uint32_t shard, uint32_t num_hearings) {
    std::vector<PartialFile> files(1);
    MatchedFile& matched = files[0].matched;
    matched.file.path = path;
    matched.file.verdict = "valid";
    matched.file.accepted = true;
    matched.file.report.digests.sha256[0] = 1;
    matched.file.report.signature.verdict = SignatureVerdict::kValid;
    matched.file.report.metadata.batch_num = 1;
    matched.file.report.metadata.batch_size = 1;
    matched.file.report.counts.keys = kNumKeys;
    std::vector<Tek> teks;
    teks.reserve(kNumKeys);
    uint32_t position = 0;
    for (const DiagnosisKey& key : TestKeys(kNumKeys, 1)) {
      teks.push_back(key.tek);
      matched.publications.Add(key);
      for (uint32_t i = 0; i < num_hearings; ++i) {
        Match& match = matched.candidates.emplace_back();
        match.tek = key.tek;
        match.rolling_start = key.rolling_start;
        match.rolling_period = key.rolling_period;
        match.metadata = key.metadata;
        match.interval = key.rolling_start + i % key.rolling_period;
        match.sighting.unix_seconds =
            int64_t{match.interval} * kIntervalSeconds + i % 600;
        match.sighting.rpi.bytes[0] = static_cast<uint8_t>(i);
        match.sighting.device = shard;
        match.sighting_position = position++;
      }
    }
    if (shard == 0) matched.teks.Add(TekPrefixes::Of(teks));
    const std::string name = absl::StrCat("partial.", shard);
    std::string bytes;
    ASSERT_THAT(WritePartial({.plan = plan.digest,
                              .shard = shard,
                              .num_files = 1,
                              .num_sightings = position},
                             files,
                             [&bytes](absl::string_view some) {
                               absl::StrAppend(&bytes, some);
                               return absl::OkStatus();
                             }),
                IsOk());
    partials.push_back(WriteTemp(name, bytes));
  }
};

// What a merge of them holds at most above what was held before; its matches
// are counted.
int64_t MostHeld(const Shards& shards, uint64_t* num_matches) {
  ExposureCheckOptions options;
  for (uint32_t i = 0; i < kNumShards; ++i) options.devices.insert(i);
  SightingNumbers numbers;
  return MostHeldBy([&] {
    ShardMerger merger(
        shards.plan, {.memory_bytes = kMemory, .folder = ::testing::TempDir()});
    for (const std::string& path : shards.partials) {
      const auto partial = OpenFileSource(path);
      EXPECT_THAT(partial.status(), IsOk());
      EXPECT_THAT(merger.Add(**partial), IsOk());
    }
    const auto merged =
        merger.Conclude(numbers, options, [&](absl::Span<const Match> some) {
          *num_matches += some.size();
          return absl::OkStatus();
        });
    EXPECT_THAT(merged.status(), IsOk());
  });
}

TEST(ShardMergerMemoryTest, ManyCandidatesTakeNoMoreThanFew) {
  int64_t few = 0;
  uint64_t num_matches = 0;
  {
    const Shards shards(/*num_hearings=*/125);
    few = MostHeld(shards, &num_matches);
    EXPECT_EQ(num_matches, 125 * kNumKeys * kNumShards);
    EXPECT_GT(few, 0);
  }
  num_matches = 0;
  const Shards shards(/*num_hearings=*/550);
  const int64_t many = MostHeld(shards, &num_matches);
  EXPECT_EQ(num_matches, 550 * kNumKeys * kNumShards);
  // What all of them at once would be.
  EXPECT_GT(num_matches * sizeof(Match), 6 * kMemory);
  // Half as much again while a vector grows, files' buffers, and what little is
  // the files' and the keys'.
  EXPECT_LT(many, static_cast<int64_t>(2 * kMemory));
  EXPECT_LT(many, few + (int64_t{256} << 10));
}

}  // namespace
}  // namespace tekmatch
