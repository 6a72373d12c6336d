#include "tools/files/scratch_folder.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "keyformat/system_error.h"

namespace tekmatch {

std::string TemporaryFolder() {
  const char* folder = std::getenv("TMPDIR");
  return folder == nullptr || *folder == '\0' ? "/tmp" : folder;
}

absl::StatusOr<std::unique_ptr<ScratchFolder>> ScratchFolder::Make() {
  const std::string parent = TemporaryFolder();
  return MakeAt(absl::StrCat(parent, "/tekmatch-XXXXXX"), parent);
}

absl::StatusOr<std::unique_ptr<ScratchFolder>> ScratchFolder::MakeIn(
    const std::string& folder) {
  return MakeAt(absl::StrCat(folder, "/.tekmatch-XXXXXX"), folder);
}

absl::StatusOr<std::unique_ptr<ScratchFolder>> ScratchFolder::MakeAt(
    std::string path, const std::string& parent) {
  // The name that is registered is known when the folder is there: a signal in
  // between would leave it.
  const HeldSignals held;
  if (mkdtemp(path.data()) == nullptr) {
    return SystemError(errno,
                       absl::StrCat(parent, ": no scratch folder can be made"));
  }
  return std::unique_ptr<ScratchFolder>(new ScratchFolder(std::move(path)));
}

ScratchFolder::ScratchFolder(std::string path)
    : path_(std::move(path)), cleanup_(path_) {}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

absl::StatusOr<std::unique_ptr<MadeFolder>> MadeFolder::Make(
    const std::string& path) {
  // It is registered when it is known to be new: a signal in between would
  // leave it.
  const HeldSignals held;
  struct stat info {};
  const bool is_new = mkdir(path.c_str(), 0777) == 0;
  if (!is_new && (errno != EEXIST || stat(path.c_str(), &info) != 0 ||
                  !S_ISDIR(info.st_mode))) {
    return SystemError(errno, absl::StrCat(path, ": cannot be made"));
  }
  return std::unique_ptr<MadeFolder>(new MadeFolder(path, is_new));
}

MadeFolder::MadeFolder(std::string path, bool is_new) : path_(std::move(path)) {
  if (is_new) {
    cleanup_.emplace(path_, CleanupOnSignal::What::kEmptyFolder);
  }
}

MadeFolder::~MadeFolder() {
  if (cleanup_.has_value()) rmdir(path_.c_str());
}

}  // namespace tekmatch
