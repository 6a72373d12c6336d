// Plan: a met key has a shape, which says how it is heard and published. Its
// hearings are made of the shape, and of those the matches that count; keys
// that nobody met, and strangers' identifiers, fill the rest.
#include "tools/world/world_generator.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "keyformat/status_macros.h"
#include "tools/world/broadcast.h"
#include "tools/world/sighting_times.h"
#include "tools/world/world_shapes.h"

namespace tekmatch {
namespace {

// How often a sighting stands in each of a person's stores; it counts as often
// as in the store that has it most often.
class Copies {
 public:
  // Whether the next one in this store still counts.
  bool Count(uint16_t store) {
    const int n = ++of_store_[store];
    if (n <= most_) return false;
    most_ = n;
    return true;
  }

 private:
  std::map<uint16_t, int> of_store_;
  int most_ = 0;
};

absl::StatusOr<Match> Hear(const DiagnosisKey& key, const Hearing& hearing,
                           int16_t rssi) {
  TEKMATCH_ASSIGN_OR_RETURN(const Broadcast broadcast, Broadcast::Of(key.tek));
  Match match;
  TEKMATCH_ASSIGN_OR_RETURN(
      match.sighting, broadcast.Heard(hearing.interval, hearing.unix_seconds,
                                      hearing.tx_power, rssi));
  match.sighting.store = hearing.phone;
  match.sighting.device = hearing.device;
  match.tek = key.tek;
  match.rolling_start = key.rolling_start;
  match.rolling_period = key.rolling_period;
  match.metadata = key.metadata;
  match.interval = hearing.interval;
  match.bluetooth_metadata = MetadataSent(hearing.tx_power);
  match.tx_power = hearing.tx_power;
  match.attenuation = std::max(0, hearing.tx_power - int{rssi});
  return match;
}

// Those of one key's hearings that count.
std::vector<Match> MatchesOf(const DiagnosisKey& key,
                             const std::vector<Match>& heard) {
  std::map<std::tuple<int64_t, Rpi, Aem, int16_t, uint32_t>, Copies> copies;
  std::vector<Match> near;
  for (const Match& match : heard) {
    const Sighting& s = match.sighting;
    if (!copies[{s.unix_seconds, s.rpi, s.aem, s.rssi, s.device}].Count(
            s.store)) {
      continue;
    }
    const int64_t apart = match.sighting.unix_seconds / kIntervalSeconds -
                          int64_t{match.interval};
    const bool valid = match.interval >= key.rolling_start &&
                       match.interval - key.rolling_start < key.rolling_period;
    if (valid && apart >= -kWorldTolerance && apart <= kWorldTolerance) {
      near.push_back(match);
    }
  }
  std::map<std::pair<EnIntervalNumber, uint32_t>, int64_t> first_heard;
  for (const Match& match : near) {
    const auto [entry, is_new] = first_heard.try_emplace(
        {match.interval, match.sighting.device}, match.sighting.unix_seconds);
    entry->second =
        std::min<int64_t>(entry->second, match.sighting.unix_seconds);
  }
  std::vector<Match> matches;
  for (const Match& match : near) {
    const int64_t first = first_heard[{match.interval, match.sighting.device}];
    if (match.sighting.unix_seconds - first <= kWorldReplaySeconds &&
        match.tx_power >= kWorldLeastTxPower &&
        match.tx_power <= kWorldGreatestTxPower) {
      matches.push_back(match);
    }
  }
  return matches;
}

}  // namespace

absl::StatusOr<WorldGenerator> WorldGenerator::Create(
    const GeneratorOptions& options) {
  TEKMATCH_RETURN_IF_ERROR(Validate(options));
  return WorldGenerator(options);
}

WorldGenerator::WorldGenerator(const GeneratorOptions& options)
    : options_(options),
      random_(RandomSource::Seeded(options.seed)),
      num_spare_(options.num_sightings - options.num_met) {}

absl::StatusOr<GeneratedKey> WorldGenerator::Next() {
  // Met keys lie evenly among the others.
  const uint64_t met_so_far =
      (num_generated_ + 1) * options_.num_met / options_.num_keys;
  GeneratedKey generated;
  if (met_so_far > num_met_) {
    TEKMATCH_ASSIGN_OR_RETURN(generated, NextMet());
  } else {
    generated = NextUnmet();
  }
  ++num_generated_;
  AddStrangers(generated);
  return generated;
}

bool WorldGenerator::HasPlaceForSecond() const {
  // It goes out in place of a key that nobody met, at the latest in the last
  // file.
  const uint64_t last_file = FileOf(options_.num_keys - 1);
  const uint64_t begin =
      std::max(num_generated_ + 1, last_file * options_.keys_per_file);
  const auto num_met_before = [this](uint64_t n) {
    return n * options_.num_met / options_.num_keys;
  };
  const uint64_t num_unmet =
      (options_.num_keys - begin) -
      (num_met_before(options_.num_keys) - num_met_before(begin));
  return num_unmet > pending_.size();
}

absl::StatusOr<GeneratedKey> WorldGenerator::NextMet() {
  // Small worlds of other seeds have other shapes.
  Shape shape =
      options_.plain ? Shape::kPlain : ShapeOf(options_.seed + num_met_);
  if (IsPublishedTwice(shape) && !HasPlaceForSecond()) shape = Shape::kPlain;
  ++num_met_;
  GeneratedKey generated;
  generated.met = true;
  DiagnosisKey& key = generated.key;
  random_.Fill(absl::MakeSpan(key.tek.bytes));
  RandomizeMetadata(key);
  std::vector<Hearing> hearings = MakeHearings(options_, shape, random_, key);
  const uint64_t num_others =
      std::min<uint64_t>(hearings.size() - 1, num_spare_);
  num_spare_ -= num_others;
  hearings.resize(1 + num_others);

  std::vector<Match> heard;
  heard.reserve(hearings.size());
  const int16_t rssi = RandomRssi();
  for (const Hearing& hearing : hearings) {
    // Copies of a sighting are exact.
    const bool copy =
        shape == Shape::kDuplicates || shape == Shape::kCopiedStore;
    TEKMATCH_ASSIGN_OR_RETURN(const Match match,
                              Hear(key, hearing, copy ? rssi : RandomRssi()));
    generated.sightings.push_back(match.sighting);
    heard.push_back(match);
  }
  num_sightings_ += heard.size();
  if (!IsPublishedTwice(shape)) {
    if (shape == Shape::kRecursive) {
      key.metadata.report_type = ReportType::kRecursive;
    } else {
      generated.expected = MatchesOf(key, heard);
    }
    return generated;
  }
  const uint64_t file = FileOf(num_generated_);
  GeneratedKey second;
  second.key = SecondPublicationOf(shape, random_.Below(2) == 0, key);
  // In the file of the first one it comes later only as a revision.
  const bool same_file = file == FileOf(options_.num_keys - 1);
  if (same_file && shape != Shape::kPublishedTwice) {
    second.key.metadata.report_type =
        second.key.metadata.report_type == ReportType::kRevoked
            ? ReportType::kRevoked
            : ReportType::kConfirmedTest;
    second.key.metadata.revised = true;
  }
  if (shape == Shape::kAfterRecursive) {
    second.expected = MatchesOf(second.key, heard);
  } else if (shape != Shape::kRevoked) {
    generated.expected = MatchesOf(key, heard);
  }
  pending_.push_back({.after_file = file, .publication = std::move(second)});
  return generated;
}

GeneratedKey WorldGenerator::NextUnmet() {
  const uint64_t file = FileOf(num_generated_);
  const bool last_file = file == FileOf(options_.num_keys - 1);
  GeneratedKey generated;
  if (!pending_.empty() && (file > pending_.front().after_file || last_file)) {
    generated = std::move(pending_.front().publication);
    pending_.pop_front();
    return generated;
  }
  DiagnosisKey& key = generated.key;
  random_.Fill(absl::MakeSpan(key.tek.bytes));
  RandomizeMetadata(key);
  key.rolling_start =
      kWorldStart +
      kMaxRollingPeriod * static_cast<EnIntervalNumber>(random_.Below(
                              static_cast<uint64_t>(options_.num_days)));
  // A phone that was set up anew during the day.
  if (!options_.plain && random_.Below(16) == 0) {
    const auto used = static_cast<uint8_t>(random_.Below(kMaxRollingPeriod));
    key.rolling_start += used;
    key.rolling_period = static_cast<uint8_t>(kMaxRollingPeriod - used);
  }
  return generated;
}

void WorldGenerator::AddStrangers(GeneratedKey& generated) {
  const uint64_t target =
      num_generated_ * options_.num_sightings / options_.num_keys;
  while (num_sightings_ < target && num_spare_ > 0) {
    Sighting& stranger = generated.sightings.emplace_back();
    random_.Fill(absl::MakeSpan(stranger.rpi.bytes));
    random_.Fill(absl::MakeSpan(stranger.aem.bytes));
    stranger.unix_seconds =
        RandomSightingTime(options_.profile, options_.num_days, random_);
    stranger.rssi = RandomRssi();
    stranger.device =
        static_cast<uint32_t>(random_.Below(options_.num_devices));
    stranger.store = static_cast<uint16_t>(random_.Below(options_.num_phones));
    ++num_sightings_;
    --num_spare_;
  }
}

void WorldGenerator::RandomizeMetadata(DiagnosisKey& key) {
  if (options_.plain) {
    key.metadata.transmission_risk = 4;
    key.metadata.report_type = ReportType::kConfirmedTest;
    key.metadata.days_since_onset = 1;
    return;
  }
  key.metadata.transmission_risk =
      static_cast<uint8_t>(random_.Below(kMaxTransmissionRisk + 1));
  // One of unknown to self-report, or none; or 29 days, or none.
  const uint64_t type = random_.Below(5);
  if (type < 4) key.metadata.report_type = static_cast<ReportType>(type);
  const int days = static_cast<int>(random_.Below(30)) - kMaxDaysSinceOnset;
  if (days <= kMaxDaysSinceOnset) {
    key.metadata.days_since_onset = static_cast<int8_t>(days);
  }
}

int16_t WorldGenerator::RandomRssi() {
  return static_cast<int16_t>(-100 + static_cast<int>(random_.Below(71)));
}

}  // namespace tekmatch
