// Plan: the boundary of the header; a part's headers; the parts, one after
// another, each to the next boundary. Nothing is searched twice, so that a body
// costs as much as it is long.
#include "registration/service/multipart_form.h"

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "keyformat/status_macros.h"
#include "registration/rules/code_points.h"

namespace tekmatch {
namespace {

constexpr size_t kMostParts = 64;
constexpr size_t kMostOfBoundary = 70;
constexpr size_t kMostOfHeaders = 2048;

absl::Status NoForm() { return absl::InvalidArgumentError("no form of ours"); }

// The value of `; name=value` or `; name="value"` in a header's parameters. A
// browser writes a quote in a file's name as %22, so that a quote is the end.
std::optional<absl::string_view> ParameterOf(absl::string_view header,
                                             absl::string_view name) {
  size_t at = header.find(';');
  while (at != absl::string_view::npos) {
    header = absl::StripLeadingAsciiWhitespace(header.substr(at + 1));
    const size_t equals = header.find('=');
    if (equals == absl::string_view::npos) return std::nullopt;
    const absl::string_view key = header.substr(0, equals);
    header.remove_prefix(equals + 1);
    absl::string_view value;
    if (absl::ConsumePrefix(&header, "\"")) {
      const size_t end = header.find('"');
      if (end == absl::string_view::npos) return std::nullopt;
      value = header.substr(0, end);
      header.remove_prefix(end + 1);
    } else {
      value = header.substr(0, header.find(';'));
    }
    if (absl::EqualsIgnoreCase(key, name)) return value;
    at = header.find(';');
  }
  return std::nullopt;
}

bool IsFieldName(absl::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  c == '_';
         });
}

struct PartHeaders {
  std::string name;
  bool is_file = false;
};

absl::StatusOr<PartHeaders> ParseHeaders(absl::string_view headers) {
  std::optional<PartHeaders> parsed;
  for (const absl::string_view line : absl::StrSplit(headers, "\r\n")) {
    const size_t colon = line.find(':');
    if (colon == absl::string_view::npos) return NoForm();
    const absl::string_view name = line.substr(0, colon);
    const absl::string_view value =
        absl::StripAsciiWhitespace(line.substr(colon + 1));
    if (absl::EqualsIgnoreCase(name, "Content-Type")) continue;
    // One disposition, and nothing that says how to decode the part.
    if (!absl::EqualsIgnoreCase(name, "Content-Disposition") ||
        parsed.has_value() || value.substr(0, value.find(';')) != "form-data") {
      return NoForm();
    }
    const std::optional<absl::string_view> field = ParameterOf(value, "name");
    if (!field.has_value() || !IsFieldName(*field)) return NoForm();
    parsed = PartHeaders{.name = std::string(*field),
                         .is_file = ParameterOf(value, "filename").has_value()};
  }
  if (!parsed.has_value()) return NoForm();
  return *std::move(parsed);
}

}  // namespace

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ParseMultipart(
    absl::string_view content_type, absl::string_view body) {
  const std::optional<absl::string_view> boundary =
      ParameterOf(content_type, "boundary");
  if (!boundary.has_value() || boundary->empty() ||
      boundary->size() > kMostOfBoundary) {
    return NoForm();
  }
  // Before each part and after the last; before the first there is no line.
  const std::string delimiter = absl::StrCat("\r\n--", *boundary);
  if (!absl::ConsumePrefix(&body, delimiter.substr(2))) return NoForm();
  std::vector<std::pair<std::string, std::string>> fields;
  while (!absl::ConsumePrefix(&body, "--")) {
    if (fields.size() == kMostParts || !absl::ConsumePrefix(&body, "\r\n")) {
      return NoForm();
    }
    const size_t end_of_headers =
        body.substr(0, kMostOfHeaders).find("\r\n\r\n");
    if (end_of_headers == absl::string_view::npos) return NoForm();
    TEKMATCH_ASSIGN_OR_RETURN(PartHeaders headers,
                              ParseHeaders(body.substr(0, end_of_headers)));
    // The line's end of the headers may be that of the delimiter.
    body.remove_prefix(end_of_headers + 2);
    const size_t end = body.find(delimiter);
    if (end == absl::string_view::npos) return NoForm();
    const absl::string_view value = end < 2 ? "" : body.substr(2, end - 2);
    body.remove_prefix(end + delimiter.size());
    if (!headers.is_file &&
        (!IsUtf8(value) || absl::StrContains(value, '\0'))) {
      return NoForm();
    }
    for (const auto& [name, other] : fields) {
      if (name == headers.name) return NoForm();
    }
    fields.emplace_back(std::move(headers.name), std::string(value));
  }
  return fields;
}

}  // namespace tekmatch
