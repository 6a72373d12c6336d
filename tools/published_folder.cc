// Plan: names there and back; the folder is locked and listed when it is
// opened; files gather in a folder within it and are moved by renaming, the
// index last.
#include "tools/published_folder.h"

#include <fcntl.h>
#include <sys/file.h>
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
#include "tools/output_file.h"

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

absl::StatusOr<std::unique_ptr<PublishedFolder>> PublishedFolder::Open(
    const std::string& path) {
  if (absl::Status s = MakeFolder(path); !s.ok()) return s;
  const int lock = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot be read"));
  }
  std::unique_ptr<PublishedFolder> folder(new PublishedFolder(path, lock));
  // Without a lock nothing is lost but the protection from a second run at the
  // same time.
  (void)Lock(lock);
  absl::StatusOr<std::vector<PublishedName>> published = folder->List();
  if (!published.ok()) return published.status();
  folder->published_ = *std::move(published);
  absl::StatusOr<std::unique_ptr<ScratchFolder>> side =
      ScratchFolder::MakeIn(path);
  if (!side.ok()) return side.status();
  folder->side_ = *std::move(side);
  return folder;
}

PublishedFolder::PublishedFolder(std::string path, int lock)
    : path_(std::move(path)), lock_(lock) {}

PublishedFolder::~PublishedFolder() { close(lock_); }

std::string PublishedFolder::PathOf(absl::string_view name) const {
  return absl::StrCat(path_, path_.ends_with('/') ? "" : "/", name);
}

absl::StatusOr<std::vector<PublishedName>> PublishedFolder::List() const {
  std::vector<PublishedName> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(path_, error);
  for (; !error && entry != std::filesystem::directory_iterator();
       entry.increment(error)) {
    const auto name = ParsePublishedName(entry->path().filename().string());
    if (name.has_value()) names.push_back(*name);
  }
  if (error) {
    return absl::ErrnoToStatus(error.value(),
                               absl::StrCat(path_, ": cannot be read"));
  }
  std::sort(names.begin(), names.end());
  return names;
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

absl::Status PublishedFolder::Move(const std::string& name) const {
  const std::string from = absl::StrCat(side_->path(), "/", name);
  if (std::rename(from.c_str(), PathOf(name).c_str()) == 0) {
    return absl::OkStatus();
  }
  return absl::ErrnoToStatus(errno,
                             absl::StrCat(PathOf(name), ": cannot be written"));
}

absl::Status PublishedFolder::Publish() {
  std::vector<PublishedName> all;
  std::sort(added_.begin(), added_.end());
  std::merge(published_.begin(), published_.end(), added_.begin(), added_.end(),
             std::back_inserter(all));
  std::string index;
  for (const PublishedName& name : all) {
    absl::StrAppend(&index, ToString(name), "\n");
  }
  // All that can fill a disk comes before the first file is moved.
  absl::Status status =
      WriteWholeFile(absl::StrCat(side_->path(), "/", kPublishedIndex), index,
                     OutputFile::Readers::kAnyone);
  size_t num_moved = 0;
  while (status.ok() && num_moved < added_.size()) {
    status = Move(ToString(added_[num_moved]));
    if (status.ok()) ++num_moved;
  }
  if (status.ok()) status = Move(kPublishedIndex);
  for (size_t i = 0; !status.ok() && i < num_moved; ++i) {
    unlink(PathOf(ToString(added_[i])).c_str());
  }
  return status;
}

}  // namespace tekmatch
