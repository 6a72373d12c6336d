#include "bench/world.h"

#include "absl/status/status.h"
#include "keyformat/status_macros.h"
#include "tools/world/world_generator.h"

namespace tekmatch {

absl::StatusOr<BenchWorld> MakeBenchWorld(const BenchWorldOptions& options) {
  const auto num_sets = static_cast<uint64_t>(options.num_key_sets);
  if (options.num_sightings < num_sets * options.num_met) {
    return absl::InvalidArgumentError("fewer sightings than met keys");
  }
  BenchWorld world;
  world.sightings.reserve(options.num_sightings);
  for (uint64_t set = 0; set < num_sets; ++set) {
    // Each set's met keys are heard; strangers come with the last one.
    const bool last = set + 1 == num_sets;
    const uint64_t num_sightings =
        last ? options.num_sightings - set * options.num_met : options.num_met;
    TEKMATCH_ASSIGN_OR_RETURN(
        WorldGenerator generator,
        WorldGenerator::Create({.num_keys = options.num_keys,
                                .num_sightings = num_sightings,
                                .num_met = options.num_met,
                                .seed = options.seed + set,
                                .profile = options.profile,
                                .plain = true}));
    KeyBlock& keys = world.key_sets.emplace_back();
    Contacts& contacts = world.contacts.emplace_back();
    while (!generator.done()) {
      TEKMATCH_ASSIGN_OR_RETURN(const GeneratedKey generated, generator.Next());
      keys.Append(generated.key);
      world.sightings.insert(world.sightings.end(), generated.sightings.begin(),
                             generated.sightings.end());
      for (const Match& match : generated.expected) {
        contacts.emplace(match.tek, match.sighting.unix_seconds);
      }
    }
  }
  return world;
}

Contacts ContactsOf(const std::vector<Match>& matches) {
  Contacts contacts;
  for (const Match& match : matches) {
    contacts.emplace(match.tek, match.sighting.unix_seconds);
  }
  return contacts;
}

std::vector<KeyBlock> SplitKeys(const KeyBlock& keys, size_t capacity) {
  std::vector<KeyBlock> blocks;
  for (size_t k = 0; k < keys.size(); ++k) {
    if (k % capacity == 0) blocks.emplace_back();
    blocks.back().Append(keys.key(k));
  }
  return blocks;
}

}  // namespace tekmatch
