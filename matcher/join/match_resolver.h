// From candidates to matches, by rules that need all candidates at once. For
// benchmarks and research; an app calls CheckExposure
// (matcher/check/exposure_check.h). Matches are no contacts yet: those of
// revoked and recursive keys are among them (DropUnreported of
// key_publications.h), and those outside the transmission window.
//
// In this order:
//
// (a) The same TEK in several files counts once. Of the candidates with the
//     same (tek, interval, sighting_position) the smallest by (source,
//     rolling_start, rolling_period, metadata) is kept. What is known of the
//     key by all its publications is for ApplyHistories (key_publications.h),
//     between DropDuplicates and ResolveMatches.
// (b) Replay cut. An RPI is heard for minutes; a later hearing is a recording
//     that somebody plays. Of a device's candidates of one RPI, that is of one
//     (tek, interval), those more than policy.replay_cut_seconds after the
//     first one are dropped. The first one is the first within the tolerance,
//     whatever its transmit power.
// (c) Candidates with a transmit power outside [policy.min_tx_power,
//     policy.max_tx_power] are dropped.
// (d) What is left is sorted by (time, rpi, tek, interval, device,
//     sighting_position).
//
// The result does not depend on the order of the candidates, hence not on the
// number of threads, the size of blocks or the order in which files were read.
// Source of (b) and (c): google/exposure-notifications-internals aaada6c,
// ExposureMatchingTracer.java.
#ifndef TEKMATCH_MATCHER_JOIN_MATCH_RESOLVER_H_
#define TEKMATCH_MATCHER_JOIN_MATCH_RESOLVER_H_

#include <cstdint>
#include <vector>

#include "matcher/join/match.h"
#include "matcher/join/match_policy.h"

namespace tekmatch {

// Every candidate is in `matches` or in one of the counts.
struct MatchResult {
  std::vector<Match> matches;
  uint64_t num_duplicates = 0;              // (a)
  uint64_t num_replayed = 0;                // (b)
  uint64_t num_tx_power_out_of_bounds = 0;  // (c), not counted in (b)
};

// Applies (a) alone and returns how many went: what keeps a growing vector
// within the number of sightings. The rest is sorted by (tek, interval, device,
// time) and more, an order that ResolveMatches relies on.
uint64_t DropDuplicates(std::vector<Match>& candidates);

// The candidates come from engines over one and the same SightingIndex, with
// this policy. Cannot fail. `dropped` is told "replayed" of (b) and
// "tx_power_out_of_bounds" of (c).
MatchResult ResolveMatches(std::vector<Match> candidates,
                           const MatchPolicy& policy,
                           const DropSink& dropped = {});

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_JOIN_MATCH_RESOLVER_H_
