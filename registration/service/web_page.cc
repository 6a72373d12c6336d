// Plan: the style sheet; the parts of a page, one after another; the page of a
// refusal; the routes that every page asks for.
#include "registration/service/web_page.h"

#include "absl/strings/str_cat.h"
#include "tools/page/html.h"

namespace tekmatch {
namespace {

// Contrast on their grounds, light and dark: --ink 15:1 and 14:1, --soft 6.4
// and 7.6, --link 6.6 and 7.0, --bad 6.5 and 6.9. Edges of fields have 3:1.
constexpr absl::string_view kStyle = R"(:root{color-scheme:light dark;
--ground:#fff;--ink:#1b1f24;--soft:#57606a;--edge:#6e7781;--box:#f3f4f6;
--link:#0a5299;--bad:#b3261e;--button:#0a5299;--on-button:#fff}
@media (prefers-color-scheme:dark){:root{
--ground:#14171a;--ink:#e6e8eb;--soft:#a5adb6;--edge:#8c959f;--box:#22272e;
--link:#79b8ff;--bad:#ff9b92;--button:#79b8ff;--on-button:#14171a}}
*{box-sizing:border-box}
html{overflow-wrap:anywhere}
body{margin:0 auto;padding:1rem;max-width:46rem;background:var(--ground);
color:var(--ink);font:1rem/1.6 system-ui,"Noto Sans CJK JP","IPAGothic",
"VL Gothic",sans-serif}
h1{font-size:1.5rem;line-height:1.3;margin:.6rem 0 1rem}
h2{font-size:1.2rem;margin:2rem 0 .5rem}
a{color:var(--link)}
:focus-visible,[type=date]:focus-within{outline:3px solid var(--link);
outline-offset:2px}
.skip{position:absolute;left:-999rem}.skip:focus{position:static}
.site{color:var(--soft);margin:0;font-size:.9rem}
nav ul{list-style:none;padding:0;margin:.5rem 0;display:flex;flex-wrap:wrap;
gap:.2rem 1.2rem}
nav a{display:inline-block;padding:.3rem 0}
nav [aria-current]{font-weight:bold;color:var(--ink);text-decoration:none;
border-bottom:3px solid var(--link)}
.notice,.alert,.faults{border-left:.4rem solid var(--link);
background:var(--box);padding:.6rem .8rem;margin:1rem 0;white-space:pre-line}
.alert,.faults{border-color:var(--bad)}
.faults{white-space:normal}.faults p{margin:0}
.faults ul{margin:.3rem 0 0;padding-left:1.3rem}
dl{display:grid;grid-template-columns:minmax(6rem,auto) 1fr;gap:.3rem 1rem}
dt{color:var(--soft)}dd{margin:0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.95rem;overflow-wrap:normal}
caption{text-align:left;color:var(--soft);max-width:calc(100vw - 2rem)}
th,td{padding:.35rem .9rem .35rem 0;text-align:left;vertical-align:top;
border-bottom:1px solid var(--edge);white-space:nowrap}
tbody th{font-weight:normal;white-space:normal;min-width:6.5rem}
.field{border:0;padding:0;margin:1.2rem 0;min-width:0}
.field>label,.field>legend{font-weight:bold;display:block;padding:0}
.choice{display:flex;gap:.6rem;align-items:center;padding:.3rem 0}
.hint{color:var(--soft);font-size:.9rem;margin:.1rem 0}
.fault{color:var(--bad);font-weight:bold;margin:.2rem 0}
input,textarea,button{font:inherit;color:inherit}
input:not([type=radio]):not([type=checkbox]),textarea{width:100%;
max-width:28rem;padding:.5rem;border:1px solid var(--edge);border-radius:.25rem;
background:var(--ground)}
input[type=radio],input[type=checkbox]{width:1.4rem;height:1.4rem;margin:0;
flex:none}
[aria-invalid=true]{border:2px solid var(--bad)!important}
button{padding:.6rem 1.4rem;border:1px solid var(--button);
border-radius:.25rem;background:var(--button);color:var(--on-button);
margin:.6rem .8rem .2rem 0;min-height:2.75rem;cursor:pointer}
button[value=cancel],[action="/logout"] button,[action^="/close/"] button{
background:var(--ground);color:var(--button)}
button[disabled]{background:var(--box);color:var(--soft);
border:1px dashed var(--edge);cursor:not-allowed}
@media (max-width:30rem){dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}}
)";

// Without one, browsers ask for /favicon.ico.
constexpr absl::string_view kIcon =
    R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">)"
    R"(<circle cx="8" cy="8" r="8" fill="#0a5299"/>)"
    R"(<path d="M8 3v10M3 8h10" stroke="#fff" stroke-width="2.5"/></svg>)";

// A route to what never changes while the process runs.
void AddFixed(Router& router, absl::string_view path, absl::string_view type,
              absl::string_view content) {
  router.Add({.method = "GET",
              .path = std::string(path),
              .handler =
                  [type = std::string(type), content](const HttpRequest&) {
                    HttpResponse response;
                    response.headers.emplace_back("Content-Type", type);
                    response.headers.emplace_back("Cache-Control",
                                                  "private, max-age=3600");
                    response.body = std::string(content);
                    return response;
                  },
              .refusal = nullptr});
}

std::string ListItems(absl::Span<const std::string> items) {
  std::string html;
  for (const std::string& item : items) {
    absl::StrAppend(&html, "<li>", HtmlText(item), "</li>\n");
  }
  return html;
}

}  // namespace

WebPage::WebPage(absl::string_view site, absl::string_view title,
                 absl::Span<const WebLink> navigation,
                 absl::string_view heading)
    : title_(absl::StrCat(title, " - ", site)),
      html_(absl::StrCat(
          "</title>\n<link rel=\"stylesheet\" href=\"/style.css\">\n"
          "<link rel=\"icon\" href=\"/icon.svg\">\n</head>\n<body>\n"
          "<a class=\"skip\" href=\"#main\">本文へ</a>\n<header>\n"
          "<p class=\"site\">",
          HtmlText(site), "</p>\n")) {
  if (!navigation.empty()) Links("メニュー", navigation);
  absl::StrAppend(&html_, "</header>\n<main id=\"main\">\n<h1>",
                  HtmlText(heading.empty() ? title : heading), "</h1>\n");
}

void WebPage::Links(absl::string_view label, absl::Span<const WebLink> links) {
  absl::StrAppend(&html_, "<nav aria-label=\"", HtmlText(label), "\">\n<ul>\n");
  for (const WebLink& link : links) {
    absl::StrAppend(&html_, "<li><a href=\"", HtmlText(link.path), "\"",
                    link.is_here ? " aria-current=\"page\"" : "", ">",
                    HtmlText(link.text), "</a></li>\n");
  }
  absl::StrAppend(&html_, "</ul>\n</nav>\n");
}

void WebPage::Subheading(absl::string_view text) {
  absl::StrAppend(&html_, "<h2>", HtmlText(text), "</h2>\n");
}

void WebPage::Paragraph(absl::string_view text) {
  absl::StrAppend(&html_, "<p>", HtmlText(text), "</p>\n");
}

void WebPage::Notice(absl::string_view text) {
  absl::StrAppend(&html_, "<p class=\"notice\" role=\"status\">",
                  HtmlLines(text), "</p>\n");
}

void WebPage::Alert(absl::string_view text) {
  absl::StrAppend(&html_, "<p class=\"alert\" role=\"alert\">", HtmlLines(text),
                  "</p>\n");
}

void WebPage::List(absl::Span<const std::string> items) {
  absl::StrAppend(&html_, "<ul>\n", ListItems(items), "</ul>\n");
}

void WebPage::NumberedList(absl::Span<const std::string> items) {
  absl::StrAppend(&html_, "<ol>\n", ListItems(items), "</ol>\n");
}

void WebPage::Link(absl::string_view path, absl::string_view text) {
  absl::StrAppend(&html_, "<p><a href=\"", HtmlText(path), "\">",
                  HtmlText(text), "</a></p>\n");
}

void WebPage::Facts(
    absl::Span<const std::pair<std::string, std::string>> facts) {
  absl::StrAppend(&html_, "<dl>\n");
  for (const auto& [name, value] : facts) {
    absl::StrAppend(&html_, "<dt>", HtmlText(name), "</dt><dd>",
                    HtmlText(value), "</dd>\n");
  }
  absl::StrAppend(&html_, "</dl>\n");
}

void WebPage::Table(absl::string_view caption,
                    absl::Span<const std::string> header,
                    absl::Span<const std::vector<std::string>> rows,
                    absl::Span<const std::string> links) {
  // What scrolls takes the focus, so that arrow keys reach all of it.
  absl::StrAppend(
      &html_, "<div class=\"scroll\" tabindex=\"0\" role=\"region\"",
      " aria-label=\"", HtmlText(caption), "\">\n<table>\n<caption>",
      HtmlText(caption), "</caption>\n<thead><tr>");
  for (const std::string& cell : header) {
    absl::StrAppend(&html_, "<th scope=\"col\">", HtmlText(cell), "</th>");
  }
  absl::StrAppend(&html_, "</tr></thead>\n<tbody>\n");
  for (size_t i = 0; i < rows.size(); ++i) {
    absl::StrAppend(&html_, "<tr>");
    for (size_t j = 0; j < rows[i].size(); ++j) {
      std::string cell = HtmlText(rows[i][j]);
      if (j > 0) {
        absl::StrAppend(&html_, "<td>", cell, "</td>");
        continue;
      }
      if (i < links.size()) {
        cell =
            absl::StrCat("<a href=\"", HtmlText(links[i]), "\">", cell, "</a>");
      }
      absl::StrAppend(&html_, "<th scope=\"row\">", cell, "</th>");
    }
    absl::StrAppend(&html_, "</tr>\n");
  }
  absl::StrAppend(&html_, "</tbody>\n</table>\n</div>\n");
}

void WebPage::Append(absl::string_view html) { absl::StrAppend(&html_, html); }

HttpResponse WebPage::Finish(int status) && {
  HttpResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", "text/html; charset=utf-8");
  // Only now it is known whether there are faults.
  response.body = absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"ja\">\n<head>\n"
      "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n<title>",
      status == 422 ? "エラー：" : "", HtmlText(title_), html_,
      "</main>\n</body>\n</html>\n");
  return response;
}

HttpResponse WebRefusal(absl::string_view site, int status) {
  absl::string_view title = "操作できません";
  absl::string_view words =
      "この操作はできません。前の画面に戻って、やり直してください。";
  if (status == 404) {
    title = "ページが見つかりません";
    words = "アドレスを確認してください。";
  } else if (status == 413) {
    words = "送信内容が大きすぎます。";
  } else if (status == 421) {
    words = "このアドレスでは利用できません。";
  } else if (status >= 500) {
    title = "一時的に利用できません";
    words = "しばらくしてから、もう一度操作してください。";
  }
  WebPage page(site, title);
  page.Alert(words);
  HttpResponse response = std::move(page).Finish(status);
  if (status == 503) response.headers.emplace_back("Retry-After", "5");
  return response;
}

void AddStyleRoute(Router& router) {
  AddFixed(router, "/style.css", "text/css; charset=utf-8", kStyle);
  AddFixed(router, "/icon.svg", "image/svg+xml", kIcon);
}

}  // namespace tekmatch
