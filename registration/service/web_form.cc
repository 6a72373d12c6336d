// Plan: what every field has in common; the kinds of fields; buttons; the form
// around them, with its list of faults.
#include "registration/service/web_form.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tools/page/html.h"

namespace tekmatch {
namespace {

// ` name="value"`; nothing where the value is empty.
std::string Attribute(absl::string_view name, absl::string_view value) {
  if (value.empty()) return "";
  return absl::StrCat(" ", name, "=\"", HtmlText(value), "\"");
}

// Of an area: what was pasted from a spreadsheet has tabs, and has to come back
// with them. HtmlLines would show them as an escape.
std::string HtmlLinesAndTabs(absl::string_view text) {
  return absl::StrJoin(absl::StrSplit(text, '\t'), "\t",
                       [](std::string* html, absl::string_view part) {
                         absl::StrAppend(html, HtmlLines(part));
                       });
}

std::string HintAndFault(const FieldText& text) {
  std::string html;
  if (!text.hint.empty()) {
    absl::StrAppend(&html, "<p class=\"hint\" id=\"", text.name, "-hint\">",
                    HtmlText(text.hint), "</p>\n");
  }
  if (!text.fault.empty()) {
    absl::StrAppend(&html, "<p class=\"fault\" id=\"", text.name, "-fault\">",
                    HtmlText(text.fault), "</p>\n");
  }
  return html;
}

std::string TextAttributes(const TextField& field) {
  return absl::StrCat(
      Attribute("autocomplete", field.autocomplete),
      Attribute("inputmode", field.input_mode),
      field.max_length > 0
          ? absl::StrCat(" maxlength=\"", field.max_length, "\"")
          : "",
      field.autofocus ? " autofocus" : "");
}

}  // namespace

WebForm::WebForm(absl::string_view action, absl::string_view token)
    : action_(action), token_(token) {}

void WebForm::BeginField(const FieldText& text, absl::string_view element) {
  absl::StrAppend(&html_, "<", element, " class=\"field\">\n");
  if (!text.fault.empty()) faults_.push_back(text);
}

std::string WebForm::DescribedBy(const FieldText& text) {
  std::string ids;
  if (!text.hint.empty()) absl::StrAppend(&ids, text.name, "-hint");
  if (!text.fault.empty()) {
    absl::StrAppend(&ids, ids.empty() ? "" : " ", text.name, "-fault");
  }
  return absl::StrCat(Attribute("aria-describedby", ids),
                      text.fault.empty() ? "" : " aria-invalid=\"true\"");
}

void WebForm::Hidden(absl::string_view name, absl::string_view value) {
  absl::StrAppend(&html_, "<input type=\"hidden\" name=\"", HtmlText(name),
                  "\" value=\"", HtmlText(value), "\">\n");
}

void WebForm::Text(const TextField& field) {
  const FieldText& text = field.text;
  BeginField(text, "div");
  absl::StrAppend(&html_, "<label for=\"", text.name, "\">",
                  HtmlText(text.label), "</label>\n", HintAndFault(text),
                  "<input id=\"", text.name, "\" name=\"", text.name,
                  "\" type=\"", field.type, "\"",
                  Attribute("value", field.value), Attribute("min", field.min),
                  Attribute("max", field.max), TextAttributes(field),
                  DescribedBy(text), ">\n</div>\n");
}

void WebForm::Area(const TextField& field, int rows) {
  const FieldText& text = field.text;
  BeginField(text, "div");
  // The first line feed after the tag is none of the text.
  absl::StrAppend(&html_, "<label for=\"", text.name, "\">",
                  HtmlText(text.label), "</label>\n", HintAndFault(text),
                  "<textarea id=\"", text.name, "\" name=\"", text.name,
                  "\" rows=\"", rows, "\"", TextAttributes(field),
                  DescribedBy(text), ">\n", HtmlLinesAndTabs(field.value),
                  "</textarea>\n</div>\n");
}

void WebForm::File(const FieldText& text, absl::string_view accept) {
  has_file_ = true;
  BeginField(text, "div");
  absl::StrAppend(&html_, "<label for=\"", text.name, "\">",
                  HtmlText(text.label), "</label>\n", HintAndFault(text),
                  "<input id=\"", text.name, "\" name=\"", text.name,
                  "\" type=\"file\"", Attribute("accept", accept),
                  DescribedBy(text), ">\n</div>\n");
}

void WebForm::Choose(const ChoiceField& field) {
  const FieldText& text = field.text;
  BeginField(text, "fieldset");
  absl::StrAppend(&html_, "<legend>", HtmlText(text.label), "</legend>\n",
                  HintAndFault(text));
  for (size_t i = 0; i < field.choices.size(); ++i) {
    const Choice& choice = field.choices[i];
    // The first has the field's own id, where links to faults lead.
    const std::string id =
        i == 0 ? text.name : absl::StrCat(text.name, "-", choice.value);
    absl::StrAppend(&html_, "<div class=\"choice\"><input type=\"radio\" id=\"",
                    id, "\" name=\"", text.name, "\" value=\"",
                    HtmlText(choice.value), "\"",
                    choice.value == field.chosen ? " checked" : "",
                    DescribedBy(text), "><label for=\"", id, "\">",
                    HtmlText(choice.label), "</label></div>\n");
  }
  absl::StrAppend(&html_, "</fieldset>\n");
}

void WebForm::Check(const CheckField& field) {
  const FieldText& text = field.text;
  BeginField(text, "div");
  absl::StrAppend(&html_, HintAndFault(text),
                  "<div class=\"choice\"><input type=\"checkbox\" id=\"",
                  text.name, "\" name=\"", text.name, "\" value=\"yes\"",
                  field.checked ? " checked" : "", DescribedBy(text),
                  "><label for=\"", text.name, "\">", HtmlText(text.label),
                  "</label></div>\n</div>\n");
}

void WebForm::Legend(absl::string_view text) {
  absl::StrAppend(&html_, "<h2>", HtmlText(text), "</h2>\n");
}

void WebForm::Paragraph(absl::string_view text) {
  absl::StrAppend(&html_, "<p>", HtmlText(text), "</p>\n");
}

void WebForm::Button(absl::string_view label, absl::string_view name,
                     absl::string_view value) {
  absl::StrAppend(&html_, "<button", Attribute("name", name),
                  Attribute("value", value), ">", HtmlText(label),
                  "</button>\n");
}

void WebForm::DisabledButton(absl::string_view label,
                             absl::Span<const std::string> reasons) {
  absl::StrAppend(&html_, "<button disabled aria-describedby=\"reasons\">",
                  HtmlText(label), "</button>\n<ul id=\"reasons\">\n");
  for (const std::string& reason : reasons) {
    absl::StrAppend(&html_, "<li>", HtmlText(reason), "</li>\n");
  }
  absl::StrAppend(&html_, "</ul>\n");
}

std::string WebForm::Finish() && {
  std::string html;
  if (!faults_.empty()) {
    absl::StrAppend(&html,
                    "<div class=\"faults\" role=\"alert\" tabindex=\"-1\" "
                    "autofocus>\n<p>入力内容を確認してください。</p>\n<ul>\n");
    for (const FieldText& text : faults_) {
      absl::StrAppend(&html, "<li><a href=\"#", text.name, "\">",
                      HtmlText(text.label), "：", HtmlText(text.fault),
                      "</a></li>\n");
    }
    absl::StrAppend(&html, "</ul>\n</div>\n");
  }
  absl::StrAppend(&html, "<form method=\"post\" action=\"", HtmlText(action_),
                  has_file_ ? "\" enctype=\"multipart/form-data" : "",
                  "\" novalidate>\n<input type=\"hidden\" name=\"", kTokenField,
                  "\" value=\"", HtmlText(token_), "\">\n", html_, "</form>\n");
  return html;
}

}  // namespace tekmatch
