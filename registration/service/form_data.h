// What a browser sends beside the body of a form: fields, query and cookies.
//
// Fields are application/x-www-form-urlencoded, or, where a form sends a file,
// multipart/form-data (multipart_form.h). Everything is bounded and refused as
// a whole where it is not what a form of ours sends: a name twice, a NUL, what
// is no UTF-8, a '%' without two hexadecimal digits.
//
// Source: URL Living Standard, section 5 (application/x-www-form-urlencoded);
// RFC 6265 (cookies).
#ifndef TEKMATCH_REGISTRATION_SERVICE_FORM_DATA_H_
#define TEKMATCH_REGISTRATION_SERVICE_FORM_DATA_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "registration/service/http_message.h"

namespace tekmatch {

class FormData {
 public:
  static constexpr size_t kMostFields = 64;

  // Of a query, or of a form's body. INVALID_ARGUMENT, without a word of it:
  // see above; more than kMostFields.
  static absl::StatusOr<FormData> Parse(absl::string_view encoded);
  // Of a POST whose Content-Type says that it is a form. INVALID_ARGUMENT: it
  // says something else; and Parse's, and ParseMultipart's. A file may be no
  // UTF-8.
  static absl::StatusOr<FormData> OfBody(const HttpRequest& request);

  // As sent, decoded; empty where there is none. Spaces are not dropped: rules
  // do that.
  absl::string_view Get(absl::string_view name) const;
  bool Has(absl::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// A value for a query: every byte but letters, digits, - . _ ~ as %XX.
std::string QueryValue(absl::string_view text);

// The first cookie of that name; empty where there is none.
absl::string_view FindCookie(const HttpRequest& request,
                             absl::string_view name);

// "See other": the browser asks for `path` with GET, so that a reload repeats
// no POST.
HttpResponse SeeOther(absl::string_view path);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVICE_FORM_DATA_H_
