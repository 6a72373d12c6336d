#include "registration/rules/contact_address.h"

#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

// "mobile 09012345678", or the name of the fault.
std::string Outcome(absl::string_view typed) {
  const ContactAddress::Parsed parsed = ContactAddress::Parse(typed);
  EXPECT_EQ(parsed.contact.has_value(), parsed.fault == ContactFault::kNone);
  if (!parsed.contact.has_value()) {
    return std::string(ContactFaultName(parsed.fault));
  }
  // What was stored is read again.
  const ContactAddress::Parsed again =
      ContactAddress::Parse(parsed.contact->text());
  EXPECT_TRUE(again.contact == parsed.contact);
  return absl::StrCat(ContactKindName(parsed.contact->kind()), " ",
                      parsed.contact->text());
}

// Row 8.
TEST(R19, TelephonesThatTakeAnSmsAndThoseThatDoNot) {
  const std::pair<const char*, const char*> kCases[] = {
      {"09012345678", "mobile 09012345678"},
      {"08012345678", "mobile 08012345678"},
      {"07012345678", "mobile 07012345678"},
      {"090-1234-5678", "mobile 09012345678"},
      {"０９０－１２３４－５６７８", "mobile 09012345678"},
      {"０９０ー１２３４ー５６７８", "mobile 09012345678"},
      {"090−1234‐5678", "mobile 09012345678"},
      {"　090 1234　5678 ", "mobile 09012345678"},
      {"(090)1234-5678", "mobile 09012345678"},
      {"（０９０）１２３４ー５６７８", "mobile 09012345678"},
      {"+819012345678", "mobile 09012345678"},
      {"+81 90 1234 5678", "mobile 09012345678"},
      {"+81-90-1234-5678", "mobile 09012345678"},
      {"+81 (0)90-1234-5678", "mobile 09012345678"},
      {"＋８１９０１２３４５６７８", "mobile 09012345678"},
      {"03-3595-3309", "landline"},
      {"0312345678", "landline"},
      {"06-1234-5678", "landline"},
      {"0467-12-3456", "landline"},
      {"０３１２３４５６７８", "landline"},
      {"+81335953309", "landline"},
      {"03-12", "landline"},
      {"050-1234-5678", "ip_telephone"},
      {"020-1234-5678", "pager"},
      {"02012345678901", "pager"},
      {"0120-565653", "toll_free"},
      {"0120-123-456", "toll_free"},
      {"0800-123-4567", "toll_free"},  // 11 digits, and no mobile
      {"0570-012-345", "other_number"},
      {"0990-123-456", "other_number"},
      {"06012345678", "other_number"},
      {"090-0123-4567", "other_number"},
      {"110", "other_number"},
      {"119", "other_number"},
      {"9012345678", "other_number"},
      {"819012345678", "other_number"},
      {"0081-90-1234-5678", "other_number"},
      {"010-81-90-1234-5678", "landline"},
      {"+1-202-555-0123", "foreign"},
      {"+8201012345678", "foreign"},
      {"+", "too_few_digits"},
      {"+81", "too_few_digits"},
      {"0", "too_few_digits"},
      {"090", "too_few_digits"},
      {"090-1234-567", "too_few_digits"},
      {"090-1234-56789", "too_many_digits"},
      {"+81909012345678", "too_many_digits"},
      {"--", "too_few_digits"},
      {"", "empty"},
      {"  　", "empty"},
      {"なし", "not_a_telephone"},
      {"090-1234-567x", "not_a_telephone"},
      {"090.1234.5678", "not_a_telephone"},
      {"٠٩٠١٢٣٤٥٦٧٨", "not_a_telephone"},
      {"090-1234-5678, 080-1234-5678", "not_a_telephone"},
      {"090-1234-5678/080-1234-5678", "not_a_telephone"},
      {"++819012345678", "not_a_telephone"},
      {"090+12345678", "not_a_telephone"},
      {"090-1234-5678\n", "control_character"},
      {"090-1234-5678\r\nX: y", "control_character"},
  };
  for (const auto& [typed, want] : kCases) {
    EXPECT_EQ(Outcome(typed), want) << typed;
  }
}

TEST(ContactAddressTest, OneMailAddress) {
  const std::string local(64, 'a');
  const std::string label(63, 'b');
  const std::string domain =
      absl::StrCat(label, ".", label, ".", std::string(59, 'c'), ".jp");
  const std::pair<std::string, const char*> kCases[] = {
      {"taro@example.jp", "mail taro@example.jp"},
      {" taro@example.jp　", "mail taro@example.jp"},
      {"Taro.Yamada@Example.JP", "mail Taro.Yamada@example.jp"},
      {"ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ", "mail taro@example.jp"},
      {"taro＠example.jp", "mail taro@example.jp"},
      {"taro+cocoa@example.jp", "mail taro+cocoa@example.jp"},
      {"_a-b/c?d=e@example.co.jp", "mail _a-b/c?d=e@example.co.jp"},
      // As mobile carriers gave them out.
      {"ta..ro@docomo.ne.jp", "mail ta..ro@docomo.ne.jp"},
      {"taro.@docomo.ne.jp", "mail taro.@docomo.ne.jp"},
      {"a@b.xn--p1ai", "mail a@b.xn--p1ai"},
      {"taro@example", "bad_domain"},
      {"taro@", "bad_domain"},
      {"taro@.jp", "bad_domain"},
      {"taro@example..jp", "bad_domain"},
      {"taro@example.jp.", "bad_domain"},
      {"taro@-example.jp", "bad_domain"},
      {"taro@example-.jp", "bad_domain"},
      {"taro@192.0.2.1", "bad_domain"},
      {"taro@[192.0.2.1]", "bad_domain"},
      {"taro@exa mple.jp", "bad_domain"},
      {"taro@example.jp>", "bad_domain"},
      {"taro@日本.jp", "bad_domain"},
      {absl::StrCat("a@", label, "b.jp"), "bad_domain"},
      {"@example.jp", "bad_local_part"},
      {".taro@example.jp", "bad_local_part"},
      {"-taro@example.jp", "bad_local_part"},
      {"ta ro@example.jp", "bad_local_part"},
      {"\"ta ro\"@example.jp", "bad_local_part"},
      {"<taro@example.jp", "bad_local_part"},
      {"taro\\@example.jp", "bad_local_part"},
      {"taro%example.jp@relay.jp", "bad_local_part"},
      {"relay!taro@example.jp", "bad_local_part"},
      {"太郎@example.jp", "bad_local_part"},
      {absl::StrCat(local, "a@example.jp"), "bad_local_part"},
      {"taro@example.jp,hanako@example.jp", "several_addresses"},
      {"taro@example.jp hanako@example.jp", "several_addresses"},
      {"taro@example.jp;hanako@example.jp", "several_addresses"},
      {"taro@@example.jp", "several_addresses"},
      {"taro@example.jp\r\nBcc: x@y.jp", "control_character"},
      {"taro@example.jp\n", "control_character"},
      {"ta\tro@example.jp", "control_character"},
      {"taro\x7f@example.jp", "control_character"},
      {"taro@example.jp\xc2\x85", "control_character"},
      {"taro@example.jp\xe2\x80\xa8", "control_character"},
      {absl::StrCat(local, "@", domain), "too_long"},
      {std::string(1025, 'a'), "too_long"},
      {"taro\xff@example.jp", "not_utf8"},
  };
  for (const auto& [typed, want] : kCases) {
    EXPECT_EQ(Outcome(typed), want) << absl::CHexEscape(typed);
  }
  // 254 characters are not too long.
  EXPECT_EQ(Outcome(absl::StrCat(local, "@", domain.substr(1))),
            absl::StrCat("mail ", local, "@", domain.substr(1)));
  EXPECT_EQ(Outcome(absl::string_view("a\0b@example.jp", 14)),
            "control_character");
}

// Whatever byte is put anywhere into a good address, no accepted contact holds
// one that means something to SMTP or to a heading.
TEST(ContactAddressTest, NoByteInjectsAnything) {
  for (const absl::string_view good : {"taro@example.jp", "09012345678"}) {
    for (size_t at = 0; at <= good.size(); ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string typed(good);
        typed.insert(at, 1, static_cast<char>(byte));
        const ContactAddress::Parsed parsed = ContactAddress::Parse(typed);
        if (!parsed.contact.has_value()) continue;
        EXPECT_EQ(parsed.contact->text().find_first_of(
                      absl::string_view("\r\n\0\t <>,;:\"\\()[]%!|&`$'", 23)),
                  absl::string_view::npos);
      }
    }
  }
}

TEST(ContactAddressTest, InternationalForm) {
  EXPECT_EQ(ContactAddress::Parse("090-1234-5678").contact->International(),
            "+819012345678");
  EXPECT_EQ(ContactAddress::Parse("a@b.jp").contact->International(), "a@b.jp");
}

template <typename T>
concept Streams = requires(std::ostream& out, const T& value) {
  out << value;
};

TEST(ContactAddressTest, CannotBePrintedByAccident) {
  static_assert(Streams<int>);
  static_assert(!Streams<ContactAddress>);
  static_assert(!std::is_convertible_v<ContactAddress, absl::string_view>);
}

}  // namespace
}  // namespace tekmatch
