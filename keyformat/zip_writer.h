// Writes a zip into memory: entries dated 1980-01-01, so that the same entries
// give the same bytes. They are deflated, but for those that repeat themselves
// so much that archive.h would refuse them: those are stored. Random keys never
// do; but people choose their phones' keys, and nobody's may stop an export.
//
// Source: PKWARE, APPNOTE.TXT, .ZIP File Format Specification 6.3.3, 4.3.
#ifndef TEKMATCH_KEYFORMAT_ZIP_WRITER_H_
#define TEKMATCH_KEYFORMAT_ZIP_WRITER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tekmatch {

struct ZipContent {
  std::string name;
  std::string bytes;
};

// INVALID_ARGUMENT: more than 4 GiB in all, or than 65,535 entries or bytes of
// a name. RESOURCE_EXHAUSTED: zlib had no memory. INTERNAL: it failed
// otherwise.
absl::StatusOr<std::string> WriteZip(const std::vector<ZipContent>& entries);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_ZIP_WRITER_H_
