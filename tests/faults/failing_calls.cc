// A library to be preloaded: libc's functions that ask something of the system,
// each of which may be told to fail (fault_plan.h), and those that change files
// written down (write_trace.h).
//
// Plan: how a function is replaced; opening; reading and writing; names; the
// rest of the system; memory; main.
//
// Each function here has a name of its own, and that of libc only as its
// symbol. So it need not repeat how libc declares it, and is not called from
// here by accident. An argument that a caller left out, as open's mode, is
// handed on as it is, which is right on Linux for amd64 and arm64.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/faults/fault_plan.h"
#include "tests/faults/write_trace.h"

namespace {

using tekmatch::Change;
using tekmatch::Fate;
using tekmatch::FateOf;
using tekmatch::Kind;

}  // namespace

// Types and lists of parameters cannot stand in parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)

// Declares the function that stands for libc's `name`.
#define REPLACES(name, result, params)               \
  extern "C" result Failing_##name params asm(#name) \
      __attribute__((visibility("default")));        \
  result Failing_##name params

// libc's own.
#define REAL(name, result, params) \
  static auto* const real =        \
      reinterpret_cast<result(*) params>(dlsym(RTLD_NEXT, #name))

// Nothing but failing.
#define FAILS(kind, failed, name, result, params, args)    \
  REPLACES(name, result, params) {                         \
    REAL(name, result, params);                            \
    if (FateOf(kind, #name) != Fate::kDone) return failed; \
    return real args;                                      \
  }

// ------------------------------------------------------------------ opening

namespace {

// What opening `name` is going to change.
struct Opening {
  Opening(int folder, const char* name, int flags)
      : traced(tekmatch::IsTraced() && (flags & (O_CREAT | O_TRUNC)) != 0),
        there(traced && tekmatch::IsThere(folder, name)),
        cuts((flags & O_TRUNC) != 0) {}

  int Done(int fd, int folder, const char* name) const {
    if (fd >= 0 && traced) {
      if (!there) {
        tekmatch::TraceName(Change::kCreate, folder, name, 0, nullptr);
      } else if (cuts) {
        tekmatch::TraceFile(Change::kTruncate, fd, 0, nullptr, 0);
      }
    }
    return fd;
  }

  bool traced;
  bool there;
  bool cuts;
};

}  // namespace

#define OPENS(name)                                                 \
  REPLACES(name, int, (const char* path, int flags, mode_t mode)) { \
    REAL(name, int, (const char*, int, mode_t));                    \
    if (FateOf(Kind::kOpen, #name) != Fate::kDone) return -1;       \
    const Opening opening(AT_FDCWD, path, flags);                   \
    return opening.Done(real(path, flags, mode), AT_FDCWD, path);   \
  }
OPENS(open)
OPENS(open64)

#define OPENS_AT(name)                                                  \
  REPLACES(name, int,                                                   \
           (int folder, const char* path, int flags, mode_t mode)) {    \
    REAL(name, int, (int, const char*, int, mode_t));                   \
    if (FateOf(Kind::kOpen, #name) != Fate::kDone) return -1;           \
    const Opening opening(folder, path, flags);                         \
    return opening.Done(real(folder, path, flags, mode), folder, path); \
  }
OPENS_AT(openat)
OPENS_AT(openat64)

FAILS(Kind::kOpen, nullptr, fopen, FILE*, (const char* a, const char* b),
      (a, b))
FAILS(Kind::kOpen, nullptr, fopen64, FILE*, (const char* a, const char* b),
      (a, b))
FAILS(Kind::kOpen, nullptr, opendir, DIR*, (const char* a), (a))
FAILS(Kind::kOpen, nullptr, fdopendir, DIR*, (int a), (a))

#define READS_FOLDER(name, result)                                    \
  REPLACES(name, result*, (DIR * folder)) {                           \
    REAL(name, result*, (DIR*));                                      \
    /* There is no half of a name. */                                 \
    return FateOf(Kind::kRead, #name) == Fate::kFails ? nullptr       \
                                                      : real(folder); \
  }
READS_FOLDER(readdir, dirent)
READS_FOLDER(readdir64, dirent64)

// ------------------------------------------------------ reading and writing

namespace {

// Half of it, and something.
size_t Half(size_t n) { return n - n / 2; }

ssize_t Wrote(ssize_t n, int fd, uint64_t offset, const void* bytes) {
  if (n > 0 && tekmatch::IsTraced()) {
    tekmatch::TraceFile(Change::kWrite, fd, offset, bytes,
                        static_cast<size_t>(n));
  }
  return n;
}

}  // namespace

REPLACES(read, ssize_t, (int fd, void* bytes, size_t n)) {
  REAL(read, ssize_t, (int, void*, size_t));
  const Fate fate = FateOf(Kind::kRead, "read");
  if (fate == Fate::kFails) return -1;
  return real(fd, bytes, fate == Fate::kShort ? Half(n) : n);
}

REPLACES(write, ssize_t, (int fd, const void* bytes, size_t n)) {
  REAL(write, ssize_t, (int, const void*, size_t));
  const Fate fate = FateOf(Kind::kWrite, "write");
  if (fate == Fate::kFails) return -1;
  const uint64_t offset = tekmatch::IsTraced() ? tekmatch::OffsetOf(fd) : 0;
  return Wrote(real(fd, bytes, fate == Fate::kShort ? Half(n) : n), fd, offset,
               bytes);
}

#define READS_AT(name)                                                 \
  REPLACES(name, ssize_t, (int fd, void* bytes, size_t n, off_t at)) { \
    REAL(name, ssize_t, (int, void*, size_t, off_t));                  \
    const Fate fate = FateOf(Kind::kRead, #name);                      \
    if (fate == Fate::kFails) return -1;                               \
    return real(fd, bytes, fate == Fate::kShort ? Half(n) : n, at);    \
  }
READS_AT(pread)
READS_AT(pread64)

#define WRITES_AT(name)                                                       \
  REPLACES(name, ssize_t, (int fd, const void* bytes, size_t n, off_t at)) {  \
    REAL(name, ssize_t, (int, const void*, size_t, off_t));                   \
    const Fate fate = FateOf(Kind::kWrite, #name);                            \
    if (fate == Fate::kFails) return -1;                                      \
    return Wrote(real(fd, bytes, fate == Fate::kShort ? Half(n) : n, at), fd, \
                 static_cast<uint64_t>(at), bytes);                           \
  }
WRITES_AT(pwrite)
WRITES_AT(pwrite64)

// To somebody else, who then knows.
REPLACES(send, ssize_t, (int fd, const void* bytes, size_t n, int flags)) {
  REAL(send, ssize_t, (int, const void*, size_t, int));
  return Wrote(real(fd, bytes, n, flags), fd, 0, bytes);
}

REPLACES(sendmsg, ssize_t, (int fd, const msghdr* message, int flags)) {
  REAL(sendmsg, ssize_t, (int, const msghdr*, int));
  const ssize_t n = real(fd, message, flags);
  for (size_t i = 0; n > 0 && i < message->msg_iovlen; ++i) {
    const iovec& part = message->msg_iov[i];
    Wrote(static_cast<ssize_t>(part.iov_len), fd, 0, part.iov_base);
  }
  return n;
}

// stdout's, where libc's own write is out of reach.
REPLACES(fflush, int, (FILE * file)) {
  REAL(fflush, int, (FILE*));
  return FateOf(Kind::kWrite, "fflush") == Fate::kFails ? EOF : real(file);
}

#define CUTS(name)                                                            \
  REPLACES(name, int, (int fd, off_t size)) {                                 \
    REAL(name, int, (int, off_t));                                            \
    if (FateOf(Kind::kTruncate, #name) != Fate::kDone) return -1;             \
    const int result = real(fd, size);                                        \
    if (result == 0 && tekmatch::IsTraced()) {                                \
      tekmatch::TraceFile(Change::kTruncate, fd, static_cast<uint64_t>(size), \
                          nullptr, 0);                                        \
    }                                                                         \
    return result;                                                            \
  }
CUTS(ftruncate)
CUTS(ftruncate64)

#define SYNCS(name)                                           \
  REPLACES(name, int, (int fd)) {                             \
    REAL(name, int, (int));                                   \
    if (FateOf(Kind::kSync, #name) != Fate::kDone) return -1; \
    const int result = real(fd);                              \
    if (result == 0 && tekmatch::IsTraced()) {                \
      tekmatch::TraceFile(Change::kSync, fd, 0, nullptr, 0);  \
    }                                                         \
    return result;                                            \
  }
SYNCS(fsync)
SYNCS(fdatasync)

FAILS(Kind::kSeek, -1, lseek, off_t, (int a, off_t b, int c), (a, b, c))
FAILS(Kind::kSeek, -1, lseek64, off_t, (int a, off_t b, int c), (a, b, c))

// It is closed all the same, as on Linux.
REPLACES(close, int, (int fd)) {
  REAL(close, int, (int));
  const Fate fate = FateOf(Kind::kClose, "close");
  const int error = errno;
  const int result = real(fd);
  if (fate == Fate::kDone) return result;
  errno = error;
  return -1;
}

// -------------------------------------------------------------------- names

namespace {

int Renamed(int result, Change change, int folder, const char* name,
            int to_folder, const char* to) {
  if (result == 0 && tekmatch::IsTraced()) {
    tekmatch::TraceName(change, folder, name, to_folder, to);
  }
  return result;
}

}  // namespace

REPLACES(rename, int, (const char* from, const char* to)) {
  REAL(rename, int, (const char*, const char*));
  if (FateOf(Kind::kRename, "rename") != Fate::kDone) return -1;
  return Renamed(real(from, to), Change::kRename, AT_FDCWD, from, AT_FDCWD, to);
}

REPLACES(renameat, int, (int a, const char* from, int b, const char* to)) {
  REAL(renameat, int, (int, const char*, int, const char*));
  if (FateOf(Kind::kRename, "renameat") != Fate::kDone) return -1;
  return Renamed(real(a, from, b, to), Change::kRename, a, from, b, to);
}

#define REMOVES(name)                                                        \
  REPLACES(name, int, (const char* path)) {                                  \
    REAL(name, int, (const char*));                                          \
    if (FateOf(Kind::kRemove, #name) != Fate::kDone) return -1;              \
    return Renamed(real(path), Change::kUnlink, AT_FDCWD, path, 0, nullptr); \
  }
REMOVES(unlink)
REMOVES(rmdir)
REMOVES(remove)

REPLACES(unlinkat, int, (int folder, const char* path, int flags)) {
  REAL(unlinkat, int, (int, const char*, int));
  if (FateOf(Kind::kRemove, "unlinkat") != Fate::kDone) return -1;
  return Renamed(real(folder, path, flags), Change::kUnlink, folder, path, 0,
                 nullptr);
}

REPLACES(mkdir, int, (const char* path, mode_t mode)) {
  REAL(mkdir, int, (const char*, mode_t));
  if (FateOf(Kind::kMake, "mkdir") != Fate::kDone) return -1;
  return Renamed(real(path, mode), Change::kFolder, AT_FDCWD, path, 0, nullptr);
}

REPLACES(mkdtemp, char*, (char* path)) {
  REAL(mkdtemp, char*, (char*));
  if (FateOf(Kind::kMake, "mkdtemp") != Fate::kDone) return nullptr;
  char* const made = real(path);
  if (made != nullptr) {
    Renamed(0, Change::kFolder, AT_FDCWD, made, 0, nullptr);
  }
  return made;
}

// ------------------------------------------------------ the rest of the system

FAILS(Kind::kStat, -1, stat, int, (const char* a, void* b), (a, b))
FAILS(Kind::kStat, -1, stat64, int, (const char* a, void* b), (a, b))
FAILS(Kind::kStat, -1, lstat, int, (const char* a, void* b), (a, b))
FAILS(Kind::kStat, -1, lstat64, int, (const char* a, void* b), (a, b))
FAILS(Kind::kStat, -1, fstat, int, (int a, void* b), (a, b))
FAILS(Kind::kStat, -1, fstat64, int, (int a, void* b), (a, b))
FAILS(Kind::kStat, -1, access, int, (const char* a, int b), (a, b))
FAILS(Kind::kLock, -1, flock, int, (int a, int b), (a, b))
FAILS(Kind::kLock, -1, fcntl, int, (int a, int b, void* c), (a, b, c))
FAILS(Kind::kLock, -1, fcntl64, int, (int a, int b, void* c), (a, b, c))
FAILS(Kind::kMode, -1, fchmod, int, (int a, mode_t b), (a, b))
FAILS(Kind::kMode, -1, chmod, int, (const char* a, mode_t b), (a, b))
FAILS(Kind::kMap, MAP_FAILED, mmap, void*,
      (void* a, size_t b, int c, int d, int e, off_t f), (a, b, c, d, e, f))
FAILS(Kind::kMap, MAP_FAILED, mmap64, void*,
      (void* a, size_t b, int c, int d, int e, off_t f), (a, b, c, d, e, f))
FAILS(Kind::kMap, MAP_FAILED, mremap, void*,
      (void* a, size_t b, size_t c, int d, void* e), (a, b, c, d, e))

// Returns its error.
REPLACES(pthread_create, int,
         (pthread_t * thread, const pthread_attr_t* attributes,
          void* (*run)(void*), void* argument)) {
  REAL(pthread_create, int,
       (pthread_t*, const pthread_attr_t*, void* (*)(void*), void*));
  if (FateOf(Kind::kThread, "pthread_create") != Fate::kDone) return errno;
  return real(thread, attributes, run, argument);
}

// ------------------------------------------------------------------- memory

extern "C" {
// glibc's own names: dlsym itself may allocate.
void* __libc_malloc(size_t bytes);                  // NOLINT
void* __libc_calloc(size_t num, size_t bytes);      // NOLINT
void* __libc_realloc(void* old, size_t bytes);      // NOLINT
void* __libc_memalign(size_t align, size_t bytes);  // NOLINT
}

#define ALLOCATES(name, params, args)                                      \
  REPLACES(name, void*, params) {                                          \
    return FateOf(Kind::kAllocate, #name) == Fate::kDone ? args : nullptr; \
  }
ALLOCATES(malloc, (size_t n), __libc_malloc(n))
ALLOCATES(calloc, (size_t num, size_t n), __libc_calloc(num, n))
ALLOCATES(realloc, (void* old, size_t n), __libc_realloc(old, n))
ALLOCATES(memalign, (size_t align, size_t n), __libc_memalign(align, n))
ALLOCATES(aligned_alloc, (size_t align, size_t n), __libc_memalign(align, n))

REPLACES(posix_memalign, int, (void** made, size_t align, size_t n)) {
  if (FateOf(Kind::kAllocate, "posix_memalign") != Fate::kDone) return errno;
  *made = __libc_memalign(align, n);
  return *made == nullptr ? ENOMEM : 0;
}

// --------------------------------------------------------------------- main

namespace {

using Main = int(int, char**, char**);
Main* real_main = nullptr;

// What came before main is the loader's and of static objects.
int CountedMain(int argc, char** argv, char** environment) {
  tekmatch::StartCounting();
  return real_main(argc, argv, environment);
}

}  // namespace

REPLACES(__libc_start_main, int,
         (Main * main, int argc, char** argv, void (*init)(), void (*fini)(),
          void (*rtld_fini)(), void* stack_end)) {
  REAL(__libc_start_main, int,
       (Main*, int, char**, void (*)(), void (*)(), void (*)(), void*));
  real_main = main;
  return real(CountedMain, argc, argv, init, fini, rtld_fini, stack_end);
}

// NOLINTEND(bugprone-macro-parentheses)
