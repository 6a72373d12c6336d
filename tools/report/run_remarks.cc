// Plan: the words of both languages, member by member; then what was given and
// not compared is counted, and said line by line in the words of one of them.
// Whether there is a result at all is the check's to say (CheckCompared).
#include "tools/report/run_remarks.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/substitute.h"
#include "keyformat/printable.h"

namespace tekmatch {
namespace {

// For absl::Substitute, whose $0, $1 stand in the order of each language.
struct Words {
  absl::string_view left_out_file;
  absl::string_view copy;
  absl::string_view unsigned_file;
  absl::string_view unsigned_count;
  absl::string_view unverified_file;
  absl::string_view unverified_count;
  absl::string_view lost;
  absl::string_view left_out;
  absl::string_view losses;
  absl::string_view repeated;
  absl::string_view dropped_previous_scan;
  absl::string_view bad_reason;
  absl::string_view spans;
  absl::string_view not_kept;
  absl::string_view overwritten;
  absl::string_view doubt;
  absl::string_view own_of_all;
  absl::string_view own_of_none;
  absl::string_view conflict;
  absl::string_view outside_first_publication;
  absl::string_view outside_tolerance;
  absl::string_view ignored_revisions;
  absl::string_view none_compared;
  absl::string_view none_verified_compared;  // but others
};

constexpr Words kEnglish = {
    .left_out_file = "LEFT OUT ($0): $1\n",
    .copy = "COUNTED ONCE: $0 holds the same export as $1\n",
    .unsigned_file = "UNSIGNED ($0): $1\n",
    .unsigned_count =
        "Keys of unsigned files count here: anybody could have made them up.\n",
    .unverified_file = "NOT VERIFIED ($0): $1\n",
    .unverified_count =
        "Keys of files whose signature was not verified count here: anybody "
        "could have\nmade them up.\n",
    .lost = "LOST: $0: $1\n",
    .left_out =
        "Left out as unusable: files: $0, keys: $1, sightings: $2. A contact "
        "may be\nmissing here.\n",
    .losses =
        "Sightings may be missing: $0 of the stores' files could not be "
        "read.\n",
    .repeated = "Sightings that several stores have, counted once: $0.\n",
    .dropped_previous_scan =
        "Sightings whose previous scan is no time before them, and is not "
        "used: $0.\n",
    .bad_reason = "Rows left out, $0: $1.\n",
    .spans =
        "Rows that tell a first and a last time: $0. A sighting at each end "
        "was made of\nthem, in all $1; what was between is not known.\n",
    .not_kept =
        "Sightings beside which stood a Bluetooth address: $0; a position: $1. "
        "Neither\nis kept.\n",
    .overwritten =
        "Rows from before their address had the identifier that is noted for "
        "it, left\nout: $0.\n",
    .doubt = "DOUBT: $0: $1\n",
    .own_of_all =
        "Own keys that name no device, left out for every device: "
        "$0.\n",
    .own_of_none = "Own keys of a device that is not here: $0.\n",
    .conflict =
        "Keys that were heard and are published with more than one $1: $0. The "
        "first\npublication decides.\n",
    .outside_first_publication =
        "Sightings outside the time that their key's first publication gives "
        "it: $0.\n",
    .outside_tolerance =
        "Sightings of published identifiers outside the tolerance, within a "
        "day\n(outside_tolerance): $0. A clock is off, or they are replays.\n",
    .ignored_revisions =
        "Revisions of report types ignored, no legal move or not the key's "
        "first one: $0.\n",
    .none_compared =
        "No key was in use within a day of any sighting: nothing could "
        "match.\n",
    .none_verified_compared =
        "No key of a verified file was in use within a day of any sighting: of "
        "those\nnothing could match.\n",
};

constexpr Words kJapanese = {
    .left_out_file = "除外されたファイル（$0）：$1\n",
    .copy = "一度だけ数えたファイル：$0（$1と同じ内容）\n",
    .unsigned_file = "署名のないファイル（$0）：$1\n",
    .unsigned_count = "署名のない鍵も数えています。誰にでも作れるものです。\n",
    .unverified_file = "署名を検証していないファイル（$0）：$1\n",
    .unverified_count =
        "署名を検証していない鍵も数えています。誰にでも作れるものです。\n",
    .lost = "失われた記録：$0：$1\n",
    .left_out =
        "使えないため除外したもの：ファイル$0件、鍵$1件、接触記録$2件。"
        "\nここに示されない接触があるかもしれません。\n",
    .losses =
        "読み取れなかった記録ファイルがあります（$0件）。"
        "接触記録が欠けているかもしれません。\n",
    .repeated = "複数の端末に重複し、一度だけ数えた接触記録：$0件。\n",
    .dropped_previous_scan =
        "前回スキャンの時刻が正しくないため、それを使わない接触記録：$0件。"
        "\n",
    .bad_reason = "除外した行（$0）：$1件。\n",
    .spans =
        "最初と最後の時刻だけの記録：$0件。その両端を接触記録とし、計$1件。"
        "\nその間のことは分かりません。\n",
    .not_kept =
        "Bluetoothアドレスを伴う接触記録：$0件、位置を伴うもの：$1件。"
        "\nどちらも保存しません。\n",
    .overwritten =
        "アドレスに記録された識別子より前のため、除外した行：$0件。\n",
    .doubt = "注意：$0：$1\n",
    .own_of_all = "端末の指定がなく、すべての端末で除外した自分の鍵：$0件。\n",
    .own_of_none = "ここにない端末を指定した自分の鍵：$0件。\n",
    .conflict =
        "受信した鍵のうち、$1が異なる形で複数回公開されたもの：$0件。"
        "\n最初の公開に従います。\n",
    .outside_first_publication =
        "鍵の最初の公開が示す期間の外にある接触記録：$0件。\n",
    .outside_tolerance =
        "公開された識別子の接触記録で、時刻の許容範囲を外れたもの（一日以内）："
        "$0件。\n端末の時計のずれか、再送信されたものです。\n",
    .ignored_revisions =
        "認められない変更か二度目以降の変更のため、"
        "採用しなかった報告種別の改訂：$0件。\n",
    .none_compared =
        "どの鍵も、使われた時期の前後一日に接触記録がありません。"
        "\n一致するものはあり得ません。\n",
    .none_verified_compared =
        "検証済みのファイルのどの鍵も、使われた時期の前後一日に接触記録がありま"
        "せん。"
        "\nその中に一致するものはあり得ません。\n",
};

const Words& WordsOf(Language language) {
  return language == Language::kJapanese ? kJapanese : kEnglish;
}

// A line that there is nothing to say of, if n is 0.
void AppendCount(absl::string_view format, uint64_t n, std::string* text) {
  if (n > 0) absl::SubstituteAndAppend(text, format, n);
}

// A line for each file that is not as it should be, the first that fits; then
// what follows from those that count all the same.
std::string FileRemarks(const ExposureCheckResult& run, const Words& words,
                        Remarks remarks) {
  std::string text;
  bool any_unsigned = false;
  bool any_unverified = false;
  for (const ExportFileResult& file : run.files) {
    if (!file.accepted) {
      // A reason may repeat what stands in the file: not before a notice.
      const bool with_reason =
          remarks == Remarks::kOfReport && !file.reason().empty();
      absl::SubstituteAndAppend(
          &text, words.left_out_file, file.verdict,
          absl::StrCat(Printable(file.path), with_reason ? ": " : "",
                       with_reason ? Printable(file.reason()) : ""));
    } else if (!file.copy_of.empty()) {
      absl::SubstituteAndAppend(&text, words.copy, Printable(file.path),
                                Printable(file.copy_of));
    } else if (!file.is_verified()) {
      const bool is_unsigned = IsUnsigned(file.report.signature.verdict);
      (is_unsigned ? any_unsigned : any_unverified) = true;
      absl::SubstituteAndAppend(
          &text, is_unsigned ? words.unsigned_file : words.unverified_file,
          file.verdict, Printable(file.path));
    }
  }
  if (any_unsigned) absl::StrAppend(&text, words.unsigned_count);
  if (any_unverified) absl::StrAppend(&text, words.unverified_count);
  return text;
}

// On what was not taken as it was published, or could not be found.
std::string PublicationRemarks(const ExposureCheckResult& run,
                               const Words& words) {
  std::string text;
  for (int i = 0; i < kNumPublishedFields; ++i) {
    if (const uint64_t n = run.num_conflicts[static_cast<size_t>(i)]; n > 0) {
      absl::SubstituteAndAppend(
          &text, words.conflict, n,
          PublishedFieldName(static_cast<PublishedField>(i)));
    }
  }
  AppendCount(words.outside_first_publication,
              run.num_outside_first_publication, &text);
  AppendCount(words.outside_tolerance, run.num_outside_tolerance, &text);
  AppendCount(words.ignored_revisions, run.num_ignored_revisions, &text);
  // Files of the wrong weeks give no match, which looks like good news.
  if (run.num_believed_keys > 0 && run.num_believed_compared == 0) {
    absl::StrAppend(&text, run.num_compared == 0
                               ? words.none_compared
                               : words.none_verified_compared);
  }
  return text;
}

}  // namespace

LeftOut CountLeftOut(const RunAccount& account) {
  const auto& files = account.run.files;
  return {
      .files =
          static_cast<uint64_t>(std::count_if(
              files.begin(), files.end(),
              [](const ExportFileResult& file) { return !file.accepted; })) +
          account.run.num_partly_compared,
      .keys = account.run.num_rejected,
      .sightings = account.sightings.num_bad,
      .losses = account.sightings.losses.size()};
}

nlohmann::ordered_json LeftOutJson(const LeftOut& left_out) {
  return {{"files", left_out.files},
          {"keys", left_out.keys},
          {"sightings", left_out.sightings},
          {"losses", left_out.losses}};
}

bool AllSigned(const ExposureCheckResult& run) {
  return std::all_of(run.files.begin(), run.files.end(),
                     [](const ExportFileResult& file) {
                       return !file.counts() || file.is_verified();
                     });
}

std::string SightingsRemarks(const SightingsCounts& sightings,
                             Language language) {
  const Words& words = WordsOf(language);
  std::string text;
  for (const SightingsLoss& loss : sightings.losses) {
    absl::SubstituteAndAppend(&text, words.lost, Printable(loss.file),
                              Printable(loss.reason));
  }
  // The lines above name them; this one says what they mean for the result.
  AppendCount(words.losses, sightings.losses.size(), &text);
  AppendCount(words.repeated, sightings.num_repeated, &text);
  AppendCount(words.dropped_previous_scan, sightings.dropped.previous_scan,
              &text);
  for (const auto& [reason, num_rows] : sightings.bad_reasons) {
    absl::SubstituteAndAppend(&text, words.bad_reason, Printable(reason),
                              num_rows);
  }
  const SightingsConversion& conversion = sightings.conversion;
  for (const SightingsLoss& doubt : conversion.doubts) {
    absl::SubstituteAndAppend(&text, words.doubt, Printable(doubt.file),
                              Printable(doubt.reason));
  }
  if (conversion.num_spans > 0) {
    absl::SubstituteAndAppend(&text, words.spans, conversion.num_spans,
                              conversion.num_of_spans);
  }
  if (conversion.num_addresses + conversion.num_positions > 0) {
    absl::SubstituteAndAppend(&text, words.not_kept, conversion.num_addresses,
                              conversion.num_positions);
  }
  AppendCount(words.overwritten, conversion.num_overwritten, &text);
  return text;
}

std::string RemarksText(const RunAccount& account, Language language,
                        Remarks remarks) {
  const Words& words = WordsOf(language);
  std::string text = FileRemarks(account.run, words, remarks) +
                     SightingsRemarks(account.sightings, language);
  // Without losses: SightingsRemarks has said what is to be said of them.
  const LeftOut left_out = CountLeftOut(account);
  if (left_out.files + left_out.keys + left_out.sightings > 0) {
    absl::SubstituteAndAppend(&text, words.left_out, left_out.files,
                              left_out.keys, left_out.sightings);
  }
  // With one device, or none named, a key that names none is surely its own.
  if (account.sightings.by_device.size() > 1) {
    AppendCount(words.own_of_all, account.own_keys.of_all_devices, &text);
  }
  AppendCount(words.own_of_none, account.own_keys.of_no_device, &text);
  text += PublicationRemarks(account.run, words);
  return text;
}

}  // namespace tekmatch
