// Diagnosis keys as bytes, to be kept in a database: 18 bytes a key, and 10
// bytes for each kind of key, where a kind is a rolling start, a rolling period
// and metadata. Most exports have a few dozen kinds.
//
//   a pack   byte      1, the version of this format
//            uint32    number of keys n, 1..kMaxPackedKeys
//            uint32    number of kinds k, 1..n
//            k kinds   uint32 rolling start, uint8 period, uint8 flags (which
//            of
//                      the next four are there, and whether it is revised),
//                      uint8 risk, uint8 report type, int8 days since onset,
//                      uint8 variant of concern
//            n TEKs    16 bytes each
//            n kinds   uint16, the position of each key's kind
//
// Numbers are little-endian. Several packs may follow each other.
#ifndef TEKMATCH_MATCHER_CHECK_PACKED_KEYS_H_
#define TEKMATCH_MATCHER_CHECK_PACKED_KEYS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "keyformat/key_block.h"

namespace tekmatch {

inline constexpr size_t kMaxPackedKeys = 4096;

// Appends the keys, in their order, as packs of at most kMaxPackedKeys.
void PackKeys(const KeyBlock& keys, std::string* out);

// Calls `sink` with the keys of each pack; a block is overwritten by the next.
// An error of `sink` ends it and is returned. DATA_LOSS: these are no packs, or
// a key in them breaks KeyBlock's promise or a limit of diagnosis_key.h.
absl::Status UnpackKeys(absl::Span<const uint8_t> bytes,
                        absl::FunctionRef<absl::Status(const KeyBlock&)> sink);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_PACKED_KEYS_H_
