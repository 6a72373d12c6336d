// Plan: system calls that nobody intercepts; absolute names; the records.
#include "tests/faults/write_trace.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace tekmatch {
namespace {

struct Name {
  std::array<char, PATH_MAX * 2> text;
  uint32_t size = 0;
};

#pragma pack(push, 1)
struct Head {
  uint32_t change;
  uint32_t name_bytes;
  uint32_t to_bytes;
  uint64_t inode;
  uint64_t offset;
  uint64_t data_bytes;
};
#pragma pack(pop)

int TraceFd() {
  static const int fd = [] {
    const char* const path = std::getenv("TEKMATCH_TRACE");
    if (path == nullptr) return -1;
    return static_cast<int>(
        syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CLOEXEC));
  }();
  return fd;
}

// Of what `folder` and `name` mean, without following the last link.
void MakeAbsolute(int folder, const char* name, Name& made) {
  made.size = 0;
  const std::string_view given = name;
  if (given.substr(0, 1) != "/") {
    std::array<char, 64> link{};
    if (folder == AT_FDCWD) {
      std::strcpy(link.data(), "/proc/self/cwd");
    } else {
      std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", folder);
    }
    const long n = syscall(SYS_readlinkat, AT_FDCWD, link.data(),
                           made.text.data(), size_t{PATH_MAX});
    made.size = n < 0 ? 0 : static_cast<uint32_t>(n);
    made.text[made.size++] = '/';
  }
  std::memcpy(made.text.data() + made.size, given.data(), given.size());
  made.size += static_cast<uint32_t>(given.size());
}

void Put(Head head, const Name* name, const Name* to, const void* data) {
  head.name_bytes = name == nullptr ? 0 : name->size;
  head.to_bytes = to == nullptr ? 0 : to->size;
  std::array<iovec, 4> parts = {{
      {&head, sizeof(head)},
      {name == nullptr ? nullptr : const_cast<char*>(name->text.data()),
       head.name_bytes},
      {to == nullptr ? nullptr : const_cast<char*>(to->text.data()),
       head.to_bytes},
      {const_cast<void*>(data), head.data_bytes},
  }};
  // One call a record: threads write at once.
  syscall(SYS_writev, TraceFd(), parts.data(), parts.size());
}

}  // namespace

bool IsTraced() { return TraceFd() >= 0; }

void TraceFile(Change change, int fd, uint64_t offset, const void* data,
               size_t bytes) {
  const int error = errno;
  struct stat info {};
  const bool is_stdout = fd == STDOUT_FILENO && change == Change::kWrite;
  syscall(SYS_fstat, fd, &info);
  // A pipe is no disk; stdout, by whatever number, is what was said.
  const bool is_disk = S_ISREG(info.st_mode) || S_ISDIR(info.st_mode);
  if (is_disk && !is_stdout) {
    Put({.change = static_cast<uint32_t>(change),
         .inode = info.st_ino,
         .offset = offset,
         .data_bytes = bytes},
        nullptr, nullptr, data);
  } else if (change == Change::kWrite &&
             (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode))) {
    Put({.change = static_cast<uint32_t>(Change::kSaid), .data_bytes = bytes},
        nullptr, nullptr, data);
  }
  errno = error;
}

void TraceName(Change change, int folder, const char* name, int to_folder,
               const char* to_name) {
  const int error = errno;
  Name from;
  Name to;
  MakeAbsolute(folder, name, from);
  if (to_name != nullptr) MakeAbsolute(to_folder, to_name, to);
  struct stat info {};
  if (change == Change::kCreate || change == Change::kFolder) {
    syscall(SYS_newfstatat, folder, name, &info, 0);
  }
  Put({.change = static_cast<uint32_t>(change), .inode = info.st_ino}, &from,
      to_name == nullptr ? nullptr : &to, nullptr);
  errno = error;
}

uint64_t OffsetOf(int fd) {
  const int error = errno;
  const long offset = syscall(SYS_lseek, fd, 0, SEEK_CUR);
  errno = error;
  return offset < 0 ? 0 : static_cast<uint64_t>(offset);
}

bool IsThere(int folder, const char* name) {
  const int error = errno;
  const bool there = syscall(SYS_faccessat, folder, name, F_OK, 0) == 0;
  errno = error;
  return there;
}

}  // namespace tekmatch
