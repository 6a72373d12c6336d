// Plan: lay each scan's minutes down; leave contested ones to the scan that
// weighs most (SecondsLeft); then keep each window within its limit.
#include "matcher/exposure/scan_coverage.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

namespace tekmatch {
namespace {

constexpr int kMinuteSeconds = 60;
constexpr int64_t kMaxCoverMinutes = kMaxSecondsSinceLastScan / kMinuteSeconds;

// A scan, and the minutes since 1970 that it covers: [begin, end).
struct Cover {
  ScanInstance* scan = nullptr;
  size_t window = 0;
  uint16_t store = 0;
  int64_t begin = 0;
  int64_t end = 0;
  double weight = 0;  // of its attenuation
  // It is the rest of the store's scan before, which a window's end cut.
  bool continues = false;

  bool Covers(int64_t minute) const { return begin <= minute && minute < end; }
};

// The covers of all scans, by time: their ends ascend.
std::vector<Cover> FindCovers(absl::Span<const Match> matches,
                              const DailySummariesConfig& config,
                              absl::Span<ExposureWindow> windows) {
  std::vector<Cover> covers;
  std::map<uint16_t, int64_t> last_seconds;  // of each store's scan before
  for (size_t w = 0; w < windows.size(); ++w) {
    for (ScanInstance& scan : windows[w].scans) {
      const Sighting& first = matches[scan.matches.front()].sighting;
      Cover& cover = covers.emplace_back();
      cover.scan = &scan;
      cover.window = w;
      cover.store = first.store;
      cover.end = first.unix_seconds / kMinuteSeconds;
      cover.begin = cover.end - scan.seconds_since_last_scan / kMinuteSeconds;
      cover.weight = config.attenuation_weights[AttenuationBucket(
          scan.typical_attenuation, config)];
      const auto last = last_seconds.find(first.store);
      cover.continues =
          last != last_seconds.end() &&
          10 * (first.unix_seconds - last->second) <= kSameScanTenths;
      last_seconds[first.store] =
          matches[scan.matches.back()].sighting.unix_seconds;
    }
  }
  return covers;
}

// Whether a scan weighs more than another, or as much and is nearer.
bool WeighsMore(const Cover& a, const Cover& b) {
  if (a.weight != b.weight) return a.weight > b.weight;
  return a.scan->typical_attenuation < b.scan->typical_attenuation;
}

// Whether a minute that both cover is the scan's at `i` no more. A scan's place
// decides between equal ones.
bool Yields(const std::vector<Cover>& covers, size_t i, size_t other) {
  if (covers[i].store == covers[other].store) {
    return covers[i].continues && other < i;
  }
  if (WeighsMore(covers[other], covers[i])) return true;
  return other < i && !WeighsMore(covers[i], covers[other]);
}

// Seconds that are left to the scan at `i`, before the limit of its window.
int SecondsLeft(const std::vector<Cover>& covers, size_t i) {
  size_t first = i;
  while (first > 0 && covers[first - 1].end > covers[i].begin) --first;
  int seconds = 0;
  for (int64_t minute = covers[i].begin; minute < covers[i].end; ++minute) {
    bool yields = false;
    for (size_t other = first; !yields && other < covers.size() &&
                               covers[other].end - kMaxCoverMinutes <= minute;
         ++other) {
      yields = covers[other].Covers(minute) && Yields(covers, i, other);
    }
    if (!yields) seconds += kMinuteSeconds;
  }
  return seconds;
}

// The most seconds that each window is left.
std::vector<int64_t> WindowLimits(const std::vector<Cover>& covers,
                                  size_t num_windows) {
  std::map<std::pair<size_t, uint16_t>, int64_t> of_store;
  for (const Cover& cover : covers) {
    of_store[{cover.window, cover.store}] +=
        cover.scan->seconds_since_last_scan;
  }
  std::vector<int64_t> limits(num_windows, kExposureWindowSeconds);
  for (const auto& [window_and_store, seconds] : of_store) {
    int64_t& limit = limits[window_and_store.first];
    limit = std::max(limit, seconds);
  }
  return limits;
}

}  // namespace

void CountScansOnce(absl::Span<const Match> matches,
                    const DailySummariesConfig& config,
                    absl::Span<ExposureWindow> windows) {
  const std::vector<Cover> covers = FindCovers(matches, config, windows);
  if (std::all_of(covers.begin(), covers.end(), [&](const Cover& cover) {
        return cover.store == covers.front().store;
      })) {
    return;
  }
  std::vector<int64_t> limits = WindowLimits(covers, windows.size());
  std::vector<int> seconds(covers.size());
  for (size_t i = 0; i < covers.size(); ++i) {
    seconds[i] = SecondsLeft(covers, i);
  }
  std::vector<size_t> heaviest_first(covers.size());
  std::iota(heaviest_first.begin(), heaviest_first.end(), size_t{0});
  std::stable_sort(
      heaviest_first.begin(), heaviest_first.end(),
      [&](size_t a, size_t b) { return WeighsMore(covers[a], covers[b]); });
  for (const size_t i : heaviest_first) {
    int64_t& left = limits[covers[i].window];
    seconds[i] = static_cast<int>(std::min<int64_t>(left, seconds[i]));
    left -= seconds[i];
    covers[i].scan->seconds_since_last_scan = seconds[i];
  }
}

}  // namespace tekmatch
