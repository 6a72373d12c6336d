// Plan: matches are gathered by key and put in order of time; a window ends
// after 30 minutes; within it each phone's sightings near each other are one
// scan.
#include "matcher/exposure/exposure_window.h"

#include <algorithm>
#include <map>
#include <utility>

#include "matcher/exposure/scan_coverage.h"

namespace tekmatch {
namespace {

// floor(sum / n + 1/2), as Java rounds; attenuations are not negative.
int RoundedMean(int64_t sum, int64_t n) {
  return static_cast<int>((2 * sum + n) / (2 * n));
}

std::pair<int64_t, EnIntervalNumber> TimeAndInterval(const Match& match) {
  return {match.sighting.unix_seconds, match.interval};
}

int SecondsSinceLastScan(const Sighting& sighting) {
  if (sighting.seconds_since_previous_scan == kNoPreviousScan) {
    return kDefaultSecondsSinceLastScan;
  }
  const int64_t previous =
      sighting.unix_seconds - sighting.seconds_since_previous_scan;
  // The difference of minutes, not minutes of the difference.
  const int64_t minutes = sighting.unix_seconds / 60 - previous / 60;
  return static_cast<int>(
      std::min<int64_t>(minutes * 60, kMaxSecondsSinceLastScan));
}

// Gathers the sightings of one scan instance.
class ScanBuilder {
 public:
  ScanBuilder(const Match& first, uint32_t position)
      : store_(first.sighting.store) {
    scan_.seconds_since_last_scan = SecondsSinceLastScan(first.sighting);
    scan_.min_attenuation = first.attenuation;
    Add(first, position);
  }
  void Add(const Match& match, uint32_t position) {
    sum_ += match.attenuation;
    scan_.min_attenuation = std::min(scan_.min_attenuation, match.attenuation);
    scan_.matches.push_back(position);
    last_seconds_ = match.sighting.unix_seconds;
  }
  uint16_t store() const { return store_; }
  int64_t last_seconds() const { return last_seconds_; }
  ScanInstance Build() {
    scan_.typical_attenuation =
        RoundedMean(sum_, static_cast<int64_t>(scan_.matches.size()));
    return std::move(scan_);
  }

 private:
  ScanInstance scan_;
  int64_t sum_ = 0;
  uint16_t store_;
  int64_t last_seconds_ = 0;
};

void AppendWindows(absl::Span<const Match> matches,
                   const std::vector<uint32_t>& positions,
                   const DiagnosisKeysMapping& mapping,
                   std::vector<ExposureWindow>* windows) {
  std::vector<ScanBuilder> scans;  // of the last window
  const auto finish_window = [&] {
    for (ScanBuilder& scan : scans) {
      windows->back().scans.push_back(scan.Build());
    }
    scans.clear();
  };
  for (const uint32_t position : positions) {
    const Match& match = matches[position];
    const int64_t time = match.sighting.unix_seconds;
    if (position == positions.front() ||
        time - windows->back().start_seconds >= kExposureWindowSeconds) {
      finish_window();
      ExposureWindow window;
      window.report_type = MapReportType(match.metadata, mapping);
      window.infectiousness = MapInfectiousness(match.metadata, mapping);
      window.calibration_confidence =
          match.bluetooth_metadata.calibration_confidence();
      window.tek = match.tek;
      window.start_seconds = time;
      windows->push_back(std::move(window));
    }
    // Phones listen each by itself.
    const auto scan = std::find_if(
        scans.rbegin(), scans.rend(), [&match](const ScanBuilder& builder) {
          return builder.store() == match.sighting.store;
        });
    if (scan != scans.rend() &&
        10 * (time - scan->last_seconds()) <= kSameScanTenths) {
      scan->Add(match, position);
    } else {
      scans.emplace_back(match, position);
    }
  }
  finish_window();
}

}  // namespace

std::vector<ExposureWindow> MakeExposureWindows(absl::Span<const Match> matches,
                                                const ExposureConfig& config) {
  const DiagnosisKeysMapping& mapping = config.mapping;
  std::map<Tek, std::vector<uint32_t>> by_key;
  for (size_t i = 0; i < matches.size(); ++i) {
    by_key[matches[i].tek].push_back(static_cast<uint32_t>(i));
  }
  std::vector<ExposureWindow> windows;
  for (auto& [tek, positions] : by_key) {
    const KeyMetadata& metadata = matches[positions.front()].metadata;
    if (MapInfectiousness(metadata, mapping) == Infectiousness::kNone) continue;
    std::stable_sort(
        positions.begin(), positions.end(), [matches](uint32_t a, uint32_t b) {
          return TimeAndInterval(matches[a]) < TimeAndInterval(matches[b]);
        });
    const size_t first = windows.size();
    AppendWindows(matches, positions, mapping, &windows);
    CountScansOnce(matches, config.daily_summaries,
                   absl::MakeSpan(windows).subspan(first));
  }
  return windows;
}

absl::CivilDay WindowDate(const ExposureWindow& window, absl::TimeZone zone) {
  return absl::ToCivilDay(absl::FromUnixSeconds(window.start_seconds), zone);
}

int64_t WindowSeconds(const ExposureWindow& window) {
  int64_t seconds = 0;
  for (const ScanInstance& scan : window.scans) {
    seconds += scan.seconds_since_last_scan;
  }
  return seconds;
}

}  // namespace tekmatch
