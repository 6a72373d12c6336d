#include "tools/files/small_file.h"

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/byte_source.h"
#include "keyformat/status_macros.h"
#include "tools/files/input_stream.h"

namespace tekmatch {

absl::StatusOr<std::string> ReadSmallFile(const std::string& path,
                                          uint64_t max_bytes,
                                          absl::string_view what) {
  // Of a pipe a little more is read than may be, to say that it is too large.
  TEKMATCH_ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> source,
                            ReadInputStream(path, 2 * max_bytes));
  if (source == nullptr) {
    TEKMATCH_ASSIGN_OR_RETURN(source, OpenFileSource(path));
  }
  if (source->size() > max_bytes) {
    return absl::DataLossError(absl::StrCat(path, ": too large for ", what));
  }
  std::vector<uint8_t> bytes(source->size());
  TEKMATCH_RETURN_IF_ERROR(source->ReadAt(0, absl::MakeSpan(bytes)));
  return std::string(bytes.begin(), bytes.end());
}

}  // namespace tekmatch
