// Published files as C gives them (tekmatch_source), as sources of bytes.
#ifndef TEKMATCH_MATCHER_API_SOURCES_H_
#define TEKMATCH_MATCHER_API_SOURCES_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "keyformat/byte_source.h"
#include "matcher/api/tekmatch.h"

namespace tekmatch {

struct NamedSources {
  std::vector<std::string> names;  // of exports, in their order
  // Of those that are no paths.
  std::map<std::string, std::shared_ptr<const ByteSource>> sources;
};

// They refer to the caller's memory, descriptors and functions.
// INVALID_ARGUMENT: a member. FAILED_PRECONDITION: a descriptor of no regular
// file; the system's codes where it cannot be looked at.
absl::StatusOr<NamedSources> ReadSources(const tekmatch_source* sources,
                                         size_t num_sources);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_API_SOURCES_H_
