// The zip container of an export, read as if an enemy had made it.
//
// A server publishes a zip with export.bin and export.sig at its root. This
// reader accepts just the plain zips that servers write and refuses, with
// DATA_LOSS and a message "file: [entry NAME:] reason":
//   - bytes that belong to no entry: before the first, between two, between
//     the last and the directory, between directory and end record, or after
//     the end record (an archive comment counts as such);
//   - more entries than the limit, a name twice in any case, and names that are
//     not safe (entry_name.h);
//   - encryption, patches, several disks, methods other than stored and
//     deflate;
//   - zip64, which nothing here is large enough for: sizes or fields in either
//     header, and a locator or record before the end record, whether or not
//     the end record says so. A reader that follows them reads other entries;
//   - entries larger than the limit, or compressed more than the limit;
//   - entries that overlap each other or the directory, lie outside the file,
//     or contradict their local header in name, version, flags, method, sizes
//     or CRC. Where the flags announce a data descriptor, sizes and CRC of the
//     local header may all be 0; the descriptor has to be there and to repeat
//     the directory's. Servers in Go and Java write such exports;
//   - extra fields that are longer than their place, or that hold another name
//     or comment (Info-ZIP's 0x7075, 0x6375);
//   - links, folders and whatever else a mode of Unix says is no regular file.
// The cost is bounded by the limit of entries, whatever a file's size: nothing
// is searched for but a zip64 locator, in the last 64 KiB.
// Sizes are as the directory declares them; OpenEntry holds the data to them.
//
// Source: PKWARE APPNOTE.TXT 6.3.
#ifndef TEKMATCH_KEYFORMAT_ARCHIVE_H_
#define TEKMATCH_KEYFORMAT_ARCHIVE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "keyformat/byte_source.h"

namespace tekmatch {

struct ArchiveLimits {
  // export.bin, export.sig and one more.
  int max_entries = 3;
  // Some 14 to 18 million keys; the largest single export known is 16 MB.
  uint64_t max_entry_bytes = uint64_t{512} << 20;
  // An entry inflates to at most so many hundredths of its compressed bytes,
  // and the allowance. A key is 16 random bytes in a message of at most 38,
  // with every field at its longest: 2.375 to 1 if all the rest took no room,
  // so that no export of keys is refused unless it repeats them. Measured:
  // CWA 1.43, the demo 1.77, COCOA 1.15 to 1.50, Google's server 1.02 to 1.36;
  // our own with padding 1.65 (100,000 keys) and 2.03 (1,000). What an export
  // costs is what it inflates to: the limit also bounds what a hostile one
  // costs above an honest one of its size.
  uint64_t max_compression_percent = 275;
  // Small entries may repeat themselves: the names in a list of signatures, a
  // test's few keys.
  uint64_t ratio_allowance_bytes = 16 << 10;
};

// Whether an entry of so many bytes is compressed more than that.
inline bool IsCompressedTooFar(uint64_t bytes, uint64_t compressed_bytes,
                               const ArchiveLimits& limits) {
  // In hundredths: a division would let some bytes more through.
  return uint64_t{100} * bytes >
         limits.max_compression_percent * compressed_bytes +
             100 * limits.ratio_allowance_bytes;
}

struct ArchiveEntry {
  std::string name;
  uint64_t data_offset = 0;  // of the (compressed) data in the file
  uint64_t compressed_bytes = 0;
  uint64_t bytes = 0;
  uint32_t crc32 = 0;
  bool deflated = false;  // else stored
};

// Whether `source` begins as a zip does.
absl::StatusOr<bool> LooksLikeArchive(const ByteSource& source);

// The entries in the order of the directory.
absl::StatusOr<std::vector<ArchiveEntry>> ReadArchiveDirectory(
    const ByteSource& source, const ArchiveLimits& limits);

// Streams an entry's content; `source` must outlive the stream. DATA_LOSS on
// reading when the data does not inflate to exactly entry.bytes bytes with the
// declared CRC, using exactly entry.compressed_bytes; or when it has more
// deflate blocks than data could need, which cost time and give nothing: more
// than 64 with tables of their own and one for each 8 KiB (compressed), where
// 16 without count as one. Needs about 220 KiB.
absl::StatusOr<std::unique_ptr<ByteStream>> OpenEntry(
    const ByteSource& source, const ArchiveEntry& entry);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_ARCHIVE_H_
