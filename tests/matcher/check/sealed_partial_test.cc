// What is sealed as a partial is, and is not what a shard of the plan writes,
// is refused, with the field and the partial's name.
//
// Plan: partials that are read, changed and sealed again, of shards by files;
// the same of shards by devices.
#include <openssl/sha.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/check/partial.h"
#include "matcher/check/shard_merger.h"
#include "matcher/check/tek_prefixes.h"
#include "matcher/join/key_publication.h"
#include "matcher/join/sighting.h"
#include "matcher/join/sighting_index.h"
#include "tests/matcher/check/shard_world.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

struct ReadPartial {
  PartialHeader header;
  std::vector<PartialFile> files;

  explicit ReadPartial(const std::string& bytes) {
    const auto source = MemorySource("p", bytes);
    auto reader = PartialReader::Open(*source);
    EXPECT_THAT(reader.status(), IsOk());
    header = reader->header();
    while (true) {
      PartialFile file;
      const auto more = reader->Next(&file);
      EXPECT_THAT(more.status(), IsOk());
      if (!more.ok() || !*more) return;
      files.push_back(std::move(file));
    }
  }
  std::string Sealed() {
    std::string bytes;
    EXPECT_THAT(WritePartial(header, files,
                             [&bytes](absl::string_view some) {
                               absl::StrAppend(&bytes, some);
                               return absl::OkStatus();
                             }),
                IsOk());
    return bytes;
  }
};

// What a merge says of a first partial that was changed and sealed again.
template <typename Change>
absl::Status AddChanged(const TwoShards& two, const Change& change) {
  ReadPartial partial(two.partials[0]);
  change(partial);
  ShardMerger merger(two.plan);
  return merger.Add(*MemorySource("p", partial.Sealed()));
}

void ExpectRefused(const absl::Status& status, const std::string& reason) {
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
}

TEST(SealedPartialTest, ASealedPartialThatNoShardWritesIsRefused) {
  const TwoShards two;
  EXPECT_THAT(AddChanged(two, [](ReadPartial&) {}), IsOk());
  const auto refuse = [&two](const std::string& reason, const auto& change) {
    ExpectRefused(AddChanged(two, change), reason);
  };
  refuse("its number", [](ReadPartial& p) { p.header.shard = 2; });
  refuse("the number of its files", [](ReadPartial& p) {
    p.header.num_files = 0;
    p.files.clear();
  });
  refuse("the number of its sightings",
         [](ReadPartial& p) { p.header.num_sightings = 3; });
  refuse("which files it has", [](ReadPartial& p) { p.files[0].number = 1; });
  refuse("which files it has",
         [](ReadPartial& p) { p.files[0].matched.file.path = "1.zip"; });
  refuse("goes on after its last file",
         [](ReadPartial& p) { p.files.push_back(p.files[0]); });
  refuse("a position", [](ReadPartial& p) {
    p.files[0].matched.candidates.at(0).sighting_position = 2;
  });
  refuse("a position", [](ReadPartial& p) {
    p.files[0].matched.outside_tolerance.insert(2);
  });
  refuse("a candidate's key", [](ReadPartial& p) {
    p.files[0].matched.candidates.at(0).tek.bytes[0] ^= 1;
  });
}

// Whatever a sighting may be, its candidate may be.
TEST(SealedPartialTest, ASightingAtTheEndsOfItsRangesIsTaken) {
  const TwoShards two;
  const auto add = [&two](int64_t seconds, int16_t rssi) {
    return AddChanged(two, [&](ReadPartial& p) {
      Sighting& sighting = p.files[0].matched.candidates.at(0).sighting;
      sighting.unix_seconds = seconds;
      sighting.rssi = rssi;
      EXPECT_EQ(CheckHeard({&sighting, 1}).ok(),
                seconds >= 0 && seconds <= kMaxHeardSeconds &&
                    rssi >= kMinRssi && rssi <= kMaxRssi);
    });
  };
  EXPECT_THAT(add(0, kMinRssi), IsOk());
  EXPECT_THAT(add(kMaxHeardSeconds, kMaxRssi), IsOk());
  ExpectRefused(add(-1, 0), "a time before byte");
  ExpectRefused(add(kMaxHeardSeconds + 1, 0), "a time before byte");
  ExpectRefused(add(0, kMinRssi - 1), "a signal strength");
  ExpectRefused(add(0, kMaxRssi + 1), "a signal strength");
}

// A number as a partial has it.
std::string EightBytes(int64_t number) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) {
    bytes += static_cast<char>(static_cast<uint64_t>(number) >> (8 * i));
  }
  return bytes;
}

// A partial has 64 bits for a time, of which none is left out.
TEST(SealedPartialTest, ATimeOfMoreBitsThanASightingHasIsRefused) {
  constexpr int64_t kTime = 1'234'567'890;
  const TwoShards two;
  ReadPartial partial(two.partials[0]);
  partial.files[0].matched.candidates.at(0).sighting.unix_seconds = kTime;
  const std::string sealed = partial.Sealed();
  const std::string content(sealed, 0, sealed.size() - SHA256_DIGEST_LENGTH);
  const size_t at = content.find(EightBytes(kTime));
  ASSERT_NE(at, std::string::npos);
  const auto add = [&](int64_t seconds) {
    std::string changed = content;
    changed.replace(at, 8, EightBytes(seconds));
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const uint8_t*>(changed.data()), changed.size(),
           digest);
    changed.append(reinterpret_cast<const char*>(digest), sizeof(digest));
    ShardMerger merger(two.plan);
    return merger.Add(*MemorySource("p", changed));
  };
  EXPECT_THAT(add(kTime), IsOk());
  for (const int64_t seconds :
       {kTime + (int64_t{1} << 32), kTime + INT64_MIN, INT64_MIN, INT64_MAX}) {
    ExpectRefused(add(seconds), "a time before byte");
  }
}

TEST(SealedPartialTest, NumbersThatNoFileHasAreRefused) {
  const TwoShards two;
  const auto refuse = [&two](const std::string& reason, const auto& number) {
    const auto with = [&](uint64_t value) {
      return AddChanged(
          two, [&](ReadPartial& p) { number(p.files[0].matched) = value; });
    };
    ExpectRefused(with(uint64_t{1} << 40), reason);
    EXPECT_THAT(with((uint64_t{1} << 40) - 1), IsOk());
  };
  using M = MatchedFile;
  const std::string keys = "a number of keys";
  refuse(
      keys, [](M & m) -> auto& { return m.num_own_keys; });
  refuse(
      keys, [](M & m) -> auto& { return m.num_compared; });
  refuse(
      keys, [](M & m) -> auto& { return m.num_duplicates; });
  refuse(
      keys, [](M & m) -> auto& { return m.file.report.counts.keys; });
  refuse(
      keys, [](M & m) -> auto& { return m.file.report.counts.revised_keys; });
  refuse(
      keys,
      [](M & m) -> auto& { return m.file.report.counts.rejected.back(); });
  refuse(
      keys, [](M & m) -> auto& { return m.file.report.counts.dropped.back(); });
  refuse(
      keys, [](M & m) -> auto& {
        return m.file.report.counts.with_variant_of_concern;
      });
  refuse(
      "the number of signatures tried",
      [](M & m) -> auto& { return m.file.report.signature.num_tried; });
}

// Its one prefix stands twice, its key once: so the file is read again, which
// does not hold the key.
TEST(SealedPartialTest, AKeyThatTheFileDoesNotHoldIsNamedByTheFile) {
  TwoShards two;
  ReadPartial partial(two.partials[0]);
  MatchedFile& matched = partial.files[0].matched;
  ASSERT_EQ(matched.candidates.size(), 1);
  DiagnosisKey key = TestKeys(3, 9).back();
  matched.candidates[0].tek = key.tek;
  key.rolling_start = matched.candidates[0].rolling_start;
  key.rolling_period = matched.candidates[0].rolling_period;
  KeyPublication publication;
  publication.key = key;
  matched.publications.Unite(publication, 1);
  const std::vector<Tek> twice = {key.tek, key.tek};
  matched.teks.Add(TekPrefixes::Of(twice));
  two.partials[0] = partial.Sealed();
  ShardMerger merger(two.plan);
  for (const std::string& bytes : two.partials) {
    ASSERT_THAT(merger.Add(*MemorySource("p", bytes)), IsOk());
  }
  const auto merged =
      merger.Conclude({.all = 2}, two.world.options, NobodyTakesMatches);
  ExpectRefused(merged.status(),
                "0.zip: its keys are not those that were matched");
}

// The two files, by two devices; each heard one of the keys.
struct ByTwoDevices : TwoShards {
  ByTwoDevices() {
    world.options.devices = {1, 2};
    world.sightings[0].device = 1;
    world.sightings[1].device = 2;
    plan.by_devices = true;
    plan.common_files = {0, 1};
    plan.shards = {{.files = {}, .devices = {1}, .num_sightings = 1},
                   {.files = {}, .devices = {2}, .num_sightings = 1}};
    partials = {PartialOf(world, plan, 0), PartialOf(world, plan, 1)};
  }
};

TEST(SealedPartialTest, ADeviceOfAnotherShardIsRefused) {
  const ByTwoDevices two;
  EXPECT_THAT(AddChanged(two, [](ReadPartial&) {}), IsOk());
  const auto change = [](ReadPartial& p) {
    p.files[0].matched.candidates.at(0).sighting.device = 2;
  };
  ExpectRefused(AddChanged(two, change), "a device of another shard");
  // A shard without a device has nobody's.
  ByTwoDevices none = two;
  none.plan.shards[0].devices.clear();
  ExpectRefused(AddChanged(none, [](ReadPartial&) {}),
                "a device of another shard");
}

TEST(SealedPartialTest, ADeviceThatIsNotNamedIsRefusedByFiles) {
  TwoShards two;
  two.plan.common_devices = {7};
  ExpectRefused(AddChanged(two, [](ReadPartial&) {}),
                "a device of another shard");
  two.plan.common_devices = {0};
  EXPECT_THAT(AddChanged(two, [](ReadPartial&) {}), IsOk());
}

TEST(SealedPartialTest, KeysThatAnotherShardTellsOfAreRefused) {
  const ByTwoDevices two;
  ReadPartial changed(two.partials[1]);
  changed.files[1].matched.teks.Add({7});
  ShardMerger merger(two.plan);
  ExpectRefused(merger.Add(*MemorySource("b", changed.Sealed())),
                "b: not what this shard writes: keys that another shard tells");
}

TEST(SealedPartialTest, AnotherFileAtItsPathIsRefused) {
  const ByTwoDevices two;
  ReadPartial changed(two.partials[1]);
  changed.files[1].matched.file.report.digests.sha256[0] ^= 1;
  ShardMerger merger(two.plan);
  ASSERT_THAT(merger.Add(*MemorySource("a", two.partials[0])), IsOk());
  ExpectRefused(merger.Add(*MemorySource("b", changed.Sealed())),
                "b: shard 2 has met another file at 1.zip than an earlier one");
}

}  // namespace
}  // namespace tekmatch
