// Who met whom: the keys of each person's phone, what the contacts' phones
// heard, and which of it has to be found.
//
// All of it is of tools/world's generator, and what has to be found is the
// generator's own list: neither the engine nor the resolver is used.
//
// Keys are of the twelve days before the rehearsal's, so that none is about to
// become too old while the clock is moved.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_REHEARSAL_WORLD_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_REHEARSAL_WORLD_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/join/match.h"
#include "matcher/join/sighting.h"
#include "registration/rehearsal/evidence.h"
#include "registration/rehearsal/rehearsal_config.h"

namespace tekmatch {

// 2020-06-25, 09:00 in Japan.
absl::Time RehearsalBegin();
// UTC+9.
absl::TimeZone Japan();

struct RehearsalWorld {
  // Of each person, ascending by day; persons may lack some days.
  std::vector<std::vector<DiagnosisKey>> own_keys;
  // Of each contact's phone, in no order.
  std::vector<std::vector<Sighting>> sightings;
  // What has to be found once a key is published.
  absl::flat_hash_map<Tek, std::vector<Match>> expected;
};

// RESOURCE_EXHAUSTED: no memory. Others are WorldGenerator's.
absl::StatusOr<RehearsalWorld> MakeRehearsalWorld(const RehearsalConfig& config,
                                                  int num_persons);

// What a phone has to show: by date in Japan, how many published keys it met.
std::vector<ContactDay> ExpectedContacts(
    const RehearsalWorld& world, const absl::flat_hash_set<Tek>& published,
    uint32_t phone);

// As `phone-import --sightings` takes them.
std::string SightingsCsv(const std::vector<Sighting>& sightings);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_REHEARSAL_WORLD_H_
