// Plan:
//   1. when the phone checked: by day and hour, files by day, gaps;
//   2. what it heard: keys by key day, and the hashes with a match;
//   3. all hashes, and the exports that the log does not have;
//   4. the page: the answer first, then what it rests on.
// A log may be anybody's, and claim any time. A far date must not make a plot
// of endless empty rows; tools/page escapes the texts.
#include "tools/commands/cmd_log_page.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/substitute.h"
#include "absl/time/civil_time.h"
#include "tools/commands/cmd_log_page_words.h"
#include "tools/files/hex.h"
#include "tools/page/html.h"
#include "tools/page/page.h"
#include "tools/page/plots.h"

namespace tekmatch {
namespace {

constexpr int kHours = 24;

// The checks of iPhones, which alone have times, by day.
struct DayOfLog {
  std::array<uint64_t, kHours> checks{};
  uint64_t with_match = 0;
  uint64_t without_match = 0;
  uint64_t not_noted = 0;
};

struct DaysOfLog {
  std::vector<absl::CivilDay> days;  // ascending, also those without a check
  std::map<absl::CivilDay, DayOfLog> by_day;
  bool is_cut = false;
};

DaysOfLog CountDays(const CheckLog& log, absl::TimeZone zone) {
  DaysOfLog counted;
  const auto day_of = [&](absl::CivilSecond time) -> DayOfLog& {
    return counted.by_day[absl::CivilDay(time)];
  };
  for (const absl::Time check : log.check_times) {
    const absl::CivilSecond time = absl::ToCivilSecond(check, zone);
    ++day_of(time).checks[static_cast<size_t>(time.hour())];
  }
  for (const LoggedFile& file : log.files) {
    if (!file.time.has_value()) continue;
    DayOfLog& day = day_of(absl::ToCivilSecond(*file.time, zone));
    if (!file.matches.has_value()) {
      ++day.not_noted;
    } else if (*file.matches > 0) {
      ++day.with_match;
    } else {
      ++day.without_match;
    }
  }
  if (counted.by_day.empty()) return counted;
  const absl::CivilDay last = counted.by_day.rbegin()->first;
  absl::CivilDay first = counted.by_day.begin()->first;
  counted.is_cut = last - first >= kMostLogDays;
  if (counted.is_cut) first = last - (kMostLogDays - 1);
  for (absl::CivilDay day = first; day <= last; ++day) {
    counted.days.push_back(day);
  }
  return counted;
}

PlotText TextOf(absl::string_view id, absl::string_view title,
                absl::string_view description, absl::string_view unit,
                const DaysOfLog& days, absl::TimeZone zone,
                const LogPageWords& words) {
  return {
      .id = std::string(id),
      .title = std::string(title),
      .description = std::string(description),
      .source = absl::Substitute(days.is_cut ? words.source_cut : words.source,
                                 std::string(zone.name()), kMostLogDays),
      .unit = std::string(unit),
      .table = std::string(words.numbers),
      .nothing = std::string(words.no_times)};
}

std::string ChecksFigure(DaysOfLog& days, absl::TimeZone zone,
                         const LogPageWords& words) {
  HeatPlot plot{.text = TextOf("checks", words.heat, words.heat_is,
                               words.checks, days, zone, words),
                .row = std::string(words.day)};
  for (int hour = 0; hour < kHours; ++hour) {
    plot.columns.push_back(absl::StrCat(hour));
  }
  for (const absl::CivilDay day : days.days) {
    plot.rows.push_back(absl::FormatCivilTime(day));
    const std::array<uint64_t, kHours>& checks = days.by_day[day].checks;
    plot.values.emplace_back(checks.begin(), checks.end());
  }
  return HeatFigure(plot);
}

std::string FilesFigure(DaysOfLog& days, absl::TimeZone zone,
                        const LogPageWords& words) {
  BarPlot plot{.text = TextOf("files", words.given, words.given_is, words.files,
                              days, zone, words),
               .category = std::string(words.day),
               .series = {{.name = std::string(words.without_match)},
                          {.name = std::string(words.with_match)},
                          {.name = std::string(words.not_noted)}}};
  for (const absl::CivilDay day : days.days) {
    plot.categories.push_back(absl::FormatCivilTime(day));
    const DayOfLog& counts = days.by_day[day];
    plot.series[0].values.push_back(counts.without_match);
    plot.series[1].values.push_back(counts.with_match);
    plot.series[2].values.push_back(counts.not_noted);
  }
  return BarFigure(plot);
}

std::string LocalTime(absl::Time time, absl::TimeZone zone) {
  return absl::FormatTime("%Y-%m-%d %H:%M", time, zone);
}

PageTable GapTable(const LogReport& report, absl::TimeZone zone,
                   const LogPageWords& words) {
  PageTable table{
      .caption = absl::StrCat(words.gaps, " (", std::string(zone.name()), ")"),
      .header = {std::string(words.from), std::string(words.to),
                 std::string(words.hours)},
      .num_text_columns = 2};
  for (const GapOfLog& gap : report.gaps) {
    table.rows.push_back({LocalTime(gap.from, zone), LocalTime(gap.to, zone),
                          HtmlCount(static_cast<uint64_t>(
                              absl::ToInt64Hours(gap.to - gap.from)))});
  }
  return table;
}

// The greatest number that the log gives; 0 if it gives none.
uint64_t MatchesOf(const HashOfLog& row) {
  return row.matches.empty() ? 0 : row.matches.back();
}

bool IsOfOneDay(const ExportOfLog& file) {
  return file.first_day.has_value() && *file.first_day == *file.last_day;
}

// 16 digits tell files apart; JSON and CSV have the whole hash.
std::string ShortHash(const HashOfLog& row) {
  return EncodeHex(row.hash).substr(0, 16);
}

PageTable HeardTable(const LogReport& report, const LogPageWords& words) {
  PageTable table{
      .caption = std::string(words.heard),
      .header = {std::string(words.hash), std::string(words.meaning),
                 std::string(words.file), std::string(words.keys_heard)},
      .num_text_columns = 3};
  for (const HashOfLog& row : report.hashes) {
    if (MatchesOf(row) == 0) continue;
    const ExportOfLog* file = ExportOf(report, row);
    std::string meaning;
    if (file == nullptr) {
      meaning =
          std::string(row.maybe_of_a_check ? words.of_no_file : words.not_here);
    } else {
      meaning = absl::Substitute(
          IsOfOneDay(*file) ? words.on_the_day : words.several_days,
          KeyDaysText(*file));
    }
    table.rows.push_back({ShortHash(row), std::move(meaning),
                          PathsOf(report, row), HtmlCount(MatchesOf(row))});
  }
  return table;
}

// The days of the files that are here: of others nothing is known, so that they
// have no bar of height 0.
std::string KeyDaysFigure(const LogReport& report, const LogPageWords& words) {
  std::map<absl::CivilDay, uint64_t> heard;
  for (const HashOfLog& row : report.hashes) {
    const ExportOfLog* file = ExportOf(report, row);
    if (file == nullptr || row.matches.empty() || !IsOfOneDay(*file)) continue;
    heard[*file->first_day] += MatchesOf(row);
  }
  BarPlot plot{.text = {.id = "key-days",
                        .title = std::string(words.by_key_day),
                        .description = std::string(words.by_key_day_is),
                        .source = std::string(words.by_key_day_from),
                        .unit = std::string(words.keys),
                        .table = std::string(words.numbers),
                        .nothing = std::string(words.no_key_day)},
               .category = std::string(words.key_day),
               .series = {{.name = std::string(words.keys_heard)}}};
  for (const auto& [day, keys] : heard) {
    plot.categories.push_back(absl::FormatCivilTime(day));
    plot.series[0].values.push_back(keys);
  }
  return BarFigure(plot);
}

std::string Numbers(const std::vector<uint64_t>& numbers) {
  return numbers.empty() ? "-" : absl::StrJoin(numbers, "/");
}

std::string CountsText(const LogReport& report, const HashOfLog& row,
                       const LogPageWords& words) {
  const ExportOfLog* file = ExportOf(report, row);
  if (!KeysAgree(row, file).has_value() &&
      !MatchesAgree(row, file).has_value()) {
    return "-";
  }
  return std::string(CountsDiffer(report, row) ? words.do_not_agree
                                               : words.agree);
}

PageTable HashesTable(const LogReport& report, const LogPageWords& words) {
  PageTable table{
      .caption = std::string(words.hashes),
      .header = {std::string(words.hash), std::string(words.file),
                 std::string(words.key_days), std::string(words.first),
                 std::string(words.last), std::string(words.counts),
                 std::string(words.keys_logged),
                 std::string(words.keys_in_file),
                 std::string(words.matches_logged),
                 std::string(words.matches_found),
                 std::string(words.num_checks)},
      .num_text_columns = 6};
  for (const HashOfLog& row : report.hashes) {
    const ExportOfLog* file = ExportOf(report, row);
    table.rows.push_back(
        {ShortHash(row), file == nullptr ? "-" : PathsOf(report, row),
         file == nullptr ? "-" : KeyDaysText(*file), row.first_time,
         row.last_time, CountsText(report, row, words), Numbers(row.keys),
         file == nullptr ? "-" : HtmlCount(file->num_keys),
         Numbers(row.matches),
         file == nullptr || !file->num_matched.has_value()
             ? "-"
             : HtmlCount(*file->num_matched),
         HtmlCount(row.num_checks)});
  }
  return table;
}

PageTable NotInLogTable(const LogReport& report, const LogPageWords& words) {
  PageTable table{
      .caption = std::string(words.not_in_log),
      .header = {std::string(words.file), std::string(words.key_days),
                 std::string(words.keys_in_file)},
      .num_text_columns = 2};
  for (const ExportOfLog* file : NotInLog(report)) {
    table.rows.push_back(
        {file->path, KeyDaysText(*file), HtmlCount(file->num_keys)});
  }
  return table;
}

void AddHeard(const LogReport& report, const LogPageWords& words, Page& page) {
  page.Heading(words.saw);
  if (std::any_of(report.hashes.begin(), report.hashes.end(),
                  [](const HashOfLog& row) { return MatchesOf(row) > 0; })) {
    page.Append(TableHtml(HeardTable(report, words)));
    page.Append(KeyDaysFigure(report, words));
    return;
  }
  const bool is_noted = std::any_of(
      report.log->files.begin(), report.log->files.end(),
      [](const LoggedFile& file) { return file.matches.has_value(); });
  page.Notice(is_noted || report.log->files.empty() ? words.saw_nothing
                                                    : words.says_nothing);
}

void AddChecks(const LogReport& report, absl::TimeZone zone,
               const LogPageWords& words, Page& page) {
  page.Heading(words.when);
  const std::vector<absl::Time>& times = report.log->check_times;
  if (!times.empty()) {
    page.Paragraph(absl::Substitute(
        words.from_to, LocalTime(times.front(), zone),
        LocalTime(times.back(), zone), std::string(zone.name())));
  }
  DaysOfLog days = CountDays(*report.log, zone);
  page.Append(ChecksFigure(days, zone, words));
  if (days.days.empty()) return;
  page.Append(FilesFigure(days, zone, words));
  if (report.gaps.empty()) {
    page.Paragraph(words.no_gaps);
  } else {
    page.Append(TableHtml(GapTable(report, zone, words)));
  }
}

// What keeps a log and the files from being compared.
void AddRemarks(const LogReport& report, const LogPageWords& words,
                Page& page) {
  std::vector<std::string> remarks;
  if (std::any_of(report.hashes.begin(), report.hashes.end(),
                  [](const HashOfLog& row) { return row.maybe_of_a_check; })) {
    remarks.emplace_back(words.of_checks);
  }
  if (report.num_without_hash > 0) {
    remarks.push_back(
        absl::Substitute(words.without_hash, report.num_without_hash));
  }
  const auto num_differ = std::count_if(
      report.hashes.begin(), report.hashes.end(),
      [&](const HashOfLog& row) { return CountsDiffer(report, row); });
  if (num_differ > 0) {
    remarks.push_back(absl::Substitute(words.differ, num_differ));
  }
  if (!remarks.empty()) page.Notice(absl::StrJoin(remarks, "\n"));
}

}  // namespace

std::string LogPage(const LogReport& report, absl::TimeZone zone,
                    Language language) {
  const LogPageWords& words = LogPageWordsOf(language);
  Page page(words.language, words.title);
  page.Paragraph(
      absl::StrCat(report.path, ": ", CheckLogFormatName(report.log->format)));
  page.Paragraph(absl::Substitute(
      words.summary, HtmlCount(report.log->num_checks),
      HtmlCount(report.hashes.size()), HtmlCount(NumFound(report)),
      HtmlCount(report.exports.size())));
  page.Notice(words.not_contacts);
  AddHeard(report, words, page);
  AddChecks(report, zone, words, page);
  page.Heading(words.which);
  AddRemarks(report, words, page);
  page.Append(TableHtml(HashesTable(report, words)));
  if (const PageTable rest = NotInLogTable(report, words); !rest.rows.empty()) {
    page.Append(TableHtml(rest));
  }
  return std::move(page).Finish();
}

}  // namespace tekmatch
