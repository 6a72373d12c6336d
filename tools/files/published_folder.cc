// Plan: names there and back; when the folder is opened it is locked, what a
// killed run left is completed or removed, and it is listed; files gather in a
// folder within it, whose renaming publishes them, and are moved by renaming,
// the index last.
#include "tools/files/published_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"
#include "tools/files/cleanup_on_signal.h"
#include "tools/files/output_file.h"

namespace tekmatch {
namespace {

bool ParseDigits(absl::string_view text, uint64_t* out) {
  // SimpleAtoi also takes a sign and spaces.
  return std::all_of(text.begin(), text.end(), absl::ascii_isdigit) &&
         absl::SimpleAtoi(text, out);
}

// False on a file system that has no locks for folders, as some over the
// network.
bool Lock(int folder) {
  while (flock(folder, LOCK_EX) != 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

}  // namespace

std::string ToString(const PublishedName& name) {
  return absl::StrFormat("%d-%d-%05d.zip", name.start_timestamp,
                         name.end_timestamp, name.number);
}

std::optional<PublishedName> ParsePublishedName(absl::string_view text) {
  PublishedName name;
  absl::string_view stem = text;
  if (!absl::ConsumeSuffix(&stem, ".zip")) return std::nullopt;
  const std::vector<absl::string_view> parts = absl::StrSplit(stem, '-');
  if (parts.size() != 3 || !ParseDigits(parts[0], &name.start_timestamp) ||
      !ParseDigits(parts[1], &name.end_timestamp) ||
      !ParseDigits(parts[2], &name.number) || ToString(name) != text) {
    return std::nullopt;
  }
  return name;
}

namespace {

// In order.
absl::StatusOr<std::vector<PublishedName>> ListNames(
    const std::string& folder) {
  std::vector<PublishedName> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator();
       entry.increment(error)) {
    const auto name = ParsePublishedName(entry->path().filename().string());
    if (name.has_value()) names.push_back(*name);
  }
  if (error) {
    return SystemError(error.value(), absl::StrCat(folder, ": cannot be read"));
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The name of a folder in which files gathered, as ScratchFolder gives it.
bool IsSideFolder(absl::string_view name) {
  return absl::ConsumePrefix(&name, ".tekmatch-") && name.size() == 6 &&
         std::all_of(name.begin(), name.end(), absl::ascii_isalnum);
}

// Whether the path still leads to the open folder.
absl::StatusOr<bool> IsOpenAs(int folder, const std::string& path) {
  struct stat open {};
  struct stat there {};
  if (fstat(folder, &open) != 0) return SystemError(errno, path);
  if (stat(path.c_str(), &there) != 0) {
    if (errno == ENOENT) return false;
    return SystemError(errno, path);
  }
  return open.st_dev == there.st_dev && open.st_ino == there.st_ino;
}

// Be it a link that leads nowhere.
bool IsThere(const std::string& path) {
  std::error_code ignored;
  return exists(std::filesystem::symlink_status(path, ignored));
}

absl::Status Rename(const std::string& from, const std::string& to,
                    absl::string_view what) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
  return SystemError(errno, absl::StrCat(what, ": cannot be written"));
}

// What was renamed in it is on the disk then. A file system that cannot do that
// (EINVAL) is asked for no more than it has.
absl::Status Sync(int folder, const std::string& path) {
  if (fsync(folder) == 0 || errno == EINVAL) return absl::OkStatus();
  return SystemError(errno, path);
}

absl::Status SyncFolder(const std::string& path) {
  const int folder = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return SystemError(errno, path);
  absl::Status status = Sync(folder, path);
  close(folder);
  return status;
}

void RemoveFolder(const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

}  // namespace

absl::StatusOr<std::unique_ptr<PublishedFolder>> PublishedFolder::Open(
    const std::string& path) {
  TEKMATCH_ASSIGN_OR_RETURN(std::unique_ptr<MadeFolder> made,
                            MadeFolder::Make(path));
  const int lock = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0) {
    if (errno == ENOENT) return Open(path);  // as below
    return SystemError(errno, absl::StrCat(path, ": cannot be read"));
  }
  std::unique_ptr<PublishedFolder> folder(
      new PublishedFolder(path, std::move(made), lock));
  if (Lock(lock)) {
    // Whoever made it has failed, and it is gone.
    TEKMATCH_ASSIGN_OR_RETURN(const bool is_there, IsOpenAs(lock, path));
    if (!is_there) return Open(path);
    TEKMATCH_RETURN_IF_ERROR(folder->Complete());
    folder->RemoveStaleFolders();
  } else if (IsThere(folder->PublishingPath())) {
    return absl::FailedPreconditionError(absl::StrCat(
        folder->PublishingPath(),
        ": a run publishes now, or was killed; the file system has no locks, "
        "which would tell. If none does, move its files to where it is, "
        "index.txt last, and remove it"));
  }
  // Otherwise nothing is lost without a lock but the protection from a second
  // run at the same time.
  TEKMATCH_ASSIGN_OR_RETURN(folder->published_, ListNames(path));
  TEKMATCH_ASSIGN_OR_RETURN(folder->side_, ScratchFolder::MakeIn(path));
  return folder;
}

PublishedFolder::PublishedFolder(std::string path,
                                 std::unique_ptr<MadeFolder> made, int lock)
    : path_(std::move(path)), made_(std::move(made)), lock_(lock) {}

PublishedFolder::~PublishedFolder() {
  side_.reset();  // which is a killed run's for who has the lock
  made_.reset();
  close(lock_);
}

std::string PublishedFolder::PathOf(absl::string_view name) const {
  return absl::StrCat(path_, path_.ends_with('/') ? "" : "/", name);
}

absl::Status PublishedFolder::CheckUnpublished(uint64_t start,
                                               uint64_t end) const {
  for (const PublishedName& name : published_) {
    if (name.start_timestamp >= end || name.end_timestamp <= start) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        PathOf(ToString(name)),
        ": is published, and its window shares time with this one: keys that "
        "go out twice can be told from their padding"));
  }
  return absl::OkStatus();
}

std::vector<std::string> PublishedFolder::PublishedPaths() const {
  std::vector<std::string> paths;
  paths.reserve(published_.size());
  for (const PublishedName& name : published_) {
    paths.push_back(PathOf(ToString(name)));
  }
  return paths;
}

absl::Status PublishedFolder::Add(const PublishedName& name,
                                  absl::string_view bytes) {
  added_.push_back(name);
  return WriteWholeFile(absl::StrCat(side_->path(), "/", ToString(name)), bytes,
                        OutputFile::Readers::kAnyone);
}

absl::Status PublishedFolder::WriteIndex(
    const std::string& folder, const std::vector<PublishedName>& names) const {
  std::string index;
  for (const PublishedName& name : names) {
    absl::StrAppend(&index, ToString(name), "\n");
  }
  return WriteWholeFile(absl::StrCat(folder, "/", kPublishedIndex), index,
                        OutputFile::Readers::kAnyone);
}

std::string PublishedFolder::PublishingPath() const {
  return PathOf(".tekmatch-publishing");
}

absl::Status PublishedFolder::Move(const std::string& name) const {
  return Rename(absl::StrCat(PublishingPath(), "/", name), PathOf(name),
                PathOf(name));
}

// The lock is held: whoever made these folders has ended.
absl::Status PublishedFolder::Complete() {
  const std::string publishing = PublishingPath();
  if (!IsThere(publishing)) return absl::OkStatus();
  const HeldSignals held;
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<PublishedName> rest,
                            ListNames(publishing));
  for (const PublishedName& name : rest) {
    completed_.push_back(ToString(name));
    TEKMATCH_RETURN_IF_ERROR(Move(completed_.back()));
  }
  TEKMATCH_RETURN_IF_ERROR(Sync(lock_, path_));
  // Without its index, which came last, there is nothing in it. That index may
  // list what has been deleted since.
  if (IsThere(absl::StrCat(publishing, "/", kPublishedIndex))) {
    TEKMATCH_ASSIGN_OR_RETURN(const std::vector<PublishedName> all,
                              ListNames(path_));
    TEKMATCH_RETURN_IF_ERROR(WriteIndex(publishing, all));
    TEKMATCH_RETURN_IF_ERROR(Move(kPublishedIndex));
    TEKMATCH_RETURN_IF_ERROR(Sync(lock_, path_));
    completed_.emplace_back(kPublishedIndex);
  }
  RemoveFolder(publishing);
  return absl::OkStatus();
}

void PublishedFolder::RemoveStaleFolders() const {
  std::vector<std::string> stale;
  std::error_code error;
  std::filesystem::directory_iterator entry(path_, error);
  for (; !error && entry != std::filesystem::directory_iterator();
       entry.increment(error)) {
    std::error_code ignored;
    if (IsSideFolder(entry->path().filename().string()) &&
        is_directory(entry->symlink_status(ignored))) {
      stale.push_back(entry->path().string());
    }
  }
  for (const std::string& path : stale) RemoveFolder(path);
}

// Into the folder that they come from first: a process that is killed meanwhile
// leaves what the next one completes.
absl::Status PublishedFolder::TakeBack(
    const std::vector<std::string>& moved) const {
  for (const std::string& name : moved) {
    TEKMATCH_RETURN_IF_ERROR(Rename(PathOf(name),
                                    absl::StrCat(PublishingPath(), "/", name),
                                    PublishingPath()));
  }
  return Rename(PublishingPath(), side_->path(), side_->path());
}

absl::Status PublishedFolder::Publish() {
  std::vector<PublishedName> all;
  std::sort(added_.begin(), added_.end());
  std::merge(published_.begin(), published_.end(), added_.begin(), added_.end(),
             std::back_inserter(all));
  // All that can fill a disk comes before the first file is moved.
  TEKMATCH_RETURN_IF_ERROR(WriteIndex(side_->path(), all));
  TEKMATCH_RETURN_IF_ERROR(SyncFolder(side_->path()));
  // A signal would remove the files that are yet to be moved, or leave the
  // next run to complete this one.
  const HeldSignals held;
  TEKMATCH_RETURN_IF_ERROR(Rename(side_->path(), PublishingPath(), path_));
  std::vector<std::string> moved;
  // Each step is on the disk before the next one: after a loss of power the
  // folder is as after a kill.
  absl::Status status = Sync(lock_, path_);
  for (size_t i = 0; status.ok() && i < added_.size(); ++i) {
    status = Move(ToString(added_[i]));
    if (status.ok()) moved.push_back(ToString(added_[i]));
  }
  if (status.ok()) status = Sync(lock_, path_);
  if (status.ok()) status = Move(kPublishedIndex);
  if (!status.ok()) {
    // Where this fails too, the next run completes what is begun.
    TakeBack(moved).IgnoreError();
    return status;
  }
  // All is published. Where it may not be on the disk, the next run sees to it.
  TEKMATCH_RETURN_IF_ERROR(Sync(lock_, path_));
  RemoveFolder(PublishingPath());
  return absl::OkStatus();
}

}  // namespace tekmatch
