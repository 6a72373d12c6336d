// Plan: A person registers by the phone's pages, step by step, and each
// refusal is known by the page that is shown; then the contacts that a
// phone's page lists.
#include "registration/rehearsal/phone_browser.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "keyformat/status_macros.h"
#include "registration/rehearsal/loopback_client.h"
#include "registration/service/form_data.h"

namespace tekmatch {
namespace {

// Digits at the begin of `text`, which are taken off.
std::optional<int64_t> TakeNumber(absl::string_view& text) {
  const size_t end =
      std::min(text.find_first_not_of("0123456789"), text.size());
  int64_t number = 0;
  if (!absl::SimpleAtoi(text.substr(0, end), &number)) return std::nullopt;
  text.remove_prefix(end);
  return number;
}

bool Shows(const PageClient& browser, absl::string_view path) {
  const std::string& target = browser.target();
  return absl::EndsWith(target.substr(0, target.find('?')), path);
}

PageOutcome OutcomeOfRefusal(absl::string_view page) {
  // The page names its reason for support.
  if (absl::StrContains(page, "number_refused")) {
    return PageOutcome::kNumberRefused;
  }
  if (absl::StrContains(page, "nothing_to_send")) {
    return PageOutcome::kNothingToSend;
  }
  for (const char* name : {"unreachable", "unavailable", "too_many_wrong"}) {
    if (absl::StrContains(page, name)) return PageOutcome::kTryAgain;
  }
  return PageOutcome::kRefused;
}

}  // namespace

PageOutcome RegisterByPages(const ListenAddress& phones, int n,
                            const PageEntry& entry) {
  const std::string prefix = absl::StrCat("/phone/", n);
  PageClient browser(phones);
  const auto failed = [](const absl::StatusOr<HttpResponse>& answer) {
    return !answer.ok() || answer->status >= 500 || answer->status == 403;
  };
  if (failed(browser.Get(entry.by_link ? absl::StrCat(prefix, "/a/?pn=",
                                                      QueryValue(entry.number))
                                       : prefix + "/consent"))) {
    return PageOutcome::kTryAgain;
  }
  // Another number was typed before: this person opened the link.
  if (Shows(browser, "/link") &&
      failed(browser.Post(prefix + "/link", {{"use", "yes"}}))) {
    return PageOutcome::kTryAgain;
  }
  if (Shows(browser, "/consent") &&
      failed(browser.Post(prefix + "/consent", {{"agree", "yes"}}))) {
    return PageOutcome::kTryAgain;
  }
  if (Shows(browser, "/done")) return PageOutcome::kDone;
  if (!Shows(browser, "/register")) return PageOutcome::kTryAgain;
  if (!absl::StrContains(browser.page(), "name=\"number\"")) {
    return PageOutcome::kNothingToSend;
  }
  const absl::StatusOr<HttpResponse> checked = browser.Post(
      prefix + "/register", {{"symptoms", entry.symptoms ? "yes" : "no"},
                             {"date", absl::FormatCivilTime(entry.date)},
                             {"number", entry.number}});
  if (failed(checked)) return PageOutcome::kTryAgain;
  // A fault beside a field, of what a person of this kind does not type.
  if (checked->status == 422) return PageOutcome::kRefused;
  if (Shows(browser, "/confirm") &&
      failed(browser.Post(
          prefix + "/confirm",
          {{"action", "send"},
           {"preview", HiddenValue(browser.page(), "preview")}}))) {
    return PageOutcome::kTryAgain;
  }
  if (Shows(browser, "/done")) return PageOutcome::kDone;
  // Back at the preview: it has to wait after wrong numbers.
  if (!Shows(browser, "/refused")) return PageOutcome::kTryAgain;
  return OutcomeOfRefusal(browser.page());
}

std::vector<ContactDay> ParseContacts(absl::string_view html) {
  constexpr absl::string_view kYear = "年";
  constexpr size_t kYearDigits = 4;
  std::vector<ContactDay> days;
  size_t at = 0;
  while ((at = html.find(kYear, at)) != absl::string_view::npos) {
    const size_t year_end = at;
    at += kYear.size();
    if (year_end < kYearDigits) continue;
    absl::string_view rest = html.substr(year_end - kYearDigits);
    const std::optional<int64_t> year = TakeNumber(rest);
    if (!year.has_value() || !absl::ConsumePrefix(&rest, kYear)) continue;
    const std::optional<int64_t> month = TakeNumber(rest);
    if (!month.has_value() || !absl::ConsumePrefix(&rest, "月")) continue;
    const std::optional<int64_t> day = TakeNumber(rest);
    // Other dates stand in sentences; this one ends its cell.
    if (!day.has_value() || !absl::ConsumePrefix(&rest, "日<")) continue;
    const size_t digit = rest.find_first_of("0123456789");
    if (digit == absl::string_view::npos || digit > 40) continue;
    rest.remove_prefix(digit);
    const std::optional<int64_t> count = TakeNumber(rest);
    if (!count.has_value() || !absl::StartsWith(rest, "件")) continue;
    days.push_back({.date = absl::CivilDay(*year, *month, *day),
                    .count = static_cast<uint64_t>(*count)});
  }
  std::sort(
      days.begin(), days.end(),
      [](const ContactDay& a, const ContactDay& b) { return a.date < b.date; });
  return days;
}

absl::StatusOr<std::vector<ContactDay>> AskForContacts(
    const ListenAddress& phones, int n) {
  const std::string prefix = absl::StrCat("/phone/", n);
  PageClient browser(phones);
  TEKMATCH_RETURN_IF_ERROR(browser.Get(prefix + "/contacts").status());
  TEKMATCH_ASSIGN_OR_RETURN(const HttpResponse page,
                            browser.Post(prefix + "/fetch", {}));
  // Where it could not check all, the page says that it cannot say.
  if (page.status != 200 || absl::StrContains(page.body, "言えません")) {
    return absl::UnavailableError("a phone could not check everything");
  }
  return ParseContacts(page.body);
}

}  // namespace tekmatch
