#include "tools/sightings/leveldb_coding.h"

#include <bit>
#include <limits>

#include "tools/sightings/crc32c.h"

namespace tekmatch {
namespace {

// Little-endian, of sizeof(T) bytes.
template <typename T>
bool Fixed(absl::string_view* rest, T* value) {
  if (rest->size() < sizeof(T)) return false;
  uint64_t number = 0;
  for (size_t i = sizeof(T); i-- > 0;) {
    number = number << 8 | static_cast<uint8_t>((*rest)[i]);
  }
  *value = static_cast<T>(number);
  rest->remove_prefix(sizeof(T));
  return true;
}

}  // namespace

bool LevelDbInput::Fixed16(uint16_t* value) { return Fixed(&rest_, value); }
bool LevelDbInput::Fixed32(uint32_t* value) { return Fixed(&rest_, value); }
bool LevelDbInput::Fixed64(uint64_t* value) { return Fixed(&rest_, value); }
bool LevelDbInput::Byte(uint8_t* value) { return Fixed(&rest_, value); }

bool LevelDbInput::Varint32(uint32_t* value) {
  uint64_t number = 0;
  if (!Varint64(&number) || number > std::numeric_limits<uint32_t>::max()) {
    return false;
  }
  *value = static_cast<uint32_t>(number);
  return true;
}

bool LevelDbInput::Varint64(uint64_t* value) {
  uint64_t number = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    uint8_t byte = 0;
    if (!Byte(&byte)) return false;
    if (shift == 63 && byte > 1) return false;
    number |= uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80) == 0) {
      *value = number;
      return true;
    }
  }
  return false;
}

bool LevelDbInput::Bytes(size_t size, absl::string_view* bytes) {
  if (rest_.size() < size) return false;
  *bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return true;
}

bool LevelDbInput::String(absl::string_view* bytes) {
  uint32_t size = 0;
  return Varint32(&size) && Bytes(size, bytes);
}

bool LevelDbChecksumIs(uint32_t stored, absl::string_view bytes) {
  // Rotated and shifted, so that a checksum of bytes that hold checksums is
  // worth something.
  return stored == std::rotr(Crc32c(bytes), 15) + 0xa282ead8U;
}

}  // namespace tekmatch
