// Plan: zip_directory.h reads the directory and judges it. Here is the layout:
// the entries follow each other from the file's first byte to the directory's,
// the local header of each says what the directory says, and no byte belongs to
// nothing.
#include "keyformat/archive.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "keyformat/status_macros.h"
#include "keyformat/zip_directory.h"
#include "keyformat/zip_records.h"

namespace tekmatch {
namespace {

// Where the local header differs from the directory's; empty if nowhere. With a
// descriptor after the data it may leave sizes and CRC to that, all as zeros.
absl::string_view FirstContradiction(const EntryFacts& local,
                                     const EntryFacts& directory) {
  if (local.version_needed != directory.version_needed) return "version";
  if (local.flags != directory.flags) return "flags";
  if (local.method != directory.method) return "method";
  const bool said_later = (local.flags & kFlagDescriptor) != 0 &&
                          local.crc32 == 0 && local.compressed_bytes == 0 &&
                          local.bytes == 0;
  if (said_later) return "";
  if (local.crc32 != directory.crc32) return "CRC";
  if (local.compressed_bytes != directory.compressed_bytes ||
      local.bytes != directory.bytes) {
    return "sizes";
  }
  return "";
}

absl::Status Contradicts(const ByteSource& source, const DirectoryEntry& entry,
                         absl::string_view what) {
  return RefuseEntry(
      source, entry.name,
      absl::StrCat("its local header contradicts the directory: ", what));
}

// Compares the entry with its local header; returns where its data begins.
absl::StatusOr<uint64_t> CheckLocalHeader(const ByteSource& source,
                                          const DirectoryEntry& entry,
                                          uint64_t directory_offset) {
  const uint64_t offset = entry.header.local_offset;
  const absl::string_view kOutside = "its local header lies outside its place";
  if (offset + kLocalHeaderBytes > directory_offset) {
    return RefuseEntry(source, entry.name, kOutside);
  }
  TEKMATCH_ASSIGN_OR_RETURN(const std::string bytes,
                            ReadBytes(source, offset, kLocalHeaderBytes));
  const std::optional<EntryFacts> local = ParseLocalHeader(bytes);
  if (!local.has_value()) return Contradicts(source, entry, "there is none");
  if (const absl::string_view what =
          FirstContradiction(*local, entry.header.facts);
      !what.empty()) {
    return Contradicts(source, entry, what);
  }
  const size_t text_bytes = size_t{local->name_bytes} + local->extra_bytes;
  const uint64_t data_offset = offset + kLocalHeaderBytes + text_bytes;
  if (data_offset > directory_offset) {
    return RefuseEntry(source, entry.name, kOutside);
  }
  TEKMATCH_ASSIGN_OR_RETURN(
      const std::string text,
      ReadBytes(source, offset + kLocalHeaderBytes, text_bytes));
  const absl::string_view rest = text;
  if (rest.substr(0, local->name_bytes) != entry.name) {
    return Contradicts(source, entry, "name");
  }
  TEKMATCH_RETURN_IF_ERROR(
      CheckExtraFields(source, entry.name, rest.substr(local->name_bytes)));
  return data_offset;
}

// What lies between an entry's data and whatever comes next: a descriptor that
// repeats the directory where the flags announce one, otherwise nothing.
absl::Status CheckAfterData(const ByteSource& source,
                            const DirectoryEntry& entry, uint64_t data_end,
                            uint64_t next) {
  const EntryFacts& facts = entry.header.facts;
  const uint64_t num_bytes = next - data_end;
  const bool announced = (facts.flags & kFlagDescriptor) != 0;
  if (!announced && num_bytes == 0) return absl::OkStatus();
  if (!announced ||
      (num_bytes != kDescriptorBytes && num_bytes != kSignedDescriptorBytes)) {
    return RefuseEntry(source, entry.name,
                       num_bytes == 0 ? "no descriptor after its data"
                                      : "foreign bytes after its data");
  }
  TEKMATCH_ASSIGN_OR_RETURN(const std::string bytes,
                            ReadBytes(source, data_end, num_bytes));
  const std::optional<DataDescriptor> descriptor = ParseDataDescriptor(bytes);
  if (!descriptor.has_value() || descriptor->crc32 != facts.crc32 ||
      descriptor->compressed_bytes != facts.compressed_bytes ||
      descriptor->bytes != facts.bytes) {
    return RefuseEntry(source, entry.name,
                       "its descriptor contradicts the directory");
  }
  return absl::OkStatus();
}

// Finds each entry's data. Every byte before the directory belongs to exactly
// one entry.
absl::StatusOr<std::vector<ArchiveEntry>> CheckLayout(
    const ByteSource& source, const ZipDirectory& directory) {
  std::vector<size_t> by_offset(directory.entries.size());
  for (size_t i = 0; i < by_offset.size(); ++i) by_offset[i] = i;
  const auto offset_of = [&directory](size_t i) -> uint64_t {
    return directory.entries[i].header.local_offset;
  };
  std::sort(by_offset.begin(), by_offset.end(),
            [&](size_t a, size_t b) { return offset_of(a) < offset_of(b); });
  const uint64_t first =
      by_offset.empty() ? directory.offset : offset_of(by_offset.front());
  if (first != 0)
    return RefuseZip(source, "foreign bytes before the first entry");

  std::vector<ArchiveEntry> entries(directory.entries.size());
  for (size_t i = 0; i < by_offset.size(); ++i) {
    const DirectoryEntry& entry = directory.entries[by_offset[i]];
    TEKMATCH_ASSIGN_OR_RETURN(
        const uint64_t data_offset,
        CheckLocalHeader(source, entry, directory.offset));
    const EntryFacts& facts = entry.header.facts;
    const uint64_t data_end = data_offset + facts.compressed_bytes;
    const bool last = i + 1 == by_offset.size();
    const uint64_t next = last ? directory.offset : offset_of(by_offset[i + 1]);
    if (data_end > next) {
      return RefuseEntry(source, entry.name,
                         last ? "its data reaches into the directory"
                              : "its data reaches into another entry");
    }
    TEKMATCH_RETURN_IF_ERROR(CheckAfterData(source, entry, data_end, next));
    entries[by_offset[i]] = {.name = entry.name,
                             .data_offset = data_offset,
                             .compressed_bytes = facts.compressed_bytes,
                             .bytes = facts.bytes,
                             .crc32 = facts.crc32,
                             .deflated = facts.method == kMethodDeflated};
  }
  return entries;
}

}  // namespace

absl::StatusOr<bool> LooksLikeArchive(const ByteSource& source) {
  if (source.size() < kLocalHeaderMagic.size()) return false;
  TEKMATCH_ASSIGN_OR_RETURN(const std::string magic,
                            ReadBytes(source, 0, kLocalHeaderMagic.size()));
  // An empty zip consists of its end record.
  return magic == kLocalHeaderMagic || magic == kEndRecordMagic;
}

absl::StatusOr<std::vector<ArchiveEntry>> ReadArchiveDirectory(
    const ByteSource& source, const ArchiveLimits& limits) {
  TEKMATCH_ASSIGN_OR_RETURN(const ZipDirectory directory,
                            ReadZipDirectory(source, limits));
  return CheckLayout(source, directory);
}

}  // namespace tekmatch
