#include "matcher/join/match_resolver.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace tekmatch {
namespace {

// Brings together a device's candidates of an RPI, the earliest first, then
// those of a sighting, the one to keep first.
bool InResolvingOrder(const Match& a, const Match& b) {
  return std::tie(a.tek, a.interval, a.sighting.device, a.sighting.unix_seconds,
                  a.sighting_position, a.source, a.rolling_start,
                  a.rolling_period, a.metadata) <
         std::tie(b.tek, b.interval, b.sighting.device, b.sighting.unix_seconds,
                  b.sighting_position, b.source, b.rolling_start,
                  b.rolling_period, b.metadata);
}

bool InResultOrder(const Match& a, const Match& b) {
  return std::tie(a.sighting.unix_seconds, a.sighting.rpi, a.tek, a.interval,
                  a.sighting.device, a.sighting_position) <
         std::tie(b.sighting.unix_seconds, b.sighting.rpi, b.tek, b.interval,
                  b.sighting.device, b.sighting_position);
}

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
