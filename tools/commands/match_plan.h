// The plan of a match in shards, a JSON file: what `tekmatch plan` writes, and
// the shards and the merge begin with.
//
// It has everything that decides the result: the options, the time, SHA-256 of
// every input, what there is to say of the sightings, and which shard does
// what. Paths stand as they were given, and mean the same only in the same
// folder. docs/scale.md describes the members.
#ifndef TEKMATCH_TOOLS_COMMANDS_MATCH_PLAN_H_
#define TEKMATCH_TOOLS_COMMANDS_MATCH_PLAN_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "matcher/check/conclusion.h"
#include "matcher/check/shards.h"
#include "tools/commands/match_options.h"
#include "tools/sightings/sightings_stores.h"

namespace tekmatch {

inline constexpr int kMatchPlanVersion = 1;
inline constexpr uint32_t kMaxShards = 10'000;

struct MatchPlan {
  // Those that decide the result; exports.given are files, as ListExports has
  // them.
  MatchOptions options;
  absl::Time now;
  absl::Time as_of;
  // Of all sightings.
  SightingsCounts counts;
  std::vector<std::string> messages;
  HeardIntervals heard;
  // By path; kNoFile where there was nothing (file_digest.h).
  std::map<std::string, std::string> digests;
  uint32_t num_shards = 0;
  bool by_devices = false;
  std::vector<uint32_t> shard_of_file;           // else of each of exports
  std::map<uint32_t, uint32_t> shard_of_device;  // by devices

  SightingNumbers sighting_numbers() const {
    return {.all = counts.num_read, .of_device = counts.by_device};
  }
};

// Every path that the run reads, with what may stand beside it.
std::vector<std::string> InputPaths(const MatchOptions& options,
                                    const std::vector<std::string>& exports);

// Gives each file, or each device, to a shard so that these have about as much
// to do: as many bytes, or sightings. INVALID_ARGUMENT: there are fewer files,
// or devices, than shards. Others are the system's, of a file's size.
absl::Status DealOut(MatchPlan& plan);

std::string MatchPlanText(const MatchPlan& plan);

// DATA_LOSS: no such plan, with the name. `digest` is that of the text.
absl::StatusOr<MatchPlan> ParseMatchPlan(const std::string& name,
                                         const std::string& text);

// A plan with what a merge wants of it.
struct LoadedPlan {
  MatchPlan plan;
  ShardPlan shards;
};
absl::StatusOr<LoadedPlan> LoadMatchPlan(const std::string& path);

// FAILED_PRECONDITION, with the path: one of them is not what it was when the
// plan was made.
absl::Status CheckUnchanged(const MatchPlan& plan,
                            const std::vector<std::string>& paths);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_COMMANDS_MATCH_PLAN_H_
