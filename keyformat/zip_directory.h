// The directory of an export's zip, as ReadArchiveDirectory of archive.h wants
// it: every header judged by itself, without a look at what lies before the
// directory. Errors, limits and source are those of archive.h.
#ifndef TEKMATCH_KEYFORMAT_ZIP_DIRECTORY_H_
#define TEKMATCH_KEYFORMAT_ZIP_DIRECTORY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "keyformat/archive.h"
#include "keyformat/byte_source.h"
#include "keyformat/zip_records.h"

namespace tekmatch {

inline constexpr uint16_t kMethodStored = 0;
inline constexpr uint16_t kMethodDeflated = 8;

struct DirectoryEntry {
  DirectoryHeader header;
  std::string name;  // safe: IsSafeEntryName
};

struct ZipDirectory {
  std::vector<DirectoryEntry> entries;  // no name twice
  uint64_t offset = 0;                  // where the directory begins
};

// Reads at most some 260 KiB for each entry that the limits allow.
absl::StatusOr<ZipDirectory> ReadZipDirectory(const ByteSource& source,
                                              const ArchiveLimits& limits);

// DATA_LOSS, "file: zip: reason" and "file: entry NAME: reason".
absl::Status RefuseZip(const ByteSource& source, absl::string_view reason);
absl::Status RefuseEntry(const ByteSource& source, absl::string_view name,
                         absl::string_view reason);

// Refuses zip64 fields and fields that are longer than their place.
absl::Status CheckExtraFields(const ByteSource& source, absl::string_view name,
                              absl::string_view extra);

absl::StatusOr<std::string> ReadBytes(const ByteSource& source, uint64_t offset,
                                      size_t size);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_ZIP_DIRECTORY_H_
