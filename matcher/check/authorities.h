// Who published what: the files of one authority, whatever versions its keys
// have.
#ifndef TEKMATCH_MATCHER_CHECK_AUTHORITIES_H_
#define TEKMATCH_MATCHER_CHECK_AUTHORITIES_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "matcher/check/export_files.h"

namespace tekmatch {

// A number for the authority of each file, equal where it is the same. Of a
// file that several signed, of accepted files with the same export.bin, or of
// files that a chain of such files joins, they are one: so it does not matter
// which of several copies counts. Files that no trusted key signed are all of
// one.
std::vector<uint32_t> AuthoritiesOf(absl::Span<const ExportFileResult> files);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_AUTHORITIES_H_
