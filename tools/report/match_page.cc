// Plan:
//   1. the words of each language, in one place;
//   2. tables: what was left out, dates, authorities, files;
//   3. the answer of a device, and how sure it is;
//   4. the page, in the order in which a person asks: the answer first, then
//      what it rests on.
// Dates and counts are all that it says of contacts, unless show_contacts is
// set: clock times tell where somebody was, and a page is easily passed on.
#include "tools/report/match_page.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/substitute.h"
#include "absl/time/civil_time.h"
#include "matcher/exposure/match_counts.h"
#include "tools/page/html.h"
#include "tools/page/page.h"
#include "tools/page/plots.h"
#include "tools/report/contact_plots.h"
#include "tools/report/match_sources.h"
#include "tools/report/notice.h"
#include "tools/report/run_remarks.h"
#include "tools/report/sightings_plots.h"
#include "tools/report/store_report.h"

namespace tekmatch {
namespace {

struct Words {
  absl::string_view language;
  absl::string_view title;
  absl::string_view answer;
  absl::string_view device;  // its number
  absl::string_view nothing_matched;
  absl::string_view dates;  // zone
  absl::string_view date;
  absl::string_view keys;
  absl::string_view sightings;
  absl::string_view sure;
  absl::string_view rests_on;  // keys, files, sightings, compared
  absl::string_view all_signed;
  absl::string_view not_all_signed;
  absl::string_view nothing_left_out;
  absl::string_view publishers;
  absl::string_view region;
  absl::string_view key_ids;
  absl::string_view nobody;
  absl::string_view files;
  absl::string_view file;
  absl::string_view verdict;
  absl::string_view reason;
  absl::string_view left_out;
  absl::string_view left_out_is;
  absl::string_view what;
  absl::string_view count;
  absl::string_view contacts;
  absl::string_view contact_data;
  absl::string_view heard;
};

constexpr Words kEnglish = {
    .language = "en",
    .title = "Contacts by published keys",
    .answer = "Was I in contact?",
    .device = "Device $0",
    .nothing_matched = "No key matched a sighting.",
    .dates = "Dates of contact ($0)",
    .date = "Date",
    .keys = "Keys",
    .sightings = "Sightings",
    .sure = "How sure is that?",
    .rests_on =
        "The answer rests on $0 keys of $1 files, of which $2 were in use "
        "near a sighting, and on $3 sightings.",
    .all_signed = "Every file that counts is signed by a trusted key.",
    .not_all_signed =
        "Not every file that counts is signed by a trusted key: its keys "
        "anybody could have made up.",
    .nothing_left_out = "Nothing that was given was left out.",
    .publishers = "Who published it?",
    .region = "Region",
    .key_ids = "Signed by",
    .nobody = "nobody trusted",
    .files = "Files",
    .file = "File",
    .verdict = "Verdict",
    .reason = "Reason",
    .left_out = "What was left out, and why?",
    .left_out_is =
        "Counts of what was given and does not count. Reasons of the policy "
        "stand here where they had a case.",
    .what = "What",
    .count = "Count",
    .contacts = "The contacts",
    .contact_data =
        "This part is contact data: with clock times it tells where and with "
        "whom you were. Think before you pass it on.",
    .heard = "What did the phone hear?",
};

constexpr Words kJapanese = {
    .language = "ja",
    .title = "公開されたキーとの接触",
    .answer = "接触はあったか",
    .device = "端末 $0",
    .nothing_matched = "一致した受信記録はありません。",
    .dates = "接触のあった日（$0）",
    .date = "日付",
    .keys = "キー",
    .sightings = "受信回数",
    .sure = "どれほど確かか",
    .rests_on =
        "$1 件のファイルのキー $0 個（うち受信記録の時間帯に使われたもの $2 "
        "個）"
        "と、受信記録 $3 件に基づきます。",
    .all_signed = "数えたファイルはすべて、信頼する鍵で署名されています。",
    .not_all_signed =
        "信頼する鍵で署名されていないファイルを含みます。そのキーは誰でも作れた"
        "可能性があります。",
    .nothing_left_out = "渡されたものはすべて比較しました。",
    .publishers = "誰が公開したか",
    .region = "地域",
    .key_ids = "署名鍵",
    .nobody = "信頼する署名なし",
    .files = "ファイル",
    .file = "ファイル",
    .verdict = "判定",
    .reason = "理由",
    .left_out = "除いたものとその理由",
    .left_out_is =
        "渡されたもののうち、数えなかったものの件数。送信期間の方針による理由は"
        "、"
        "該当するものだけを示します。",
    .what = "内容",
    .count = "件数",
    .contacts = "接触の詳細",
    .contact_data =
        "この部分は接触データです。時刻から、どこで誰といたかが分かることが"
        "あります。他人に渡す前によく考えてください。",
    .heard = "端末の受信記録",
};

// What does not count, in the order of the run, with its name in both
// languages. The names stand beside the counts, not in Words, so that a new
// rule cannot be named in one language only. A rule without a case keeps its
// row: 0 says that it was applied.
struct Dropped {
  absl::string_view english;
  absl::string_view japanese;
  uint64_t count;
};

std::vector<Dropped> DroppedOf(const RunAccount& account) {
  const ExposureCheckResult& run = account.run;
  const LeftOut left_out = CountLeftOut(account);
  return {
      {"Files that were refused, or compared in part",
       "採用しなかった、または一部しか比較できなかったファイル",
       left_out.files},
      {"Keys that are no legal ones", "形式の誤ったキー", left_out.keys},
      {"Malformed sightings", "形式の誤った受信記録", left_out.sightings},
      {"Lost parts of a store of sightings", "失われた受信記録の部分",
       left_out.losses},
      {"Sightings that stand in several stores, counted once",
       "重複する受信記録（1回と数えた）", account.sightings.num_repeated},
      {"Own keys of the owner", "本人のキー", run.num_own_keys},
      {"Matches of an own key", "本人のキーとの一致", run.num_own_matches},
      {"Matches that are found twice, counted once", "重複する一致",
       run.result.num_duplicates},
      {"Matches outside the key's first publication",
       "最初の公開の期間から外れた一致", run.num_outside_first_publication},
      {"Matches outside the time tolerance", "時刻の許容差から外れた一致",
       run.num_outside_tolerance},
      {"Replayed identifiers", "再送された識別子", run.result.num_replayed},
      {"Transmit power out of bounds", "送信出力が範囲外",
       run.result.num_tx_power_out_of_bounds},
      {"Matches of revoked keys", "取り消されたキーとの一致",
       run.report_types.num_revoked},
      {"Matches of recursive keys", "再帰的に登録されたキーとの一致",
       run.report_types.num_recursive},
  };
}

PageTable DroppedTable(const MatchReportInput& input, bool japanese,
                       const Words& words) {
  PageTable table{
      .caption = std::string(words.left_out),
      .header = {std::string(words.what), std::string(words.count)}};
  for (const Dropped& dropped : DroppedOf(input.account)) {
    table.rows.push_back(
        {std::string(japanese ? dropped.japanese : dropped.english),
         HtmlCount(dropped.count)});
  }
  // The policy's reasons keep their names, by which documents describe them.
  for (int i = 0; i < kNumWindowReasons; ++i) {
    const uint64_t count =
        input.account.run.num_outside_window[static_cast<size_t>(i)];
    if (count == 0) continue;
    table.rows.push_back(
        {absl::StrCat(input.window_policy, ": ",
                      WindowReasonName(static_cast<WindowReason>(i))),
         HtmlCount(count)});
  }
  return table;
}

PageTable DatesTable(absl::Span<const Match> matches,
                     const MatchReportInput& input, const Words& words) {
  PageTable table{
      .caption = absl::Substitute(words.dates, std::string(input.zone.name())),
      .header = {std::string(words.date), std::string(words.keys),
                 std::string(words.sightings)}};
  for (const DateCount& day : CountByDate(matches, input.zone)) {
    table.rows.push_back({absl::FormatCivilTime(day.date),
                          HtmlCount(day.num_keys),
                          HtmlCount(day.num_sightings)});
  }
  return table;
}

PageTable AuthorityTable(const ExposureCheckResult& run, const Words& words) {
  PageTable table{
      .caption = std::string(words.publishers),
      .header = {std::string(words.key_ids), std::string(words.region),
                 std::string(words.files), std::string(words.keys),
                 std::string(words.sightings)},
      .num_text_columns = 2};
  for (const AuthorityCount& authority : CountByAuthority(run)) {
    table.rows.push_back({authority.key_ids.empty()
                              ? std::string(words.nobody)
                              : absl::StrJoin(authority.key_ids, ", "),
                          authority.region, HtmlCount(authority.num_files),
                          HtmlCount(authority.matched.num_keys),
                          HtmlCount(authority.matched.num_sightings)});
  }
  return table;
}

PageTable FileTable(const ExposureCheckResult& run, const Words& words) {
  PageTable table{
      .caption = std::string(words.files),
      .header = {std::string(words.file), std::string(words.verdict),
                 std::string(words.reason), std::string(words.keys),
                 std::string(words.sightings)},
      .num_text_columns = 3};
  const std::vector<SourceCount> matched = CountByFile(run);
  for (size_t i = 0; i < run.files.size(); ++i) {
    const ExportFileResult& file = run.files[i];
    table.rows.push_back({file.path, file.verdict, std::string(file.reason()),
                          HtmlCount(matched[i].num_keys),
                          HtmlCount(matched[i].num_sightings)});
  }
  return table;
}

// One device, or the only one. It has a copy of its matches, since those of the
// run are of all devices.
struct Device {
  uint32_t number = 0;
  std::string id;       // of its figures
  std::string heading;  // empty: of the only one
  std::vector<Match> matches;
};

std::vector<Device> DevicesOf(const MatchReportInput& input,
                              const Words& words) {
  const ExposureCheckResult& run = input.account.run;
  std::vector<Device> devices;
  if (input.account.sightings.by_device.empty()) {
    // Sightings that name no device have number 0. A heading would tell a
    // person with one phone nothing.
    devices.push_back({.id = "device", .matches = run.result.matches});
    return devices;
  }
  for (auto& [number, matches] :
       SplitByDevice(run.result.matches, input.account.sightings)) {
    devices.push_back({.number = number,
                       .id = absl::StrCat("device-", number),
                       .heading = absl::Substitute(words.device, number),
                       .matches = std::move(matches)});
  }
  return devices;
}

void AddHeading(const Device& device, Page& page) {
  if (!device.heading.empty()) page.Subheading(device.heading);
}

void AddAnswer(const MatchReportInput& input, const AnswerOptions& options,
               const Device& device, const Words& words, Page& page) {
  AddHeading(device, page);
  // The notice is what an app would say. The dates follow even where it says
  // that there was no contact: matches may be too far or too short for it.
  if (options.config.has_value()) {
    page.Notice(NoticeAnswer(input.account.run.findings.at(device.number),
                             *options.config,
                             {.language = options.language,
                              .long_dates = options.long_dates,
                              .zone = input.zone}));
  }
  if (device.matches.empty()) {
    if (!options.config.has_value()) page.Notice(words.nothing_matched);
    return;
  }
  page.Append(TableHtml(DatesTable(device.matches, input, words)));
}

void AddSureness(const MatchReportInput& input, const AnswerOptions& options,
                 const Words& words, Page& page) {
  const ExposureCheckResult& run = input.account.run;
  const auto num_files =
      std::count_if(run.files.begin(), run.files.end(),
                    [](const ExportFileResult& file) { return file.counts(); });
  page.Paragraph(absl::Substitute(words.rests_on, HtmlCount(run.num_keys),
                                  HtmlCount(static_cast<uint64_t>(num_files)),
                                  HtmlCount(run.num_compared),
                                  HtmlCount(input.account.sightings.num_read)));
  page.Paragraph(AllSigned(run) ? words.all_signed : words.not_all_signed);
  // Doubts come as a notice, which stands out. That nothing was left out is
  // said as well: a missing remark would not tell it.
  std::string remarks =
      RemarksText(input.account, options.language, Remarks::kOfReport);
  if (input.store != nullptr) {
    remarks += StoreRemarks(*input.store, options.language);
  }
  if (!remarks.empty()) page.Notice(remarks);
  if (CountLeftOut(input.account).complete()) {
    page.Paragraph(words.nothing_left_out);
  }
}

}  // namespace

std::string MatchPage(const MatchReportInput& input,
                      const AnswerOptions& options,
                      absl::Span<const Sighting> sightings,
                      bool show_contacts) {
  const ExposureCheckResult& run = input.account.run;
  const bool japanese = options.language == Language::kJapanese;
  const Words& words = japanese ? kJapanese : kEnglish;
  const std::vector<Device> devices = DevicesOf(input, words);

  Page page(words.language, words.title);
  page.Heading(words.answer);
  for (const Device& device : devices) {
    AddAnswer(input, options, device, words, page);
  }
  page.Heading(words.sure);
  AddSureness(input, options, words, page);
  page.Heading(words.publishers);
  page.Append(TableHtml(AuthorityTable(run, words)));
  page.Append(TableHtml(FileTable(run, words)));
  page.Heading(words.left_out);
  page.Paragraph(words.left_out_is);
  page.Append(TableHtml(DroppedTable(input, japanese, words)));
  if (show_contacts) {
    page.Heading(words.contacts);
    page.Notice(words.contact_data);
    for (const Device& device : devices) {
      AddHeading(device, page);
      const bool has_findings = options.config.has_value();
      page.Append(ContactPlots(
          {.matches = device.matches,
           .findings = has_findings ? &run.findings.at(device.number) : nullptr,
           .config = has_findings ? &*options.config : nullptr,
           .id = device.id,
           .zone = input.zone,
           .language = options.language}));
    }
  }
  page.Heading(words.heard);
  for (const Device& device : devices) {
    AddHeading(device, page);
    page.Append(SightingsPlots({.sightings = sightings,
                                .device = device.number,
                                .id = device.id,
                                .zone = input.zone,
                                .language = options.language}));
  }
  return std::move(page).Finish();
}

}  // namespace tekmatch
