// The records of a zip as numbers. Nothing is judged here but whether a record
// is there: archive.cc does the rest.
//
// All numbers are little-endian. Source: PKWARE APPNOTE.TXT 6.3, 4.3 and 4.5.
#ifndef TEKMATCH_KEYFORMAT_ZIP_RECORDS_H_
#define TEKMATCH_KEYFORMAT_ZIP_RECORDS_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace tekmatch {

// Sizes without name, extra fields and comment.
inline constexpr size_t kLocalHeaderBytes = 30;
inline constexpr size_t kDirectoryHeaderBytes = 46;
inline constexpr size_t kEndRecordBytes = 22;
inline constexpr size_t kZip64LocatorBytes = 20;
// A data descriptor, with the signature that most writers put before it.
inline constexpr size_t kDescriptorBytes = 12;
inline constexpr size_t kSignedDescriptorBytes = 16;

inline constexpr absl::string_view kLocalHeaderMagic("PK\x03\x04", 4);
inline constexpr absl::string_view kDirectoryHeaderMagic("PK\x01\x02", 4);
inline constexpr absl::string_view kEndRecordMagic("PK\x05\x06", 4);
inline constexpr absl::string_view kDescriptorMagic("PK\x07\x08", 4);
inline constexpr absl::string_view kZip64RecordMagic("PK\x06\x06", 4);
inline constexpr absl::string_view kZip64LocatorMagic("PK\x06\x07", 4);

// Set where sizes and CRC stand in a descriptor after the data.
inline constexpr uint16_t kFlagDescriptor = 0x0008;

// What both headers of an entry say of it.
struct EntryFacts {
  uint16_t version_needed = 0;
  uint16_t flags = 0;
  uint16_t method = 0;
  uint32_t crc32 = 0;
  uint32_t compressed_bytes = 0;
  uint32_t bytes = 0;
  uint16_t name_bytes = 0;
  uint16_t extra_bytes = 0;
};

struct DirectoryHeader {
  EntryFacts facts;
  uint16_t comment_bytes = 0;
  uint16_t disk = 0;
  uint32_t attributes = 0;  // the upper 16 bits are Unix's mode, or 0
  uint32_t local_offset = 0;
};

struct EndRecord {
  uint16_t disk = 0;
  uint16_t directory_disk = 0;
  uint16_t num_entries_on_disk = 0;
  uint16_t num_entries = 0;
  uint32_t directory_bytes = 0;
  uint32_t directory_offset = 0;
  uint16_t comment_bytes = 0;
};

struct DataDescriptor {
  uint32_t crc32 = 0;
  uint32_t compressed_bytes = 0;
  uint32_t bytes = 0;
};

// Each reads the record that `bytes` begins with; more may follow. None: too
// few bytes, or other ones than a record begins with.
std::optional<EntryFacts> ParseLocalHeader(absl::string_view bytes);
std::optional<DirectoryHeader> ParseDirectoryHeader(absl::string_view bytes);
std::optional<EndRecord> ParseEndRecord(absl::string_view bytes);

// `bytes` is the whole descriptor, with its signature or without.
std::optional<DataDescriptor> ParseDataDescriptor(absl::string_view bytes);

// What the extra fields of a header are.
enum class ExtraFields {
  kPlain,
  kZip64,    // among them one that holds sizes of 64 bits
  kRenames,  // among them another name or comment, in UTF-8, which some readers
             // take in place of the entry's (APPNOTE.TXT 4.6.8, 4.6.9)
  kDamaged,  // the last one is longer than what is there
};
ExtraFields JudgeExtraFields(absl::string_view extra);

// Whether a zip64 locator stands anywhere in `bytes`: by its first bytes and
// its two numbers of disks, 0 and 1, without which no reader follows it. So
// many fixed bytes do not stand in compressed data by chance, as four do.
bool HoldsZip64Locator(absl::string_view bytes);

}  // namespace tekmatch

#endif  // TEKMATCH_KEYFORMAT_ZIP_RECORDS_H_
