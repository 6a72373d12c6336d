// Requests and answers of a fixed size, so that whoever sees only their length,
// behind TLS, learns nothing.
//
// A JSON object is padded to exactly the size of a class by a member "padding",
// its last one:
//
//   {"accepted":9}  ->  {"accepted":9,"padding":"k3B...x"}
//
// The classes:
//
//   request  4096   A request with 30 keys and all else takes 3,300 bytes at
//            8192   most, so that every person's request has one size: were
//           16384   the size to grow with the number of keys, it would tell the
//           32768   date of onset (row 27). The others are for clients that say
//           65536   more; 64 KiB is the limit of a body.
//   answer   2048   The longest, which refuses 30 keys with a reason each,
//   takes
//            4096   1,500. So success, refusal and chaff look the same (F3:
//                   COCOA's differed).
//
// The padding is random: one that a proxy could compress would give the size
// away again. Its 64 characters need no escape.
//
// Sources: REGISTRATION section 5, row 27, section 6 rule 7; UPSTREAM F3, 3 and
// 4 (google/exposure-notifications-server pads answers, Immuni makes all
// requests one size, dp3t-sdk-backend sends 30 keys always).
#ifndef TEKMATCH_REGISTRATION_RULES_PADDING_H_
#define TEKMATCH_REGISTRATION_RULES_PADDING_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tekmatch {

inline constexpr std::array<size_t, 5> kRequestSizeClasses = {4096, 8192, 16384,
                                                              32768, 65536};
inline constexpr std::array<size_t, 2> kAnswerSizeClasses = {2048, 4096};

// The object with its padding: its length is that of the first class that has
// room for it and an empty padding. `object` is a JSON object as a library
// dumps it, without white space at its ends and without a member "padding";
// nothing else of it is looked at. `classes` ascend. `fill` fills a span with
// random bytes.
//
// INVALID_ARGUMENT: not between { and }, or too long for the last class. The
// message holds nothing of the object.
absl::StatusOr<std::string> PadJsonObject(
    absl::string_view object, absl::Span<const size_t> classes,
    absl::FunctionRef<void(absl::Span<uint8_t>)> fill);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_RULES_PADDING_H_
