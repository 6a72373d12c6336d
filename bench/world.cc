#include "bench/world.h"

#include "absl/types/span.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "matcher/join/en_crypto.h"

namespace tekmatch {
namespace {

constexpr int kDays = 14;

// The key is valid at the time.
absl::StatusOr<Sighting> Hear(const DiagnosisKey& key, int64_t time) {
  TEKMATCH_ASSIGN_OR_RETURN(const Rpik rpik, DeriveRpik(key.tek));
  TEKMATCH_ASSIGN_OR_RETURN(const Rpi rpi,
                            GenerateRpi(rpik, static_cast<EnIntervalNumber>(
                                                  time / kIntervalSeconds)));
  TEKMATCH_ASSIGN_OR_RETURN(const Aemk aemk, DeriveAemk(key.tek));
  // Version 1.0, -20 dBm.
  TEKMATCH_ASSIGN_OR_RETURN(
      const Aem aem,
      EncryptAem(aemk, rpi, BluetoothMetadata{{0x40, 0xEC, 0, 0}}));
  return Sighting{.unix_seconds = time, .rpi = rpi, .aem = aem, .rssi = -60};
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
      key.metadata.transmission_risk = 4;
      key.metadata.report_type = ReportType::kConfirmedTest;
      key.metadata.days_since_onset = 1;
      // Evenly among the others.
      const bool met =
          (k + 1) * options.num_met / options.num_keys > contacts.size();
      const int64_t time =
          met ? RandomSightingTime(options.profile, kDays, random) : 0;
      const auto day =
          met ? static_cast<EnIntervalNumber>(
                    (time / kIntervalSeconds - kWorldStart) / kMaxRollingPeriod)
              : static_cast<EnIntervalNumber>(random.Below(kDays));
      key.rolling_start = kWorldStart + kMaxRollingPeriod * day;
      keys.Append(key);
      if (!met) continue;
      TEKMATCH_ASSIGN_OR_RETURN(const Sighting sighting, Hear(key, time));
      world.sightings.push_back(sighting);
      contacts.emplace(key.tek, time);
    }
  }
  world.sightings.reserve(options.num_sightings);
  while (world.sightings.size() < options.num_sightings) {
    Sighting& stranger = world.sightings.emplace_back();
    random.Fill(absl::MakeSpan(stranger.rpi.bytes));
    stranger.unix_seconds = RandomSightingTime(options.profile, kDays, random);
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
