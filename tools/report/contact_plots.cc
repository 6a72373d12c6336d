// Plan:
//   1. the words of each language, in one place;
//   2. a figure of attenuations for one date;
//   3. the figures over all dates, minutes and scores, which need a
//      configuration's thresholds and weights.
// The page shows 3 before 2: scores answer the question, and the points of each
// date are what they rest on.
#include "tools/report/contact_plots.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/substitute.h"
#include "absl/time/civil_time.h"
#include "matcher/exposure/exposure_window.h"
#include "tools/page/html.h"
#include "tools/page/plots.h"

namespace tekmatch {
namespace {

constexpr size_t kNumBuckets = 4;

struct Words {
  absl::string_view source;  // zone
  absl::string_view numbers;
  absl::string_view nothing;
  absl::string_view day;
  absl::string_view time;
  absl::string_view key;
  absl::string_view numbered_key;  // its number
  absl::string_view decibel;
  absl::string_view attenuation;  // date
  absl::string_view attenuation_is;
  absl::string_view minutes_title;
  absl::string_view minutes_is;
  absl::string_view minutes;
  std::array<absl::string_view, kNumBuckets> buckets;  // thresholds
  absl::string_view score_title;
  absl::string_view score_is;
  absl::string_view score;
  absl::string_view alert;  // score
};

constexpr Words kEnglish = {
    .source = "Matched sightings that count; days and hours of $0.",
    .numbers = "The numbers",
    .nothing = "No contact.",
    .day = "Date",
    .time = "Time",
    .key = "Key",
    .numbered_key = "key $0",
    .decibel = "dB",
    .attenuation = "Attenuation on $0",
    .attenuation_is =
        "How much weaker than sent each sighting was: the smaller, the "
        "nearer, though walls and pockets weaken, too. Colours and numbers "
        "tell different keys apart; one person may have several.",
    .minutes_title = "Minutes by attenuation",
    .minutes_is =
        "The time of the scans of each date, by the configuration's "
        "thresholds.",
    .minutes = "minutes",
    .buckets = {"immediate (≤ $0 dB)", "near (≤ $1 dB)", "medium (≤ $2 dB)",
                "other"},
    .score_title = "Score of each date",
    .score_is =
        "The sum over a date's exposure windows. A date is alerting when it "
        "reaches the line and the time of its contacts is long enough, too.",
    .score = "score",
    .alert = "alert from $0",
};

constexpr Words kJapanese = {
    .source = "接触と数えた受信記録。日付と時刻は $0。",
    .numbers = "数値",
    .nothing = "接触はありません。",
    .day = "日付",
    .time = "時刻",
    .key = "キー",
    .numbered_key = "キー$0",
    .decibel = "dB",
    .attenuation = "$0 の減衰量",
    .attenuation_is =
        "送信時よりどれだけ弱く届いたか。小さいほど近いと考えられますが、壁や衣"
        "服"
        "でも弱まります。色と番号はキーの違いを示し、1人が複数のキーを持つこと"
        "が"
        "あります。",
    .minutes_title = "減衰量ごとの時間（分）",
    .minutes_is = "日ごとの接触時間を、設定のしきい値で分けたもの。",
    .minutes = "分",
    .buckets = {"至近（$0 dB 以下）", "近距離（$1 dB 以下）",
                "中距離（$2 dB 以下）", "その他"},
    .score_title = "日ごとのスコア",
    .score_is =
        "その日の接触ウィンドウのスコアの合計。線に達し、かつ接触時間も基準に"
        "達した日が通知の対象です。",
    .score = "スコア",
    .alert = "通知の基準 $0",
};

PlotText TextOf(const ContactPlotsInput& input, absl::string_view id,
                absl::string_view title, absl::string_view description,
                absl::string_view unit, const Words& words) {
  return {
      .id = absl::StrCat(input.id, "-", id),
      .title = std::string(title),
      .description = std::string(description),
      .source = absl::Substitute(words.source, std::string(input.zone.name())),
      .unit = std::string(unit),
      .table = std::string(words.numbers),
      .nothing = std::string(words.nothing)};
}

// A number a key, from 1, in the order of their first sightings of a date. It
// stands for the key, which no page shows. Each date counts anew, so that equal
// numbers of two dates say nothing.
class KeyNumbers {
 public:
  size_t Of(const Tek& tek) {
    return numbers_.try_emplace(tek, numbers_.size() + 1).first->second;
  }
  size_t size() const { return numbers_.size(); }

 private:
  std::map<Tek, size_t> numbers_;
};

std::string Attenuations(const ContactPlotsInput& input, absl::CivilDay day,
                         const std::vector<const Match*>& matches,
                         const Words& words) {
  const std::string date = absl::FormatCivilTime(day);
  PointPlot plot{.text = TextOf(input, absl::StrCat("attenuation-", date),
                                absl::Substitute(words.attenuation, date),
                                words.attenuation_is, words.decibel, words)};
  plot.numbers = {.caption = plot.text.title,
                  .header = {std::string(words.time), std::string(words.key),
                             std::string(words.decibel)}};
  KeyNumbers keys;
  for (const Match* match : matches) {
    const absl::CivilSecond time = absl::ToCivilSecond(
        absl::FromUnixSeconds(match->sighting.unix_seconds), input.zone);
    const size_t key = keys.Of(match->tek);
    const std::string clock = absl::StrFormat("%02d:%02d:%02d", time.hour(),
                                              time.minute(), time.second());
    PointPlot::Point point{
        .hour = time.hour() + time.minute() / 60.0 + time.second() / 3600.0,
        .value = static_cast<double>(match->attenuation),
        .series = key - 1};
    point.tip =
        absl::StrCat(clock, ", ", absl::Substitute(words.numbered_key, key),
                     ", ", match->attenuation, " dB");
    plot.points.push_back(std::move(point));
    plot.numbers.rows.push_back(
        {clock, absl::StrCat(key), absl::StrCat(match->attenuation)});
  }
  // Beyond the number of colours a legend would tell nothing apart.
  for (size_t key = 1; keys.size() <= kMaxSeries && key <= keys.size(); ++key) {
    plot.series.push_back(absl::Substitute(words.numbered_key, key));
  }
  if (input.config != nullptr) {
    for (const int threshold :
         input.config->daily_summaries.attenuation_thresholds) {
      plot.thresholds.push_back({.value = static_cast<double>(threshold),
                                 .name = absl::StrCat(threshold, " dB")});
    }
  }
  return PointFigure(plot);
}

std::string Minutes(const ContactPlotsInput& input, const Words& words) {
  const DailySummariesConfig& config = input.config->daily_summaries;
  const auto& thresholds = config.attenuation_thresholds;
  BarPlot plot{.text = TextOf(input, "minutes", words.minutes_title,
                              words.minutes_is, words.minutes, words),
               .category = std::string(words.day)};
  for (const absl::string_view bucket : words.buckets) {
    plot.series.push_back(
        {.name = absl::Substitute(bucket, thresholds[0], thresholds[1],
                                  thresholds[2])});
  }
  std::map<absl::CivilDay, std::array<int64_t, kNumBuckets>> seconds;
  // The same dates as in the figure of scores, also those of no minute.
  for (const DailySummary& day : input.findings->days) seconds[day.date];
  for (const ExposureWindow& window : input.findings->windows) {
    const auto day = seconds.find(WindowDate(window, input.zone));
    if (day == seconds.end()) continue;  // before the dates that are shown
    for (const ScanInstance& scan : window.scans) {
      day->second[AttenuationBucket(scan.typical_attenuation, config)] +=
          scan.seconds_since_last_scan;
    }
  }
  for (const auto& [day, by_bucket] : seconds) {
    plot.categories.push_back(absl::FormatCivilTime(day));
    for (size_t i = 0; i < kNumBuckets; ++i) {
      // Seconds are summed up first: whole minutes of each scan would lose
      // the rest of each.
      plot.series[i].values.push_back(static_cast<uint64_t>(by_bucket[i] / 60));
    }
  }
  return BarFigure(plot);
}

std::string Scores(const ContactPlotsInput& input, const Words& words) {
  BarPlot plot{.text = TextOf(input, "score", words.score_title, words.score_is,
                              words.score, words),
               .category = std::string(words.day),
               .series = {{.name = std::string(words.score)}}};
  for (const DailySummary& day : input.findings->days) {
    plot.categories.push_back(absl::FormatCivilTime(day.date));
    // Down, not to the nearest: a bar must not reach an alert that its score
    // misses.
    plot.series[0].values.push_back(
        static_cast<uint64_t>(std::floor(day.all.score_sum)));
  }
  const double alert = input.config->alert.score_sum;
  if (alert > 0) {
    plot.mark =
        BarPlot::Mark{.value = alert,
                      .name = absl::Substitute(words.alert, SvgNumber(alert))};
  }
  return BarFigure(plot);
}

}  // namespace

std::string ContactPlots(const ContactPlotsInput& input) {
  const Words& words =
      input.language == Language::kJapanese ? kJapanese : kEnglish;
  std::string html;
  if (input.findings != nullptr) {
    absl::StrAppend(&html, Scores(input, words), Minutes(input, words));
  }
  std::map<absl::CivilDay, std::vector<const Match*>> by_day;
  for (const Match& match : input.matches) {
    by_day[absl::ToCivilDay(absl::FromUnixSeconds(match.sighting.unix_seconds),
                            input.zone)]
        .push_back(&match);
  }
  for (auto& [day, matches] : by_day) {
    // Matches of one second keep their order: a page of the same run has the
    // same bytes.
    std::stable_sort(
        matches.begin(), matches.end(), [](const Match* a, const Match* b) {
          return a->sighting.unix_seconds < b->sighting.unix_seconds;
        });
    html += Attenuations(input, day, matches, words);
  }
  return html;
}

}  // namespace tekmatch
