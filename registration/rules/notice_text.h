// The message that brings a processing number to a person: the text of an SMS,
// and the subject and body of a mail.
//
// Both have the number, how long it is good and from when, a telephone number,
// and a link that opens the form with the number filled in (row 11, R18: a real
// message had only a link, which did not help on another device, nor with a
// screen reader). The life is said as it is configured, from the same
// LifeOptions that the expiry is computed of (R26).
//
// Whoever looks over a shoulder, or sees a locked telephone, does not learn the
// diagnosis: neither the SMS nor the subject and first lines of the mail speak
// of an illness, a test, a case or a health centre. The mail names the centre
// in its last lines. What the host of the link says is the authority's choice.
//
// An SMS in Japanese is sent as UTF-16; gateways count its code units, a line
// feed and a space too. Up to 70 are one message; more are parts of 66 each, 10
// at most: 660 (row 11).
//
// No text from a person or a file reaches a heading: the subject is ours, and a
// contact is a ContactAddress. The centre's name is checked, too.
//
// Sources: the ministry's paper, 別添１; REGISTRATION rows 5, 10, 11, 17;
// UPSTREAM 1.1 (the real link), 2
// (google/exposure-notifications-verification-server's limits and its guide for
// texts), R17, R18, R26; 3GPP TS 23.040 and Japan's carriers (660 characters);
// RFC 2047, RFC 5322.
#ifndef TEKMATCH_REGISTRATION_RULES_NOTICE_TEXT_H_
#define TEKMATCH_REGISTRATION_RULES_NOTICE_TEXT_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "registration/rules/issuance.h"
#include "registration/rules/processing_number.h"

namespace tekmatch {

// A text that has a number in it: wiped when it goes, moved and never copied,
// printed by nothing.
class SecretText {
 public:
  explicit SecretText(std::string text);
  SecretText(SecretText&& other) noexcept;
  SecretText& operator=(SecretText&& other) noexcept;
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;
  ~SecretText();

  absl::string_view text() const { return text_; }

 private:
  void Wipe();

  std::string text_;
};

// What an authority configures.
struct NoticeSettings {
  // For inquiries: 6 to 20 digits and hyphens, first and last a digit.
  std::string telephone;
  // "https://.../": ASCII, 200 characters at most, without ? # space and
  // quotes. http only for 127.0.0.1 and localhost, for rehearsals.
  std::string link;
  LifeOptions life;
};

// INVALID_ARGUMENT, with the field's name.
absl::Status Validate(const NoticeSettings& settings);

// The settings are valid. INVALID_ARGUMENT if the text is longer than 660,
// which valid settings do not make it.
absl::StatusOr<SecretText> SmsText(const ProcessingNumber& number,
                                   const NoticeSettings& settings);

struct MailText {
  std::string subject;
  SecretText body;  // lines end with a line feed
};

// INVALID_ARGUMENT: the centre's name is empty, longer than 100 characters, no
// UTF-8 or has a control character. The message holds nothing of it.
absl::StatusOr<MailText> MailTextOf(const ProcessingNumber& number,
                                    const NoticeSettings& settings,
                                    absl::string_view centre);

// "1時間", "24時間", "15分", "1時間30分". Of whole minutes.
std::string LifeInWords(absl::Duration life);

inline constexpr size_t kMostSmsUnits = 660;

// UTF-16 code units. nullopt: no UTF-8.
std::optional<size_t> SmsUnits(absl::string_view text);

// Messages that so many units are sent as.
size_t SmsParts(size_t units);

// A heading's text as encoded words of UTF-8 in base64, lines of at most 75
// characters folded by CRLF and a space. INVALID_ARGUMENT: no UTF-8, or a
// control character.
absl::StatusOr<std::string> EncodeHeading(absl::string_view text);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_RULES_NOTICE_TEXT_H_
