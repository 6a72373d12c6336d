// A form of a page, field by field: what was typed before, and what is wrong
// with it.
//
// A fault stands beside its field, is tied to it for screen readers
// (aria-describedby, aria-invalid), and is listed once more at the top of the
// form, with the field's label and a link to it. The list takes the focus when
// the page is there. So a person who cannot see the whole page learns all of it
// at once.
//
// Every form is a POST with the token that web_session.h checks. All texts are
// escaped here.
//
// Source: HTML Living Standard, section 4.10; WCAG 2.2, 3.3.1 to 3.3.3.
#ifndef TEKMATCH_REGISTRATION_SERVICE_WEB_FORM_H_
#define TEKMATCH_REGISTRATION_SERVICE_WEB_FORM_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tekmatch {

// The field of every form that holds the token.
inline constexpr char kTokenField[] = "token";

struct FieldText {
  std::string name;   // of the field, and its id: letters, digits, "_"
  std::string label;  // "フリガナ"
  std::string hint;   // under the label; may be empty
  std::string fault;  // empty: none
};

struct TextField {
  FieldText text;
  std::string value;
  std::string type = "text";  // "text", "password", "date", "tel", "email"
  std::string autocomplete;   // "one-time-code", "off", ...; empty: not said
  std::string input_mode;     // "numeric", "tel"; empty: not said
  std::string min;            // of a date; empty: not said
  std::string max;
  int max_length = 0;  // characters; 0: not said
  bool autofocus = false;
};

struct Choice {
  std::string value;
  std::string label;
};

struct ChoiceField {
  FieldText text;
  std::vector<Choice> choices;
  std::string chosen;  // empty: none, as at first (row 3)
};

struct CheckField {
  FieldText text;  // the label stands beside the box
  bool checked = false;
};

class WebForm {
 public:
  // `action` is a path of ours; `token` the session's.
  WebForm(absl::string_view action, absl::string_view token);

  void Hidden(absl::string_view name, absl::string_view value);
  void Text(const TextField& field);
  void Area(const TextField& field, int rows);
  // A file of the person's machine; `accept` as HTML has it: ".csv,text/csv".
  // The form is multipart then.
  void File(const FieldText& text, absl::string_view accept);
  // Radio buttons.
  void Choose(const ChoiceField& field);
  void Check(const CheckField& field);
  // Of fields below it.
  void Legend(absl::string_view text);
  // A text between fields.
  void Paragraph(absl::string_view text);

  // A button that sends the form. `name` and `value` tell several apart; both
  // empty where there is one.
  void Button(absl::string_view label, absl::string_view name = "",
              absl::string_view value = "");
  // A button that cannot be pressed, with the reasons beside it.
  void DisabledButton(absl::string_view label,
                      absl::Span<const std::string> reasons);

  std::string Finish() &&;

 private:
  void BeginField(const FieldText& text, absl::string_view element);
  std::string DescribedBy(const FieldText& text);

  std::string action_;
  std::string token_;
  bool has_file_ = false;
  std::string html_;
  std::vector<FieldText> faults_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVICE_WEB_FORM_H_
