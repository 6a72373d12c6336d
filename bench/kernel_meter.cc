// Plan: random keys; the time of each of a kernel's three operations over them;
// and what it wrote for the last of them against the portable kernel.
#include "bench/kernel_meter.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <tuple>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "bench/measure.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/join/sighting.h"
#include "matcher/kernels/dispatch.h"
#include "matcher/kernels/filter_bits.h"

namespace tekmatch {
namespace {

constexpr size_t kKeyBytes = 16;
constexpr size_t kDayBytes = kKeyBytes * kMaxRollingPeriod;
constexpr uint32_t kDay = 2653344;
// Keys in one call, as the engine has them.
constexpr size_t kKeysAtOnce = 256;

const Kernels& Portable() { return *AllKernels().back().kernels; }

absl::Status Failed(const Kernels& kernels, absl::string_view operation) {
  return absl::InternalError(
      absl::StrCat(kernels.name, ": ", operation, ": failed or wrong"));
}

// Sorted.
using Candidates = std::vector<std::tuple<uint32_t, uint32_t, Rpi>>;

Candidates CandidatesOf(const std::vector<RpiCandidate>& room,
                        size_t num_found) {
  Candidates candidates;
  candidates.reserve(num_found);
  for (size_t i = 0; i < num_found; ++i) {
    Rpi rpi;
    std::copy_n(room[i].rpi, kRpiBytes, rpi.bytes.begin());
    candidates.emplace_back(room[i].key, room[i].interval, rpi);
  }
  std::sort(candidates.begin(), candidates.end());
  return candidates;
}

// The candidates of kKeysAtOnce keys in a day.
bool FindInDay(const Kernels& kernels, const uint8_t* rpiks,
               const RpiFilter& filter, std::vector<RpiCandidate>& room,
               size_t* num_found) {
  return kernels.find_candidates(rpiks, kKeysAtOnce, kDay, kMaxRollingPeriod,
                                 &filter, room.data(), num_found);
}

}  // namespace

KernelMeter::KernelMeter(const Kernels& kernels)
    : kernels_(kernels), random_([] {
        static uint64_t num_meters = 0;
        return RandomSource::Seeded(++num_meters);
      }()) {}

std::vector<uint8_t> KernelMeter::RandomKeys() {
  std::vector<uint8_t> keys(kMeteredKeys * kKeyBytes);
  random_.Fill(absl::MakeSpan(keys));
  return keys;
}

absl::StatusOr<double> KernelMeter::DeriveRpiks() {
  const std::vector<uint8_t> teks = RandomKeys();
  std::vector<uint8_t> rpiks(teks.size());
  bool ok = true;
  const double seconds = SecondsOf([&] {
    ok = kernels_.derive_rpiks(teks.data(), kMeteredKeys, rpiks.data());
  });
  constexpr size_t kChecked = 100;
  std::array<uint8_t, kChecked * kKeyBytes> expected;
  const size_t at = random_.Below(kMeteredKeys - kChecked) * kKeyBytes;
  ok = ok && Portable().derive_rpiks(&teks[at], kChecked, expected.data()) &&
       std::equal(expected.begin(), expected.end(), &rpiks[at]);
  if (!ok) return Failed(kernels_, "derive_rpiks");
  return seconds / kMeteredKeys;
}

absl::StatusOr<double> KernelMeter::GenerateRpis() {
  const std::vector<uint8_t> rpiks = RandomKeys();
  // The RPIs of the last keys stay, to be checked.
  constexpr size_t kKept = 4;
  std::vector<uint8_t> rpis(kKept * kDayBytes);
  bool ok = true;
  const double seconds = SecondsOf([&] {
    for (size_t k = 0; k < kMeteredKeys; ++k) {
      ok = ok && kernels_.generate_rpis(&rpiks[k * kKeyBytes], kDay,
                                        kMaxRollingPeriod,
                                        &rpis[k % kKept * kDayBytes]);
    }
  });
  std::vector<uint8_t> expected(kDayBytes);
  for (size_t k = kMeteredKeys - kKept; k < kMeteredKeys; ++k) {
    ok = ok &&
         Portable().generate_rpis(&rpiks[k * kKeyBytes], kDay,
                                  kMaxRollingPeriod, expected.data()) &&
         std::equal(expected.begin(), expected.end(),
                    &rpis[k % kKept * kDayBytes]);
  }
  if (!ok) return Failed(kernels_, "generate_rpis");
  return seconds / kMeteredKeys;
}

absl::StatusOr<double> KernelMeter::FindCandidates() {
  const std::vector<uint8_t> rpiks = RandomKeys();
  constexpr uint32_t kShift = 20;
  std::vector<uint32_t> words(size_t{1} << (32 - kShift), ~uint32_t{0});
  for (size_t i = 0; i < words.size() / 2; ++i) {
    const auto h = static_cast<uint32_t>(random_.Below(uint64_t{1} << 32));
    words[h >> kShift] &= ~FilterBits(h);
  }
  const RpiFilter filter = {words.data(), kShift};
  std::vector<RpiCandidate> room(kKeysAtOnce * kMaxRollingPeriod);
  bool ok = true;
  size_t num_found = 0;
  const double seconds = SecondsOf([&] {
    for (size_t k = 0; k < kMeteredKeys; k += kKeysAtOnce) {
      ok = ok &&
           FindInDay(kernels_, &rpiks[k * kKeyBytes], filter, room, &num_found);
    }
  });
  // Of the last keys.
  const Candidates found = CandidatesOf(room, num_found);
  ok = ok &&
       FindInDay(Portable(), &rpiks[(kMeteredKeys - kKeysAtOnce) * kKeyBytes],
                 filter, room, &num_found);
  if (!ok || found != CandidatesOf(room, num_found)) {
    return Failed(kernels_, "find_candidates");
  }
  return seconds / kMeteredKeys;
}

}  // namespace tekmatch
