// Plan: the words of each language; dates as the person wants them; the notice,
// line by line.
#include "tools/report/notice.h"

#include <array>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/substitute.h"
#include "absl/time/civil_time.h"
#include "matcher/exposure/exposure_findings.h"
#include "tools/report/match_report.h"

namespace tekmatch {
namespace {

// What the notice says in one language, for absl::Substitute.
struct Words {
  absl::string_view as_of;
  absl::string_view as_of_since;
  absl::string_view contact;
  absl::string_view no_contact;
  absl::string_view num_contacts;
  absl::string_view dates_in;
  absl::string_view minutes;
  absl::string_view alerting;
  absl::string_view no_alert;
  absl::string_view what_to_do;
};

constexpr Words kEnglish = {
    .as_of = "As of $0 ($1).\n",
    .as_of_since = "As of $0 ($1), contacts since $2.\n",
    .contact =
        "You may have been in contact with a person who tested "
        "positive.\n",
    .no_contact = "No contact with a person who tested positive was found.\n",
    .num_contacts = "Contacts: $0\n",
    .dates_in = "Dates of contact ($0):\n",
    .minutes = "$0 min",
    .alerting =
        "On these dates the contact was long and close enough to reach "
        "the alert\nthreshold: $0\n",
    .no_alert =
        "On none of them was it long and close enough to reach the "
        "alert threshold.\n",
    .what_to_do =
        "What to do: watch your health and avoid meeting people. For "
        "advice, or if you\nfeel unwell, contact $0.\n",
};

constexpr Words kJapanese = {
    .as_of = "$0現在（$1）。\n",
    .as_of_since = "$0現在（$1）、$2以降の接触について。\n",
    .contact = "陽性登録者との接触の可能性があります。\n",
    .no_contact = "陽性登録者との接触は確認されませんでした。\n",
    .num_contacts = "接触件数：$0件\n",
    .dates_in = "接触のあった日（$0）：\n",
    .minutes = "$0分",
    .alerting = "次の日の接触は、通知の基準（距離と時間）に達しています：$0\n",
    .no_alert = "通知の基準（距離と時間）に達した日はありません。\n",
    .what_to_do =
        "今後の対応：体調の変化に注意し、人との接触を控えてください。"
        "\n相談先、体調がすぐれないときの連絡先：$0\n",
};

std::string LongDate(absl::CivilDay date, Language language) {
  if (language == Language::kJapanese) {
    return absl::StrFormat("%d年%d月%d日", date.year(), date.month(),
                           date.day());
  }
  constexpr std::array<absl::string_view, 12> kMonths = {
      "January", "February", "March",     "April",   "May",      "June",
      "July",    "August",   "September", "October", "November", "December"};
  return absl::StrFormat("%d %s %d", date.day(),
                         kMonths[static_cast<size_t>(date.month() - 1)],
                         date.year());
}

std::string Date(absl::CivilDay date, const NoticeOptions& options) {
  return options.long_dates ? LongDate(date, options.language)
                            : absl::FormatCivilTime(date);
}

}  // namespace

std::string NoticeAnswer(const ExposureFindings& report,
                         const ExposureConfig& config,
                         const NoticeOptions& options) {
  const bool japanese = options.language == Language::kJapanese;
  const Words& words = japanese ? kJapanese : kEnglish;
  std::string text;
  const std::string zone(options.zone.name());
  const std::string today = Date(report.today, options);
  if (report.since.has_value()) {
    absl::SubstituteAndAppend(&text, words.as_of_since, today, zone,
                              Date(*report.since, options));
  } else {
    absl::SubstituteAndAppend(&text, words.as_of, today, zone);
  }
  if (report.days.empty()) return absl::StrCat(text, words.no_contact);
  absl::StrAppend(
      &text, words.contact,
      absl::Substitute(words.num_contacts, report.num_contacts),
      absl::Substitute(words.dates_in, std::string(options.zone.name())));
  std::vector<std::string> alerting;
  for (const DailySummary& day : report.days) {
    const std::string date = Date(day.date, options);
    absl::StrAppend(&text, "  ", date, "  ",
                    absl::Substitute(words.minutes, day.seconds / 60), "\n");
    if (day.alerting) alerting.push_back(date);
  }
  text +=
      alerting.empty()
          ? std::string(words.no_alert)
          : absl::Substitute(words.alerting,
                             absl::StrJoin(alerting, japanese ? "、" : ", "));
  const std::string& whom =
      japanese ? config.consultation.japanese : config.consultation.english;
  if (!whom.empty()) text += absl::Substitute(words.what_to_do, whom);
  return text;
}

std::string NoticeText(const RunAccount& account,
                       const ExposureFindings& report,
                       const ExposureConfig& config,
                       const NoticeOptions& options) {
  const std::string remarks =
      RemarksText(account, options.language, Remarks::kOfNotice);
  return absl::StrCat(remarks, remarks.empty() ? "" : "\n",
                      NoticeAnswer(report, config, options));
}

}  // namespace tekmatch
