// Plan: the words of each language; keys by day, one above the other by reason;
// the hours that published keys cover; a table of the keys; the page.
// Keys may claim any day: a far one must not make a row for each day up to it.
#include "tools/commands/cmd_window_page.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/substitute.h"
#include "absl/time/civil_time.h"
#include "tools/page/html.h"
#include "tools/page/page.h"
#include "tools/page/plots.h"

namespace tekmatch {
namespace {

// With more days between the first key and the last, only days with a key have
// a row. Phones keep 14.
constexpr int kMostDays = 62;
constexpr double kHours = 24;

struct Words {
  absl::string_view language;
  absl::string_view title;
  absl::string_view summary;  // out, all, policy
  absl::string_view symptom_data;
  absl::string_view in;
  absl::string_view out;
  absl::string_view by_day;
  absl::string_view by_day_is;
  absl::string_view hours_title;
  absl::string_view hours_is;
  absl::string_view source;  // zone
  absl::string_view numbers;
  absl::string_view nothing;
  absl::string_view day;
  absl::string_view keys;
  absl::string_view hours;
  absl::string_view table;  // zone
  absl::string_view number;
  absl::string_view begins;
  absl::string_view goes_out;
  absl::string_view reason;
  absl::string_view since_onset;
};

constexpr Words kEnglish = {
    .language = "en",
    .title = "Which keys would be published",
    .summary = "$0 of $1 keys go out by the policy $2.",
    .symptom_data =
        "The days since onset are symptom data of one person. Think before "
        "you pass this page on.",
    .in = "published",
    .out = "held back",
    .by_day = "Keys by the day on which they begin",
    .by_day_is = "Which of them the policy lets go out, and its reason.",
    .hours_title = "Hours that published keys cover",
    .hours_is =
        "When others who were near could be warned. A key is in use for a day "
        "at most, and need not begin at midnight here.",
    .source = "The keys that were given; days and hours of $0.",
    .numbers = "The numbers",
    .nothing = "There are none.",
    .day = "Day",
    .keys = "keys",
    .hours = "Hours",
    .table = "The keys, in the order of the file ($0)",
    .number = "Key",
    .begins = "Begins",
    .goes_out = "Goes out",
    .reason = "Reason",
    .since_onset = "Days since onset",
};

constexpr Words kJapanese = {
    .language = "ja",
    .title = "公開されるキー",
    .summary = "方針 $2 により、キー $1 個のうち $0 個が公開されます。",
    .symptom_data =
        "発症日からの日数は個人の症状に関する情報です。このページを他人に渡す前"
        "によく考えてください。",
    .in = "公開",
    .out = "非公開",
    .by_day = "開始日ごとのキー",
    .by_day_is = "方針によって公開されるかどうかと、その理由。",
    .hours_title = "公開されるキーが使われた時間帯",
    .hours_is =
        "近くにいた人に通知できる時間帯。1つのキーが使われるのは長くて1日で、始"
        "まりが0時とは限りません。",
    .source = "渡されたキー。日付と時刻は $0。",
    .numbers = "数値",
    .nothing = "ありません。",
    .day = "日付",
    .keys = "キー",
    .hours = "時間",
    .table = "キーの一覧（ファイルの順、$0）",
    .number = "キー",
    .begins = "開始",
    .goes_out = "公開",
    .reason = "理由",
    .since_onset = "発症日からの日数",
};

absl::Time BeginOf(const DiagnosisKey& key) {
  return absl::FromUnixSeconds(int64_t{key.rolling_start} * kIntervalSeconds);
}
absl::Time EndOf(const DiagnosisKey& key) {
  return BeginOf(key) +
         absl::Seconds(int64_t{key.rolling_period} * kIntervalSeconds);
}

std::vector<absl::CivilDay> DaysOf(const std::vector<WindowRow>& rows,
                                   absl::TimeZone zone) {
  std::set<absl::CivilDay> used;
  for (const WindowRow& row : rows) {
    used.insert(absl::ToCivilDay(BeginOf(row.key), zone));
    // The last moment: a key that ends at midnight is not of the next day.
    if (row.key.rolling_period > 0) {
      used.insert(
          absl::ToCivilDay(EndOf(row.key) - absl::Nanoseconds(1), zone));
    }
  }
  std::vector<absl::CivilDay> days(used.begin(), used.end());
  if (days.empty() || days.back() - days.front() >= kMostDays) return days;
  const absl::CivilDay first = days.front();
  const absl::CivilDay last = days.back();
  days.clear();
  for (absl::CivilDay day = first; day <= last; ++day) days.push_back(day);
  return days;
}

PlotText TextOf(absl::string_view id, absl::string_view title,
                absl::string_view description, absl::string_view unit,
                absl::TimeZone zone, const Words& words) {
  return {.id = std::string(id),
          .title = std::string(title),
          .description = std::string(description),
          .source = absl::Substitute(words.source, std::string(zone.name())),
          .unit = std::string(unit),
          .table = std::string(words.numbers),
          .nothing = std::string(words.nothing)};
}

std::string DaysFigure(const std::vector<WindowRow>& rows,
                       const std::vector<absl::CivilDay>& days,
                       absl::TimeZone zone, const Words& words) {
  BarPlot plot{.text = TextOf("by-day", words.by_day, words.by_day_is,
                              words.keys, zone, words),
               .category = std::string(words.day)};
  // Published ones stand below. A policy has fewer than kMaxSeries reasons; the
  // last series would take more of them.
  std::map<std::pair<bool, WindowReason>, size_t> series_of;
  for (const WindowRow& row : rows) {
    series_of[{!row.decision.counts, row.decision.reason}] = 0;
  }
  for (auto& [key, series] : series_of) {
    const std::string name = absl::StrCat(key.first ? words.out : words.in,
                                          ": ", WindowReasonName(key.second));
    series = std::min(plot.series.size(), kMaxSeries - 1);
    if (series == plot.series.size()) {
      plot.series.push_back(
          {.name = name, .values = std::vector<uint64_t>(days.size())});
    } else {
      absl::StrAppend(&plot.series[series].name, ", ", name);
    }
  }
  for (const absl::CivilDay day : days) {
    plot.categories.push_back(absl::FormatCivilTime(day));
  }
  for (const WindowRow& row : rows) {
    const absl::CivilDay day = absl::ToCivilDay(BeginOf(row.key), zone);
    const auto place = std::lower_bound(days.begin(), days.end(), day);
    ++plot.series[series_of[{!row.decision.counts, row.decision.reason}]]
          .values[static_cast<size_t>(place - days.begin())];
  }
  return BarFigure(plot);
}

// "09:30"; the end of a day is 24:00.
std::string ClockTime(double hours) {
  const auto minutes = std::lround(hours * 60);
  return absl::StrFormat("%02d:%02d", minutes / 60, minutes % 60);
}

std::string HoursFigure(const std::vector<WindowRow>& rows,
                        const std::vector<absl::CivilDay>& days,
                        absl::TimeZone zone, const Words& words) {
  StripPlot plot{.text = TextOf("hours", words.hours_title, words.hours_is,
                                words.hours, zone, words),
                 .row = std::string(words.day)};
  plot.numbers = {.caption = std::string(words.hours_title),
                  .header = {std::string(words.day), std::string(words.hours)},
                  .num_text_columns = 2};
  if (std::none_of(rows.begin(), rows.end(),
                   [](const WindowRow& row) { return row.decision.counts; })) {
    return StripFigure(plot);
  }
  std::map<absl::CivilDay, StripPlot::Row> strips;
  std::map<absl::CivilDay, std::string> hours;
  for (const absl::CivilDay day : days) {
    strips[day].name = absl::FormatCivilTime(day);
  }
  for (const WindowRow& row : rows) {
    if (!row.decision.counts) continue;
    for (absl::CivilDay day = absl::ToCivilDay(BeginOf(row.key), zone);;
         ++day) {
      const absl::Time begin = absl::FromCivil(day, zone);
      const absl::Time from = std::max(BeginOf(row.key), begin);
      const absl::Time to =
          std::min(EndOf(row.key), absl::FromCivil(day + 1, zone));
      if (from >= to) break;
      // A day with a change of the clock has 23 or 25 hours, and a row of 24.
      const auto hour = [&](absl::Time time) {
        return std::min(absl::ToDoubleHours(time - begin), kHours);
      };
      const std::string span =
          absl::StrCat(ClockTime(hour(from)), "–", ClockTime(hour(to)));
      StripPlot::Row& strip = strips[day];
      strip.spans.push_back({.from_hour = hour(from),
                             .to_hour = hour(to),
                             .tip = absl::StrCat(strip.name, ", ", span)});
      absl::StrAppend(&hours[day], hours[day].empty() ? "" : ", ", span);
    }
  }
  for (auto& [day, strip] : strips) {
    plot.numbers.rows.push_back(
        {strip.name, hours[day].empty() ? "-" : hours[day]});
    plot.rows.push_back(std::move(strip));
  }
  return StripFigure(plot);
}

PageTable KeyTable(const std::vector<WindowRow>& rows, absl::TimeZone zone,
                   const Words& words) {
  const bool has_days = std::any_of(
      rows.begin(), rows.end(),
      [](const WindowRow& row) { return row.days_since_onset.has_value(); });
  PageTable table{
      .caption = absl::Substitute(words.table, std::string(zone.name())),
      .header = {std::string(words.number), std::string(words.begins),
                 std::string(words.goes_out), std::string(words.reason),
                 std::string(words.hours)},
      .num_text_columns = 4};
  if (has_days) table.header.emplace_back(words.since_onset);
  for (const WindowRow& row : rows) {
    std::vector<std::string> cells = {
        absl::StrCat(table.rows.size() + 1),
        absl::FormatTime("%Y-%m-%d %H:%M", BeginOf(row.key), zone),
        std::string(row.decision.counts ? words.in : words.out),
        std::string(WindowReasonName(row.decision.reason)),
        SvgNumber(absl::ToDoubleHours(EndOf(row.key) - BeginOf(row.key)))};
    if (has_days) {
      cells.push_back(row.days_since_onset.has_value()
                          ? absl::StrCat(*row.days_since_onset)
                          : "-");
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

}  // namespace

std::string WindowPage(const std::vector<WindowRow>& rows,
                       const std::string& policy, absl::TimeZone zone,
                       Language language) {
  const Words& words = language == Language::kJapanese ? kJapanese : kEnglish;
  const auto num_out =
      std::count_if(rows.begin(), rows.end(),
                    [](const WindowRow& row) { return row.decision.counts; });
  Page page(words.language, words.title);
  page.Paragraph(absl::Substitute(words.summary,
                                  HtmlCount(static_cast<uint64_t>(num_out)),
                                  HtmlCount(rows.size()), policy));
  if (std::any_of(rows.begin(), rows.end(), [](const WindowRow& row) {
        return row.days_since_onset.has_value();
      })) {
    page.Notice(words.symptom_data);
  }
  const std::vector<absl::CivilDay> days = DaysOf(rows, zone);
  page.Append(DaysFigure(rows, days, zone, words));
  page.Append(HoursFigure(rows, days, zone, words));
  page.Append(TableHtml(KeyTable(rows, zone, words)));
  return std::move(page).Finish();
}

}  // namespace tekmatch
