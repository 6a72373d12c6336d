// Plan:
//   1. the words of each language, in one place;
//   2. the numbers of plots: keys by day, and by a whole number;
//   3. a table of authorities and one of files;
//   4. the page: what was not checked or not read; who publishes; the plots;
//      and last the files, which may be very many.
// Exports may be hostile, and claim any time and any text. A far date must not
// make a plot of endless empty bars; tools/page escapes the texts.
#include "tools/report/export_page.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/substitute.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "keyformat/diagnosis_key.h"
#include "tools/page/html.h"
#include "tools/page/page.h"
#include "tools/page/plots.h"

namespace tekmatch {
namespace {

// Of the plot of ages. Keys are at most 14 days old in what servers publish.
// The plot has room for twice that; whatever is older is one bar.
constexpr int64_t kMostDaysLate = 30;

struct Words {
  absl::string_view language;
  absl::string_view title;
  absl::string_view summary;  // files, new, repeated, revised, rejected keys
  absl::string_view not_checked;
  absl::string_view not_read;  // how many files
  absl::string_view authorities;
  absl::string_view files;
  absl::string_view plots;
  absl::string_view file;
  absl::string_view region;
  absl::string_view key_ids;
  absl::string_view from;
  absl::string_view to;
  absl::string_view batch;
  absl::string_view keys;
  absl::string_view new_keys;
  absl::string_view repeated;
  absl::string_view revised;
  absl::string_view rejected;
  absl::string_view signature;
  absl::string_view is_signed;
  absl::string_view is_unsigned;
  absl::string_view absent;
  absl::string_view numbers;
  absl::string_view nothing;
  absl::string_view key_day;
  absl::string_view by_type;
  absl::string_view by_type_is;
  absl::string_view by_risk;
  absl::string_view by_risk_is;
  absl::string_view risk;
  absl::string_view age;
  absl::string_view age_title;
  absl::string_view age_is;
  absl::string_view onset;
  absl::string_view onset_title;
  absl::string_view onset_is;
  absl::string_view source;  // how many files
};

constexpr Words kEnglish = {
    .language = "en",
    .title = "What these exports hold",
    .summary = "$0 files: $1 new keys, $2 repeated, $3 revised, $4 rejected.",
    .not_checked =
        "No signature was checked here: whoever signed a file, it is shown as "
        "what it says that it is.",
    .not_read = "Files that could not be read, and are not counted: $0",
    .authorities = "By authority",
    .files = "Files",
    .plots = "Plots",
    .file = "File",
    .region = "Region",
    .key_ids = "Key ids",
    .from = "From (UTC)",
    .to = "To (UTC)",
    .batch = "Batch",
    .keys = "Keys",
    .new_keys = "New",
    .repeated = "Repeated",
    .revised = "Revised",
    .rejected = "Rejected",
    .signature = "Signature",
    .is_signed = "present, not checked",
    .is_unsigned = "none",
    .absent = "absent",
    .numbers = "The numbers",
    .nothing = "No key has it.",
    .key_day = "Key day",
    .by_type = "New keys by key day and report type",
    .by_type_is =
        "The day (UTC) on which a key was in use, and how its owner's "
        "infection was found. A key counts where it is first met.",
    .by_risk = "New keys by key day and transmission risk",
    .by_risk_is =
        "The same keys by transmission risk level, which older exports have "
        "in place of a report type.",
    .risk = "risk $0",
    .age = "Days",
    .age_title = "New keys by age at publication",
    .age_is =
        "Days from the day of a key to that on which its export ends: how "
        "late people could be warned.",
    .onset = "Days",
    .onset_title = "New keys by days since onset of symptoms",
    .onset_is =
        "How many days after the first symptoms (or the test) a key was in "
        "use; before it, where the number is negative.",
    .source = "$0 export files; days in UTC.",
};

constexpr Words kJapanese = {
    .language = "ja",
    .title = "エクスポートの内容",
    .summary = "ファイル $0 件：新規キー $1、重複 $2、改訂 $3、不採用 $4。",
    .not_checked =
        "署名は検証していません。ファイルに書かれているとおりに示します。",
    .not_read = "読み取れず、集計していないファイル：$0 件",
    .authorities = "発行者別",
    .files = "ファイル",
    .plots = "グラフ",
    .file = "ファイル",
    .region = "地域",
    .key_ids = "署名鍵ID",
    .from = "開始（UTC）",
    .to = "終了（UTC）",
    .batch = "バッチ",
    .keys = "キー",
    .new_keys = "新規",
    .repeated = "重複",
    .revised = "改訂",
    .rejected = "不採用",
    .signature = "署名",
    .is_signed = "あり（未検証）",
    .is_unsigned = "なし",
    .absent = "なし",
    .numbers = "数値",
    .nothing = "該当するキーはありません。",
    .key_day = "キーの日付",
    .by_type = "キーの日付と報告種別ごとの新規キー数",
    .by_type_is =
        "キーが使われた日（UTC）と、陽性と判定された方法。重複するキーは最初の"
        "1回だけ数えます。",
    .by_risk = "キーの日付と伝播リスクごとの新規キー数",
    .by_risk_is =
        "同じキーを伝播リスクレベル別に示します。古いエクスポートには報告種別が"
        "なく、この値があります。",
    .risk = "リスク $0",
    .age = "日数",
    .age_title = "公開までの日数ごとの新規キー数",
    .age_is =
        "キーの日付から、そのエクスポートの終了日までの日数。通知がどれほど"
        "遅れうるかを示します。",
    .onset = "日数",
    .onset_title = "発症日からの日数ごとの新規キー数",
    .onset_is =
        "キーが使われた日が、発症日（または検査日）の何日後か。負の数は発症前"
        "。",
    .source = "エクスポート $0 件。日付は UTC。",
};

PlotText TextOf(absl::string_view id, absl::string_view title,
                absl::string_view description, const Words& words,
                uint64_t num_files) {
  return {.id = std::string(id),
          .title = std::string(title),
          .description = std::string(description),
          .source = absl::Substitute(words.source, num_files),
          .unit = std::string(words.keys),
          .table = std::string(words.numbers),
          .nothing = std::string(words.nothing)};
}

// All days from the first to the last, those without keys, too, unless a
// hostile or strange export makes them more than a page can show: then those
// with keys.
template <typename Value>
std::vector<absl::CivilDay> DaysOf(
    const std::map<std::pair<absl::CivilDay, Value>, uint64_t>& counts) {
  constexpr int kMostDays = 800;
  std::vector<absl::CivilDay> days;
  if (counts.empty()) return days;
  const absl::CivilDay first = counts.begin()->first.first;
  const absl::CivilDay last = counts.rbegin()->first.first;
  if (last - first < kMostDays) {
    for (absl::CivilDay day = first; day <= last; ++day) days.push_back(day);
    return days;
  }
  for (const auto& [key, count] : counts) {
    if (days.empty() || days.back() != key.first) days.push_back(key.first);
  }
  return days;
}

// Stacked by value, from the least. A plot has kMaxSeries at most: values
// beyond share the last one, whose name lists them.
template <typename Value, typename Name>
BarPlot ByDayPlot(
    PlotText text, absl::string_view category,
    const std::map<std::pair<absl::CivilDay, Value>, uint64_t>& counts,
    Name name) {
  BarPlot plot{.text = std::move(text), .category = std::string(category)};
  const std::vector<absl::CivilDay> days = DaysOf(counts);
  std::set<Value> values;
  for (const auto& [key, count] : counts) values.insert(key.second);
  std::map<Value, size_t> series_of;
  for (const Value& value : values) {
    const size_t series = std::min(series_of.size(), kMaxSeries - 1);
    series_of[value] = series;
    if (series == plot.series.size()) {
      plot.series.push_back(
          {.name = name(value), .values = std::vector<uint64_t>(days.size())});
    } else {
      absl::StrAppend(&plot.series[series].name, ", ", name(value));
    }
  }
  for (const absl::CivilDay day : days) {
    plot.categories.push_back(absl::FormatCivilTime(day));
  }
  for (const auto& [key, count] : counts) {
    const auto place = std::lower_bound(days.begin(), days.end(), key.first);
    plot.series[series_of[key.second]]
        .values[static_cast<size_t>(place - days.begin())] += count;
  }
  return plot;
}

// One series over whole numbers from `least` or the least that occurs, to
// `most` or the largest; those beyond either are one bar at its end. Without
// these bounds an export with a far end time would make a bar for every day up
// to it.
BarPlot ByNumberPlot(PlotText text, absl::string_view category,
                     const std::map<int64_t, uint64_t>& counts, int64_t least,
                     int64_t most) {
  BarPlot plot{.text = std::move(text), .category = std::string(category)};
  Series series{.name = plot.text.unit};
  if (!counts.empty()) {
    const int64_t from = std::max(counts.begin()->first, least - 1);
    const int64_t to = std::min(counts.rbegin()->first, most + 1);
    for (int64_t n = from; n <= to; ++n) {
      plot.categories.push_back(n < least  ? absl::StrCat("< ", least)
                                : n > most ? absl::StrCat("> ", most)
                                           : absl::StrCat(n));
    }
    series.values.resize(plot.categories.size());
    for (const auto& [n, count] : counts) {
      series.values[static_cast<size_t>(std::clamp(n, from, to) - from)] +=
          count;
    }
  }
  plot.series.push_back(std::move(series));
  return plot;
}

std::string OrAbsent(absl::string_view text, const Words& words) {
  return std::string(text.empty() ? words.absent : text);
}

PageTable AuthorityTable(const ExportTotals& totals, const Words& words) {
  PageTable table{
      .caption = std::string(words.authorities),
      .header = {std::string(words.region), std::string(words.key_ids),
                 std::string(words.files), std::string(words.new_keys),
                 std::string(words.repeated), std::string(words.revised),
                 std::string(words.rejected)},
      .num_text_columns = 2};
  for (const auto& [authority, counts] : totals.by_authority()) {
    table.rows.push_back(
        {OrAbsent(authority.region, words),
         OrAbsent(absl::StrJoin(authority.key_ids, ", "), words),
         HtmlCount(counts.files), HtmlCount(counts.new_keys),
         HtmlCount(counts.repeated_keys), HtmlCount(counts.revised_keys),
         HtmlCount(counts.rejected_keys)});
  }
  return table;
}

// "2020-05-31 12:00", or what stands for a time that is none. An export may
// claim any 64-bit number; one beyond the year 9999 is shown as it is.
std::string UtcTime(uint64_t unix_seconds, const Words& words) {
  constexpr uint64_t kYear9999 = 253402300799;
  if (unix_seconds == 0) return std::string(words.absent);
  if (unix_seconds > kYear9999) return absl::StrCat(unix_seconds);
  return absl::FormatTime(
      "%Y-%m-%d %H:%M",
      absl::FromUnixSeconds(static_cast<int64_t>(unix_seconds)),
      absl::UTCTimeZone());
}

PageTable FileTable(const std::vector<ExportFileResult>& files,
                    const Words& words) {
  PageTable table{
      .caption = std::string(words.files),
      .header = {std::string(words.file), std::string(words.region),
                 std::string(words.from), std::string(words.to),
                 std::string(words.batch), std::string(words.signature),
                 "SHA-256", std::string(words.keys), std::string(words.revised),
                 std::string(words.rejected)},
      .num_text_columns = 7};
  for (const ExportFileResult& file : files) {
    // A notice above tells of it; its numbers would be those of a part.
    if (!file.is_whole()) continue;
    const ExportMetadata& metadata = file.report.metadata;
    const absl::string_view sha256(
        reinterpret_cast<const char*>(file.report.digests.sha256.data()),
        file.report.digests.sha256.size());
    table.rows.push_back(
        {file.path, OrAbsent(metadata.region, words),
         UtcTime(metadata.start_timestamp, words),
         UtcTime(metadata.end_timestamp, words),
         absl::StrCat(metadata.batch_num, "/", metadata.batch_size),
         std::string(IsUnsigned(file.report.signature.verdict)
                         ? words.is_unsigned
                         : words.is_signed),
         // Enough to tell files apart; the text and the JSON have all of it.
         absl::BytesToHexString(sha256.substr(0, 6)),
         HtmlCount(file.report.counts.keys),
         HtmlCount(file.report.counts.revised_keys),
         HtmlCount(file.report.counts.num_rejected())});
  }
  return table;
}

// Those that are known. How many are not, a plot of nothing else does not say.
std::map<int64_t, uint64_t> Known(
    const std::map<std::optional<int>, uint64_t>& counts) {
  std::map<int64_t, uint64_t> known;
  for (const auto& [value, count] : counts) {
    if (value.has_value()) known[*value] = count;
  }
  return known;
}

// Whether any key has the value that a map counts by.
template <typename Value>
bool AnyHas(const std::map<std::pair<absl::CivilDay, std::optional<Value>>,
                           uint64_t>& counts) {
  return std::any_of(counts.begin(), counts.end(), [](const auto& entry) {
    return entry.first.second.has_value();
  });
}

}  // namespace

std::string ExportPage(const std::vector<ExportFileResult>& files,
                       const ExportTotals& totals, Language language) {
  const Words& words = language == Language::kJapanese ? kJapanese : kEnglish;
  const PublishedCounts all = totals.All();
  const auto named = [&](const auto& value) {
    return value.has_value() ? ValueText(value) : std::string(words.absent);
  };
  const auto risk_named = [&](const std::optional<int>& risk) {
    return risk.has_value() ? absl::Substitute(words.risk, *risk)
                            : std::string(words.absent);
  };

  Page page(words.language, words.title);
  page.Notice(words.not_checked);
  page.Paragraph(absl::Substitute(
      words.summary, HtmlCount(all.files), HtmlCount(all.new_keys),
      HtmlCount(all.repeated_keys), HtmlCount(all.revised_keys),
      HtmlCount(all.rejected_keys)));
  // Above all numbers, since they would else seem to be of all files.
  std::string not_read;
  uint64_t num_not_read = 0;
  for (const ExportFileResult& file : files) {
    if (file.is_whole()) continue;
    ++num_not_read;
    absl::StrAppend(&not_read, "\n", file.message);
  }
  if (num_not_read > 0) {
    page.Notice(
        absl::StrCat(absl::Substitute(words.not_read, num_not_read), not_read));
  }
  page.Heading(words.authorities);
  page.Append(TableHtml(AuthorityTable(totals, words)));

  page.Heading(words.plots);
  // Old exports have a transmission risk, newer ones a report type. A plot of
  // what no key has would say nothing; without either, the one by type still
  // shows the keys of each day.
  const bool has_types = AnyHas(all.by_day_and_type);
  if (has_types || !AnyHas(all.by_day_and_risk)) {
    page.Append(BarFigure(ByDayPlot(
        TextOf("by-type", words.by_type, words.by_type_is, words, all.files),
        words.key_day, all.by_day_and_type, named)));
  }
  if (AnyHas(all.by_day_and_risk)) {
    page.Append(BarFigure(ByDayPlot(
        TextOf("by-risk", words.by_risk, words.by_risk_is, words, all.files),
        words.key_day, all.by_day_and_risk, risk_named)));
  }
  page.Append(BarFigure(ByNumberPlot(
      TextOf("by-age", words.age_title, words.age_is, words, all.files),
      words.age, all.by_age, 0, kMostDaysLate)));
  page.Append(BarFigure(ByNumberPlot(
      TextOf("by-onset", words.onset_title, words.onset_is, words, all.files),
      words.onset, Known(all.by_days_since_onset), -kMaxDaysSinceOnset,
      kMaxDaysSinceOnset)));

  page.Heading(words.files);
  page.Append(TableHtml(FileTable(files, words)));
  return std::move(page).Finish();
}

}  // namespace tekmatch
