#include "keyformat/entry_name.h"

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace tekmatch {
namespace {

// Takes the first character from *rest, which is not empty. None: not UTF-8.
std::optional<uint32_t> TakeCharacter(absl::string_view* rest) {
  const auto lead = static_cast<uint8_t>(rest->front());
  rest->remove_prefix(1);
  if (lead < 0x80) return lead;
  // 0x80..0xbf continue a character; the last character is U+10FFFF.
  if (lead < 0xc0 || lead > 0xf4) return std::nullopt;
  const size_t num_more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  if (rest->size() < num_more) return std::nullopt;
  uint32_t character = lead & (0x3f >> num_more);
  for (size_t i = 0; i < num_more; ++i) {
    const auto byte = static_cast<uint8_t>((*rest)[i]);
    if ((byte & 0xc0) != 0x80) return std::nullopt;
    character = character << 6 | (byte & 0x3f);
  }
  rest->remove_prefix(num_more);
  constexpr uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
  const bool surrogate = character >= 0xd800 && character <= 0xdfff;
  if (character < kLeast[num_more] || character > 0x10ffff || surrogate) {
    return std::nullopt;
  }
  return character;
}

}  // namespace

bool IsSafeEntryName(absl::string_view name) {
  if (absl::StrContains(name, "..") || absl::StrContains(name, '\\')) {
    return false;
  }
  for (const absl::string_view part : absl::StrSplit(name, '/')) {
    if (part.empty() || part == ".") return false;
  }
  while (!name.empty()) {
    const std::optional<uint32_t> character = TakeCharacter(&name);
    if (!character.has_value() || *character < 0x20 ||
        (*character >= 0x7f && *character < 0xa0)) {
      return false;
    }
  }
  return true;
}

}  // namespace tekmatch
