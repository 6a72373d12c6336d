#include "tools/files/output_folder.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"
#include "tools/files/cleanup_on_signal.h"

namespace tekmatch {
namespace {

absl::Status CannotBeWritten(int error, const std::string& path) {
  return SystemError(error, absl::StrCat(path, ": cannot be written"));
}

// In order.
absl::StatusOr<std::vector<std::string>> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator();
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) return CannotBeWritten(error.value(), folder);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

absl::StatusOr<std::unique_ptr<OutputFolder>> OutputFolder::Open(
    const std::string& path) {
  std::unique_ptr<OutputFolder> folder(new OutputFolder(path));
  TEKMATCH_ASSIGN_OR_RETURN(folder->made_, MadeFolder::Make(path));
  TEKMATCH_ASSIGN_OR_RETURN(folder->side_, ScratchFolder::MakeIn(path));
  return folder;
}

std::string OutputFolder::SidePathOf(absl::string_view name) const {
  return absl::StrCat(side_->path(), "/", name);
}

std::string OutputFolder::PathOf(absl::string_view name) const {
  return absl::StrCat(path_, path_.ends_with('/') ? "" : "/", name);
}

absl::Status OutputFolder::Commit() {
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                            NamesIn(side_->path()));
  // The one thing that can be in the way, seen before anything is replaced.
  for (const std::string& name : names) {
    std::error_code ignored;
    if (is_directory(std::filesystem::symlink_status(PathOf(name), ignored))) {
      return CannotBeWritten(EISDIR, PathOf(name));
    }
  }
  const HeldSignals held;
  absl::Status status;
  size_t num_moved = 0;
  for (; status.ok() && num_moved < names.size(); ++num_moved) {
    const std::string path = PathOf(names[num_moved]);
    if (std::rename(SidePathOf(names[num_moved]).c_str(), path.c_str()) != 0) {
      status = CannotBeWritten(errno, path);
    }
  }
  if (!status.ok()) {
    // All but the last one, which failed.
    for (size_t i = 0; i + 1 < num_moved; ++i) {
      unlink(PathOf(names[i]).c_str());
    }
  }
  side_.reset();
  return status;
}

}  // namespace tekmatch
