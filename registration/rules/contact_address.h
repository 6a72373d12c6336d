// Where a processing number is sent: a Japanese mobile telephone (SMS) or a
// mail address. One of them, not several (row 8).
//
// A wrong contact is found when it is entered, not when nothing arrives (R19: a
// landline was accepted, and the person waited). So each refusal has its
// reason.
//
// Telephone: 070, 080 or 090, then a digit of 1..9, then seven digits. Digits
// may be full-width; spaces, hyphens (code_points.h) and round brackets are
// dropped; +81 may stand for the first 0. Stored as 11 digits. What begins with
// 0800 is toll-free, though it has 11 digits too.
//
// Mail: one address, local@domain, ASCII; full-width characters become ASCII;
// spaces at the ends go. Conservative, since the text goes into SMTP commands
// and headings:
//   local   1..64 of A-Z a-z 0-9 . _ + - / ? =, first a letter, a digit or _.
//           Points may follow each other or end it: RFC 5321 wants such an
//           address quoted, but mobile carriers gave them to people, and accept
//           them as they are.
//   domain  two labels or more of 1..63 letters, digits and inner hyphens, the
//           last one with a letter; 253 at most; lower-cased
//   254 characters in all
// No control character, quote, comma, angle bracket or space can be in it: no
// second address and no second heading.
//
// A contact is a person's: the type has no stream operator and no
// AbslStringify, and no message here holds a part of what was typed.
//
// Sources: REGISTRATION rows 5, 8, 9; UPSTREAM R19, section 7 (libphonenumber's
// kinds: 090 mobile, 03 fixed, 0120 toll-free, 050 VoIP, 020 pager); numbering
// plan of Japan (MIC); RFC 5321, 4.5.3.1 (lengths).
#ifndef TEKMATCH_REGISTRATION_RULES_CONTACT_ADDRESS_H_
#define TEKMATCH_REGISTRATION_RULES_CONTACT_ADDRESS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace tekmatch {

enum class ContactKind : uint8_t { kMobile, kMail };

// "mobile", "mail".
absl::string_view ContactKindName(ContactKind kind);

enum class ContactFault : uint8_t {
  kNone,
  kNotUtf8,
  kEmpty,
  kControlCharacter,  // a line feed too
  kTooLong,
  // Telephones.
  kNotATelephone,  // a character that belongs to neither kind
  kForeign,        // + and another country
  kLandline,
  kIpTelephone,  // 050
  kPager,        // 020: pagers, and things that talk to things
  kTollFree,     // 0120, 0800
  kOtherNumber,  // services, emergency numbers, numbers nobody has
  kTooFewDigits,
  kTooManyDigits,
  // Mail.
  kSeveralAddresses,
  kBadLocalPart,
  kBadDomain,
};
inline constexpr int kNumContactFaults = 17;

// "none", "not_utf8", "empty", "control_character", "too_long",
// "not_a_telephone", "foreign", "landline", ...
absl::string_view ContactFaultName(ContactFault fault);

class ContactAddress {
 public:
  struct Parsed;

  // Mail if there is an @ (or ＠), else a telephone. What Parse made, it takes
  // again.
  static Parsed Parse(absl::string_view typed);

  ContactKind kind() const { return kind_; }

  // "09012345678" or "taro@example.jp".
  absl::string_view text() const { return text_; }

  // "+819012345678"; a mail address as it is.
  std::string International() const;

  bool operator==(const ContactAddress&) const = default;

 private:
  ContactAddress(ContactKind kind, std::string text);

  static Parsed ParseMobile(absl::string_view typed);
  static Parsed ParseMail(absl::string_view typed);

  ContactKind kind_;
  std::string text_;
};

// A contact, or the fault. Never both, never neither.
struct ContactAddress::Parsed {
  std::optional<ContactAddress> contact;
  ContactFault fault = ContactFault::kNone;
};

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_RULES_CONTACT_ADDRESS_H_
