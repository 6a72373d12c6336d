// Plan: A world of the generator is dealt out: sightings to phones, keys to
// persons, day by day; what a phone has to show is counted from what the
// generator met; sightings are written as a phone imports them.
#include "registration/rehearsal/rehearsal_world.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "tools/world/sighting_times.h"
#include "tools/world/world_generator.h"

namespace tekmatch {
namespace {

constexpr int kWorldDays = 12;

template <typename Bytes>
std::string Hex(const Bytes& bytes) {
  return absl::BytesToHexString(
      {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

absl::Time RehearsalBegin() {
  return absl::FromUnixSeconds(kWorldStartSeconds + kWorldDays * kDaySeconds);
}

absl::TimeZone Japan() { return absl::FixedTimeZone(9 * 60 * 60); }

absl::StatusOr<RehearsalWorld> MakeRehearsalWorld(const RehearsalConfig& config,
                                                  int num_persons) {
  GeneratorOptions options;
  options.num_keys =
      static_cast<uint64_t>(num_persons) * static_cast<uint64_t>(kWorldDays);
  options.num_met =
      std::min(options.num_keys, static_cast<uint64_t>(config.met_keys));
  options.num_sightings =
      std::max(options.num_met, static_cast<uint64_t>(config.sightings));
  options.num_devices = static_cast<uint32_t>(std::max(1, config.phones));
  options.num_days = kWorldDays;
  options.seed = static_cast<uint64_t>(config.seed);
  options.plain = true;
  TEKMATCH_ASSIGN_OR_RETURN(WorldGenerator generator,
                            WorldGenerator::Create(options));
  RehearsalWorld world;
  world.own_keys.resize(static_cast<size_t>(num_persons));
  world.sightings.resize(static_cast<size_t>(config.phones));
  // The next person who has no key of that day. Days have more or fewer keys
  // than there are persons; what is left over is nobody's.
  std::map<EnIntervalNumber, size_t> next_person;
  while (!generator.done()) {
    TEKMATCH_ASSIGN_OR_RETURN(const GeneratedKey made, generator.Next());
    for (const Sighting& sighting : made.sightings) {
      if (sighting.device < world.sightings.size()) {
        world.sightings[sighting.device].push_back(sighting);
      }
    }
    size_t& person = next_person[made.key.rolling_start];
    if (person == world.own_keys.size()) continue;
    world.own_keys[person++].push_back(made.key);
    if (!made.expected.empty()) world.expected[made.key.tek] = made.expected;
  }
  for (std::vector<DiagnosisKey>& keys : world.own_keys) {
    std::sort(keys.begin(), keys.end(),
              [](const DiagnosisKey& a, const DiagnosisKey& b) {
                return a.rolling_start < b.rolling_start;
              });
  }
  return world;
}

std::vector<ContactDay> ExpectedContacts(
    const RehearsalWorld& world, const absl::flat_hash_set<Tek>& published,
    uint32_t phone) {
  std::map<absl::CivilDay, std::set<Tek>> keys_of_day;
  for (const auto& [tek, matches] : world.expected) {
    if (!published.contains(tek)) continue;
    for (const Match& match : matches) {
      if (match.sighting.device != phone) continue;
      const absl::Time time =
          absl::FromUnixSeconds(match.sighting.unix_seconds);
      keys_of_day[absl::ToCivilDay(time, Japan())].insert(tek);
    }
  }
  std::vector<ContactDay> days;
  days.reserve(keys_of_day.size());
  for (const auto& [date, keys] : keys_of_day) {
    days.push_back({.date = date, .count = keys.size()});
  }
  return days;
}

std::string SightingsCsv(const std::vector<Sighting>& sightings) {
  std::string csv = "time,rpi,aem,rssi\n";
  for (const Sighting& sighting : sightings) {
    absl::StrAppend(&csv, int64_t{sighting.unix_seconds}, ",",
                    Hex(sighting.rpi.bytes), ",", Hex(sighting.aem.bytes), ",",
                    sighting.rssi, "\n");
  }
  return csv;
}

}  // namespace tekmatch
