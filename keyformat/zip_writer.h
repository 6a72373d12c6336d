// Writes a zip into memory: entries dated 1980-01-01, so that the same entries
// give the same bytes.
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

// INTERNAL when the zip library fails.
absl::StatusOr<std::string> WriteZip(const std::vector<ZipContent>& entries);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_ZIP_WRITER_H_
