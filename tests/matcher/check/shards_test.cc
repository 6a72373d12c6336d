// A check in shards gives what one check gives, whatever the split and the
// order; and what is no partial of it is refused by its name.
//
// Plan: worlds with keys that several files publish, revise and revoke, at
// equal and other times, in batches, and devices with own keys; a check of it
// whole and one in shards, compared as text; refusals.
#include "matcher/check/shards.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/check/exposure_check.h"
#include "matcher/check/partial.h"
#include "rapidcheck/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;

struct World {
  ExposureCheckOptions options;
  std::vector<std::string> names;
  std::vector<Sighting> sightings;
};

// Small numbers, so that what has to meet does.
World MakeWorld() {
  World world;
  const auto keys =
      TestKeys(*rc::gen::inRange<size_t>(1, 5), *rc::gen::inRange(0, 1000));
  const auto num_devices = *rc::gen::inRange<uint32_t>(1, 4);
  for (uint32_t device = 1; device <= num_devices; ++device) {
    world.options.devices.insert(device);
  }
  const auto any_key = [&keys] {
    return *rc::gen::inRange<size_t>(0, keys.size());
  };
  const auto num_files = *rc::gen::inRange<size_t>(1, 5);
  for (size_t i = 0; i < num_files; ++i) {
    std::vector<DiagnosisKey> published;
    for (DiagnosisKey key : keys) {
      if (*rc::gen::inRange(0, 3) == 0) continue;
      // Half of them say another time of the key than others do.
      key.rolling_start += *rc::gen::element<EnIntervalNumber>(0, 0, 6, 4000);
      key.metadata.revised = *rc::gen::arbitrary<bool>();
      key.metadata.report_type =
          key.metadata.revised ? *rc::gen::element(ReportType::kConfirmedTest,
                                                   ReportType::kRevoked)
                               : *rc::gen::element(ReportType::kConfirmedTest,
                                                   ReportType::kSelfReport);
      published.push_back(key);
    }
    if (published.empty()) published.push_back(keys.front());
    ExportWriterOptions writer = TestExportOptions();
    writer.end_timestamp =
        writer.start_timestamp +
        static_cast<uint64_t>(86400 * *rc::gen::inRange(1, 4));
    writer.max_keys = *rc::gen::element<uint64_t>(2, 100);
    std::vector<std::string> batch = WriteTestBatch(published, writer);
    // Now and then one of a batch is missing, and one is there twice.
    if (batch.size() > 1 && *rc::gen::arbitrary<bool>()) batch.pop_back();
    if (*rc::gen::inRange(0, 4) == 0) batch.push_back(batch.front());
    for (const std::string& bytes : batch) {
      const std::string name = absl::StrCat(world.names.size(), ".zip");
      world.options.files.sources[name] = MemorySource(name, bytes);
      world.names.push_back(name);
    }
  }
  const auto num_sightings = *rc::gen::inRange<size_t>(0, 20);
  for (size_t i = 0; i < num_sightings; ++i) {
    const DiagnosisKey& key = keys[any_key()];
    const int64_t begin = int64_t{key.rolling_start} * kIntervalSeconds;
    const int64_t second = begin + *rc::gen::inRange<int64_t>(0, 86400);
    Sighting sighting = HearKey(key, second, *rc::gen::inRange(-90, -40));
    // Some are recordings, some are heard outside the tolerance, some twice.
    sighting.unix_seconds += *rc::gen::element<int64_t>(0, 0, 1500, 40000);
    sighting.device = *rc::gen::inRange<uint32_t>(1, num_devices + 1);
    world.sightings.push_back(sighting);
    if (*rc::gen::inRange(0, 4) == 0) world.sightings.push_back(sighting);
  }
  if (*rc::gen::arbitrary<bool>()) {
    world.options.own_keys.of_device[1].insert(keys[any_key()].tek);
  }
  if (*rc::gen::inRange(0, 4) == 0) {
    world.options.own_keys.of_all.insert(keys[any_key()].tek);
  }
  world.options.files.trusted = TrustTestSigner();
  world.options.skip_bad_files = true;
  world.options.keep_dropped = true;
  return world;
}

std::shared_ptr<const SightingIndex> Index(std::vector<Sighting> sightings) {
  auto index = IndexSightings(std::move(sightings));
  RC_ASSERT(index.ok());
  return *index;
}

std::string Text(const Match& m) {
  return absl::StrCat(
      absl::BytesToHexString(absl::string_view(
          reinterpret_cast<const char*>(m.tek.bytes.data()), kTekBytes)),
      " ", m.rolling_start, " ", m.rolling_period, " ", m.source, " ",
      m.interval, " ", m.sighting.unix_seconds, " ", m.sighting.rssi, " ",
      m.sighting.device, " ", m.tx_power, " ", m.attenuation, " ",
      static_cast<int>(m.metadata.report_type.value_or(ReportType::kUnknown)));
}

// All that a result says.
std::string Text(const ExposureCheckResult& r) {
  std::string text = absl::StrCat(
      r.complete, " ", r.num_keys, " ", r.num_rejected, " ", r.num_own_keys,
      " ", r.num_compared, " ", r.num_believed_keys, " ",
      r.num_believed_compared, " ", r.num_revisions, " ",
      r.num_ignored_revisions, " ", r.num_outside_first_publication, " ",
      r.num_own_matches, " ", r.num_outside_tolerance, " ",
      r.report_types.num_revoked, " ", r.report_types.num_recursive, " ",
      r.result.num_duplicates, " ", r.result.num_replayed, " ",
      r.result.num_tx_power_out_of_bounds, " ", r.num_sightings, "\n");
  for (const uint64_t n : r.num_conflicts) absl::StrAppend(&text, n, " ");
  for (const uint32_t n : r.devices_without_keys) {
    absl::StrAppend(&text, "without ", n, " ");
  }
  for (const auto& [device, n] : r.num_sightings_of) {
    absl::StrAppend(&text, device, ": ", n, " ");
  }
  for (const ExportFileResult& file : r.files) {
    absl::StrAppend(&text, "\n", file.path, " ", file.verdict, " ",
                    file.copy_of, " ", file.message);
  }
  for (const Match& match : r.result.matches) {
    absl::StrAppend(&text, "\n", Text(match));
  }
  std::vector<std::string> dropped;
  for (const DroppedMatch& one : r.dropped) {
    dropped.push_back(absl::StrCat("\n", one.reason, " ", Text(one.match)));
  }
  std::sort(dropped.begin(), dropped.end());
  for (const std::string& line : dropped) absl::StrAppend(&text, line);
  return text;
}

SightingNumbers NumbersOf(const World& world) {
  auto numbers = CountSightings(*Index(world.sightings), world.options.devices);
  RC_ASSERT(numbers.ok());
  return *numbers;
}

ShardPlan PlanOf(const World& world, bool by_devices, uint32_t num_shards) {
  ShardPlan plan;
  plan.digest[0] = 7;
  plan.paths = world.names;
  plan.by_devices = by_devices;
  plan.shards.resize(num_shards);
  const auto any = [&]() -> ExpectedShard& {
    return plan.shards[*rc::gen::inRange<size_t>(0, num_shards)];
  };
  const SightingNumbers numbers = NumbersOf(world);
  for (uint32_t i = 0; i < world.names.size(); ++i) {
    if (by_devices) {
      plan.common_files.push_back(i);
    } else {
      any().files.push_back(i);
    }
  }
  for (const auto& [device, num] : numbers.of_device) {
    if (!by_devices) break;
    ExpectedShard& shard = any();
    shard.devices.insert(device);
    shard.num_sightings += num;
  }
  for (ExpectedShard& shard : plan.shards) {
    if (!by_devices) shard.num_sightings = numbers.all;
  }
  return plan;
}

std::string PartialOf(const World& world, const ShardPlan& plan,
                      uint32_t number) {
  const ExpectedShard& shard = plan.shards[number];
  ShardTask task;
  task.numbers = plan.FilesOf(number);
  for (const uint32_t i : task.numbers) task.paths.push_back(world.names[i]);
  std::vector<Sighting> sightings = world.sightings;
  const HeardIntervals heard = HeardIntervals::Of(sightings);
  if (plan.by_devices) {
    std::erase_if(sightings, [&](const Sighting& sighting) {
      return !shard.devices.contains(sighting.device);
    });
    task.tells_keys = number == 0;
    task.all_heard = &heard;
  }
  const auto index = Index(sightings);
  auto files = MatchShard(task, index, world.options);
  RC_ASSERT(files.ok());
  std::string bytes;
  RC_ASSERT(WritePartial({.plan = plan.digest,
                          .shard = number,
                          .num_files = static_cast<uint32_t>(files->size()),
                          .num_sightings = index->sightings().size()},
                         *files,
                         [&bytes](absl::string_view some) {
                           absl::StrAppend(&bytes, some);
                           return absl::OkStatus();
                         })
                .ok());
  return bytes;
}

std::string WholeText(const World& world) {
  auto whole =
      CheckExposure(world.names, Index(world.sightings), world.options);
  RC_ASSERT(whole.ok());
  return Text(*whole);
}

RC_GTEST_PROP(ShardsTest, AnySplitInAnyOrderGivesWhatOneCheckGives, ()) {
  const World world = MakeWorld();
  const bool by_devices = *rc::gen::arbitrary<bool>();
  const auto num_shards = *rc::gen::inRange<uint32_t>(1, 5);
  const ShardPlan plan = PlanOf(world, by_devices, num_shards);
  std::vector<std::string> partials;
  for (uint32_t i = 0; i < num_shards; ++i) {
    partials.push_back(PartialOf(world, plan, i));
  }
  // Equal findings give equal bytes.
  RC_ASSERT(PartialOf(world, plan, 0) == partials.front());
  for (uint32_t i = num_shards; i > 1; --i) {
    std::swap(partials[i - 1], partials[*rc::gen::inRange<uint32_t>(0, i)]);
  }
  ShardMerger merger(plan);
  for (const std::string& bytes : partials) {
    const absl::Status added = merger.Add(*MemorySource("p", bytes));
    RC_LOG() << added.ToString();
    RC_ASSERT(added.ok());
  }
  auto merged = merger.Conclude(NumbersOf(world), world.options);
  RC_ASSERT(merged.ok());
  RC_ASSERT(Text(*merged) == WholeText(world));
}

// ------------------------------------------------------------- refusals

// Two files of a key that is heard once.
struct TwoShards {
  World world;
  ShardPlan plan;
  std::vector<std::string> partials;

  TwoShards() {
    const auto keys = TestKeys(2, 1);
    for (const DiagnosisKey& key : keys) {
      const std::string name = absl::StrCat(world.names.size(), ".zip");
      world.options.files.sources[name] =
          MemorySource(name, WriteTestExport({key}));
      world.names.push_back(name);
      world.sightings.push_back(HearKey(key, kTestDaySeconds + 600));
    }
    world.options.files.trusted = TrustTestSigner();
    plan.paths = world.names;
    plan.shards = {{.files = {0}, .devices = {}, .num_sightings = 2},
                   {.files = {1}, .devices = {}, .num_sightings = 2}};
    partials = {PartialOf(world, plan, 0), PartialOf(world, plan, 1)};
  }
};

TEST(ShardsTest, AMissingShardIsNamed) {
  TwoShards two;
  ShardMerger merger(two.plan);
  ASSERT_THAT(merger.Add(*MemorySource("p2", two.partials[1])), IsOk());
  const auto merged = merger.Conclude({.all = 2}, two.world.options);
  EXPECT_EQ(merged.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(merged.status().message()),
              HasSubstr("of the 2 shards, this one is missing: 1"));
}

TEST(ShardsTest, ADoubledShardIsNamed) {
  TwoShards two;
  ShardMerger merger(two.plan);
  ASSERT_THAT(merger.Add(*MemorySource("a", two.partials[1])), IsOk());
  const absl::Status again = merger.Add(*MemorySource("b", two.partials[1]));
  EXPECT_EQ(again.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(again.message(), "b: shard 2 is there twice; a is it, too");
}

TEST(ShardsTest, AForeignPartialIsNamed) {
  TwoShards two;
  ShardPlan other = two.plan;
  other.digest[31] = 1;
  ShardMerger merger(other);
  const absl::Status added = merger.Add(*MemorySource("a", two.partials[0]));
  EXPECT_EQ(added.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(added.message()), HasSubstr("a: is of another plan"));
}

TEST(ShardsTest, EveryDamagedByteAndEveryEndIsRefused) {
  TwoShards two;
  const std::string& whole = two.partials[0];
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    ShardMerger of_damaged(two.plan);
    EXPECT_EQ(of_damaged.Add(*MemorySource("p", damaged)).code(),
              absl::StatusCode::kDataLoss)
        << i;
    ShardMerger of_part(two.plan);
    EXPECT_EQ(of_part.Add(*MemorySource("p", whole.substr(0, i))).code(),
              absl::StatusCode::kDataLoss)
        << i;
  }
}

}  // namespace
}  // namespace tekmatch
