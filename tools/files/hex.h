// Hexadecimal text: the form of keys and identifiers in every text file here.
#ifndef TEKMATCH_TOOLS_FILES_HEX_H_
#define TEKMATCH_TOOLS_FILES_HEX_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tekmatch {

// Fills `out` from exactly 2 * out.size() digits of either case. Otherwise
// INVALID_ARGUMENT, "31 characters, 32 wanted" or "not hexadecimal", and `out`
// is unspecified.
absl::Status DecodeHex(absl::string_view hex, absl::Span<uint8_t> out);

// Lower case.
template <size_t N>
std::string EncodeHex(const std::array<uint8_t, N>& bytes) {
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes.data()), N));
}

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_FILES_HEX_H_
