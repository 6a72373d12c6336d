// Plan: random values and their signatures; the visitor's cookie; the device's.
#include "registration/hersys/login_cookies.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/random_source.h"
#include "registration/service/digests.h"
#include "registration/service/form_data.h"

namespace tekmatch {
namespace {

constexpr char kVisitor[] = "visitor";
constexpr char kDevice[] = "device";
constexpr size_t kDigits = 32;
// How long a browser keeps the device's cookie: 180 days.
constexpr int kDeviceSeconds = 180 * 24 * 60 * 60;

std::string RandomDigits() {
  std::array<uint8_t, kDigits / 2> bytes;
  RandomSource::FromSystem().Fill(absl::MakeSpan(bytes));
  return absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

bool IsOurValue(absl::string_view value) {
  return value.size() == kDigits &&
         std::all_of(value.begin(), value.end(), [](char c) {
           return absl::ascii_isxdigit(static_cast<unsigned char>(c));
         });
}

}  // namespace

LoginCookies::LoginCookies(bool secure)
    : secure_(secure), key_(RandomDigits()) {}

// Empty: no memory, and then nothing is right.
std::string LoginCookies::Sign(absl::string_view kind, absl::string_view text,
                               absl::string_view value) const {
  // With its length, so that no other text and value are the same bytes.
  const absl::StatusOr<Digest> digest =
      HmacSha256(key_, absl::StrCat(kind, " ", text.size(), ":", text, value));
  if (!digest.ok()) return "";
  return absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(digest->data()), digest->size()));
}

std::string LoginCookies::Attributes(absl::string_view path) const {
  return absl::StrCat("; Path=", path, "; HttpOnly; SameSite=Strict",
                      secure_ ? "; Secure" : "");
}

LoginCookies::Visitor LoginCookies::VisitorOf(
    const HttpRequest& request) const {
  std::string value(FindCookie(request, kVisitor));
  if (!IsOurValue(value)) value = RandomDigits();
  return {.token = Sign(kVisitor, "", value),
          .set_cookie = absl::StrCat(kVisitor, "=", value, Attributes("/"))};
}

bool LoginCookies::HasToken(const HttpRequest& request,
                            absl::string_view token) const {
  const absl::string_view value = FindCookie(request, kVisitor);
  if (!IsOurValue(value)) return false;
  const std::string wanted = Sign(kVisitor, "", value);
  return !wanted.empty() && IsEqualInConstantTime(wanted, token);
}

std::string LoginCookies::ClearVisitor() const {
  return absl::StrCat(kVisitor, "=", Attributes("/"), "; Max-Age=0");
}

std::string LoginCookies::DeviceOf(const HttpRequest& request,
                                   absl::string_view login) const {
  const absl::string_view cookie = FindCookie(request, kDevice);
  const size_t point = cookie.find('.');
  if (point == absl::string_view::npos) return "";
  const absl::string_view value = cookie.substr(0, point);
  if (!IsOurValue(value)) return "";
  const std::string wanted = Sign(kDevice, login, value);
  if (wanted.empty() ||
      !IsEqualInConstantTime(wanted, cookie.substr(point + 1))) {
    return "";
  }
  return std::string(value);
}

std::string LoginCookies::NewDevice(absl::string_view login) const {
  const std::string value = RandomDigits();
  return absl::StrCat(kDevice, "=", value, ".", Sign(kDevice, login, value),
                      Attributes("/login"), "; Max-Age=", kDeviceSeconds);
}

}  // namespace tekmatch
