// How a met key of a made world is heard and published: plainly, or with one of
// the things that go wrong easily.
#ifndef TEKMATCH_TOOLS_WORLD_WORLD_SHAPES_H_
#define TEKMATCH_TOOLS_WORLD_WORLD_SHAPES_H_

#include <cstdint>
#include <vector>

#include "keyformat/diagnosis_key.h"
#include "keyformat/random_source.h"
#include "tools/world/world_options.h"

namespace tekmatch {

// The rules of matching (docs/matching.md).
inline constexpr int64_t kWorldTolerance = 12;  // intervals
inline constexpr int64_t kWorldReplaySeconds = 1200;
inline constexpr int kWorldLeastTxPower = -50;
inline constexpr int kWorldGreatestTxPower = 20;

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
  kSeveralPhones,  // of one person
  kCopiedStore,    // another phone has the same sighting
  kClockOff,       // heard at other times too, beyond the tolerance
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

// That of the n-th met key. Half of the met keys are plain.
Shape ShapeOf(uint64_t n);

bool IsPublishedTwice(Shape shape);

// A device, by one of its owner's phones, hears the RPI that a key has, or
// would have, in an interval.
struct Hearing {
  EnIntervalNumber interval = 0;
  int64_t unix_seconds = 0;
  uint32_t device = 0;
  uint16_t phone = 0;
  int tx_power = -20;
};

// Gives the key its validity, by the shape, and returns its hearings. The first
// one counts.
std::vector<Hearing> MakeHearings(const GeneratorOptions& options, Shape shape,
                                  RandomSource& random, DiagnosisKey& key);

// Makes the key a first publication of the shape, and returns the second one.
DiagnosisKey SecondPublicationOf(Shape shape, bool other_start,
                                 DiagnosisKey& key);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_WORLD_WORLD_SHAPES_H_
