// Plan: the words of both languages, member by member; counts of what was
// given; then the three outputs: JSON, which has everything; two lines for a
// person, in English as all that is not the answer; and remarks, in the
// answer's language, each only where it applies.
#include "tools/report/store_report.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/substitute.h"
#include "keyformat/printable.h"

namespace tekmatch {
namespace {

// For absl::Substitute.
struct Words {
  absl::string_view needed_again;
  absl::string_view not_reached;
  absl::string_view expired;
  absl::string_view too_old;
  absl::string_view in_future;
  absl::string_view clock_forward;
  absl::string_view clock_back;
  absl::string_view not_erased;
  absl::string_view set_aside;
};

constexpr Words kEnglish = {
    .needed_again =
        "NEEDED AGAIN: $0 was not compared with newer sightings, since its "
        "keys are\nnot kept. A contact may be missing here.\n",
    .not_reached =
        "NOT REACHED: the time was over before $0 exports were read. A contact "
        "may be\nmissing here.\n",
    .expired = "Exports older than twice what the store keeps, removed: $0.\n",
    .too_old = "Sightings that are older than the store keeps, left out: $0.\n",
    .in_future = "Sightings of more than a day from now: $0. A clock is off.\n",
    .clock_forward =
        "The clock has jumped more than two days ahead: nothing old was "
        "removed. It is\nbelieved when a check an hour or more later sees it "
        "still.\n",
    .clock_back =
        "The clock has jumped more than two days back: nothing old was "
        "removed.\n",
    .not_erased =
        "What was removed is not erased yet: another process reads the store. "
        "The next\ncheck completes it.\n",
    .set_aside =
        "SET ASIDE: $0; what was in it is not part of this result. A contact "
        "may be\nmissing here.\n",
};

constexpr Words kJapanese = {
    .needed_again =
        "再度必要なファイル：$0（鍵を保存していないため、新しい接触記録と比べて"
        "いません）。\nここに示されない接触があるかもしれません。\n",
    .not_reached =
        "時間切れのため読んでいないファイル：$0件。"
        "\nここに示されない接触があるかもしれません。\n",
    .expired = "保存期間の二倍より古いため、削除した公開ファイル：$0件。\n",
    .too_old = "保存期間より古いため、除外した接触記録：$0件。\n",
    .in_future = "今より一日以上先の接触記録：$0件。時計がずれています。\n",
    .clock_forward =
        "時計が二日以上進んだため、古い記録を削除していません。"
        "\n一時間以上あとの確認でも同じであれば、この時刻に従います。\n",
    .clock_back = "時計が二日以上戻ったため、古い記録を削除していません。\n",
    .not_erased =
        "ほかのプロセスが読んでいるため、削除した記録の消去は終わっていません。"
        "\n次の確認で完了します。\n",
    .set_aside =
        "別名にした保存データ：$0（この結果に含まれません）。"
        "\nここに示されない接触があるかもしれません。\n",
};

// The states are the exports' own; a number of each is what a person reads.
uint64_t CountGiven(const StoredCheckResult& checked, GivenState state) {
  return static_cast<uint64_t>(std::count_if(
      checked.given.begin(), checked.given.end(),
      [state](const GivenExport& given) { return given.state == state; }));
}

// Of JSON, which does not change.
absl::string_view ClockName(ClockJump clock) {
  switch (clock) {
    case ClockJump::kNone:
      return "steady";
    case ClockJump::kForward:
      return "jumped_forward";
    case ClockJump::kBack:
      return "jumped_back";
  }
  return "";
}

void AppendCount(absl::string_view format, uint64_t n, std::string* text) {
  if (n > 0) absl::SubstituteAndAppend(text, format, n);
}

void AppendIf(bool applies, absl::string_view words, std::string* text) {
  if (applies) absl::StrAppend(text, words);
}

}  // namespace

nlohmann::ordered_json StoreJson(const StoreAccount& account) {
  const StoredCheckResult& checked = account.checked;
  nlohmann::ordered_json given = nlohmann::ordered_json::array();
  for (const GivenExport& one : checked.given) {
    given.push_back({{"path", one.path},
                     {"state", std::string(GivenStateName(one.state))}});
  }
  return {{"exports", checked.num_exports},
          {"given", std::move(given)},
          {"stopped", checked.stopped},
          {"needed_again", checked.needed_again},
          {"untrusted_exports", checked.num_untrusted},
          {"expired_exports", checked.num_expired_exports},
          {"sightings", checked.checked.num_sightings},
          {"sightings_added", account.added.num_added},
          {"sightings_known", account.added.num_known},
          {"sightings_too_old", account.added.num_too_old},
          {"sightings_in_future", account.added.num_in_future},
          {"sightings_removed", checked.retained.num_removed},
          {"erased", checked.retained.erased},
          {"clock", std::string(ClockName(checked.retained.clock))},
          {"set_aside", account.set_aside}};
}

std::string StoreText(const StoreAccount& account) {
  const StoredCheckResult& checked = account.checked;
  return absl::Substitute(
      "Exports given: $0 new, $1 known, $2 refused, $3 not reached; in the "
      "store: $4.\n"
      "Sightings given: $5 new, $6 known, $7 too old; in the store: $8.\n",
      CountGiven(checked, GivenState::kProcessed),
      CountGiven(checked, GivenState::kKnown),
      CountGiven(checked, GivenState::kRefused),
      CountGiven(checked, GivenState::kNotReached), checked.num_exports,
      account.added.num_added, account.added.num_known,
      account.added.num_too_old, checked.checked.num_sightings);
}

std::string StoreRemarks(const StoreAccount& account, Language language) {
  const Words& words = language == Language::kJapanese ? kJapanese : kEnglish;
  const StoredCheckResult& checked = account.checked;
  std::string text;
  // What can hide a contact first, then what may be wrong with a clock, then
  // what is left to do.
  if (!account.set_aside.empty()) {
    absl::SubstituteAndAppend(
        &text, words.set_aside,
        Printable(absl::StrJoin(account.set_aside, ", ")));
  }
  for (const std::string& path : checked.needed_again) {
    absl::SubstituteAndAppend(&text, words.needed_again, Printable(path));
  }
  AppendCount(words.not_reached, CountGiven(checked, GivenState::kNotReached),
              &text);
  AppendCount(words.expired, checked.num_expired_exports, &text);
  AppendCount(words.too_old, account.added.num_too_old, &text);
  // No sum: those that were just given are in the store as well.
  AppendCount(
      words.in_future,
      std::max(account.added.num_in_future, checked.retained.num_in_future),
      &text);
  AppendIf(checked.retained.clock == ClockJump::kForward, words.clock_forward,
           &text);
  AppendIf(checked.retained.clock == ClockJump::kBack, words.clock_back, &text);
  AppendIf(!checked.retained.erased, words.not_erased, &text);
  return text;
}

}  // namespace tekmatch
