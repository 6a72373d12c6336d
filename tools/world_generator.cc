// Plan: a met key has a shape, which says how it is heard and published. Its
// hearings are made of the shape, and of those the matches that count; keys
// that nobody met, and strangers' identifiers, fill the rest.
#include "tools/world_generator.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "matcher/en_crypto.h"

namespace tekmatch {
namespace {

// The rules of matching (README, "What a match is").
constexpr int64_t kTolerance = 12;
constexpr int64_t kReplaySeconds = 1200;
constexpr int kLeastTxPower = -50;
constexpr int kGreatestTxPower = 20;

constexpr int kUsualTxPower = -20;

enum class Shape : uint8_t {
  kPlain,
  kToleranceEdges,
  kDuplicates,
  kLongStay,
  kPeriodBorders,
  kPeriodOne,
  kAnyPeriod,
  kTxPowerBounds,
  kSeveralDevices,
  // The second publication is the same;
  kPublishedTwice,
  kOtherMetadata,
  kPeriodGrows,     // it covers more that was heard;
  kStartMoves,      // likewise;
  kFirstUnheard,    // it alone covers what was heard;
  kConfirmed,       // it revises a self-report;
  kRevoked,         // it revokes a self-report, with another start or without;
  kNotRevoked,      // it tries to revoke a confirmed test;
  kAfterRecursive,  // it is the first that counts.
  kRecursive,       // There is none.
};
// Half of the met keys are plain.
constexpr std::array kShapes = {
    Shape::kPlain,          Shape::kToleranceEdges, Shape::kPlain,
    Shape::kDuplicates,     Shape::kPlain,          Shape::kLongStay,
    Shape::kPlain,          Shape::kPeriodBorders,  Shape::kPlain,
    Shape::kPeriodOne,      Shape::kPlain,          Shape::kAnyPeriod,
    Shape::kPlain,          Shape::kTxPowerBounds,  Shape::kPlain,
    Shape::kSeveralDevices, Shape::kPlain,          Shape::kPublishedTwice,
    Shape::kPlain,          Shape::kOtherMetadata,  Shape::kPlain,
    Shape::kPeriodGrows,    Shape::kPlain,          Shape::kStartMoves,
    Shape::kPlain,          Shape::kFirstUnheard,   Shape::kPlain,
    Shape::kConfirmed,      Shape::kPlain,          Shape::kRevoked,
    Shape::kPlain,          Shape::kNotRevoked,     Shape::kPlain,
    Shape::kAfterRecursive, Shape::kPlain,          Shape::kRecursive,
};

bool IsPublishedTwice(Shape shape) {
  return shape >= Shape::kPublishedTwice && shape <= Shape::kAfterRecursive;
}

// A device hears the RPI that a key has, or would have, in an interval.
struct Hearing {
  EnIntervalNumber interval = 0;
  int64_t unix_seconds = 0;
  uint32_t device = 0;
  int tx_power = kUsualTxPower;
};

// Adds what the shape asks for beside its first hearing, which counts.
class ShapeBuilder {
 public:
  ShapeBuilder(const GeneratorOptions& options, Shape shape,
               RandomSource& random)
      : options_(options), shape_(shape), random_(random) {}

  // The key's validity, and its hearings.
  std::vector<Hearing> Build(DiagnosisKey& key) {
    ChooseFirst();
    ChooseValidity(key);
    AddOthers(key);
    return std::move(hearings_);
  }

 private:
  Hearing& first() { return hearings_.front(); }

  int64_t Random(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(
                     random_.Below(static_cast<uint64_t>(high - low + 1)));
  }

  void ChooseFirst() {
    Hearing hearing;
    hearing.device = static_cast<uint32_t>(random_.Below(options_.num_devices));
    hearing.unix_seconds =
        RandomSightingTime(options_.profile, options_.num_days, random_);
    const bool at_midnight = shape_ == Shape::kPeriodBorders &&
                             options_.profile == SightingProfile::kDense &&
                             Random(0, 1) == 0;
    if (at_midnight) hearing.unix_seconds -= hearing.unix_seconds % kDaySeconds;
    int64_t offset = Random(-kTolerance, kTolerance);
    if (shape_ == Shape::kToleranceEdges) {
      offset = Random(0, 1) == 0 ? -kTolerance : kTolerance;
      hearing.unix_seconds -= hearing.unix_seconds % kIntervalSeconds;
      if (offset < 0) hearing.unix_seconds += kIntervalSeconds - 1;
    }
    // Keys are of the world's days, also where sightings reach beyond them.
    const int64_t sighted = hearing.unix_seconds / kIntervalSeconds;
    const int64_t world_end =
        kWorldStart + int64_t{options_.num_days} * kMaxRollingPeriod;
    if (sighted + offset < kWorldStart || sighted + offset >= world_end) {
      offset = -offset;
    }
    hearing.interval = static_cast<EnIntervalNumber>(sighted + offset);
    hearings_.push_back(hearing);
  }

  void ChooseValidity(DiagnosisKey& key) {
    const EnIntervalNumber interval = first().interval;
    key.rolling_period = kMaxRollingPeriod;
    key.rolling_start = interval - (interval - kWorldStart) % kMaxRollingPeriod;
    if (shape_ == Shape::kPeriodOne) {
      key.rolling_period = 1;
      key.rolling_start = interval;
    } else if (shape_ == Shape::kAnyPeriod || shape_ == Shape::kPeriodBorders) {
      key.rolling_period = static_cast<uint8_t>(Random(1, kMaxRollingPeriod));
      const int64_t before = shape_ == Shape::kAnyPeriod
                                 ? Random(0, key.rolling_period - 1)
                             : Random(0, 1) == 0 ? 0
                                                 : key.rolling_period - 1;
      key.rolling_start = interval - static_cast<EnIntervalNumber>(before);
    } else if (shape_ == Shape::kPeriodGrows) {
      key.rolling_period =
          static_cast<uint8_t>(Random(1, kMaxRollingPeriod - 1));
      key.rolling_start = interval + 1 - key.rolling_period;
    } else if (shape_ == Shape::kStartMoves || shape_ == Shape::kFirstUnheard) {
      key.rolling_start = interval + 1 - kMaxRollingPeriod;
      if (shape_ == Shape::kFirstUnheard) {
        key.rolling_period =
            static_cast<uint8_t>(Random(1, kMaxRollingPeriod - 1));
      }
    }
  }

  // The first hearing's place and time, and another RPI.
  Hearing& AddInterval(int64_t interval) {
    Hearing hearing = first();
    hearing.interval = static_cast<EnIntervalNumber>(interval);
    return hearings_.emplace_back(hearing);
  }
  // The first hearing's RPI later.
  Hearing& AddLater(int64_t seconds) {
    Hearing hearing = first();
    hearing.unix_seconds += seconds;
    return hearings_.emplace_back(hearing);
  }

  void AddOthers(const DiagnosisKey& key) {
    const int64_t sighted = first().unix_seconds / kIntervalSeconds;
    const int64_t end = int64_t{key.rolling_start} + key.rolling_period;
    switch (shape_) {
      case Shape::kPlain:
      case Shape::kPublishedTwice:
      case Shape::kOtherMetadata:
      case Shape::kFirstUnheard:
      case Shape::kConfirmed:
      case Shape::kRevoked:
      case Shape::kNotRevoked:
      case Shape::kAfterRecursive:
      case Shape::kRecursive:
        return;
      case Shape::kPeriodGrows:
      case Shape::kStartMoves:
        AddInterval(end);
        return;
      case Shape::kToleranceEdges:
        for (const int64_t apart : {kTolerance + 1, kTolerance}) {
          AddInterval(sighted - apart);
          AddInterval(sighted + apart);
        }
        return;
      case Shape::kDuplicates:
        for (int i = 0; i < 3; ++i) AddLater(0);
        return;
      case Shape::kLongStay:
        for (int64_t s = 60; s <= kReplaySeconds; s += 60) AddLater(s);
        AddLater(kReplaySeconds + 1);
        // The same place's other device starts to listen only now.
        AddLater(kReplaySeconds + 100).device =
            (first().device + 1) % options_.num_devices;
        return;
      case Shape::kPeriodBorders:
      case Shape::kPeriodOne:
      case Shape::kAnyPeriod:
        AddInterval(int64_t{key.rolling_start} - 1);
        AddInterval(end);
        AddInterval(key.rolling_start);
        AddInterval(end - 1);
        return;
      case Shape::kTxPowerBounds:
        first().tx_power = kGreatestTxPower;
        AddInterval(sighted + 1).tx_power = kGreatestTxPower + 1;
        AddInterval(sighted - 1).tx_power = kLeastTxPower;
        AddInterval(sighted + 2).tx_power = kLeastTxPower - 1;
        return;
      case Shape::kSeveralDevices:
        for (uint32_t d = 1; d < std::min(options_.num_devices, 4U); ++d) {
          AddLater(0).device = (first().device + d) % options_.num_devices;
        }
        return;
    }
  }

  const GeneratorOptions& options_;
  const Shape shape_;
  RandomSource& random_;
  std::vector<Hearing> hearings_;
};

// Makes the key a first publication of the shape, and returns the second one.
DiagnosisKey SecondPublicationOf(Shape shape, bool other_start,
                                 DiagnosisKey& key) {
  DiagnosisKey second = key;
  KeyMetadata& metadata = second.metadata;
  switch (shape) {
    case Shape::kOtherMetadata:
      metadata.transmission_risk.reset();
      metadata.days_since_onset =
          static_cast<int8_t>(-metadata.days_since_onset.value_or(14));
      metadata.variant_of_concern = 1;
      break;
    case Shape::kPeriodGrows:
    case Shape::kFirstUnheard:
      second.rolling_period = kMaxRollingPeriod;
      break;
    case Shape::kStartMoves:
      ++second.rolling_start;
      break;
    case Shape::kConfirmed:
    case Shape::kRevoked:
      key.metadata.report_type = ReportType::kSelfReport;
      metadata.report_type = shape == Shape::kConfirmed
                                 ? ReportType::kConfirmedTest
                                 : ReportType::kRevoked;
      metadata.revised = true;
      if (other_start) second.rolling_start += kMaxRollingPeriod;
      break;
    case Shape::kNotRevoked:
      key.metadata.report_type = ReportType::kConfirmedTest;
      metadata.report_type = ReportType::kRevoked;
      metadata.revised = true;
      break;
    case Shape::kAfterRecursive:
      key.metadata.report_type = ReportType::kRecursive;
      metadata.report_type = ReportType::kConfirmedTest;
      break;
    default:
      break;
  }
  return second;
}

absl::StatusOr<Match> Hear(const DiagnosisKey& key, const Hearing& hearing,
                           int16_t rssi) {
  const absl::StatusOr<Rpik> rpik = DeriveRpik(key.tek);
  if (!rpik.ok()) return rpik.status();
  const absl::StatusOr<Rpi> rpi = GenerateRpi(*rpik, hearing.interval);
  if (!rpi.ok()) return rpi.status();
  const absl::StatusOr<Aemk> aemk = DeriveAemk(key.tek);
  if (!aemk.ok()) return aemk.status();
  // Version 1.0.
  const BluetoothMetadata sent = {
      {0x40, static_cast<uint8_t>(hearing.tx_power), 0, 0}};
  const absl::StatusOr<Aem> aem = EncryptAem(*aemk, *rpi, sent);
  if (!aem.ok()) return aem.status();
  Match match;
  match.tek = key.tek;
  match.rolling_start = key.rolling_start;
  match.rolling_period = key.rolling_period;
  match.metadata = key.metadata;
  match.interval = hearing.interval;
  match.sighting = {.unix_seconds = hearing.unix_seconds,
                    .rpi = *rpi,
                    .aem = *aem,
                    .rssi = rssi,
                    .device = hearing.device};
  match.bluetooth_metadata = sent;
  match.tx_power = hearing.tx_power;
  match.attenuation = std::max(0, hearing.tx_power - int{rssi});
  return match;
}

// Those of one key's hearings that count.
std::vector<Match> MatchesOf(const DiagnosisKey& key,
                             const std::vector<Match>& heard) {
  std::vector<Match> near;
  for (const Match& match : heard) {
    const int64_t apart = match.sighting.unix_seconds / kIntervalSeconds -
                          int64_t{match.interval};
    const bool valid = match.interval >= key.rolling_start &&
                       match.interval - key.rolling_start < key.rolling_period;
    if (valid && apart >= -kTolerance && apart <= kTolerance) {
      near.push_back(match);
    }
  }
  std::map<std::pair<EnIntervalNumber, uint32_t>, int64_t> first_heard;
  for (const Match& match : near) {
    const auto [entry, is_new] = first_heard.try_emplace(
        {match.interval, match.sighting.device}, match.sighting.unix_seconds);
    entry->second = std::min(entry->second, match.sighting.unix_seconds);
  }
  std::vector<Match> matches;
  for (const Match& match : near) {
    const int64_t first = first_heard[{match.interval, match.sighting.device}];
    if (match.sighting.unix_seconds - first <= kReplaySeconds &&
        match.tx_power >= kLeastTxPower && match.tx_power <= kGreatestTxPower) {
      matches.push_back(match);
    }
  }
  return matches;
}

absl::Status OutOfRange(absl::string_view field, uint64_t low, uint64_t high) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": not in ", low, "..", high));
}

}  // namespace

absl::Status Validate(const GeneratorOptions& options) {
  constexpr uint64_t kMostKeys = 1'000'000'000;
  constexpr uint64_t kMostSightings = std::numeric_limits<uint32_t>::max();
  if (options.num_keys < 1 || options.num_keys > kMostKeys) {
    return OutOfRange("num_keys", 1, kMostKeys);
  }
  if (options.num_met > options.num_keys) {
    return OutOfRange("num_met", 0, options.num_keys);
  }
  if (options.num_sightings < options.num_met ||
      options.num_sightings > kMostSightings) {
    return OutOfRange("num_sightings", options.num_met, kMostSightings);
  }
  if (options.num_devices < 1) {
    return OutOfRange("num_devices", 1, std::numeric_limits<uint32_t>::max());
  }
  if (options.num_days < 1 || options.num_days > 1000) {
    return OutOfRange("num_days", 1, 1000);
  }
  if (options.keys_per_file < 1) {
    return OutOfRange("keys_per_file", 1, std::numeric_limits<uint64_t>::max());
  }
  return absl::OkStatus();
}

absl::StatusOr<WorldGenerator> WorldGenerator::Create(
    const GeneratorOptions& options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
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
  absl::StatusOr<GeneratedKey> generated = GeneratedKey();
  if (met_so_far > num_met_) {
    generated = NextMet();
    if (!generated.ok()) return generated;
  } else {
    generated = NextUnmet();
  }
  ++num_generated_;
  AddStrangers(*generated);
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
  Shape shape = kShapes[num_met_ % kShapes.size()];
  if (IsPublishedTwice(shape) && !HasPlaceForSecond()) shape = Shape::kPlain;
  ++num_met_;
  GeneratedKey generated;
  generated.met = true;
  DiagnosisKey& key = generated.key;
  random_.Fill(absl::MakeSpan(key.tek.bytes));
  RandomizeMetadata(key);
  std::vector<Hearing> hearings =
      ShapeBuilder(options_, shape, random_).Build(key);
  const uint64_t num_others =
      std::min<uint64_t>(hearings.size() - 1, num_spare_);
  num_spare_ -= num_others;
  hearings.resize(1 + num_others);

  std::vector<Match> heard;
  heard.reserve(hearings.size());
  const int16_t rssi = RandomRssi();
  for (const Hearing& hearing : hearings) {
    // Copies of a sighting are exact.
    const bool copy = shape == Shape::kDuplicates;
    absl::StatusOr<Match> match =
        Hear(key, hearing, copy ? rssi : RandomRssi());
    if (!match.ok()) return match.status();
    generated.sightings.push_back(match->sighting);
    heard.push_back(*std::move(match));
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
  if (random_.Below(16) == 0) {
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
    stranger.device = RandomDevice();
    ++num_sightings_;
    --num_spare_;
  }
}

void WorldGenerator::RandomizeMetadata(DiagnosisKey& key) {
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

uint32_t WorldGenerator::RandomDevice() {
  return static_cast<uint32_t>(random_.Below(options_.num_devices));
}

int16_t WorldGenerator::RandomRssi() {
  return static_cast<int16_t>(-100 + static_cast<int>(random_.Below(71)));
}

}  // namespace tekmatch
