#include "tools/small_file.h"

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/byte_source.h"

namespace tekmatch {

absl::StatusOr<std::string> ReadSmallFile(const std::string& path,
                                          uint64_t max_bytes,
                                          absl::string_view what) {
  const absl::StatusOr<std::unique_ptr<ByteSource>> source =
      OpenFileSource(path);
  if (!source.ok()) return source.status();
  if ((*source)->size() > max_bytes) {
    return absl::DataLossError(absl::StrCat(path, ": too large for ", what));
  }
  std::vector<uint8_t> bytes((*source)->size());
  if (absl::Status s = (*source)->ReadAt(0, absl::MakeSpan(bytes)); !s.ok()) {
    return s;
  }
  return std::string(bytes.begin(), bytes.end());
}

}  // namespace tekmatch
