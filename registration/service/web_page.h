// The pages that the roles serve: HTML in Japanese that a browser needs no
// script for.
//
// A page has a heading, a way around (navigation), and parts one after the
// other. It is usable by keyboard alone and at 320 pixels, its texts have a
// contrast of at least 4.5:1 on light and on dark, and it asks for nothing but
// its style sheet, which the same server has (Content-Security-Policy:
// http_server.h). All texts may hold what others wrote: they are escaped here.
//
// Source: HTML Living Standard; WCAG 2.2 AA; REGISTRATION section 8.
#ifndef TEKMATCH_REGISTRATION_SERVICE_WEB_PAGE_H_
#define TEKMATCH_REGISTRATION_SERVICE_WEB_PAGE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "registration/service/http_message.h"
#include "registration/service/router.h"

namespace tekmatch {

struct WebLink {
  std::string path;
  std::string text;
  bool is_here = false;  // the page that is shown
};

class WebPage {
 public:
  // `site` is what all pages of a role are called: "健康管理 (リハーサル)".
  // `navigation` stands above the heading; none where it is empty. `heading` is
  // for what the title may not say, since browsers keep titles in histories and
  // send them to other devices: a person's name. Empty: the title.
  WebPage(absl::string_view site, absl::string_view title,
          absl::Span<const WebLink> navigation = {},
          absl::string_view heading = "");

  // Side by side: the tabs of a patient, the states of a list. `label` says to
  // screen readers what they are.
  void Links(absl::string_view label, absl::Span<const WebLink> links);
  void Subheading(absl::string_view text);
  void Paragraph(absl::string_view text);
  // What stands out. An alert is read out by screen readers at once.
  void Notice(absl::string_view text);
  void Alert(absl::string_view text);
  void List(absl::Span<const std::string> items);
  void NumberedList(absl::Span<const std::string> items);
  // A paragraph with a link.
  void Link(absl::string_view path, absl::string_view text);
  // Names and values.
  void Facts(absl::Span<const std::pair<std::string, std::string>> facts);
  // Scrolls by itself where it is wider than the page. Rows are as long as the
  // header. Cells in the first column are links where `links` has as many paths
  // as there are rows.
  void Table(absl::string_view caption, absl::Span<const std::string> header,
             absl::Span<const std::vector<std::string>> rows,
             absl::Span<const std::string> links = {});
  // HTML of web_form.h.
  void Append(absl::string_view html);

  // 422: the title begins with エラー, which a screen reader says first.
  HttpResponse Finish(int status = 200) &&;

 private:
  std::string title_;
  std::string html_;  // what follows the title
};

// The page of a request that no handler sees, or that is for no page: 404, 405,
// 411, 413, 421, 500, 503 with Retry-After. For Route::refusal and
// Router::SetRefusal.
HttpResponse WebRefusal(absl::string_view site, int status);

// GET /style.css and /icon.svg, which every page asks for.
void AddStyleRoute(Router& router);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVICE_WEB_PAGE_H_
