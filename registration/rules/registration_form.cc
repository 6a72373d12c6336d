// Plan: What was typed becomes half-width text and digits; dates are parsed,
// and judged against today; the whole form is judged field by field.
#include "registration/rules/registration_form.h"

#include <array>
#include <cstddef>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "registration/rules/code_points.h"

namespace tekmatch {
namespace {

constexpr std::array<absl::string_view, 3> kSymptomsFaultNames = {
    "none", "missing", "unknown"};
constexpr std::array<absl::string_view, 6> kDateFaultNames = {
    "none", "missing", "malformed", "not_in_calendar", "in_future", "too_old"};

constexpr size_t kMostBytesOfDate = 64;

// What was typed in half-width; nullopt where it cannot be a date.
std::optional<std::string> HalfWidthText(absl::string_view typed) {
  if (typed.size() > kMostBytesOfDate) return std::nullopt;
  std::string text;
  while (!typed.empty()) {
    const std::optional<char32_t> c = TakeCodePoint(typed);
    if (!c.has_value()) return std::nullopt;
    // ー is what a Japanese keyboard gives for -.
    AppendUtf8(IsHyphenToDrop(*c) ? U'-' : HalfWidth(*c), text);
  }
  absl::StripAsciiWhitespace(&text);
  return text;
}

// A number of `least` to `most` digits.
std::optional<int> ParseDigits(absl::string_view text, size_t least,
                               size_t most) {
  if (text.size() < least || text.size() > most) return std::nullopt;
  int value = 0;
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      return std::nullopt;
    }
    value = value * 10 + (c - '0');
  }
  return value;
}

DateFault JudgeDate(const ParsedDate& parsed, absl::Time now,
                    absl::TimeZone zone,
                    const RegistrationFormOptions& options) {
  if (parsed.fault != DateFault::kNone) return parsed.fault;
  if (parsed.day > LatestDate(now, zone)) return DateFault::kInFuture;
  if (parsed.day < OldestDate(now, zone, options)) return DateFault::kTooOld;
  return DateFault::kNone;
}

SymptomsFault JudgeSymptoms(absl::string_view symptoms) {
  if (symptoms.empty()) return SymptomsFault::kMissing;
  if (symptoms != "yes" && symptoms != "no") return SymptomsFault::kUnknown;
  return SymptomsFault::kNone;
}

}  // namespace

absl::string_view SymptomsFaultName(SymptomsFault fault) {
  return kSymptomsFaultNames[static_cast<size_t>(fault)];
}

absl::string_view DateFaultName(DateFault fault) {
  return kDateFaultNames[static_cast<size_t>(fault)];
}

absl::CivilDay OldestDate(absl::Time now, absl::TimeZone zone,
                          const RegistrationFormOptions& options) {
  return LatestDate(now, zone) - options.oldest_days;
}

absl::CivilDay LatestDate(absl::Time now, absl::TimeZone zone) {
  return absl::ToCivilDay(now, zone);
}

ParsedDate ParseFormDate(absl::string_view typed) {
  const std::optional<std::string> text = HalfWidthText(typed);
  if (!text.has_value()) return {.fault = DateFault::kMalformed, .day = {}};
  if (text->empty()) return {.fault = DateFault::kMissing, .day = {}};
  const std::vector<absl::string_view> parts =
      absl::StrSplit(*text, absl::ByAnyChar("-/"));
  if (parts.size() != 3) return {.fault = DateFault::kMalformed, .day = {}};
  const std::optional<int> year = ParseDigits(parts[0], 4, 4);
  const std::optional<int> month = ParseDigits(parts[1], 1, 2);
  const std::optional<int> day = ParseDigits(parts[2], 1, 2);
  if (!year.has_value() || !month.has_value() || !day.has_value()) {
    return {.fault = DateFault::kMalformed, .day = {}};
  }
  // CivilDay normalizes: what it changes is in no calendar.
  const absl::CivilDay civil(*year, *month, *day);
  if (civil.year() != *year || civil.month() != *month || civil.day() != *day) {
    return {.fault = DateFault::kNotInCalendar, .day = {}};
  }
  return {.fault = DateFault::kNone, .day = civil};
}

CheckedForm CheckRegistrationForm(const RegistrationFormInput& input,
                                  absl::Time now, absl::TimeZone zone,
                                  const RegistrationFormOptions& options) {
  const ParsedDate date = ParseFormDate(input.date);
  const ProcessingNumber::Parsed number = ProcessingNumber::Parse(input.number);
  CheckedForm checked;
  checked.faults = {.symptoms = JudgeSymptoms(input.symptoms),
                    .date = JudgeDate(date, now, zone, options),
                    .number = number.fault};
  if (!checked.faults.None()) return checked;
  checked.form =
      CompleteForm{.registration = {.onset_or_test = date.day,
                                    .by_test_date = input.symptoms == "no",
                                    .registered = now},
                   .number = *number.number};
  return checked;
}

}  // namespace tekmatch
