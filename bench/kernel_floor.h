// The least time that a kernel's arithmetic takes on this machine: its
// instructions, counted below, at their measured rates (ceilings.h).
//
// HKDF, x86_vaes512, 16 keys a vector. An RPIK is six compressions of SHA-256,
// once those of the zero salt are constants: five with a message of eight words
// of data and eight constant ones, and one, the expand step's first, whose
// whole message is constant, so that it has no schedule.
//   a round: 6 rotations; choice, majority and 2 three-way exclusive-ors in 4
//            ternary operations; 7 additions (6 where the word is constant)
//   a word of the schedule: 3 additions and two sigmas, each of 2 rotations, a
//            shift and a ternary operation; 32 of them. The first 16 words have
//            22 sigmas and 39 additions, the rest of them being constant
//   8 additions at the end of a compression
// Any of these takes a place that an addition could have; rotations and shifts
// have fewer places on some processors.
//
// AES, x86_vaes512: generate_rpis, 144 blocks of ten rounds, four blocks an
// instruction. The key schedules and the first exclusive-or are not counted.
// find_candidates has 1 + 8 * 4 + 1 rounds where that has 10 * 4.
//
// x86_aesni: 1,440 AESENC and 6 * 32 SHA256RNDS2 a key. x86_vaes256: the same
// of SHA, and two blocks an instruction.
#ifndef TEKMATCH_BENCH_KERNEL_FLOOR_H_
#define TEKMATCH_BENCH_KERNEL_FLOOR_H_

#include <algorithm>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tekmatch {

inline constexpr int kHkdfLanes = 16;
inline constexpr int kSigmas = 22 + 32 * 2;  // of the schedule
inline constexpr int kHkdfRotations = 6 * 64 * 6 + 5 * kSigmas * 3;
inline constexpr int kHkdfInstructions =
    5 * (56 * (6 + 4 + 7) + 8 * (6 + 4 + 6) + 39 + 32 * 3 + kSigmas * 4) +
    64 * (6 + 4 + 6) + 6 * 8;
inline constexpr int kVaesenc512PerKey = 144 * 10 / 4;
inline constexpr int kVaesenc256PerKey = 144 * 10 / 2;
inline constexpr int kAesencPerKey = 144 * 10;
inline constexpr int kSha256Rnds2PerKey = 6 * 32;
inline constexpr double kRoundsOfProbe = (1 + 8 * 4 + 1) / (10 * 4.0);

// From instructions a second of each kind.
constexpr double HkdfKeysPerSecond(double additions, double rotations) {
  return kHkdfLanes *
         std::min(additions / kHkdfInstructions, rotations / kHkdfRotations);
}

// Seconds a key of derive_rpiks, and of a day of generate_rpis; measured anew
// with every call. UNIMPLEMENTED: nobody has counted that kernel's
// instructions. Otherwise as MeasureCeiling.
absl::StatusOr<double> HkdfFloor(absl::string_view kernel);
absl::StatusOr<double> AesFloor(absl::string_view kernel);

}  // namespace tekmatch

#endif  // TEKMATCH_BENCH_KERNEL_FLOOR_H_
