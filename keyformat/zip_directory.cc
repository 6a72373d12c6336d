// Plan:
//   1. the end record, which has to be the last bytes of the file;
//   2. no zip64 locator before it;
//   3. the directory that it names, header by header.
// No library reads the zip: they search for what is not in its place, and
// follow zip64 records. What is read is bounded by max_entries, whatever the
// file's size.
#include "keyformat/zip_directory.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/entry_name.h"
#include "keyformat/status_macros.h"

namespace tekmatch {
namespace {

constexpr uint64_t kMaxUint16 = 0xFFFF;
constexpr uint32_t kSaidByZip64 = 0xFFFFFFFF;
constexpr absl::string_view kZip64 = "zip64, which no export needs";

// General purpose flags: encrypted, patched, strong encryption, masked header.
constexpr uint16_t kForbiddenFlags = 0x0001 | 0x0020 | 0x0040 | 0x2000;
// Of a mode (S_IFMT, S_IFREG), the same on every system.
constexpr uint32_t kFileTypeBits = 0xF000;
constexpr uint32_t kRegularFile = 0x8000;

// The end record, held to the file's size and to the limits.
absl::StatusOr<EndRecord> ReadEndRecord(const ByteSource& source,
                                        const ArchiveLimits& limits) {
  if (source.size() < kEndRecordBytes) {
    return RefuseZip(source, "shorter than an end record");
  }
  const uint64_t end_offset = source.size() - kEndRecordBytes;
  TEKMATCH_ASSIGN_OR_RETURN(const std::string bytes,
                            ReadBytes(source, end_offset, kEndRecordBytes));
  const std::optional<EndRecord> end = ParseEndRecord(bytes);
  if (!end.has_value() || end->comment_bytes != 0) {
    return RefuseZip(source,
                     "does not end with an end record: truncated, a comment or "
                     "trailing data");
  }
  if (end->num_entries == kMaxUint16 || end->directory_bytes == kSaidByZip64 ||
      end->directory_offset == kSaidByZip64) {
    return RefuseZip(source, kZip64);
  }
  if (end->disk != 0 || end->directory_disk != 0 ||
      end->num_entries_on_disk != end->num_entries) {
    return RefuseZip(source, "several disks");
  }
  if (int{end->num_entries} > limits.max_entries) {
    return RefuseZip(source,
                     absl::StrCat(end->num_entries, " entries, at most ",
                                  limits.max_entries, " allowed"));
  }
  return *end;
}

// A locator stands right before the end record; some readers search the last
// 64 KiB, as they do for an end record with a comment. They read another
// directory than the end record's.
absl::Status RefuseZip64Locator(const ByteSource& source) {
  const uint64_t end_offset = source.size() - kEndRecordBytes;
  const uint64_t size = std::min(end_offset, kMaxUint16);
  TEKMATCH_ASSIGN_OR_RETURN(const std::string bytes,
                            ReadBytes(source, end_offset - size, size));
  const absl::string_view tail = bytes;
  const bool in_its_place =
      tail.size() >= kZip64LocatorBytes &&
      absl::StartsWith(tail.substr(tail.size() - kZip64LocatorBytes),
                       kZip64LocatorMagic);
  if (in_its_place || HoldsZip64Locator(tail)) return RefuseZip(source, kZip64);
  return absl::OkStatus();
}

absl::Status CheckFacts(const ByteSource& source, const ArchiveLimits& limits,
                        const DirectoryEntry& entry) {
  const EntryFacts& facts = entry.header.facts;
  if (facts.flags & kForbiddenFlags) {
    return RefuseEntry(source, entry.name, "encrypted or patched");
  }
  if (facts.method != kMethodStored && facts.method != kMethodDeflated) {
    return RefuseEntry(source, entry.name,
                       absl::StrCat("compression method ", facts.method,
                                    ", only stored and deflate allowed"));
  }
  if (entry.header.disk != 0) {
    return RefuseEntry(source, entry.name, "on another disk");
  }
  // A link, say, which unzip makes of it.
  const uint32_t mode = entry.header.attributes >> 16;
  if ((mode & kFileTypeBits) != 0 && (mode & kFileTypeBits) != kRegularFile) {
    return RefuseEntry(source, entry.name, "no regular file");
  }
  if (facts.bytes == kSaidByZip64 || facts.compressed_bytes == kSaidByZip64 ||
      entry.header.local_offset == kSaidByZip64) {
    return RefuseEntry(source, entry.name, kZip64);
  }
  if (facts.bytes > limits.max_entry_bytes) {
    return RefuseEntry(source, entry.name,
                       absl::StrCat(facts.bytes, " bytes, at most ",
                                    limits.max_entry_bytes, " allowed"));
  }
  if (IsCompressedTooFar(facts.bytes, facts.compressed_bytes, limits)) {
    return RefuseEntry(
        source, entry.name,
        absl::StrCat("compressed more than ",
                     static_cast<double>(limits.max_compression_percent) / 100,
                     " to 1"));
  }
  if (facts.method == kMethodStored && facts.compressed_bytes != facts.bytes) {
    return RefuseEntry(source, entry.name, "stored, but with two sizes");
  }
  return absl::OkStatus();
}

// Takes the first entry of what is left of the directory.
absl::StatusOr<DirectoryEntry> TakeEntry(const ByteSource& source,
                                         const ArchiveLimits& limits,
                                         absl::string_view* directory) {
  const std::optional<DirectoryHeader> header =
      ParseDirectoryHeader(*directory);
  if (!header.has_value()) return RefuseZip(source, "damaged directory");
  const size_t text_bytes = size_t{header->facts.name_bytes} +
                            header->facts.extra_bytes + header->comment_bytes;
  directory->remove_prefix(kDirectoryHeaderBytes);
  if (text_bytes > directory->size()) {
    return RefuseZip(source, "an entry reaches beyond the directory");
  }
  const absl::string_view text = directory->substr(0, text_bytes);
  directory->remove_prefix(text_bytes);
  DirectoryEntry entry{
      .header = *header,
      .name = std::string(text.substr(0, header->facts.name_bytes))};
  if (!IsSafeEntryName(entry.name)) {
    return RefuseZip(source, "an entry has an unsafe name");
  }
  TEKMATCH_RETURN_IF_ERROR(CheckExtraFields(
      source, entry.name,
      text.substr(header->facts.name_bytes, header->facts.extra_bytes)));
  // Where nothing but text may stand, four bytes are enough.
  if (absl::StrContains(text, kZip64RecordMagic) ||
      absl::StrContains(text, kZip64LocatorMagic)) {
    return RefuseEntry(source, entry.name, kZip64);
  }
  TEKMATCH_RETURN_IF_ERROR(CheckFacts(source, limits, entry));
  return entry;
}

absl::StatusOr<std::vector<DirectoryEntry>> ReadEntries(
    const ByteSource& source, const ArchiveLimits& limits,
    const EndRecord& end) {
  const uint64_t max_bytes =
      end.num_entries * (kDirectoryHeaderBytes + 3 * kMaxUint16);
  if (end.directory_bytes > max_bytes) {
    return RefuseZip(source, "the directory holds more than its entries");
  }
  TEKMATCH_ASSIGN_OR_RETURN(
      const std::string bytes,
      ReadBytes(source, end.directory_offset, end.directory_bytes));
  absl::string_view rest = bytes;
  std::vector<DirectoryEntry> entries;
  std::set<std::string> names;
  for (int i = 0; i < end.num_entries; ++i) {
    TEKMATCH_ASSIGN_OR_RETURN(DirectoryEntry entry,
                              TakeEntry(source, limits, &rest));
    // Some file systems know no case.
    if (!names.insert(absl::AsciiStrToLower(entry.name)).second) {
      return RefuseEntry(source, entry.name, "stands there twice");
    }
    entries.push_back(std::move(entry));
  }
  if (!rest.empty()) {
    return RefuseZip(source, "the directory holds more than its entries");
  }
  return entries;
}

}  // namespace

absl::Status RefuseZip(const ByteSource& source, absl::string_view reason) {
  return absl::DataLossError(absl::StrCat(source.name(), ": zip: ", reason));
}

absl::Status RefuseEntry(const ByteSource& source, absl::string_view name,
                         absl::string_view reason) {
  return absl::DataLossError(
      absl::StrCat(source.name(), ": entry ", name, ": ", reason));
}

absl::StatusOr<std::string> ReadBytes(const ByteSource& source, uint64_t offset,
                                      size_t size) {
  std::string bytes(size, '\0');
  TEKMATCH_RETURN_IF_ERROR(source.ReadAt(
      offset, absl::MakeSpan(reinterpret_cast<uint8_t*>(bytes.data()), size)));
  return bytes;
}

absl::Status CheckExtraFields(const ByteSource& source, absl::string_view name,
                              absl::string_view extra) {
  switch (JudgeExtraFields(extra)) {
    case ExtraFields::kPlain:
      return absl::OkStatus();
    case ExtraFields::kZip64:
      return RefuseEntry(source, name, kZip64);
    case ExtraFields::kRenames:
      return RefuseEntry(source, name,
                         "an extra field gives it another name or comment");
    case ExtraFields::kDamaged:
      return RefuseEntry(source, name,
                         "an extra field is longer than its place");
  }
  return absl::OkStatus();
}

absl::StatusOr<ZipDirectory> ReadZipDirectory(const ByteSource& source,
                                              const ArchiveLimits& limits) {
  TEKMATCH_ASSIGN_OR_RETURN(const EndRecord end, ReadEndRecord(source, limits));
  TEKMATCH_RETURN_IF_ERROR(RefuseZip64Locator(source));
  const uint64_t end_offset = source.size() - kEndRecordBytes;
  if (uint64_t{end.directory_offset} + end.directory_bytes != end_offset) {
    return RefuseZip(source, "the directory does not end at the end record");
  }
  TEKMATCH_ASSIGN_OR_RETURN(std::vector<DirectoryEntry> entries,
                            ReadEntries(source, limits, end));
  return ZipDirectory{.entries = std::move(entries),
                      .offset = end.directory_offset};
}

}  // namespace tekmatch
