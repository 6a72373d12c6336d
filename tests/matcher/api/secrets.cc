#include "tests/matcher/api/secrets.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

std::string FirstOf(const std::vector<std::string>& forms,
                    absl::string_view said) {
  for (const std::string& form : forms) {
    if (absl::StrContains(said, form)) return absl::CHexEscape(form);
  }
  return "";
}

}  // namespace

void Secrets::AddBytes(const uint8_t* bytes, size_t n) {
  const absl::string_view text(reinterpret_cast<const char*>(bytes), n);
  ASSERT_GE(n, 10);
  forms_.emplace_back(text.substr(0, 8));
  raw_.emplace_back(text.substr(0, 8));
  raw_.emplace_back(text.substr(n - 8));
  // A part is as bad.
  forms_.push_back(absl::BytesToHexString(text.substr(4, 6)));
  forms_.push_back(absl::AsciiStrToUpper(forms_.back()));
  // Without its end, which depends on what follows.
  forms_.push_back(absl::Base64Escape(text).substr(0, 4 * n / 3));
  forms_.push_back(absl::CHexEscape(text));
}

void Secrets::AddTime(int64_t unix_seconds) {
  forms_.push_back(std::to_string(unix_seconds));
  forms_.push_back(std::to_string(unix_seconds / 600));
  const absl::Time time = absl::FromUnixSeconds(unix_seconds);
  absl::TimeZone tokyo;
  ASSERT_TRUE(absl::LoadTimeZone("Asia/Tokyo", &tokyo));
  for (const absl::TimeZone zone : {absl::UTCTimeZone(), tokyo}) {
    forms_.push_back(absl::FormatTime("%H:%M", time, zone));
  }
}

void Secrets::AddSighting(const Sighting& sighting) {
  AddBytes(sighting.rpi.bytes.data(), sighting.rpi.bytes.size());
  const absl::string_view aem(
      reinterpret_cast<const char*>(sighting.aem.bytes.data()),
      sighting.aem.bytes.size());
  forms_.push_back(absl::BytesToHexString(aem));
  forms_.push_back(absl::CHexEscape(aem));
  AddTime(sighting.unix_seconds);
}

std::string Secrets::FirstIn(absl::string_view said) const {
  return FirstOf(forms_, said);
}

std::string Secrets::FirstRawIn(absl::string_view bytes) const {
  return FirstOf(raw_, bytes);
}

}  // namespace tekmatch
