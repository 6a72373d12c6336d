// What every page of the management system has: the way around, who is logged
// in and for which health centre, how long the oldest message waits (R1), and
// the button to log out.
//
// Source: REGISTRATION section 8, rows 17, 30; UPSTREAM R1.
#ifndef TEKMATCH_REGISTRATION_HERSYS_PAGE_FRAME_H_
#define TEKMATCH_REGISTRATION_HERSYS_PAGE_FRAME_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "registration/hersys/operator_store.h"
#include "registration/rules/contact_address.h"
#include "registration/rules/issuance.h"
#include "registration/service/http_message.h"
#include "registration/service/web_page.h"
#include "registration/service/web_session.h"

namespace tekmatch {

// Who asks for a page, and when.
struct PageVisit {
  Operator who;
  WebSession session;
  QueueAge queue;
  absl::Time now;
};

// `here` is the path of the entry of the menu that is shown; empty: none.
// `heading`: WebPage's.
WebPage BeginPage(const PageVisit& visit, absl::string_view title,
                  absl::string_view here, absl::string_view heading = "");
HttpResponse EndPage(WebPage page, const PageVisit& visit, int status = 200);

// Of somebody who is not logged in: what is wrong, and the way to the log-in.
HttpResponse OutsidePage(int status, absl::string_view title,
                         absl::string_view words);
// 503: the database cannot be read or written.
HttpResponse FailurePage();
// WebRefusal of these pages.
HttpResponse PageRefusal(int status);
HttpResponse LoginPage(int status, absl::string_view token,
                       absl::string_view login, absl::string_view fault);

// "2020-12-10 18:00:00", in Japan; "－" where there is none.
std::string JapanTime(std::optional<absl::Time> time);
absl::CivilDay JapanDay(absl::Time time);

// What is wrong with a contact, for the person who typed it; empty: nothing.
absl::string_view ContactFaultText(ContactFault fault);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_PAGE_FRAME_H_
