// What a process changes on the disk, in order: what power_loss.py rebuilds a
// disk from. Written to the file that TEKMATCH_TRACE names, as records of
//
//   kind (uint32), bytes of the first name (uint32), of the second (uint32),
//   inode (uint64), offset (uint64), bytes of data (uint64), names, data
//
// in the machine's order of bytes, without gaps. Names are absolute paths.
#ifndef TEKMATCH_TESTS_FAULTS_WRITE_TRACE_H_
#define TEKMATCH_TESTS_FAULTS_WRITE_TRACE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace tekmatch {

enum class Change : uint32_t {
  kCreate = 1,    // name, inode
  kWrite = 2,     // inode, offset, data
  kTruncate = 3,  // inode, offset: the new length
  kRename = 4,    // both names
  kUnlink = 5,    // name; a folder, too
  kFolder = 6,    // name, inode: was made
  kSync = 7,      // inode, of a file or a folder
  kSaid = 8,      // data, to a pipe or a socket
};

// Whether anybody wants to know.
bool IsTraced();

// Of what was just done, successfully. `folder` is what relative paths begin
// at: AT_FDCWD or a descriptor.
void TraceFile(Change change, int fd, uint64_t offset, const void* data,
               size_t bytes);
void TraceName(Change change, int folder, const char* name, int to_folder,
               const char* to_name);

// The offset at which the next write to `fd` goes.
uint64_t OffsetOf(int fd);
// Whether there is something of this name.
bool IsThere(int folder, const char* name);

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_FAULTS_WRITE_TRACE_H_
