// Generated keys that hide the real keys of a file among them.
//
// A padding key has random bytes and all else of a real key: rolling start and
// period, and metadata. Keys that agree in all of that are of one kind. A real
// key of a kind that has no padding key is known to be real, and rare kinds
// link the keys of a person: so kinds get a padding key each first, those with
// the fewest real keys before others; then every other real key gets one; only
// what is left is like real keys drawn at random.
//
// Source: google/exposure-notifications-server internal/export/worker.go and PR
// #1217 (every key is cloned at least once).
#ifndef TEKMATCH_KEYFORMAT_PADDING_H_
#define TEKMATCH_KEYFORMAT_PADDING_H_

#include <cstdint>
#include <vector>

#include "keyformat/diagnosis_key.h"
#include "keyformat/random_source.h"

namespace tekmatch {

// Appends `num_padding` keys to `keys`, which are real and not revised. Adds
// none where there are no real keys. Returns the number of kinds for which
// there was no room.
uint64_t AddPadding(uint64_t num_padding, RandomSource& random,
                    std::vector<DiagnosisKey>& keys);

// How many of `keys` are the only one of their kind.
uint64_t NumAlone(std::vector<DiagnosisKey> keys);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_PADDING_H_
