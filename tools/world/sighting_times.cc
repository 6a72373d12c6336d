#include "tools/world/sighting_times.h"

#include <array>

namespace tekmatch {
namespace {

constexpr int64_t kHour = 3600;

int64_t RandomSecond(int64_t length, RandomSource& random) {
  return static_cast<int64_t>(random.Below(static_cast<uint64_t>(length)));
}

// The phone hears nothing on the sixth and seventh day of seven.
int64_t RandomPhoneDay(int num_days, RandomSource& random) {
  const int64_t num_active =
      num_days / 7 * 5 + (num_days % 7 < 5 ? num_days % 7 : 5);
  const int64_t active = RandomSecond(num_active, random);
  return active / 5 * 7 + active % 5;
}

}  // namespace

int64_t RandomSightingTime(SightingProfile profile, int num_days,
                           RandomSource& random) {
  constexpr std::array<int64_t, 3> kBursts = {kHour * 15 / 2, kHour * 12,
                                              kHour * 18};
  switch (profile) {
    case SightingProfile::kDense:
      return kWorldStartSeconds + RandomSecond(num_days * kDaySeconds, random);
    case SightingProfile::kCommuter: {
      const int64_t day = RandomSecond(num_days, random);
      const int64_t burst = kBursts[random.Below(kBursts.size())];
      return kWorldStartSeconds + day * kDaySeconds + burst +
             RandomSecond(kHour, random);
    }
    case SightingProfile::kPhone: {
      const int64_t day = RandomPhoneDay(num_days, random);
      return kWorldStartSeconds + day * kDaySeconds + 9 * kHour +
             RandomSecond(6 * kHour, random);
    }
  }
  return kWorldStartSeconds;
}

}  // namespace tekmatch
