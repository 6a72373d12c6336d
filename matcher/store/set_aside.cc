// A damaged database is not emptied and not overwritten: its files are renamed,
// so that somebody may still read what is left in them. They tell of contacts,
// and so there is a way to erase them, too.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"
#include "matcher/store/database.h"
#include "matcher/store/database_files.h"
#include "matcher/store/schema.h"

namespace tekmatch {
namespace {

constexpr char kDamagedSuffix[] = ".damaged-";
constexpr int kMostSetAside = 10'000;

}  // namespace

absl::StatusOr<std::string> Database::SetAside(const std::string& folder) {
  const std::string path = DatabasePathIn(folder, kDatabaseFile);
  TEKMATCH_ASSIGN_OR_RETURN(const FolderLock lock,
                            FolderLock::Take(folder, absl::Seconds(5)));
  // The database first: a -wal that is left without it is told as a loss, but a
  // database without its -wal could not be told from one that never had it.
  const auto aside = [&path](const char* suffix, int n) {
    return absl::StrCat(path, suffix, kDamagedSuffix, n);
  };
  int n = 1;
  while (std::any_of(std::begin(kDatabaseSuffixes), std::end(kDatabaseSuffixes),
                     [&](const char* s) { return FileExists(aside(s, n)); })) {
    // Also where the system tells of none of them.
    if (++n > kMostSetAside) {
      return absl::UnavailableError(
          absl::StrCat(path, ": there is no free name to set it aside under"));
    }
  }
  std::string first;
  for (const char* suffix : kDatabaseSuffixes) {
    const std::string from = path + suffix;
    if (!FileExists(from)) continue;
    const std::string to = aside(suffix, n);
    if (rename(from.c_str(), to.c_str()) != 0) return SystemError(errno, from);
    if (first.empty()) first = to;
  }
  if (first.empty()) {
    return absl::NotFoundError(absl::StrCat(path, ": there is no such file"));
  }
  TEKMATCH_RETURN_IF_ERROR(lock.Sync(folder));
  return first;
}

absl::StatusOr<std::vector<std::string>> Database::ListSetAside(
    const std::string& folder) {
  DIR* const entries = opendir(folder.c_str());
  if (entries == nullptr) return SystemError(errno, folder);
  const absl::Cleanup close = [entries] { closedir(entries); };
  const std::string path = DatabasePathIn(folder, kDatabaseFile);
  std::vector<std::string> found;
  while (true) {
    errno = 0;
    const dirent* const entry = readdir(entries);
    if (entry == nullptr && errno != 0) return SystemError(errno, folder);
    if (entry == nullptr) break;
    const absl::string_view name = entry->d_name;
    for (const char* suffix : kDatabaseSuffixes) {
      if (absl::StartsWith(
              name, absl::StrCat(kDatabaseFile, suffix, kDamagedSuffix))) {
        found.push_back(
            absl::StrCat(path, name.substr(std::strlen(kDatabaseFile))));
      }
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

absl::Status Database::EraseSetAside(const std::string& folder) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<std::string> paths,
                            ListSetAside(folder));
  for (const std::string& path : paths) {
    const int fd = open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return SystemError(errno, path);
    const absl::Cleanup close_file = [fd] { close(fd); };
    struct stat info;
    if (fstat(fd, &info) != 0) return SystemError(errno, path);
    const std::array<char, 4096> zeroes = {};
    for (int64_t left = info.st_size; left > 0;) {
      const ssize_t written =
          write(fd, zeroes.data(),
                static_cast<size_t>(std::min<int64_t>(left, zeroes.size())));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return SystemError(written < 0 ? errno : EIO, path);
      left -= written;
    }
    if (fsync(fd) != 0 || unlink(path.c_str()) != 0) {
      return SystemError(errno, path);
    }
  }
  if (paths.empty()) return absl::OkStatus();
  // A loss of power would bring their names back, and each result would warn of
  // contacts that are missing.
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return SystemError(errno, folder);
  const absl::Cleanup close_folder = [fd] { close(fd); };
  return fsync(fd) == 0 ? absl::OkStatus() : SystemError(errno, folder);
}

}  // namespace tekmatch
