// Numbers, strings and checksums as LevelDB's files hold them, read from bytes
// that anybody may have made.
//
// Source: LevelDB, doc/log_format.md and doc/table_format.md; protobuf's
// varints.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_LEVELDB_CODING_H_
#define TEKMATCH_TOOLS_SIGHTINGS_LEVELDB_CODING_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace tekmatch {

// Takes values off the front of a view. False when what is left does not hold
// the value; then nothing is said about what is left. Views that it hands out
// are into the bytes that it was made of.
class LevelDbInput {
 public:
  explicit LevelDbInput(absl::string_view bytes) : rest_(bytes) {}

  // Little-endian.
  bool Fixed16(uint16_t* value);
  bool Fixed32(uint32_t* value);
  bool Fixed64(uint64_t* value);
  bool Byte(uint8_t* value);
  // False also for one of more bits.
  bool Varint32(uint32_t* value);
  bool Varint64(uint64_t* value);
  bool Bytes(size_t size, absl::string_view* bytes);
  // A varint32, and so many bytes.
  bool String(absl::string_view* bytes);

  bool empty() const { return rest_.empty(); }
  absl::string_view rest() const { return rest_; }

 private:
  absl::string_view rest_;
};

// Whether `stored` is the CRC-32C of the bytes, in the masked form in which
// LevelDB stores it.
bool LevelDbChecksumIs(uint32_t stored, absl::string_view bytes);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_LEVELDB_CODING_H_
