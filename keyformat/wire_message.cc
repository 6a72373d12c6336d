#include "keyformat/wire_message.h"

#include "absl/strings/str_cat.h"

namespace tekmatch {

absl::Status AppendMessage(const google::protobuf::MessageLite& message,
                           uint64_t max_bytes, std::string* out) {
  const uint64_t bytes = out->size() + message.ByteSizeLong();
  if (bytes > max_bytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a file would have ", bytes, " bytes, more than ", max_bytes));
  }
  if (!message.AppendToString(out)) {
    return absl::InternalError("a message cannot be serialized");
  }
  return absl::OkStatus();
}

}  // namespace tekmatch
