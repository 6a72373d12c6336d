// CRC-32C (Castagnoli), as iSCSI, LevelDB and .tksight have it; by ISA-L.
//
// Source: RFC 3720, 12.1 and appendix B.4.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_CRC32C_H_
#define TEKMATCH_TOOLS_SIGHTINGS_CRC32C_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace tekmatch {

// Of some bytes and those after them: `crc` is that of the first ones, 0 of
// none.
uint32_t ExtendCrc32c(uint32_t crc, absl::string_view bytes);

inline uint32_t Crc32c(absl::string_view bytes) {
  return ExtendCrc32c(0, bytes);
}

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_CRC32C_H_
