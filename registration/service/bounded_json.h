// JSON from strangers: what it may cost, and what it may not be.
//
// Refused, beside what is no JSON: text that is no UTF-8, more levels of arrays
// and objects than asked for, and an object with the same name twice, which two
// readers may read in two ways.
//
// Source: RFC 8259; RFC 7493 (I-JSON), section 2.3.
#ifndef TEKMATCH_REGISTRATION_SERVICE_BOUNDED_JSON_H_
#define TEKMATCH_REGISTRATION_SERVICE_BOUNDED_JSON_H_

#include <cstddef>
#include <nlohmann/json_fwd.hpp>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tekmatch {

struct JsonLimits {
  size_t max_bytes = 64 << 10;
  int max_depth = 8;  // [] is 1
  size_t max_values = 4096;
};

// INVALID_ARGUMENT, with nothing of the text in the message.
absl::StatusOr<nlohmann::json> ParseBoundedJson(absl::string_view text,
                                                const JsonLimits& limits = {});

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_SERVICE_BOUNDED_JSON_H_
