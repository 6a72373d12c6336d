#include "bench/world.h"

#include "absl/types/span.h"
#include "keyformat/random_source.h"
#include "matcher/en_crypto.h"

namespace tekmatch {
namespace {

constexpr EnIntervalNumber kFirstInterval = 2653344;  // a midnight in 2020
constexpr uint64_t kDays = 14;
constexpr uint64_t kActiveDays = 10;
constexpr int64_t kDaySeconds = 86400;

int64_t RandomTime(TimeProfile profile, RandomSource& random) {
  const int64_t begin = int64_t{kFirstInterval} * kIntervalSeconds;
  if (profile == TimeProfile::kDense) {
    return begin +
           static_cast<int64_t>(random.Below(kDays * uint64_t{kDaySeconds}));
  }
  const auto day = static_cast<int64_t>(random.Below(kActiveDays));
  return begin + day * kDaySeconds + int64_t{9} * 3600 +
         static_cast<int64_t>(random.Below(uint64_t{6} * 3600));
}

// The key is valid at the time.
absl::StatusOr<Sighting> Hear(const DiagnosisKey& key, int64_t time) {
  const absl::StatusOr<Rpik> rpik = DeriveRpik(key.tek);
  if (!rpik.ok()) return rpik.status();
  const absl::StatusOr<Rpi> rpi = GenerateRpi(
      *rpik, static_cast<EnIntervalNumber>(time / kIntervalSeconds));
  if (!rpi.ok()) return rpi.status();
  const absl::StatusOr<Aemk> aemk = DeriveAemk(key.tek);
  if (!aemk.ok()) return aemk.status();
  // Version 1.0, -20 dBm.
  const absl::StatusOr<Aem> aem =
      EncryptAem(*aemk, *rpi, BluetoothMetadata{{0x40, 0xEC, 0, 0}});
  if (!aem.ok()) return aem.status();
  return Sighting{.unix_seconds = time, .rpi = *rpi, .aem = *aem, .rssi = -60};
}

}  // namespace

absl::StatusOr<World> MakeWorld(const WorldOptions& options) {
  RandomSource random = RandomSource::Seeded(options.seed);
  World world;
  for (int set = 0; set < options.num_key_sets; ++set) {
    KeyBlock& keys = world.key_sets.emplace_back();
    Contacts& contacts = world.contacts.emplace_back();
    for (uint64_t k = 0; k < options.num_keys; ++k) {
      DiagnosisKey key;
      random.Fill(absl::MakeSpan(key.tek.bytes));
      const bool met = k % (options.num_keys / options.num_met) == 0 &&
                       contacts.size() < options.num_met;
      const int64_t time = met ? RandomTime(options.profile, random) : 0;
      const auto day = met ? static_cast<EnIntervalNumber>(
                                 (time / kIntervalSeconds - kFirstInterval) /
                                 kMaxRollingPeriod)
                           : static_cast<EnIntervalNumber>(random.Below(kDays));
      key.rolling_start = kFirstInterval + kMaxRollingPeriod * day;
      keys.Append(key);
      if (!met) continue;
      const absl::StatusOr<Sighting> sighting = Hear(key, time);
      if (!sighting.ok()) return sighting.status();
      world.sightings.push_back(*sighting);
      contacts.emplace(key.tek, time);
    }
  }
  while (world.sightings.size() < options.num_sightings) {
    Sighting& stranger = world.sightings.emplace_back();
    random.Fill(absl::MakeSpan(stranger.rpi.bytes));
    stranger.unix_seconds = RandomTime(options.profile, random);
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
