#include "tools/files/file_digest.h"

#include <openssl/sha.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/byte_source.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"
#include "tools/files/hex.h"
#include "tools/files/input_stream.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<std::string> DigestOfFile(const std::string& path) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> file,
                            OpenFileSource(path));
  constexpr uint64_t kAtOnce = uint64_t{1} << 20;
  SHA256_CTX sha256;
  SHA256_Init(&sha256);
  std::vector<uint8_t> bytes;
  for (uint64_t at = 0; at < file->size(); at += bytes.size()) {
    bytes.resize(static_cast<size_t>(std::min(kAtOnce, file->size() - at)));
    TEKMATCH_RETURN_IF_ERROR(file->ReadAt(at, absl::MakeSpan(bytes)));
    SHA256_Update(&sha256, bytes.data(), bytes.size());
  }
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256_Final(digest.data(), &sha256);
  return EncodeHex(digest);
}

absl::StatusOr<std::string> DigestOfFolder(const std::string& path) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::directory_iterator entry(path, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_regular_file(ignored)) files.push_back(entry->path());
  }
  if (error) {
    return SystemError(error.value(), absl::StrCat(path, ": cannot be read"));
  }
  std::sort(files.begin(), files.end());
  std::string all;
  for (const fs::path& file : files) {
    TEKMATCH_ASSIGN_OR_RETURN(const std::string digest,
                              DigestOfFile(file.string()));
    absl::StrAppend(&all, digest, " ", file.filename().string(), "\n");
  }
  return DigestOfText(all);
}

}  // namespace

absl::StatusOr<std::string> DigestOfPath(const std::string& path) {
  if (!IsStdin(path)) {
    struct stat info {};
    if (stat(path.c_str(), &info) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return std::string(kNoFile);
      return SystemError(errno, absl::StrCat(path, ": cannot be looked at"));
    }
    if (S_ISREG(info.st_mode)) return DigestOfFile(path);
    if (S_ISDIR(info.st_mode)) return DigestOfFolder(path);
  }
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": can be read only once; a plan needs files that stay"));
}

std::string DigestOfText(absl::string_view bytes) {
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
         digest.data());
  return EncodeHex(digest);
}

}  // namespace tekmatch
