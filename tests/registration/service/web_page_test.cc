// Pages and forms as HTML: what others wrote is text, faults are tied to their
// fields, and a page asks for nothing but its style sheet.
#include "registration/service/web_page.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/service/router.h"
#include "registration/service/web_form.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Each of these would end an element, an attribute or a line.
constexpr char kNasty[] = "</p></textarea><script>\"'&\xe2\x80\xae\x1b";
constexpr char kSafe[] =
    "&lt;/p&gt;&lt;/textarea&gt;&lt;script&gt;&quot;&#39;&amp;\\u{202e}\\x1b";

TEST(WebPageTest, AllTextsAreEscaped) {
  const std::vector<WebLink> links = {{kNasty, kNasty, true}};
  const std::vector<std::string> texts = {kNasty};
  const std::vector<std::pair<std::string, std::string>> facts = {
      {kNasty, kNasty}};
  const std::vector<std::vector<std::string>> rows = {{kNasty, kNasty}};
  WebPage page(kNasty, kNasty, links);
  page.Links(kNasty, links);
  page.Subheading(kNasty);
  page.Paragraph(kNasty);
  page.Notice(kNasty);
  page.Alert(kNasty);
  page.List(texts);
  page.NumberedList(texts);
  page.Link(kNasty, kNasty);
  page.Facts(facts);
  page.Table(kNasty, {kNasty, kNasty}, rows, texts);
  const HttpResponse response = std::move(page).Finish(404);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(FindHeader(response.headers, "Content-Type"),
            "text/html; charset=utf-8");
  EXPECT_THAT(response.body, Not(HasSubstr("<script")));
  EXPECT_THAT(response.body, Not(HasSubstr("\x1b")));
  EXPECT_THAT(response.body, Not(HasSubstr("\xe2\x80\xae")));
  size_t count = 0;
  for (size_t at = response.body.find(kSafe); at != std::string::npos;
       at = response.body.find(kSafe, at + 1)) {
    ++count;
  }
  // The head and the heading: 4; navigation: 2; links: 3; six texts; a link: 2;
  // facts: 2; the table: a caption twice, two headings, three in the row.
  EXPECT_EQ(count, 26u);
}

// Browsers keep titles in their histories: a name stands in the heading only.
TEST(WebPageTest, AHeadingMayDifferFromTheTitle) {
  WebPage page("site", "患者 17", {}, "患者 厚労 太郎");
  const std::string body = std::move(page).Finish().body;
  EXPECT_THAT(body, HasSubstr("<title>患者 17 - site</title>"));
  EXPECT_THAT(body, HasSubstr("<h1>患者 厚労 太郎</h1>"));
}

TEST(WebPageTest, TheTitleSaysThatThereAreFaults) {
  EXPECT_THAT(WebPage("site", "title").Finish(422).body,
              HasSubstr("<title>エラー：title - site</title>"));
  EXPECT_THAT(WebPage("site", "title").Finish(409).body,
              HasSubstr("<title>title - site</title>"));
}

TEST(WebPageTest, RefusalsAreInJapanese) {
  for (const auto& [status, words] : std::vector<std::pair<int, std::string>>{
           {404, "ページが見つかりません"},
           {405, "操作できません"},
           {411, "操作できません"},
           {413, "大きすぎます"},
           {421, "このアドレスでは"},
           {500, "一時的に利用できません"},
           {503, "一時的に利用できません"}}) {
    const HttpResponse response = WebRefusal("site", status);
    EXPECT_EQ(response.status, status);
    EXPECT_THAT(response.body, HasSubstr(words));
    EXPECT_EQ(FindHeader(response.headers, "Retry-After"),
              status == 503 ? "5" : "");
  }
}

TEST(WebPageTest, AsksForNothingButItsStyle) {
  WebPage page("site", "title", {});
  page.Paragraph("text");
  const std::string body = std::move(page).Finish().body;
  EXPECT_THAT(body, HasSubstr("<html lang=\"ja\">"));
  EXPECT_THAT(body, HasSubstr("width=device-width, initial-scale=1"));
  EXPECT_THAT(body, HasSubstr("<title>title - site</title>"));
  EXPECT_THAT(body, Not(HasSubstr("<nav")));
  for (const char* other : {"http:", "https:", "//", "<script", " style="}) {
    EXPECT_FALSE(absl::StrContains(body, other)) << other;
  }
  Router router;
  AddStyleRoute(router);
  HttpRequest request;
  request.method = "GET";
  request.path = "/style.css";
  const HttpResponse style = router.Handle(request);
  EXPECT_EQ(style.status, 200);
  EXPECT_EQ(FindHeader(style.headers, "Content-Type"),
            "text/css; charset=utf-8");
  for (const char* other : {"url(", "@import", "http"}) {
    EXPECT_FALSE(absl::StrContains(style.body, other)) << other;
  }
}

// The value of "--name:#rgb" in a part of the style sheet.
double LuminanceOf(const std::string& style, const std::string& name) {
  const size_t at = style.find("--" + name + ":#");
  EXPECT_NE(at, std::string::npos) << name;
  std::string hex = style.substr(at + name.size() + 4, 6);
  if (hex.find_first_not_of("0123456789abcdef") != std::string::npos) {
    hex = {hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]};
  }
  // WCAG 2.2, "relative luminance".
  double luminance = 0;
  const double weights[] = {0.2126, 0.7152, 0.0722};
  for (size_t i = 0; i < 3; ++i) {
    const double c = std::stoi(hex.substr(2 * i, 2), nullptr, 16) / 255.0;
    luminance +=
        weights[i] *
        (c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4));
  }
  return luminance;
}

double Contrast(const std::string& style, const std::string& a,
                const std::string& b) {
  const double x = LuminanceOf(style, a);
  const double y = LuminanceOf(style, b);
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

TEST(WebPageTest, TextsHaveTheContrastOfWcagAa) {
  Router router;
  AddStyleRoute(router);
  HttpRequest request;
  request.method = "GET";
  request.path = "/style.css";
  const std::string style = router.Handle(request).body;
  const size_t dark = style.find("prefers-color-scheme:dark");
  ASSERT_NE(dark, std::string::npos);
  for (const std::string& part : {style.substr(0, dark), style.substr(dark)}) {
    for (const char* ground : {"ground", "box"}) {
      for (const char* ink : {"ink", "soft", "link", "bad"}) {
        EXPECT_GE(Contrast(part, ink, ground), 4.5) << ink << " on " << ground;
      }
    }
    EXPECT_GE(Contrast(part, "on-button", "button"), 4.5);
    EXPECT_GE(Contrast(part, "edge", "ground"), 3.0);
  }
}

TEST(WebPageTest, TablesScrollAndTakeTheFocus) {
  WebPage page("site", "title");
  page.Table("caption", {"a", "b"}, {{"1", "2"}, {"3", "4"}}, {"/x/1"});
  const std::string body = std::move(page).Finish().body;
  EXPECT_THAT(body, HasSubstr("tabindex=\"0\" role=\"region\" "
                              "aria-label=\"caption\""));
  EXPECT_THAT(body, HasSubstr("<th scope=\"row\"><a href=\"/x/1\">1</a></th>"
                              "<td>2</td>"));
  // Fewer links than rows: the others are text.
  EXPECT_THAT(body, HasSubstr("<th scope=\"row\">3</th><td>4</td>"));
}

// -------------------------------------------------------------------- forms

TEST(WebFormTest, AllTextsAreEscaped) {
  WebForm form(kNasty, kNasty);
  const FieldText text = {"name", kNasty, kNasty, kNasty};
  form.Hidden(kNasty, kNasty);
  TextField field;
  field.text = text;
  field.value = kNasty;
  form.Text(field);
  form.Area(field, 3);
  form.File(text, kNasty);
  form.Choose({.text = text, .choices = {{kNasty, kNasty}}, .chosen = ""});
  form.Check({.text = text, .checked = false});
  form.Legend(kNasty);
  form.Paragraph(kNasty);
  form.Button(kNasty, kNasty, kNasty);
  const std::vector<std::string> reasons = {kNasty};
  form.DisabledButton(kNasty, reasons);
  const std::string html = std::move(form).Finish();
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("\x1b")));
  EXPECT_THAT(html, HasSubstr(absl::StrCat("value=\"", kSafe, "\"")));
  EXPECT_THAT(html, HasSubstr(absl::StrCat(">\n", kSafe, "</textarea>")));
}

TEST(WebFormTest, AFaultIsTiedToItsField) {
  WebForm form("/save", "0123");
  TextField field;
  field.text = {"kana", "フリガナ", "全角", "カタカナで"};
  form.Text(field);
  field.text = {"name", "氏名", "", ""};
  form.Text(field);
  form.Choose({.text = {"app", "利用", "", "選択"},
               .choices = {{"yes", "有"}, {"no", "無"}},
               .chosen = ""});
  const std::string html = std::move(form).Finish();
  EXPECT_THAT(html,
              HasSubstr("<li><a href=\"#kana\">フリガナ：カタカナで</a></li>\n"
                        "<li><a href=\"#app\">利用：選択</a></li>"));
  // Where the page begins for who uses the keyboard or a screen reader.
  EXPECT_THAT(html, HasSubstr("role=\"alert\" tabindex=\"-1\" autofocus>"));
  EXPECT_THAT(html, HasSubstr("<p class=\"fault\" id=\"kana-fault\">"));
  EXPECT_THAT(html, HasSubstr("aria-describedby=\"kana-hint kana-fault\" "
                              "aria-invalid=\"true\""));
  EXPECT_THAT(html, HasSubstr("id=\"name\" name=\"name\" type=\"text\">"));
  // The link to a group of buttons leads to its first one.
  EXPECT_THAT(html, HasSubstr("type=\"radio\" id=\"app\" name=\"app\" "
                              "value=\"yes\" aria-describedby=\"app-fault\""));
  EXPECT_THAT(html, HasSubstr("id=\"app-no\""));
  EXPECT_THAT(html, HasSubstr("<form method=\"post\" action=\"/save\" "
                              "novalidate>\n<input type=\"hidden\" "
                              "name=\"token\" value=\"0123\">"));
}

TEST(WebFormTest, NothingIsChosenByItself) {
  WebForm form("/save", "0123");
  const std::vector<Choice> choices = {{"yes", "有"}, {"no", "無"}};
  form.Choose(
      {.text = {"app", "利用", "", ""}, .choices = choices, .chosen = ""});
  form.Check({.text = {"consent", "同意", "", ""}, .checked = false});
  EXPECT_THAT(std::move(form).Finish(), Not(HasSubstr(" checked")));
  WebForm other("/save", "0123");
  other.Choose(
      {.text = {"app", "利用", "", ""}, .choices = choices, .chosen = "no"});
  other.Check({.text = {"consent", "同意", "", ""}, .checked = true});
  const std::string html = std::move(other).Finish();
  EXPECT_THAT(html, HasSubstr("value=\"no\" checked"));
  EXPECT_THAT(html, Not(HasSubstr("value=\"yes\" checked><label "
                                  "for=\"app\"")));
  EXPECT_THAT(html, HasSubstr("name=\"consent\" value=\"yes\" checked"));
}

TEST(WebFormTest, OnlyAFileMakesItMultipart) {
  WebForm plain("/a", "0");
  EXPECT_THAT(std::move(plain).Finish(), Not(HasSubstr("enctype")));
  WebForm with_file("/a", "0");
  with_file.File({"file", "ファイル", "", ""}, ".csv");
  const std::string html = std::move(with_file).Finish();
  EXPECT_THAT(html, HasSubstr("enctype=\"multipart/form-data\""));
  EXPECT_THAT(html, HasSubstr("type=\"file\" accept=\".csv\""));
}

TEST(WebFormTest, AnAreaKeepsItsLines) {
  WebForm form("/a", "0");
  TextField field;
  field.text = {"rows", "行", "", ""};
  field.value = "\na\t\tb\t\nc\x1b";
  form.Area(field, 2);
  // The parser drops the first line feed, and only that. Tabs are what cells of
  // a spreadsheet have between them.
  EXPECT_THAT(std::move(form).Finish(),
              HasSubstr("rows=\"2\">\n\na\t\tb\t\nc\\x1b</textarea>"));
}

TEST(WebFormTest, ADisabledButtonSaysWhy) {
  WebForm form("/a", "0");
  const std::vector<std::string> reasons = {"一", "二"};
  form.DisabledButton("発行", reasons);
  EXPECT_THAT(std::move(form).Finish(),
              HasSubstr("<button disabled aria-describedby=\"reasons\">発行"
                        "</button>\n<ul id=\"reasons\">\n<li>一</li>\n<li>二"
                        "</li>\n</ul>"));
}

}  // namespace
}  // namespace tekmatch
