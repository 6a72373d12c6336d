// A world of any size for tests, studies and benchmarks: published keys, what
// devices heard, and which of it has to be found.
//
// Made by the specification's functions (matcher/join/en_crypto.h) and the
// rules of matching as docs/matching.md states them, written down here a second
// time; neither the engine nor the resolver is used, so that what they find can
// be held against it. Keys come one after another and nothing else is kept,
// hence a world is as large as one likes.
//
// A met key was heard, and most have a match. Half of them, in turn, also have
// what goes wrong easily (world_shapes.h): sightings on and beyond both edges
// of the tolerance, or at the times of a clock that is off, the same sighting
// several times, or in several phones of one person, an RPI for longer than the
// replay cut, sightings across a key's first and last interval and RPIs that
// lie outside its period, periods of 1 and of any length from any interval on,
// transmit powers on and beyond their bounds, several devices.
// Keys are published a second time: the same, with other metadata, another
// period or start, revised, revoked, legally or not, or after a recursive
// publication. Recursive and revoked keys have no match, nor has one that was
// heard in the time of its second publication only. Keys have any number of
// days since onset and any report type, or none. In a plain world, which
// benchmarks take, nothing of that goes wrong (GeneratorOptions::plain).
#ifndef TEKMATCH_TOOLS_WORLD_WORLD_GENERATOR_H_
#define TEKMATCH_TOOLS_WORLD_WORLD_GENERATOR_H_

#include <cstdint>
#include <deque>
#include <vector>

#include "absl/status/statusor.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/random_source.h"
#include "matcher/join/match.h"
#include "matcher/join/sighting.h"
#include "tools/world/world_options.h"

namespace tekmatch {

// One key and the sightings that lie beside it, in no order.
struct GeneratedKey {
  DiagnosisKey key;
  bool met = false;                 // heard; not said of a second publication
  std::vector<Sighting> sightings;  // of this key, then of strangers
  // What a match run has to say of the key, at the publication that decides it;
  // source and sighting_position are unset. Empty at others.
  std::vector<Match> expected;
};

class WorldGenerator {
 public:
  // INVALID_ARGUMENT: Validate(options) fails.
  static absl::StatusOr<WorldGenerator> Create(const GeneratorOptions& options);

  uint64_t num_generated() const { return num_generated_; }
  bool done() const { return num_generated_ == options_.num_keys; }

  // Not once done(). RESOURCE_EXHAUSTED: no memory.
  absl::StatusOr<GeneratedKey> Next();

 private:
  explicit WorldGenerator(const GeneratorOptions& options);

  // A second publication that is to come.
  struct SecondPublication {
    uint64_t after_file = 0;  // number of the file of the first
    GeneratedKey publication;
  };

  absl::StatusOr<GeneratedKey> NextMet();
  GeneratedKey NextUnmet();
  uint64_t FileOf(uint64_t key_number) const {
    return key_number / options_.keys_per_file;
  }
  // Whether there will be place for one more second publication.
  bool HasPlaceForSecond() const;
  void AddStrangers(GeneratedKey& generated);
  void RandomizeMetadata(DiagnosisKey& key);
  int16_t RandomRssi();

  GeneratorOptions options_;
  RandomSource random_;
  uint64_t num_generated_ = 0;
  uint64_t num_met_ = 0;
  uint64_t num_sightings_ = 0;
  // Sightings that are left beyond one for each met key to come.
  uint64_t num_spare_ = 0;
  std::deque<SecondPublication> pending_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_WORLD_WORLD_GENERATOR_H_
