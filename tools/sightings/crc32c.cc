#include "tools/sightings/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <cstddef>

namespace tekmatch {

uint32_t ExtendCrc32c(uint32_t crc, absl::string_view bytes) {
  crc = ~crc;
  while (!bytes.empty()) {
    const size_t n = std::min<size_t>(bytes.size(), 1 << 30);
    // ISA-L takes what it only reads as a pointer to change it by.
    crc = crc32_iscsi(const_cast<unsigned char*>(
                          reinterpret_cast<const unsigned char*>(bytes.data())),
                      static_cast<int>(n), crc);
    bytes.remove_prefix(n);
  }
  return ~crc;
}

}  // namespace tekmatch
