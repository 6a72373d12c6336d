// Plan: all matches at once, by the functions that count them; one device's and
// one key's at a time, where what may come again, a key, a date, a device, is
// looked up.
#include "tools/report/match_totals.h"

#include <algorithm>
#include <utility>

#include "tools/report/match_report.h"

namespace tekmatch {
namespace {

MatchNumbers NumbersOf(absl::Span<const Match> matches, absl::TimeZone zone) {
  return {.num_keys = CountKeys(matches),
          .num_rpis = CountRpis(matches),
          .num_sightings = CountSightings(matches),
          .dates = CountByDate(matches, zone)};
}

// The date's entry; made where there is none.
DateCount& At(absl::CivilDay date, std::vector<DateCount>& dates) {
  const auto place = std::lower_bound(
      dates.begin(), dates.end(), date,
      [](const DateCount& one, absl::CivilDay day) { return one.date < day; });
  if (place != dates.end() && place->date == date) return *place;
  return *dates.insert(place, DateCount{.date = date});
}

}  // namespace

MatchTotals TotalsOf(const ExposureCheckResult& run,
                     const SightingsCounts& sightings, absl::TimeZone zone) {
  MatchTotals totals = {.all = NumbersOf(run.result.matches, zone),
                        .by_file = CountByFile(run),
                        .by_authority = CountByAuthority(run)};
  if (sightings.by_device.empty()) return totals;
  for (const auto& [device, of_device] :
       SplitByDevice(run.result.matches, sightings)) {
    totals.by_device[device] = NumbersOf(of_device, zone);
  }
  return totals;
}

void MatchTotalsAdder::Add(absl::Span<const Match> matches) {
  const Match& any = matches.front();
  const auto [known, is_new_key] = intervals_.try_emplace(any.tek);
  Intervals of_device;
  std::vector<DateCount> dates;
  for (const Match& match : matches) {
    of_device.set(match.interval - match.rolling_start);
    ++At(absl::ToCivilDay(absl::FromUnixSeconds(match.sighting.unix_seconds),
                          zone_),
         dates)
          .num_sightings;
  }
  known->second |= of_device;
  const uint64_t num = matches.size();
  num_sightings_ += num;
  SourceCount& source = by_source_[any.source];
  source.num_keys += is_new_key ? 1 : 0;
  source.num_sightings += num;
  for (const DateCount& date : dates) {
    Day& day = days_[date.date];
    day.keys.insert(any.tek);
    day.num_sightings += date.num_sightings;
  }
  if (!by_device_) return;
  MatchNumbers& device = devices_[any.sighting.device];
  ++device.num_keys;
  device.num_rpis += of_device.count();
  device.num_sightings += num;
  for (const DateCount& date : dates) {
    DateCount& of_date = At(date.date, device.dates);
    ++of_date.num_keys;
    of_date.num_sightings += date.num_sightings;
  }
}

MatchTotals MatchTotalsAdder::Take(const ExposureCheckResult& run,
                                   const SightingsCounts& sightings) {
  MatchTotals totals;
  totals.all.num_keys = intervals_.size();
  for (const auto& [tek, intervals] : intervals_) {
    totals.all.num_rpis += intervals.count();
  }
  totals.all.num_sightings = num_sightings_;
  totals.all.dates.reserve(days_.size());
  for (const auto& [date, day] : days_) {
    totals.all.dates.push_back({date, day.keys.size(), day.num_sightings});
  }
  totals.by_file.resize(run.files.size());
  for (const auto& [source, count] : by_source_) {
    totals.by_file[source] = count;
  }
  totals.by_authority = CountByAuthority(run, totals.by_file);
  if (!by_device_) return totals;
  totals.by_device = std::move(devices_);
  for (const auto& [device, num] : sightings.by_device) {
    totals.by_device[device];
  }
  return totals;
}

}  // namespace tekmatch
