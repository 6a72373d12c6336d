// Plan: the words of each language; the score of each date as a plot; a table
// of both summaries; the page. The file may be anybody's: a sum may be any
// number, and a date any day, so that only dates that occur have a bar.
#include "tools/commands/cmd_log_cocoa_page.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/substitute.h"
#include "absl/time/civil_time.h"
#include "tools/commands/cmd_log_cocoa_output.h"
#include "tools/page/html.h"
#include "tools/page/page.h"
#include "tools/page/plots.h"

namespace tekmatch {
namespace {

struct Words {
  absl::string_view language;
  absl::string_view title;
  absl::string_view phone;    // platform, version
  absl::string_view unknown;  // of either
  absl::string_view summary;  // windows, not reported, weights
  absl::string_view is;
  absl::string_view days;
  absl::string_view no_day;
  absl::string_view date;
  absl::string_view verdict;
  absl::string_view agrees;
  absl::string_view differs;
  absl::string_view no_summary;
  absl::string_view no_windows;
  absl::string_view windows;
  absl::string_view maximum;
  absl::string_view sum;
  absl::string_view weighted;
  absl::string_view again;  // of one of the three
  absl::string_view score_title;
  absl::string_view score_is;
  absl::string_view score;
  absl::string_view source;
  absl::string_view numbers;
  absl::string_view nothing;
};

constexpr Words kEnglish = {
    .language = "en",
    .title = "What COCOA kept of contacts",
    .phone = "Platform: $0. App: $1.",
    .unknown = "unknown",
    .summary =
        "Exposure windows: $0, of which $1 are of a kind that makes no "
        "summary. Weights: $2.",
    .is =
        "The file holds no sightings. Here are the phone's daily summaries, "
        "beside those made again out of its windows. Dates are UTC's.",
    .days = "Daily summaries",
    .no_day = "No day has a summary or a window.",
    .date = "Date",
    .verdict = "Verdict",
    .agrees = "agrees",
    .differs = "differs",
    .no_summary = "the phone has no summary",
    .no_windows = "there are no windows",
    .windows = "Windows",
    .maximum = "Maximum",
    .sum = "Sum",
    .weighted = "Weighted seconds",
    .again = "$0, again",
    .score_title = "Score of each date",
    .score_is =
        "The sum of the scores of a date's windows, by the phone; where it has "
        "no summary, as made again here. Fractions are cut off.",
    .score = "score",
    .source = "COCOA's exposure data; dates of UTC.",
    .numbers = "The numbers",
    .nothing = "No date has a score.",
};

constexpr Words kJapanese = {
    .language = "ja",
    .title = "COCOA に残された接触の記録",
    .phone = "プラットフォーム：$0。アプリ：$1。",
    .unknown = "不明",
    .summary =
        "エクスポージャー・ウィンドウ $0 件（うち $1 件は日ごとの集計に含まれな"
        "い種類）。重み：$2。",
    .is =
        "このファイルに受信記録はありません。端末による日ごとの集計と、ウィンド"
        "ウから計算し直した集計を並べて示します。日付は UTC です。",
    .days = "日ごとの集計",
    .no_day = "集計もウィンドウもありません。",
    .date = "日付",
    .verdict = "判定",
    .agrees = "一致",
    .differs = "相違",
    .no_summary = "端末の集計なし",
    .no_windows = "ウィンドウなし",
    .windows = "ウィンドウ",
    .maximum = "最大",
    .sum = "合計",
    .weighted = "加重時間（秒）",
    .again = "$0（再計算）",
    .score_title = "日ごとのスコア",
    .score_is =
        "その日のウィンドウのスコアの合計。端末の集計がない日は、ここで計算し直"
        "した値。小数点以下は切り捨て。",
    .score = "スコア",
    .source = "COCOA の接触データ。日付は UTC。",
    .numbers = "数値",
    .nothing = "スコアのある日はありません。",
};

// The sum that the plot shows, whole: what a hostile file claims beyond, or
// below zero, is drawn at the edge, and the table has it as it stands.
uint64_t WholeScore(const CocoaDay& day) {
  constexpr double kMost = 1e12;
  const double score = day.logged.has_value() ? day.logged->score_sum
                       : day.made.has_value() ? day.made->all.score_sum
                                              : 0;
  return std::isnan(score)
             ? 0
             : static_cast<uint64_t>(std::floor(std::clamp(score, 0.0, kMost)));
}

std::string ScoreFigure(const CocoaLog& log, const Words& words) {
  BarPlot plot{.text = {.id = "score",
                        .title = std::string(words.score_title),
                        .description = std::string(words.score_is),
                        .source = std::string(words.source),
                        .unit = std::string(words.score),
                        .table = std::string(words.numbers),
                        .nothing = std::string(words.nothing)},
               .category = std::string(words.date),
               .series = {{.name = std::string(words.score)}}};
  for (const CocoaDay& day : log.days) {
    plot.categories.push_back(absl::FormatCivilTime(day.date));
    plot.series[0].values.push_back(WholeScore(day));
  }
  return BarFigure(plot);
}

absl::string_view VerdictWords(const CocoaDay& day, const Words& words) {
  const std::string verdict = CocoaVerdict(day);
  return verdict == "agrees"       ? words.agrees
         : verdict == "differs"    ? words.differs
         : verdict == "no_summary" ? words.no_summary
                                   : words.no_windows;
}

PageTable DayTable(const CocoaLog& log, const Words& words) {
  const auto again = [&](absl::string_view what) {
    return absl::Substitute(words.again, what);
  };
  PageTable table{
      .caption = std::string(words.days),
      .header = {std::string(words.date), std::string(words.verdict),
                 std::string(words.windows), std::string(words.maximum),
                 again(words.maximum), std::string(words.sum), again(words.sum),
                 std::string(words.weighted), again(words.weighted)},
      .num_text_columns = 2};
  for (const CocoaDay& day : log.days) {
    using Data = ExposureSummaryData;
    const auto of_phone = [&](double Data::*number) {
      return CocoaScore(day.logged.has_value()
                            ? std::optional<double>((*day.logged).*number)
                            : std::nullopt);
    };
    const auto of_windows = [&](double Data::*number) {
      return CocoaScore(day.made.has_value()
                            ? std::optional<double>(day.made->all.*number)
                            : std::nullopt);
    };
    table.rows.push_back(
        {absl::FormatCivilTime(day.date), std::string(VerdictWords(day, words)),
         HtmlCount(day.made.has_value()
                       ? static_cast<uint64_t>(day.made->num_windows)
                       : 0),
         of_phone(&Data::maximum_score), of_windows(&Data::maximum_score),
         of_phone(&Data::score_sum), of_windows(&Data::score_sum),
         of_phone(&Data::weighted_duration_sum),
         of_windows(&Data::weighted_duration_sum)});
  }
  return table;
}

}  // namespace

std::string CocoaLogPage(const CocoaLog& log, const std::string& path,
                         Language language) {
  const Words& words = language == Language::kJapanese ? kJapanese : kEnglish;
  const auto or_unknown = [&](const std::string& text) {
    return text.empty() ? std::string(words.unknown) : text;
  };
  Page page(words.language, words.title);
  page.Paragraph(path);
  page.Paragraph(absl::Substitute(words.phone, or_unknown(log.platform),
                                  or_unknown(log.app_version)));
  page.Paragraph(absl::Substitute(words.summary, HtmlCount(log.num_windows),
                                  HtmlCount(log.num_not_reported), log.config));
  page.Notice(words.is);
  page.Heading(words.days);
  if (log.days.empty()) {
    page.Paragraph(words.no_day);
  } else {
    page.Append(ScoreFigure(log, words));
    page.Append(TableHtml(DayTable(log, words)));
  }
  return std::move(page).Finish();
}

}  // namespace tekmatch
