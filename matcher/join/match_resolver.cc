#include "matcher/join/match_resolver.h"

#include <algorithm>
#include <utility>

#include "matcher/join/match_order.h"

namespace tekmatch {
namespace {

bool SameRpi(const Match& a, const Match& b) {
  return a.tek == b.tek && a.interval == b.interval &&
         a.sighting.device == b.sighting.device;
}

bool SameSighting(const Match& a, const Match& b) {
  return SameRpi(a, b) && a.sighting_position == b.sighting_position;
}

}  // namespace

uint64_t DropDuplicates(std::vector<Match>& candidates) {
  std::sort(candidates.begin(), candidates.end(), InResolvingOrder);
  const auto unique_end =
      std::unique(candidates.begin(), candidates.end(), SameSighting);
  const auto num_dropped = static_cast<uint64_t>(candidates.end() - unique_end);
  candidates.erase(unique_end, candidates.end());
  return num_dropped;
}

MatchResult ResolveMatches(std::vector<Match> candidates,
                           const MatchPolicy& policy, const DropSink& dropped) {
  MatchResult result;
  // Leaves the candidates in resolving order.
  result.num_duplicates = DropDuplicates(candidates);

  // In their place: a device may have heard one key a million times.
  size_t num_kept = 0;
  Match first_of_rpi;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const Match& match = candidates[i];
    if (i == 0 || !SameRpi(match, first_of_rpi)) first_of_rpi = match;
    const int64_t seconds_after_first =
        match.sighting.unix_seconds - first_of_rpi.sighting.unix_seconds;
    if (seconds_after_first > policy.replay_cut_seconds) {
      ++result.num_replayed;
      if (dropped) dropped(match, "replayed");
    } else if (match.tx_power < policy.min_tx_power ||
               match.tx_power > policy.max_tx_power) {
      ++result.num_tx_power_out_of_bounds;
      if (dropped) dropped(match, "tx_power_out_of_bounds");
    } else {
      candidates[num_kept++] = match;
    }
  }
  candidates.resize(num_kept);
  result.matches = std::move(candidates);
  std::sort(result.matches.begin(), result.matches.end(), InResultOrder);
  return result;
}

}  // namespace tekmatch
