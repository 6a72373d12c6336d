// Plan: tables of names first, indexed by the enums, so both have the same
// order. Then what stands before the button: the items of the pages are checked
// in their order, which is that of MissingItem; kana are converted one
// character at a time, a mark of voicing changing the one before it; JudgeIssue
// adds what the database knows. Then what follows the button: the states of an
// issue, a table in code, and the life of its number.
#include "registration/rules/issuance.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "registration/rules/code_points.h"
#include "registration/rules/contact_address.h"

namespace tekmatch {
namespace {

struct NameAndLabel {
  absl::string_view name;
  absl::string_view label;
};

constexpr std::array<NameAndLabel, kNumMissingItems> kItems = {{
    {"outpatient_facility", "①外来機関"},
    {"test_positive", "②検査が陽性である旨"},
    {"confirmed_case", "③患者（確定例）である旨"},
    {"diagnosed_on", "④診断年月日"},
    {"reported", "発生届の報告"},
    {"app_in_use", "アプリ利用「有」"},
    {"wants_to_register", "登録希望「有」"},
    {"consent", "本人の同意"},
    {"name", "氏名（漢字）"},
    {"kana", "フリガナ（全角カタカナ）"},
    {"contact", "連絡先（携帯電話番号又はメールアドレス）"},
    {"centre", "担当保健所名"},
}};

constexpr std::array<absl::string_view, 6> kVerdictNames = {
    "may_issue",         "registered",     "closed",
    "something_missing", "too_many_today", "too_many_live"};

constexpr std::array<NameAndLabel, kNumIssueStates> kStates = {{
    {"queued", "送信待ち"},
    {"handed", "送信中"},
    {"delivered", "送信済"},
    {"failed", "失敗"},
    {"expired", "期限切れ"},
    {"redeemed", "使用済"},
}};

constexpr std::array<NameAndLabel, 6> kFailures = {{
    {"none", ""},
    {"landline", "固定電話のため送信できません"},
    {"refused_address", "宛先が拒否されました"},
    {"gateway_gave_up", "送信できませんでした"},
    {"reported_by_gateway", "届きませんでした"},
    {"record_changed", "発行後に入力内容が変更されたため送信していません"},
}};

constexpr size_t kMostCharactersOfKana = 60;
constexpr size_t kMostBytesOfText = 600;

// Whether somebody entered something that a page can show.
bool IsFilled(absl::string_view text) {
  if (text.size() > kMostBytesOfText) return false;
  bool filled = false;
  while (!text.empty()) {
    const std::optional<char32_t> c = TakeCodePoint(text);
    if (!c.has_value() || IsControl(*c)) return false;
    filled = filled || !IsSpaceToDrop(*c);
  }
  return filled;
}

// U+FF65..FF9D, full-width.
constexpr char32_t kFirstHalfWidthKana = 0xff65;
constexpr std::u32string_view kFullWidthKana =
    U"・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネ"
    U"ノハヒフヘホマミムメモヤユヨラリルレロワン";
static_assert(kFullWidthKana.size() == 0xff9d - 0xff65 + 1,
              "one for each half-width character");

char32_t FullWidthKatakana(char32_t c) {
  if (c >= kFirstHalfWidthKana &&
      c - kFirstHalfWidthKana < kFullWidthKana.size()) {
    return kFullWidthKana[c - kFirstHalfWidthKana];
  }
  if (c >= 0x3041 && c <= 0x3096) return c + 0x60;  // hiragana
  return c;
}

// ﾞ, ゛ and the combining mark; ﾟ, ゜ and the combining mark.
bool IsVoicedMark(char32_t c) {
  return c == 0xff9e || c == 0x309b || c == 0x3099;
}
bool IsSemiVoicedMark(char32_t c) {
  return c == 0xff9f || c == 0x309c || c == 0x309a;
}

// カ with a mark is ガ, ハ is バ or パ. nullopt: the two do not go together.
std::optional<char32_t> WithMark(char32_t kana, char32_t mark) {
  constexpr std::u32string_view kVoiced =
      U"カキクケコサシスセソタチツテトハヒフヘホ";
  constexpr std::u32string_view kSemiVoiced = U"ハヒフヘホ";
  if (IsSemiVoicedMark(mark)) {
    if (kSemiVoiced.find(kana) == kSemiVoiced.npos) return std::nullopt;
    return kana + 2;
  }
  // In Unicode these do not stand beside their bases.
  if (kana == U'ウ') return U'ヴ';
  if (kana == U'ワ') return U'ヷ';
  if (kana == U'ヲ') return U'ヺ';
  if (kVoiced.find(kana) == kVoiced.npos) return std::nullopt;
  return kana + 1;
}

// With ・ (U+30FB) and ー (U+30FC).
bool IsKatakana(char32_t c) { return c >= 0x30a1 && c <= 0x30fc; }

}  // namespace

absl::string_view MissingItemName(MissingItem item) {
  return kItems[static_cast<size_t>(item)].name;
}

absl::string_view MissingItemLabel(MissingItem item) {
  return kItems[static_cast<size_t>(item)].label;
}

std::vector<MissingItem> MissingForIssue(const PatientRecord& patient) {
  // In the order of MissingItem: the index becomes the item. Only "yes" counts:
  // what nobody asked is no yes (row 3).
  const std::array<bool, kNumMissingItems> there = {
      IsFilled(patient.outpatient_facility),
      patient.test_positive,
      patient.confirmed_case,
      patient.diagnosed_on.has_value(),
      patient.reported,
      patient.app_in_use == Answer::kYes,
      patient.wants_to_register == Answer::kYes,
      patient.consented,
      IsFilled(patient.name),
      NormalizeKana(patient.kana).has_value(),
      ContactAddress::Parse(patient.contact).contact.has_value(),
      IsFilled(patient.centre),
  };
  std::vector<MissingItem> missing;
  for (size_t i = 0; i < there.size(); ++i) {
    if (!there[i]) missing.push_back(static_cast<MissingItem>(i));
  }
  return missing;
}

std::optional<std::string> NormalizeKana(absl::string_view typed) {
  std::u32string kana;
  bool space = false;  // between what is there and what comes
  while (!typed.empty()) {
    const std::optional<char32_t> taken = TakeCodePoint(typed);
    if (!taken.has_value()) return std::nullopt;
    if (IsSpaceToDrop(*taken)) {
      // Noted, and written only when more follows: so spaces at the ends go,
      // and several become one.
      space = !kana.empty();
      continue;
    }
    if (IsVoicedMark(*taken) || IsSemiVoicedMark(*taken)) {
      // A mark belongs to the character just before it.
      if (kana.empty() || space) return std::nullopt;
      const std::optional<char32_t> marked = WithMark(kana.back(), *taken);
      if (!marked.has_value()) return std::nullopt;
      kana.back() = *marked;
      continue;
    }
    const char32_t c = FullWidthKatakana(*taken);
    if (!IsKatakana(c)) return std::nullopt;
    if (space) kana.push_back(0x3000);
    space = false;
    kana.push_back(c);
    // Here, not at the end, so that a long text costs no more than this.
    if (kana.size() > kMostCharactersOfKana) return std::nullopt;
  }
  if (kana.empty()) return std::nullopt;
  std::string normal;
  for (const char32_t c : kana) AppendUtf8(c, normal);
  return normal;
}

absl::string_view IssueVerdictName(IssueVerdict verdict) {
  return kVerdictNames[static_cast<size_t>(verdict)];
}

IssueVerdict JudgeIssue(const PatientRecord& patient,
                        const IssueHistory& history) {
  // First what no entry on the pages can change; nobody should fill gaps in
  // vain. The limits come last: they are worth saying only of a complete case.
  if (history.registered) return IssueVerdict::kRegistered;
  if (history.closed) return IssueVerdict::kClosed;
  if (!MissingForIssue(patient).empty()) return IssueVerdict::kSomethingMissing;
  if (history.num_today >= kMostIssuesADay) return IssueVerdict::kTooManyToday;
  if (history.num_live >= kMostLiveNumbers) return IssueVerdict::kTooManyLive;
  return IssueVerdict::kMayIssue;
}

absl::string_view IssueStateName(IssueState state) {
  return kStates[static_cast<size_t>(state)].name;
}

absl::string_view IssueStateLabel(IssueState state) {
  return kStates[static_cast<size_t>(state)].label;
}

std::optional<IssueState> NextIssueState(IssueState state, IssueEvent event) {
  // Before the table, since a redemption may follow every state: the person has
  // registered, whatever was reported.
  if (event == IssueEvent::kRedemption) {
    if (state == IssueState::kRedeemed) return std::nullopt;
    return IssueState::kRedeemed;
  }
  switch (state) {
    case IssueState::kQueued:
      if (event == IssueEvent::kHandOver) return IssueState::kHanded;
      if (event == IssueEvent::kFailure) return IssueState::kFailed;
      // Its life counts from the button, or a courier crashed after sending.
      if (event == IssueEvent::kExpiry) return IssueState::kExpired;
      return std::nullopt;
    case IssueState::kHanded:
      if (event == IssueEvent::kDelivery) return IssueState::kDelivered;
      if (event == IssueEvent::kFailure) return IssueState::kFailed;
      if (event == IssueEvent::kExpiry) return IssueState::kExpired;
      return std::nullopt;
    case IssueState::kDelivered:
      if (event == IssueEvent::kExpiry) return IssueState::kExpired;
      return std::nullopt;
    // Final but for a redemption; a report that comes now is late.
    case IssueState::kFailed:
    case IssueState::kExpired:
    case IssueState::kRedeemed:
      break;
  }
  return std::nullopt;
}

absl::string_view FailureReasonName(FailureReason reason) {
  return kFailures[static_cast<size_t>(reason)].name;
}

absl::string_view FailureReasonLabel(FailureReason reason) {
  return kFailures[static_cast<size_t>(reason)].label;
}

absl::Status Validate(const LifeOptions& options) {
  // Whole minutes, as the message says the life in words (notice_text.h).
  if (options.life < absl::Minutes(1) || options.life > absl::Hours(24) ||
      absl::Trunc(options.life, absl::Minutes(1)) != options.life) {
    return absl::InvalidArgumentError(
        "life: not whole minutes in 1 minute..24 hours");
  }
  if (options.longest_delivery < absl::ZeroDuration() ||
      options.longest_delivery > absl::Hours(24)) {
    return absl::InvalidArgumentError("longest_delivery: not in 0..24 hours");
  }
  return absl::OkStatus();
}

absl::Time ExpiresAt(const IssueTimes& times, const LifeOptions& options) {
  switch (options.from) {
    case LifeFrom::kHandOver:
      break;
    case LifeFrom::kIssue:
      return times.queued + options.life;
    case LifeFrom::kDelivery: {
      // A report that comes late makes the life no longer than no report would.
      const absl::Time latest = times.handed + options.longest_delivery;
      return std::min(times.delivered.value_or(latest), latest) + options.life;
    }
  }
  return times.handed + options.life;
}

bool MaySend(absl::Time queued, absl::Time now, const LifeOptions& options) {
  return options.from != LifeFrom::kIssue || now < queued + options.life;
}

QueueAge AgeOfQueue(std::optional<absl::Time> oldest_queued, absl::Time now) {
  if (!oldest_queued.has_value()) return {};
  // A clock that was set back makes no negative age.
  const absl::Duration age =
      std::max(absl::ZeroDuration(), now - *oldest_queued);
  return {.age = age, .alarm = age >= kQueueAlarm};
}

}  // namespace tekmatch
