// Keys that a device itself broadcast: its owner may have published them, and a
// device that hears itself, or is one of several of one person, must not be
// told of a contact with its owner.
//
// Keys that are own to all devices of a run are never derived
// (match_engine.h). A key that is one device's own still is, for the others;
// what that device heard of it is dropped from the candidates.
#ifndef TEKMATCH_MATCHER_JOIN_OWN_KEYS_H_
#define TEKMATCH_MATCHER_JOIN_OWN_KEYS_H_

#include <cstdint>
#include <map>
#include <vector>

#include "keyformat/diagnosis_key.h"
#include "keyformat/hash_tables.h"
#include "matcher/join/match.h"

namespace tekmatch {

struct OwnKeys {
  HashSet<Tek> of_all;
  // By Sighting::device.
  std::map<uint32_t, HashSet<Tek>> of_device;
};

// Drops the matches of a key in own.of_device of the device that heard it, and
// returns how many. The rest keeps its order. `dropped` is told "own_key".
uint64_t DropOwnMatches(const OwnKeys& own, std::vector<Match>& matches,
                        const DropSink& dropped = {});

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_JOIN_OWN_KEYS_H_
