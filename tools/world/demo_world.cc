// Plan: Builder adds keys of ill people, their meetings with the device, and
// strangers, day by day; MakeDemoWorld tells its story.
#include "tools/world/demo_world.h"

#include <algorithm>
#include <map>

#include "absl/time/time.h"
#include "keyformat/random_source.h"
#include "keyformat/status_macros.h"
#include "matcher/exposure/match_counts.h"
#include "tools/world/broadcast.h"

namespace tekmatch {
namespace {

// Meetings and strangers fall between 00:00 and 11:00 UTC, which is 09:00 to
// 20:00 in Japan: one date in either zone.
constexpr uint64_t kAwakeSeconds = uint64_t{11} * 3600;
constexpr uint64_t kLongestMeetingSeconds = uint64_t{45} * 60;
constexpr int kStrangersPerDay = 40;
// Phones scan every three to five minutes.
constexpr uint64_t kShortestScanGap = 180;
constexpr uint64_t kScanGapSpread = 121;

class Builder {
 public:
  explicit Builder(uint64_t seed) : random_(RandomSource::Seeded(seed)) {}

  absl::StatusOr<DemoWorld> Build() {
    AddPeople();
    TEKMATCH_RETURN_IF_ERROR(AddMeetings());
    AddStrangers();
    random_.Shuffle(world_.sightings);
    return std::move(world_);
  }

 private:
  // Midnight UTC of a day of the world.
  int64_t DayStart(int day) const {
    return absl::ToUnixSeconds(
        absl::FromCivil(kFirstDay + day, absl::UTCTimeZone()));
  }

  void AddPeople() {
    world_.start_timestamp = static_cast<uint64_t>(DayStart(kDemoDays));
    world_.end_timestamp = static_cast<uint64_t>(DayStart(kDemoDays + 1));
    for (int person = 0; person < kDemoPeople; ++person) {
      for (int day = 0; day < kDemoDays; ++day) {
        DiagnosisKey key;
        random_.Fill(absl::MakeSpan(key.tek.bytes));
        key.rolling_start =
            static_cast<EnIntervalNumber>(DayStart(day) / kIntervalSeconds);
        key.metadata.report_type = ReportType::kConfirmedTest;
        world_.keys.push_back(key);
      }
    }
  }

  absl::Status AddMeetings() {
    std::vector<int> people(kDemoPeople);
    for (int i = 0; i < kDemoPeople; ++i) people[i] = i;
    random_.Shuffle(people);
    std::map<absl::CivilDay, DateCount> expected;
    for (int i = 0; i < kDemoMeetings; ++i) {
      const int day = static_cast<int>(random_.Below(kDemoDays));
      const DiagnosisKey& key = world_.keys[people[i] * kDemoDays + day];
      TEKMATCH_ASSIGN_OR_RETURN(const uint64_t num_sightings,
                                Meet(key, DayStart(day)));
      DateCount& date = expected[kFirstDay + day];
      date.date = kFirstDay + day;
      ++date.num_keys;
      date.num_sightings += num_sightings;
    }
    for (const auto& [day, date] : expected) world_.expected.push_back(date);
    return absl::OkStatus();
  }

  // The device is near the owner of `key` for some minutes of that day.
  absl::StatusOr<uint64_t> Meet(const DiagnosisKey& key, int64_t day_start) {
    TEKMATCH_ASSIGN_OR_RETURN(const Broadcast broadcast,
                              Broadcast::Of(key.tek));
    int64_t now = day_start + static_cast<int64_t>(random_.Below(
                                  kAwakeSeconds - kLongestMeetingSeconds));
    const int64_t end =
        now +
        static_cast<int64_t>(600 + random_.Below(kLongestMeetingSeconds - 600));
    uint64_t num_sightings = 0;
    for (; now < end; now += NextScan()) {
      const auto interval =
          static_cast<EnIntervalNumber>(now / kIntervalSeconds);
      TEKMATCH_ASSIGN_OR_RETURN(
          const Sighting sighting,
          broadcast.Heard(interval, now, /*tx_power=*/-20, Rssi()));
      world_.sightings.push_back(sighting);
      ++num_sightings;
    }
    return num_sightings;
  }

  // People who are not ill: their keys stay secret, so random bytes will do.
  void AddStrangers() {
    for (int day = 0; day < kDemoDays; ++day) {
      for (int i = 0; i < kStrangersPerDay; ++i) {
        Sighting sighting;
        random_.Fill(absl::MakeSpan(sighting.rpi.bytes));
        random_.Fill(absl::MakeSpan(sighting.aem.bytes));
        sighting.unix_seconds =
            DayStart(day) + static_cast<int64_t>(random_.Below(kAwakeSeconds));
        for (uint64_t scans = 1 + random_.Below(3); scans > 0; --scans) {
          sighting.rssi = Rssi();
          world_.sightings.push_back(sighting);
          sighting.unix_seconds += NextScan();
        }
      }
    }
  }

  int64_t NextScan() {
    return static_cast<int64_t>(kShortestScanGap +
                                random_.Below(kScanGapSpread));
  }
  int16_t Rssi() {
    return static_cast<int16_t>(-50 - static_cast<int>(random_.Below(40)));
  }

  static constexpr absl::CivilDay kFirstDay = absl::CivilDay(2020, 12, 1);

  RandomSource random_;
  DemoWorld world_;
};

}  // namespace

absl::StatusOr<DemoWorld> MakeDemoWorld(uint64_t seed) {
  return Builder(seed).Build();
}

}  // namespace tekmatch
