// Plan: numbers are little-endian at fixed places; each parser checks size and
// magic first.
#include "keyformat/zip_records.h"

#include "absl/strings/match.h"

namespace tekmatch {
namespace {

constexpr uint16_t kZip64ExtraId = 0x0001;
constexpr uint16_t kUnicodePathId = 0x7075;
constexpr uint16_t kUnicodeCommentId = 0x6375;

uint16_t Le16(absl::string_view bytes, size_t at) {
  return static_cast<uint16_t>(static_cast<uint8_t>(bytes[at]) |
                               static_cast<uint8_t>(bytes[at + 1]) << 8);
}

uint32_t Le32(absl::string_view bytes, size_t at) {
  return Le16(bytes, at) | static_cast<uint32_t>(Le16(bytes, at + 2)) << 16;
}

// The facts stand in one order in both headers, from `at` on.
EntryFacts FactsAt(absl::string_view bytes, size_t at) {
  return {.version_needed = Le16(bytes, at),
          .flags = Le16(bytes, at + 2),
          .method = Le16(bytes, at + 4),
          .crc32 = Le32(bytes, at + 10),
          .compressed_bytes = Le32(bytes, at + 14),
          .bytes = Le32(bytes, at + 18),
          .name_bytes = Le16(bytes, at + 22),
          .extra_bytes = Le16(bytes, at + 24)};
}

bool IsRecord(absl::string_view bytes, absl::string_view magic, size_t size) {
  return bytes.size() >= size && absl::StartsWith(bytes, magic);
}

}  // namespace

std::optional<EntryFacts> ParseLocalHeader(absl::string_view bytes) {
  if (!IsRecord(bytes, kLocalHeaderMagic, kLocalHeaderBytes)) {
    return std::nullopt;
  }
  return FactsAt(bytes, 4);
}

std::optional<DirectoryHeader> ParseDirectoryHeader(absl::string_view bytes) {
  if (!IsRecord(bytes, kDirectoryHeaderMagic, kDirectoryHeaderBytes)) {
    return std::nullopt;
  }
  return DirectoryHeader{.facts = FactsAt(bytes, 6),
                         .comment_bytes = Le16(bytes, 32),
                         .disk = Le16(bytes, 34),
                         .attributes = Le32(bytes, 38),
                         .local_offset = Le32(bytes, 42)};
}

std::optional<EndRecord> ParseEndRecord(absl::string_view bytes) {
  if (!IsRecord(bytes, kEndRecordMagic, kEndRecordBytes)) return std::nullopt;
  return EndRecord{.disk = Le16(bytes, 4),
                   .directory_disk = Le16(bytes, 6),
                   .num_entries_on_disk = Le16(bytes, 8),
                   .num_entries = Le16(bytes, 10),
                   .directory_bytes = Le32(bytes, 12),
                   .directory_offset = Le32(bytes, 16),
                   .comment_bytes = Le16(bytes, 20)};
}

std::optional<DataDescriptor> ParseDataDescriptor(absl::string_view bytes) {
  if (bytes.size() == kSignedDescriptorBytes) {
    if (!absl::StartsWith(bytes, kDescriptorMagic)) return std::nullopt;
    bytes.remove_prefix(kDescriptorMagic.size());
  }
  if (bytes.size() != kDescriptorBytes) return std::nullopt;
  return DataDescriptor{.crc32 = Le32(bytes, 0),
                        .compressed_bytes = Le32(bytes, 4),
                        .bytes = Le32(bytes, 8)};
}

ExtraFields JudgeExtraFields(absl::string_view extra) {
  // Up to three bytes at the end are no field, but padding.
  while (extra.size() >= 4) {
    const uint16_t id = Le16(extra, 0);
    if (id == kZip64ExtraId) return ExtraFields::kZip64;
    if (id == kUnicodePathId || id == kUnicodeCommentId) {
      return ExtraFields::kRenames;
    }
    const size_t size = size_t{4} + Le16(extra, 2);
    if (size > extra.size()) return ExtraFields::kDamaged;
    extra.remove_prefix(size);
  }
  return ExtraFields::kPlain;
}

bool HoldsZip64Locator(absl::string_view bytes) {
  for (size_t at = bytes.find(kZip64LocatorMagic);
       at != absl::string_view::npos && at + kZip64LocatorBytes <= bytes.size();
       at = bytes.find(kZip64LocatorMagic, at + 1)) {
    if (Le32(bytes, at + 4) == 0 && Le32(bytes, at + 16) == 1) return true;
  }
  return false;
}

}  // namespace tekmatch
