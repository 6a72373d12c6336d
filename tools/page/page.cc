// Plan: the style sheet, with the colours of light and dark; then the parts of
// a page, one after another.
#include "tools/page/page.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/page/html.h"

namespace tekmatch {
namespace {

// Series are s0 to s7, in an order in which neighbours differ for people who
// are colour-blind, too (after Okabe and Ito, Color Universal Design, 2008,
// darker on light); steps of a heat map h0 (none) to h5. Each stands out from
// its ground by 3:1, but for the two lightest steps, whose cells have an edge.
constexpr absl::string_view kStyle = R"(
:root{color-scheme:light dark;
--ground:#fff;--ink:#1b1f24;--soft:#57606a;--edge:#8c959f;--box:#f3f4f6;
--s0:#0060a8;--s1:#c2560a;--s2:#00795a;--s3:#a83f7f;--s4:#6b5b00;--s5:#2b7fb8;
--s6:#5a4fcf;--s7:#6e7781;
--h0:#f3f4f6;--h1:#c6dbef;--h2:#85b4db;--h3:#4a8cc2;--h4:#1f64a3;--h5:#0b3d70;
--mark:#b3261e}
@media screen and (prefers-color-scheme:dark){:root{
--ground:#14171a;--ink:#e6e8eb;--soft:#a5adb6;--edge:#6e7781;--box:#22272e;
--s0:#58a6ff;--s1:#ff9a4d;--s2:#3fc79a;--s3:#e58ac0;--s4:#d9c34a;--s5:#8cc8ec;
--s6:#a8a0ff;--s7:#a5adb6;
--h0:#22272e;--h1:#1d3b57;--h2:#2a5f8f;--h3:#3f86c4;--h4:#72b3e8;--h5:#c3e2fb;
--mark:#ff8a80}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:52rem;background:var(--ground);
color:var(--ink);font:1rem/1.5 system-ui,"Noto Sans CJK JP","IPAGothic",
"VL Gothic",sans-serif}
h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.3rem;margin-top:2.2rem}
h3{font-size:1.05rem;margin:0}
.part{font-size:1.2rem;margin:2rem 0 .8rem;border-bottom:2px solid var(--edge)}
figure{margin:1.5rem 0}figcaption p,.source{margin:.2rem 0;color:var(--soft);
font-size:.9rem}
.notice{border-left:.3rem solid var(--mark);background:var(--box);
padding:.5rem .8rem;white-space:pre-line}
.plot{overflow-x:auto}.plot:focus-visible,summary:focus-visible{
outline:2px solid var(--s0);outline-offset:2px}
.plot>svg{display:block;width:100%;min-width:36rem;height:auto}
svg text{fill:var(--ink);font:12px system-ui,"Noto Sans CJK JP","IPAGothic",
"VL Gothic",sans-serif}
svg .unit{fill:var(--soft)}svg .mark-name{fill:var(--mark);
stroke:var(--ground);stroke-width:3px;paint-order:stroke}
.grid{stroke:var(--edge);stroke-opacity:.35}.axis{stroke:var(--edge)}
.mark{stroke:var(--mark);stroke-width:1.5;stroke-dasharray:6 3}
.s0{fill:var(--s0)}.s1{fill:var(--s1)}.s2{fill:var(--s2)}.s3{fill:var(--s3)}
.s4{fill:var(--s4)}.s5{fill:var(--s5)}.s6{fill:var(--s6)}.s7{fill:var(--s7)}
.l0{stroke:var(--s0)}.l1{stroke:var(--s1)}.l2{stroke:var(--s2)}
.l3{stroke:var(--s3)}.l4{stroke:var(--s4)}.l5{stroke:var(--s5)}
.l6{stroke:var(--s6)}.l7{stroke:var(--s7)}line[class^=l]{stroke-width:2}
.l1,.l4{stroke-dasharray:7 3}.l2,.l5{stroke-dasharray:2 2}
.l3,.l6{stroke-dasharray:9 3 2 3}
.h0{fill:var(--h0)}.h1{fill:var(--h1)}.h2{fill:var(--h2)}.h3{fill:var(--h3)}
.h4{fill:var(--h4)}.h5{fill:var(--h5)}
rect{stroke:var(--edge);stroke-width:.4}
.legend{list-style:none;padding:0;margin:.3rem 0;display:flex;flex-wrap:wrap;
gap:.2rem 1rem;font-size:.9rem}
table{border-collapse:collapse;margin:.8rem 0;font-size:.85rem;
font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);white-space:nowrap}
th,td{padding:.15rem .6rem .15rem 0;text-align:left;vertical-align:top;
border-bottom:1px solid var(--box);overflow-wrap:break-word}
thead th{border-bottom-color:var(--edge);white-space:nowrap}
tbody th{font-weight:normal;max-width:24rem}
.n{text-align:right;white-space:nowrap}
@media screen{td,tbody th{white-space:nowrap}
.long{white-space:normal;min-width:14rem}}
@media print{body{max-width:none;padding:0;font-size:10pt}
figcaption,.plot>svg,tr{break-inside:avoid}h2,h3{break-after:avoid}
.plot{overflow:visible}.plot>svg{min-width:0}
details::details-content{content-visibility:visible;block-size:auto}
summary{list-style:none}table{font-size:7pt}th,td{padding-right:.3rem}}
)";

}  // namespace

Page::Page(absl::string_view language, absl::string_view title)
    : html_(absl::StrCat(
          "<!DOCTYPE html>\n<html lang=\"", language,
          "\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
          "'none'; style-src 'unsafe-inline'\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, "
          "initial-scale=1\">\n<meta name=\"referrer\" "
          "content=\"no-referrer\">\n<title>",
          HtmlText(title), "</title>\n<style>", kStyle,
          "</style>\n</head>\n<body>\n<main>\n<h1>", HtmlText(title),
          "</h1>\n")) {}

void Page::Heading(absl::string_view text) {
  absl::StrAppend(&html_, "<h2>", HtmlText(text), "</h2>\n");
}

void Page::Subheading(absl::string_view text) {
  absl::StrAppend(&html_, "<h3 class=\"part\">", HtmlText(text), "</h3>\n");
}

void Page::Paragraph(absl::string_view text) {
  absl::StrAppend(&html_, "<p>", HtmlText(text), "</p>\n");
}

void Page::Notice(absl::string_view text) {
  absl::StrAppend(&html_, "<div class=\"notice\">", HtmlLines(text),
                  "</div>\n");
}

void Page::Append(absl::string_view html) { absl::StrAppend(&html_, html); }

std::string Page::Finish() && {
  html_ += "</main>\n</body>\n</html>\n";
  return std::move(html_);
}

}  // namespace tekmatch
