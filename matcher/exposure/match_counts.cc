#include "matcher/exposure/match_counts.h"

#include <map>
#include <set>

namespace tekmatch {

std::vector<DateCount> CountByDate(absl::Span<const Match> matches,
                                   absl::TimeZone zone) {
  struct Sets {
    std::set<Tek> keys;
    std::set<uint32_t> sightings;
  };
  std::map<absl::CivilDay, Sets> by_date;
  for (const Match& match : matches) {
    Sets& sets = by_date[absl::ToCivilDay(
        absl::FromUnixSeconds(match.sighting.unix_seconds), zone)];
    sets.keys.insert(match.tek);
    sets.sightings.insert(match.sighting_position);
  }
  std::vector<DateCount> dates;
  dates.reserve(by_date.size());
  for (const auto& [date, sets] : by_date) {
    dates.push_back({date, sets.keys.size(), sets.sightings.size()});
  }
  return dates;
}

uint64_t CountKeys(absl::Span<const Match> matches) {
  std::set<Tek> teks;
  for (const Match& match : matches) teks.insert(match.tek);
  return teks.size();
}

uint64_t CountRpis(absl::Span<const Match> matches) {
  std::set<Rpi> rpis;
  for (const Match& match : matches) rpis.insert(match.sighting.rpi);
  return rpis.size();
}

uint64_t CountSightings(absl::Span<const Match> matches) {
  std::set<uint32_t> positions;
  for (const Match& match : matches) positions.insert(match.sighting_position);
  return positions.size();
}

}  // namespace tekmatch
