// Writes a zip into memory: entries dated 1980-01-01, so that the same entries
// give the same bytes.
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
  bool stored = false;  // else deflated
};

// INVALID_ARGUMENT: more than 4 GiB in all, or than 65,535 entries or bytes of
// a name. RESOURCE_EXHAUSTED: zlib had no memory. INTERNAL: it failed
// otherwise.
absl::StatusOr<std::string> WriteZip(const std::vector<ZipContent>& entries);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_ZIP_WRITER_H_
