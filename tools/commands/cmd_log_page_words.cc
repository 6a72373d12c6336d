// Plan: a table a language, and the choice.
#include "tools/commands/cmd_log_page_words.h"

namespace tekmatch {
namespace {

constexpr LogPageWords kEnglish = {
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

constexpr LogPageWords kJapanese = {
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

}  // namespace

const LogPageWords& LogPageWordsOf(Language language) {
  return language == Language::kJapanese ? kJapanese : kEnglish;
}

}  // namespace tekmatch
