// The tab ID管理 of a patient: the button 処理番号発行 or, disabled, every
// reason why not; what became of each issue, with its times; what to ask a
// person whose number does not work. Never a number: the page cannot know one.
//
// Source: REGISTRATION rows 4, 6, 7, 8, 12, 13, 17, 18; UPSTREAM R9, R19.
#ifndef TEKMATCH_REGISTRATION_HERSYS_NUMBER_TAB_H_
#define TEKMATCH_REGISTRATION_HERSYS_NUMBER_TAB_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "registration/hersys/hersys_store.h"
#include "registration/hersys/page_frame.h"
#include "registration/rules/issuance.h"
#include "registration/service/web_page.h"

namespace tekmatch {

struct NumberTab {
  Patient patient;
  std::vector<Issue> issues;  // newest first
  IssueDecision decision;     // what the button would do now
  LifeOptions life;
  std::string uuid;  // of the next issue: a double click sends it twice
};

void AddNumberTab(WebPage& page, const PageVisit& visit, const NumberTab& tab);

// The button 対象外, on a page of its own that says what follows.
void AddCloseForm(WebPage& page, const PageVisit& visit,
                  const Patient& patient);

// Why no number is issued, a line each; empty: one is.
std::vector<std::string> ReasonsAgainst(const IssueDecision& decision);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_HERSYS_NUMBER_TAB_H_
