// Plan: one encoded text; fields of a query or a form; what else a browser
// sends.
#include "registration/service/form_data.h"

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "keyformat/status_macros.h"
#include "registration/rules/code_points.h"
#include "registration/service/multipart_form.h"

namespace tekmatch {
namespace {

absl::Status NoForm() { return absl::InvalidArgumentError("no form of ours"); }

// 0 to 15; -1 where it is no hexadecimal digit.
int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

absl::StatusOr<std::string> Decode(absl::string_view encoded) {
  std::string text;
  text.reserve(encoded.size());
  for (size_t i = 0; i < encoded.size(); ++i) {
    char c = encoded[i];
    if (c == '+') {
      c = ' ';
    } else if (c == '%') {
      if (encoded.size() - i < 3) return NoForm();
      const int high = HexDigit(encoded[i + 1]);
      const int low = HexDigit(encoded[i + 2]);
      if (high < 0 || low < 0) return NoForm();
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return NoForm();
    text.push_back(c);
  }
  if (!IsUtf8(text)) return NoForm();
  return text;
}

}  // namespace

absl::StatusOr<FormData> FormData::Parse(absl::string_view encoded) {
  FormData data;
  if (encoded.empty()) return data;
  for (const absl::string_view field : absl::StrSplit(encoded, '&')) {
    if (field.empty()) continue;
    if (data.fields_.size() == kMostFields) return NoForm();
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(field, absl::MaxSplits('=', 1));
    TEKMATCH_ASSIGN_OR_RETURN(std::string name, Decode(parts.first));
    TEKMATCH_ASSIGN_OR_RETURN(std::string value, Decode(parts.second));
    if (data.Has(name)) return NoForm();
    data.fields_.emplace_back(std::move(name), std::move(value));
  }
  return data;
}

absl::StatusOr<FormData> FormData::OfBody(const HttpRequest& request) {
  const absl::string_view type = request.Header("Content-Type");
  const absl::string_view media_type =
      absl::StripAsciiWhitespace(type.substr(0, type.find(';')));
  if (absl::EqualsIgnoreCase(media_type, "multipart/form-data")) {
    FormData data;
    TEKMATCH_ASSIGN_OR_RETURN(data.fields_, ParseMultipart(type, request.body));
    return data;
  }
  if (!absl::EqualsIgnoreCase(media_type,
                              "application/x-www-form-urlencoded")) {
    return NoForm();
  }
  return Parse(request.body);
}

absl::string_view FormData::Get(absl::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (key == name) return value;
  }
  return {};
}

bool FormData::Has(absl::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (key == name) return true;
  }
  return false;
}

std::string QueryValue(absl::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
        c == '.' || c == '_' || c == '~') {
      encoded.push_back(c);
    } else {
      absl::StrAppendFormat(&encoded, "%%%02X",
                            static_cast<unsigned>(static_cast<uint8_t>(c)));
    }
  }
  return encoded;
}

absl::string_view FindCookie(const HttpRequest& request,
                             absl::string_view name) {
  for (absl::string_view pair : absl::StrSplit(request.Header("Cookie"), ';')) {
    pair = absl::StripAsciiWhitespace(pair);
    if (absl::ConsumePrefix(&pair, name) && absl::ConsumePrefix(&pair, "=")) {
      return pair;
    }
  }
  return {};
}

HttpResponse SeeOther(absl::string_view path) {
  HttpResponse response;
  response.status = 303;
  response.headers.emplace_back("Location", std::string(path));
  return response;
}

}  // namespace tekmatch
