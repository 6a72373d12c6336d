// Plan:
//   1. the words of each language, in one place;
//   2. when the phone checked: by day and hour, files by day, gaps;
//   3. what it heard: keys by key day, and the hashes with a match;
//   4. all hashes, and the exports that the log does not have;
//   5. the page: the answer first, then what it rests on.
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
#include "tools/files/hex.h"
#include "tools/page/html.h"
#include "tools/page/page.h"
#include "tools/page/plots.h"

namespace tekmatch {
namespace {

constexpr int kHours = 24;

struct Words {
  absl::string_view language;
  absl::string_view title;
  absl::string_view summary;  // checks, hashes, found, exports given
  absl::string_view from_to;  // first and last check, zone
  absl::string_view not_contacts;
  absl::string_view saw;
  absl::string_view saw_nothing;
  absl::string_view says_nothing;
  absl::string_view heard;
  absl::string_view keys_heard;
  absl::string_view meaning;
  absl::string_view on_the_day;
  absl::string_view several_days;
  absl::string_view of_no_file;
  absl::string_view not_here;
  absl::string_view by_key_day;
  absl::string_view by_key_day_is;
  absl::string_view by_key_day_from;
  absl::string_view no_key_day;
  absl::string_view key_day;
  absl::string_view keys;
  absl::string_view when;
  absl::string_view no_times;
  absl::string_view heat;
  absl::string_view heat_is;
  absl::string_view checks;
  absl::string_view num_checks;
  absl::string_view day;
  absl::string_view source;      // zone
  absl::string_view source_cut;  // zone, days
  absl::string_view given;
  absl::string_view given_is;
  absl::string_view files;
  absl::string_view with_match;
  absl::string_view without_match;
  absl::string_view not_noted;
  absl::string_view gaps;
  absl::string_view no_gaps;
  absl::string_view from;
  absl::string_view to;
  absl::string_view hours;
  absl::string_view which;
  absl::string_view of_checks;
  absl::string_view without_hash;  // entries
  absl::string_view differ;        // hashes
  absl::string_view hashes;
  absl::string_view hash;
  absl::string_view first;
  absl::string_view last;
  absl::string_view key_days;
  absl::string_view file;
  absl::string_view counts;
  absl::string_view agree;
  absl::string_view do_not_agree;
  absl::string_view keys_logged;
  absl::string_view keys_in_file;
  absl::string_view matches_logged;
  absl::string_view matches_found;
  absl::string_view not_in_log;
  absl::string_view numbers;
};

constexpr Words kEnglish = {
    .language = "en",
    .title = "What a phone noted of its checks",
    .summary =
        "$0 checks, with $1 different files by their hashes; of these $2 are "
        "among the $3 exports given here.",
    .from_to = "First check $0, last check $1 ($2).",
    .not_contacts = "Times are those of checks, not of contacts.",
    .saw = "What did the phone hear?",
    .saw_nothing = "The phone noted no match.",
    .says_nothing =
        "The log does not say in which files there was a match: iPhones leave "
        "that out from version 2 of the interface on.",
    .heard = "Files with a match",
    .keys_heard = "Keys heard",
    .meaning = "Which days",
    .on_the_day = "$0 UTC; in Japan 09:00 to 09:00 of the next day",
    .several_days = "$0 UTC; which of them, the log does not say",
    .of_no_file = "the hash is of a check, not of a file",
    .not_here = "unknown: the file is not here",
    .by_key_day = "Keys heard by key day",
    .by_key_day_is =
        "For files that hold the keys of one day, as COCOA's do: the day on "
        "which the phone heard them, and how many, by the log. A key that "
        "stands in two files counts in both.",
    .by_key_day_from = "Log of exposure checks, and exports; days in UTC.",
    .no_key_day =
        "No file with a match is here, or none that holds the keys of one day.",
    .key_day = "Key day",
    .keys = "keys",
    .when = "When did it check?",
    .no_times =
        "The log has no times that can be compared. Android writes them as "
        "text in the phone's language, without a zone.",
    .heat = "Checks by day and hour",
    .heat_is =
        "When the phone compared published keys with what it had heard. A "
        "phone checks at least once a day.",
    .checks = "checks",
    .num_checks = "Checks",
    .day = "Day",
    .source = "Log of exposure checks; days and hours of $0.",
    .source_cut =
        "Log of exposure checks, of the newest $1 days; days and hours of $0.",
    .given = "Files in the checks of each day",
    .given_is =
        "How many files the phone compared in all checks of a day. The same "
        "file counts in each check.",
    .files = "files",
    .with_match = "with a match",
    .without_match = "without",
    .not_noted = "not noted",
    .gaps = "More than 36 hours between two checks",
    .no_gaps = "No two checks are more than 36 hours apart.",
    .from = "From",
    .to = "To",
    .hours = "Hours",
    .which = "Which files were they?",
    .of_checks =
        "Each check has one hash, and none comes twice: from its version 1.8 "
        "on Android notes one for all files of a check. Such a hash is found "
        "in no file.",
    .without_hash = "Entries without a hash: $0.",
    .differ = "Hashes whose counts in the log and here differ: $0.",
    .hashes = "Hashes of the log",
    .hash = "Hash",
    .first = "First check",
    .last = "Last check",
    .key_days = "Key days (UTC)",
    .file = "File",
    .counts = "Counts",
    .agree = "agree",
    .do_not_agree = "differ",
    .keys_logged = "Keys (log)",
    .keys_in_file = "Keys (file)",
    .matches_logged = "Matches (log)",
    .matches_found = "Matches (here)",
    .not_in_log = "Exports that the log does not have",
    .numbers = "The numbers",
};

constexpr Words kJapanese = {
    .language = "ja",
    .title = "接触チェックの記録",
    .summary =
        "チェック $0 回、ハッシュの異なるファイル $1 件。うち $2 件は、渡された"
        "エクスポート $3 件の中にあります。",
    .from_to = "最初のチェック $0、最後のチェック $1（$2）。",
    .not_contacts = "時刻はチェックの時刻で、接触の時刻ではありません。",
    .saw = "端末は何を受信していたか",
    .saw_nothing = "一致の記録はありません。",
    .says_nothing =
        "どのファイルに一致があったかは記録されていません。iPhone は"
        "インターフェースのバージョン2以降、一致を記録しません。",
    .heard = "一致のあったファイル",
    .keys_heard = "一致したキー",
    .meaning = "該当する日",
    .on_the_day = "$0 UTC（日本時間では9:00から翌日の9:00まで）",
    .several_days = "$0 UTC（どの日かは記録から分かりません）",
    .of_no_file = "ファイルではなくチェックのハッシュ",
    .not_here = "不明（ファイルがありません）",
    .by_key_day = "キーの日付ごとの一致したキー数",
    .by_key_day_is =
        "COCOA のように1日分のキーを収めたファイルについて、端末がキーを受信し"
        "た日と、記録にある一致したキーの数。2つのファイルにあるキーは両方で数"
        "えます。",
    .by_key_day_from = "接触チェックの記録とエクスポート。日付は UTC。",
    .no_key_day =
        "一致のあったファイルが渡されていないか、1日分のキーを収めたものがあり"
        "ません。",
    .key_day = "キーの日付",
    .keys = "キー",
    .when = "いつチェックしたか",
    .no_times =
        "比較できる時刻がありません。Android は端末の言語で、時間帯のない文字列"
        "として記録します。",
    .heat = "日と時間帯ごとのチェック回数",
    .heat_is =
        "公開されたキーを受信記録と照合した時刻。端末は少なくとも1日1回チェック"
        "します。",
    .checks = "回",
    .num_checks = "チェック",
    .day = "日付",
    .source = "接触チェックの記録。日付と時刻は $0。",
    .source_cut = "接触チェックの記録、最近の $1 日分。日付と時刻は $0。",
    .given = "日ごとのファイル数",
    .given_is =
        "その日のすべてのチェックで照合したファイルの数。同じファイルもチェック"
        "ごとに数えます。",
    .files = "ファイル",
    .with_match = "一致あり",
    .without_match = "一致なし",
    .not_noted = "記録なし",
    .gaps = "チェックの間隔が36時間を超えた期間",
    .no_gaps = "36時間を超えた間隔はありません。",
    .from = "開始",
    .to = "終了",
    .hours = "時間",
    .which = "どのファイルか",
    .of_checks =
        "各チェックのハッシュは1つで、同じものは2度現れません。Android はバージ"
        "ョン1.8以降、1回のチェックの全ファイルについて1つのハッシュを記録しま"
        "す。そのハッシュをもつファイルはありません。",
    .without_hash = "ハッシュのない項目：$0 件。",
    .differ = "記録とファイルとで数が異なるハッシュ：$0 件。",
    .hashes = "記録にあるハッシュ",
    .hash = "ハッシュ",
    .first = "最初のチェック",
    .last = "最後のチェック",
    .key_days = "キーの日付（UTC）",
    .file = "ファイル",
    .counts = "数の比較",
    .agree = "一致",
    .do_not_agree = "相違",
    .keys_logged = "キー（記録）",
    .keys_in_file = "キー（ファイル）",
    .matches_logged = "一致（記録）",
    .matches_found = "一致（照合）",
    .not_in_log = "記録にないエクスポート",
    .numbers = "数値",
};

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
                const Words& words) {
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
                         const Words& words) {
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
                        const Words& words) {
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
                   const Words& words) {
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

PageTable HeardTable(const LogReport& report, const Words& words) {
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
std::string KeyDaysFigure(const LogReport& report, const Words& words) {
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
                       const Words& words) {
  const ExportOfLog* file = ExportOf(report, row);
  if (!KeysAgree(row, file).has_value() &&
      !MatchesAgree(row, file).has_value()) {
    return "-";
  }
  return std::string(CountsDiffer(report, row) ? words.do_not_agree
                                               : words.agree);
}

PageTable HashTable(const LogReport& report, const Words& words) {
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

PageTable NotInLogTable(const LogReport& report, const Words& words) {
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

void AddHeard(const LogReport& report, const Words& words, Page& page) {
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

void AddChecks(const LogReport& report, absl::TimeZone zone, const Words& words,
               Page& page) {
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
void AddRemarks(const LogReport& report, const Words& words, Page& page) {
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
  const Words& words = language == Language::kJapanese ? kJapanese : kEnglish;
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
  page.Append(TableHtml(HashTable(report, words)));
  if (const PageTable rest = NotInLogTable(report, words); !rest.rows.empty()) {
    page.Append(TableHtml(rest));
  }
  return std::move(page).Finish();
}

}  // namespace tekmatch
