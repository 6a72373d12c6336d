#include "tests/matcher/check/shard_world.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "keyformat/byte_source.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/check/exposure_check.h"
#include "matcher/check/partial.h"
#include "rapidcheck.h"
#include "tests/test_exports.h"

namespace tekmatch {

std::shared_ptr<const SightingIndex> IndexOf(std::vector<Sighting> sightings) {
  auto index = IndexSightings(std::move(sightings));
  RC_ASSERT(index.ok());
  return *index;
}

std::string PartialOf(const ShardWorld& world, const ShardPlan& plan,
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
  const auto index = IndexOf(sightings);
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

TwoShards::TwoShards() {
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

absl::Status NobodyTakesMatches(absl::Span<const Match> /*matches*/) {
  return absl::InternalError("there should be none");
}

}  // namespace tekmatch
