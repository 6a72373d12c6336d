#include "tools/files/key_file.h"

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "keyformat/status_macros.h"
#include "tools/files/small_file.h"

namespace tekmatch {
namespace {

constexpr uint64_t kMaxKeyBytes = 64 << 10;

// `parse` of the file. What it was given is the file's, so that the fault is no
// caller's; but a lack of memory is not the file's either.
template <typename Key>
absl::StatusOr<Key> ReadKey(const std::string& path,
                            absl::StatusOr<Key> (*parse)(absl::string_view)) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::string text,
                            ReadSmallFile(path, kMaxKeyBytes, "a key"));
  absl::StatusOr<Key> key = parse(text);
  if (key.ok()) return key;
  const absl::Status& status = key.status();
  return absl::Status(absl::IsInvalidArgument(status)
                          ? absl::StatusCode::kDataLoss
                          : status.code(),
                      absl::StrCat(path, ": ", status.message()));
}

}  // namespace

absl::StatusOr<VerificationKey> ReadVerificationKey(const std::string& path) {
  return ReadKey(path, &VerificationKey::Parse);
}

absl::StatusOr<SigningKey> ReadSigningKey(const std::string& path) {
  return ReadKey(path, &SigningKey::FromPem);
}

}  // namespace tekmatch
