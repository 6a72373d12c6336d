// Plan: Parse makes the text half-width, refuses what no contact holds, and
// looks for the @ that tells mail from a telephone. ParseMobile collects the
// digits of the national form, judges their beginning, then their number: a
// landline, which has 10 digits, is to be called one, not a number too short
// (R19). ParseMail splits at the @ and checks both sides.
#include "registration/rules/contact_address.h"

#include <array>
#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "registration/rules/code_points.h"

namespace tekmatch {
namespace {

constexpr std::array<absl::string_view, 2> kKindNames = {"mobile", "mail"};

constexpr std::array<absl::string_view, kNumContactFaults> kFaultNames = {
    "none",
    "not_utf8",
    "empty",
    "control_character",
    "too_long",
    "not_a_telephone",
    "foreign",
    "landline",
    "ip_telephone",
    "pager",
    "toll_free",
    "other_number",
    "too_few_digits",
    "too_many_digits",
    "several_addresses",
    "bad_local_part",
    "bad_domain"};

// 254 full-width characters are 762 bytes, so this leaves room for spaces.
constexpr size_t kMostBytes = 1024;  // of what is typed
constexpr size_t kMobileDigits = 11;
constexpr size_t kMostOfAddress = 254;
constexpr size_t kMostOfLocalPart = 64;
constexpr size_t kMostOfDomain = 253;
constexpr size_t kMostOfLabel = 63;

// Of a number in national form, by its first digits; kNone for a mobile one.
ContactFault JudgePrefix(absl::string_view digits) {
  const auto begins = [digits](absl::string_view prefix) {
    return absl::StartsWith(digits, prefix);
  };
  // Before the mobile prefixes, since 0800 begins with 080.
  if (begins("0120") || begins("0800")) return ContactFault::kTollFree;
  if (begins("070") || begins("080") || begins("090")) {
    return digits.size() > 3 && digits[3] == '0' ? ContactFault::kOtherNumber
                                                 : ContactFault::kNone;
  }
  if (begins("050")) return ContactFault::kIpTelephone;
  if (begins("020")) return ContactFault::kPager;
  // 00 is a carrier or abroad; 060 nobody had, 0570 and 0990 are services.
  if (begins("00") || begins("060") || begins("0570") || begins("0990") ||
      !begins("0")) {
    return ContactFault::kOtherNumber;
  }
  // So few digits, such as 09, may yet become a mobile number.
  return digits.size() < 4 ? ContactFault::kTooFewDigits
                           : ContactFault::kLandline;
}

// Where the points are is not looked at: carriers gave out addresses with two
// in a row or one at the end (contact_address.h).
bool IsLocalPart(absl::string_view local) {
  if (local.empty() || local.size() > kMostOfLocalPart) return false;
  if (!absl::ascii_isalnum(static_cast<unsigned char>(local[0])) &&
      local[0] != '_') {
    return false;
  }
  for (const char c : local) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) &&
        !absl::StrContains("._+-/?=", absl::string_view(&c, 1))) {
      return false;
    }
  }
  return true;
}

bool IsLabel(absl::string_view label) {
  if (label.empty() || label.size() > kMostOfLabel) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  for (const char c : label) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-') {
      return false;
    }
  }
  return true;
}

bool IsDomain(absl::string_view domain) {
  if (domain.size() > kMostOfDomain) return false;
  size_t num_labels = 0;
  absl::string_view last;
  for (const absl::string_view label : absl::StrSplit(domain, '.')) {
    if (!IsLabel(label)) return false;
    ++num_labels;
    last = label;
  }
  // A last label without a letter is an address of the internet protocol.
  for (const char c : last) {
    if (absl::ascii_isalpha(static_cast<unsigned char>(c))) {
      // One label alone is a machine of the local network, such as localhost.
      return num_labels >= 2;
    }
  }
  return false;
}

}  // namespace

absl::string_view ContactKindName(ContactKind kind) {
  return kKindNames[static_cast<size_t>(kind)];
}

absl::string_view ContactFaultName(ContactFault fault) {
  return kFaultNames[static_cast<size_t>(fault)];
}

ContactAddress::ContactAddress(ContactKind kind, std::string text)
    : kind_(kind), text_(std::move(text)) {}

ContactAddress::Parsed ContactAddress::Parse(absl::string_view typed) {
  const auto refuse = [](ContactFault fault) {
    return Parsed{.contact = {}, .fault = fault};
  };
  if (typed.size() > kMostBytes) return refuse(ContactFault::kTooLong);
  if (!IsUtf8(typed)) return refuse(ContactFault::kNotUtf8);
  bool has_at = false;
  std::string half_width;
  for (absl::string_view rest = typed; !rest.empty();) {
    const char32_t c = HalfWidth(*TakeCodePoint(rest));
    // At the ends, too: a line feed would begin a new heading or SMTP command.
    if (IsControl(c)) return refuse(ContactFault::kControlCharacter);
    if (c == U'@') has_at = true;
    // StripAsciiWhitespace below does not know the no-break space.
    AppendUtf8(c == 0xa0 ? U' ' : c, half_width);
  }
  const absl::string_view trimmed = absl::StripAsciiWhitespace(half_width);
  if (trimmed.empty()) return refuse(ContactFault::kEmpty);
  return has_at ? ParseMail(trimmed) : ParseMobile(trimmed);
}

ContactAddress::Parsed ContactAddress::ParseMobile(absl::string_view typed) {
  const auto refuse = [](ContactFault fault) {
    return Parsed{.contact = {}, .fault = fault};
  };
  // A + further on is no digit, and refused as such.
  const bool international = absl::ConsumePrefix(&typed, "+");
  std::string digits;
  while (!typed.empty()) {
    const char32_t c = *TakeCodePoint(typed);
    if (IsSpaceToDrop(c) || IsHyphenToDrop(c) || c == U'(' || c == U')') {
      continue;
    }
    if (c < U'0' || c > U'9') return refuse(ContactFault::kNotATelephone);
    digits.push_back(static_cast<char>(c));
  }
  if (digits.empty()) return refuse(ContactFault::kTooFewDigits);
  if (international) {
    if (!absl::StartsWith(digits, "81")) return refuse(ContactFault::kForeign);
    digits.erase(0, 2);
    // "+81 (0)90": the 0 is there already.
    if (!absl::StartsWith(digits, "0")) digits = absl::StrCat("0", digits);
  }
  const ContactFault fault = JudgePrefix(digits);
  if (fault != ContactFault::kNone) return refuse(fault);
  if (digits.size() < kMobileDigits) {
    return refuse(ContactFault::kTooFewDigits);
  }
  if (digits.size() > kMobileDigits) {
    return refuse(ContactFault::kTooManyDigits);
  }
  return {.contact = ContactAddress(ContactKind::kMobile, std::move(digits)),
          .fault = ContactFault::kNone};
}

ContactAddress::Parsed ContactAddress::ParseMail(absl::string_view typed) {
  const auto refuse = [](ContactFault fault) {
    return Parsed{.contact = {}, .fault = fault};
  };
  const size_t at = typed.find('@');
  const absl::string_view local = typed.substr(0, at);
  const absl::string_view domain = typed.substr(at + 1);
  if (absl::StrContains(domain, "@")) {
    return refuse(ContactFault::kSeveralAddresses);
  }
  if (!IsLocalPart(local)) return refuse(ContactFault::kBadLocalPart);
  if (!IsDomain(domain)) return refuse(ContactFault::kBadDomain);
  // Last: the parts may be within their limits and still be too long together.
  if (typed.size() > kMostOfAddress) return refuse(ContactFault::kTooLong);
  return {.contact = ContactAddress(
              ContactKind::kMail,
              absl::StrCat(local, "@", absl::AsciiStrToLower(domain))),
          .fault = ContactFault::kNone};
}

std::string ContactAddress::International() const {
  if (kind_ == ContactKind::kMail) return text_;
  return absl::StrCat("+81", absl::string_view(text_).substr(1));
}

}  // namespace tekmatch
