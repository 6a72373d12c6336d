// Protobuf messages as bytes, where their size can be anybody's.
//
// Protobuf writes no message of 2 GiB or more; unchecked, its output is then
// empty or cut, and would be signed as such.
#ifndef TEKMATCH_KEYFORMAT_WIRE_MESSAGE_H_
#define TEKMATCH_KEYFORMAT_WIRE_MESSAGE_H_

#include <google/protobuf/message_lite.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace tekmatch {

// The largest export.bin that readers here take (ArchiveLimits): some 18
// million keys.
inline constexpr uint64_t kMaxExportBytes = uint64_t{512} << 20;

// Appends the message to `out`, which may then have up to `max_bytes` bytes,
// less than 2^31.
//
// INVALID_ARGUMENT: it would have more. INTERNAL: protobuf failed. `out` is
// then as before, or not to be used, respectively.
absl::Status AppendMessage(const google::protobuf::MessageLite& message,
                           uint64_t max_bytes, std::string* out);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_WIRE_MESSAGE_H_
