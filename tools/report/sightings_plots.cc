// Plan:
//   1. the words of each language, in one place;
//   2. one pass counts sightings by day and hour, and collects the times at
//      which something was heard;
//   3. the days of all three figures, at most kMostSightingDays;
//   4. a function a figure: hours, identifiers, gaps.
// The days are chosen before any figure is made, since its source says so if
// older ones were cut.
#include "tools/report/sightings_plots.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/substitute.h"
#include "absl/time/civil_time.h"
#include "tools/page/html.h"
#include "tools/page/plots.h"

namespace tekmatch {
namespace {

constexpr int kHours = 24;

struct Words {
  absl::string_view source;  // zone
  absl::string_view source_cut;
  absl::string_view numbers;
  absl::string_view nothing;
  absl::string_view day;
  absl::string_view sightings;
  absl::string_view identifiers;
  absl::string_view heat;
  absl::string_view heat_is;
  absl::string_view distinct;
  absl::string_view distinct_is;
  absl::string_view gaps;
  absl::string_view gaps_is;
  absl::string_view num_gaps;
  absl::string_view minutes;
};

constexpr Words kEnglish = {
    .source = "Sightings of the phone; days and hours of $0.",
    .source_cut =
        "Sightings of the phone, of the newest $1 days; days and hours of $0.",
    .numbers = "The numbers",
    .nothing = "No sightings.",
    .day = "Day",
    .sightings = "sightings",
    .identifiers = "identifiers",
    .heat = "Sightings by day and hour",
    .heat_is = "How often the phone heard another one, whoever it was.",
    .distinct = "Identifiers heard a day",
    .distinct_is =
        "Different rolling identifiers. A phone changes its own every 10 to "
        "20 minutes, so that this is not a number of phones.",
    .gaps = "Times without a sighting",
    .gaps_is =
        "Stretches of more than 15 minutes: nobody with an app was near, or "
        "the phone did not listen. Sightings do not tell which.",
    .num_gaps = "Stretches",
    .minutes = "Minutes in them",
};

constexpr Words kJapanese = {
    .source = "端末の受信記録。日付と時刻は $0。",
    .source_cut = "端末の受信記録（新しい $1 日分）。日付と時刻は $0。",
    .numbers = "数値",
    .nothing = "受信記録はありません。",
    .day = "日付",
    .sightings = "受信回数",
    .identifiers = "識別子",
    .heat = "日付と時刻ごとの受信回数",
    .heat_is = "ほかの端末の信号を受信した回数（相手を問わない）。",
    .distinct = "1日に受信した識別子の数",
    .distinct_is =
        "異なる識別子（RPI）の数。識別子は10～20分ごとに変わるため、端末の数で"
        "は"
        "ありません。",
    .gaps = "受信のない時間",
    .gaps_is =
        "15分を超える空白。近くにアプリの利用者がいなかったか、端末が受信して"
        "いなかったかは、記録からは分かりません。",
    .num_gaps = "空白の数",
    .minutes = "空白の合計（分）",
};

struct DayCounts {
  std::array<uint64_t, kHours> by_hour{};
  uint64_t identifiers = 0;
  const Rpi* last = nullptr;  // that was counted
};

struct Heard {
  std::map<absl::CivilDay, DayCounts> days;  // with sightings
  std::vector<int64_t> seconds;              // ascending, each once
  bool is_cut = false;
};

Heard Count(const SightingsPlotsInput& input) {
  Heard heard;
  for (const Sighting& sighting : input.sightings) {
    if (sighting.device != input.device) continue;
    heard.seconds.push_back(sighting.unix_seconds);
    const absl::CivilSecond time = absl::ToCivilSecond(
        absl::FromUnixSeconds(sighting.unix_seconds), input.zone);
    DayCounts& day = heard.days[absl::CivilDay(time)];
    ++day.by_hour[static_cast<size_t>(time.hour())];
    // Sightings of one RPI stand together, so that the last one of each day is
    // enough to count them: no set of all RPIs is needed.
    if (day.last == nullptr || *day.last != sighting.rpi) {
      ++day.identifiers;
      day.last = &sighting.rpi;
    }
  }
  std::sort(heard.seconds.begin(), heard.seconds.end());
  heard.seconds.erase(std::unique(heard.seconds.begin(), heard.seconds.end()),
                      heard.seconds.end());
  return heard;
}

// The days of the plots: from the first to the last, with those in between on
// which nothing was heard. A sighting with a wrong clock may lie decades off;
// without the bound it would make a row for each day since. Sets is_cut.
std::vector<absl::CivilDay> DaysOf(Heard& heard) {
  std::vector<absl::CivilDay> days;
  if (heard.days.empty()) return days;
  const absl::CivilDay last = heard.days.rbegin()->first;
  absl::CivilDay first = heard.days.begin()->first;
  heard.is_cut = last - first >= kMostSightingDays;
  if (heard.is_cut) first = last - (kMostSightingDays - 1);
  for (absl::CivilDay day = first; day <= last; ++day) days.push_back(day);
  return days;
}

PlotText TextOf(const SightingsPlotsInput& input, absl::string_view id,
                absl::string_view title, absl::string_view description,
                absl::string_view unit, const Heard& heard,
                const Words& words) {
  return {.id = absl::StrCat(input.id, "-", id),
          .title = std::string(title),
          .description = std::string(description),
          .source = absl::Substitute(
              heard.is_cut ? words.source_cut : words.source,
              std::string(input.zone.name()), kMostSightingDays),
          .unit = std::string(unit),
          .table = std::string(words.numbers),
          .nothing = std::string(words.nothing)};
}

std::string Hours(const SightingsPlotsInput& input, const Heard& heard,
                  const std::vector<absl::CivilDay>& days, const Words& words) {
  HeatPlot plot{.text = TextOf(input, "hours", words.heat, words.heat_is,
                               words.sightings, heard, words),
                .row = std::string(words.day)};
  for (int hour = 0; hour < kHours; ++hour) {
    plot.columns.push_back(absl::StrCat(hour));
  }
  for (const absl::CivilDay day : days) {
    plot.rows.push_back(absl::FormatCivilTime(day));
    const auto found = heard.days.find(day);
    const auto counts = found == heard.days.end()
                            ? std::array<uint64_t, kHours>{}
                            : found->second.by_hour;
    plot.values.emplace_back(counts.begin(), counts.end());
  }
  return HeatFigure(plot);
}

std::string Identifiers(const SightingsPlotsInput& input, const Heard& heard,
                        const std::vector<absl::CivilDay>& days,
                        const Words& words) {
  BarPlot plot{
      .text = TextOf(input, "identifiers", words.distinct, words.distinct_is,
                     words.identifiers, heard, words),
      .category = std::string(words.day),
      .series = {{.name = std::string(words.identifiers)}}};
  for (const absl::CivilDay day : days) {
    plot.categories.push_back(absl::FormatCivilTime(day));
    const auto found = heard.days.find(day);
    plot.series[0].values.push_back(
        found == heard.days.end() ? 0 : found->second.identifiers);
  }
  return BarFigure(plot);
}

// The part of [from, to) that lies in [begin, end), in hours since begin.
StripPlot::Span Clip(int64_t from, int64_t to, int64_t begin, int64_t end) {
  constexpr double kHour = 3600;
  StripPlot::Span span;
  span.from_hour = static_cast<double>(std::max(from, begin) - begin) / kHour;
  span.to_hour = static_cast<double>(std::min(to, end) - begin) / kHour;
  return span;
}

std::string ClockTime(double hours) {
  const int minutes = static_cast<int>(hours * 60);
  return absl::StrFormat("%02d:%02d", minutes / 60, minutes % 60);
}

std::string Gaps(const SightingsPlotsInput& input, const Heard& heard,
                 const std::vector<absl::CivilDay>& days, const Words& words) {
  StripPlot plot{.text = TextOf(input, "gaps", words.gaps, words.gaps_is,
                                words.minutes, heard, words),
                 .row = std::string(words.day)};
  plot.numbers = {
      .caption = std::string(words.gaps),
      .header = {std::string(words.day), std::string(words.num_gaps),
                 std::string(words.minutes)}};
  // Gaps lie between two sightings. Before the first one and after the last one
  // nobody knows whether the phone recorded, so that no gap is shown there.
  // Days ascend, so that one pass over heard.seconds serves all of them.
  size_t next = 1;  // the end of the gap that is looked at, in seconds
  for (const absl::CivilDay day : days) {
    const int64_t begin = absl::ToUnixSeconds(absl::FromCivil(day, input.zone));
    // A day with a change of the clock has 23 or 25 hours, and a row of 24.
    const int64_t end =
        absl::ToUnixSeconds(absl::FromCivil(day + 1, input.zone));
    StripPlot::Row row{.name = absl::FormatCivilTime(day)};
    int64_t gap_seconds = 0;
    while (next < heard.seconds.size() && heard.seconds[next] <= begin) ++next;
    for (size_t i = next;
         i < heard.seconds.size() && heard.seconds[i - 1] < end; ++i) {
      const int64_t from = heard.seconds[i - 1];
      const int64_t to = heard.seconds[i];
      if (to - from <= kGapSeconds) continue;
      // A gap over midnight counts on both days, on each with its part.
      gap_seconds += std::min(to, end) - std::max(from, begin);
      StripPlot::Span span = Clip(from, to, begin, end);
      span.from_hour = std::min(span.from_hour, double{kHours});
      span.to_hour = std::min(span.to_hour, double{kHours});
      span.tip = absl::StrCat(row.name, ", ", ClockTime(span.from_hour), "–",
                              ClockTime(span.to_hour));
      row.spans.push_back(std::move(span));
    }
    plot.numbers.rows.push_back(
        {row.name, HtmlCount(row.spans.size()),
         HtmlCount(static_cast<uint64_t>(gap_seconds / 60))});
    plot.rows.push_back(std::move(row));
  }
  return StripFigure(plot);
}

}  // namespace

std::string SightingsPlots(const SightingsPlotsInput& input) {
  const Words& words =
      input.language == Language::kJapanese ? kJapanese : kEnglish;
  Heard heard = Count(input);
  const std::vector<absl::CivilDay> days = DaysOf(heard);
  return absl::StrCat(Hours(input, heard, days, words),
                      Identifiers(input, heard, days, words),
                      Gaps(input, heard, days, words));
}

}  // namespace tekmatch
