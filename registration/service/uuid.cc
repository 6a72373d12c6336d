#include "registration/service/uuid.h"

#include <array>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "keyformat/random_source.h"

namespace tekmatch {

std::string NewUuid() {
  std::array<uint8_t, 16> bytes;
  RandomSource::FromSystem().Fill(absl::MakeSpan(bytes));
  // The version and the variant; all other bits are random.
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
  const std::string digits = absl::BytesToHexString(
      {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  const absl::string_view view = digits;
  return absl::StrCat(view.substr(0, 8), "-", view.substr(8, 4), "-",
                      view.substr(12, 4), "-", view.substr(16, 4), "-",
                      view.substr(20));
}

}  // namespace tekmatch
