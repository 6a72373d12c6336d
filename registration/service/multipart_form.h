// The body of a form that sends a file: multipart/form-data.
//
// A part with a file name is bytes of any kind; all others are UTF-8 without
// NUL. What a browser does not send is refused as a whole: no boundary or a
// part without its end, a name that is not letters, digits and underscores,
// another encoding of a part, a name twice, more than 64 parts.
//
// Source: RFC 7578; RFC 2046, section 5.1.1 (boundaries); HTML Living Standard,
// 4.10.21.8.
#ifndef TEKMATCH_REGISTRATION_SERVICE_MULTIPART_FORM_H_
#define TEKMATCH_REGISTRATION_SERVICE_MULTIPART_FORM_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tekmatch {

// Names and values, in their order. INVALID_ARGUMENT, without a word of the
// body: see above.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ParseMultipart(
    absl::string_view content_type, absl::string_view body);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVICE_MULTIPART_FORM_H_
