// The person's pages: HTML in Japanese, made of what phone.h says. No page has
// a key, a time of day, or another person.
//
// Every refusal has its text, what to do, whether the number is still good, and
// whom to call (row 17); and a name for support, such as "number_refused".
//
// Source: REGISTRATION section 8; the ministry's paper, 参考資料 and 別添２.
#ifndef TEKMATCH_REGISTRATION_PHONE_PHONE_PAGES_H_
#define TEKMATCH_REGISTRATION_PHONE_PHONE_PAGES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "registration/phone/phone.h"
#include "registration/phone/phone_store.h"
#include "registration/rules/registration_form.h"
#include "registration/service/http_message.h"
#include "registration/service/web_page.h"

namespace tekmatch {

// What an authority configures. Empty: not shown.
struct PhonePageSettings {
  std::string inquiry_phone;  // of the health centre
  std::string consultation;   // where to ask after a contact
  std::string faq_url;
  std::string mail;
  std::string ministry_url;
  std::string call_centre;
};

class PhonePages {
 public:
  // `prefix` stands before all paths: "" or "/phone/3". `token` is that of the
  // forms. Both, and the settings, outlive it.
  PhonePages(const PhonePageSettings& settings, absl::string_view prefix,
             absl::string_view token)
      : settings_(settings), prefix_(prefix), token_(token) {}

  // `remark` is the query of a redirection: "cancelled", "unclear" or nothing.
  HttpResponse Home(const PhoneView& view, absl::string_view remark) const;
  HttpResponse Consent(const PhoneView& view, int status = 200) const;
  // `submitted` is null where nothing was submitted yet.
  HttpResponse Form(const PhoneView& view,
                    const SubmittedForm* submitted) const;
  HttpResponse NotificationOff(int status = 200) const;
  HttpResponse NoKeyOfEarlierDay() const;
  HttpResponse Confirm(const PhoneView& view) const;
  // Asks for itself again, until there is an outcome.
  HttpResponse Sending() const;
  // Which number is meant, the typed one or a link's.
  HttpResponse Offer() const;
  HttpResponse Done(const PhoneView& view) const;
  HttpResponse Refused(const PhoneView& view) const;
  HttpResponse Contacts(const StoredFindings& findings,
                        bool notification_on) const;
  HttpResponse Menu() const;
  // A page with one text, such as for 403 or 404.
  HttpResponse Message(int status, absl::string_view title,
                       absl::string_view text) const;

  std::string Path(absl::string_view path) const;

 private:
  WebPage NewPage(absl::string_view title, absl::string_view path) const;
  void AddWhomToCall(WebPage& page) const;

  const PhonePageSettings& settings_;
  const absl::string_view prefix_;
  const absl::string_view token_;
};

// The page for what leads to no phone's page: 403, 404, 405, 411, 413, 500,
// 503.
HttpResponse PhoneRefusal(int status);

// "2020年12月10日".
std::string JapaneseDate(absl::CivilDay day);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_PHONE_PHONE_PAGES_H_
