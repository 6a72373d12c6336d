// Plan: a list of shapes, in turn; a builder that makes the first hearing, the
// key's validity around it, and what the shape adds; the second publication.
#include "tools/world/world_shapes.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "tools/world/sighting_times.h"

namespace tekmatch {
namespace {

// Half of the met keys are plain.
constexpr std::array kShapes = {
    Shape::kPlain,          Shape::kToleranceEdges, Shape::kPlain,
    Shape::kDuplicates,     Shape::kPlain,          Shape::kLongStay,
    Shape::kPlain,          Shape::kPeriodBorders,  Shape::kPlain,
    Shape::kPeriodOne,      Shape::kPlain,          Shape::kAnyPeriod,
    Shape::kPlain,          Shape::kTxPowerBounds,  Shape::kPlain,
    Shape::kSeveralDevices, Shape::kPlain,          Shape::kSeveralPhones,
    Shape::kPlain,          Shape::kCopiedStore,    Shape::kPlain,
    Shape::kClockOff,       Shape::kPlain,          Shape::kPublishedTwice,
    Shape::kPlain,          Shape::kOtherMetadata,  Shape::kPlain,
    Shape::kPeriodGrows,    Shape::kPlain,          Shape::kStartMoves,
    Shape::kPlain,          Shape::kFirstUnheard,   Shape::kPlain,
    Shape::kConfirmed,      Shape::kPlain,          Shape::kRevoked,
    Shape::kPlain,          Shape::kNotRevoked,     Shape::kPlain,
    Shape::kAfterRecursive, Shape::kPlain,          Shape::kRecursive,
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
    hearing.phone = static_cast<uint16_t>(random_.Below(options_.num_phones));
    hearing.unix_seconds =
        RandomSightingTime(options_.profile, options_.num_days, random_);
    const bool at_midnight = shape_ == Shape::kPeriodBorders &&
                             options_.profile == SightingProfile::kDense &&
                             Random(0, 1) == 0;
    if (at_midnight) hearing.unix_seconds -= hearing.unix_seconds % kDaySeconds;
    int64_t offset = Random(-kWorldTolerance, kWorldTolerance);
    if (shape_ == Shape::kToleranceEdges) {
      offset = Random(0, 1) == 0 ? -kWorldTolerance : kWorldTolerance;
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

  // The first hearing's RPI by another of its owner's phones, if there is one.
  void AddByPhone(int64_t seconds_later, int phones_later) {
    AddLater(seconds_later).phone = static_cast<uint16_t>(
        (first().phone + phones_later) % options_.num_phones);
  }
  // The first hearing's RPI that many intervals from its own.
  void AddApart(int64_t intervals) {
    Hearing hearing = first();
    hearing.unix_seconds =
        (int64_t{first().interval} + intervals) * kIntervalSeconds +
        Random(0, kIntervalSeconds - 1);
    hearings_.push_back(hearing);
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
        for (const int64_t apart : {kWorldTolerance + 1, kWorldTolerance}) {
          AddInterval(sighted - apart);
          AddInterval(sighted + apart);
        }
        return;
      case Shape::kDuplicates:
        for (int i = 0; i < 3; ++i) AddLater(0);
        return;
      case Shape::kLongStay:
        for (int64_t s = 60; s <= kWorldReplaySeconds; s += 60) AddLater(s);
        AddLater(kWorldReplaySeconds + 1);
        // The same place's other device starts to listen only now.
        AddLater(kWorldReplaySeconds + 100).device =
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
        first().tx_power = kWorldGreatestTxPower;
        AddInterval(sighted + 1).tx_power = kWorldGreatestTxPower + 1;
        AddInterval(sighted - 1).tx_power = kWorldLeastTxPower;
        AddInterval(sighted + 2).tx_power = kWorldLeastTxPower - 1;
        return;
      case Shape::kSeveralDevices:
        for (uint32_t d = 1; d < std::min(options_.num_devices, 4U); ++d) {
          AddLater(0).device = (first().device + d) % options_.num_devices;
        }
        return;
      case Shape::kSeveralPhones:
        for (int p = 1; p < std::min<int>(options_.num_phones, 4); ++p) {
          AddByPhone(/*seconds_later=*/p, p);
        }
        return;
      case Shape::kCopiedStore:
        AddByPhone(/*seconds_later=*/0, 1);
        return;
      case Shape::kClockOff:
        for (const int64_t sign : {-1, 1}) {
          AddApart(sign * (kWorldTolerance + 1));
          AddApart(sign * Random(kWorldTolerance + 1, kMaxRollingPeriod));
          AddApart(sign * kMaxRollingPeriod);
          AddApart(sign * (kMaxRollingPeriod + 1));
        }
        return;
    }
  }

  const GeneratorOptions& options_;
  const Shape shape_;
  RandomSource& random_;
  std::vector<Hearing> hearings_;
};

}  // namespace

Shape ShapeOf(uint64_t n) { return kShapes[n % kShapes.size()]; }

bool IsPublishedTwice(Shape shape) {
  return shape >= Shape::kPublishedTwice && shape <= Shape::kAfterRecursive;
}

std::vector<Hearing> MakeHearings(const GeneratorOptions& options, Shape shape,
                                  RandomSource& random, DiagnosisKey& key) {
  return ShapeBuilder(options, shape, random).Build(key);
}

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

}  // namespace tekmatch
