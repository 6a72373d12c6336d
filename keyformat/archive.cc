#include "keyformat/archive.h"

#include <minizip/unzip.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace tekmatch {
namespace {

constexpr size_t kEndRecordBytes = 22;
constexpr size_t kLocalHeaderBytes = 30;
constexpr size_t kDirectoryHeaderBytes = 46;
constexpr absl::string_view kLocalHeaderMagic("PK\x03\x04", 4);
constexpr absl::string_view kEndRecordMagic("PK\x05\x06", 4);
constexpr uint16_t kZip64ExtraId = 0x0001;
constexpr uint64_t kRatioExemptBytes = 64 << 10;

// General purpose flags: encrypted, patched, strong encryption, masked header.
constexpr unsigned kForbiddenFlags = 0x0001 | 0x0020 | 0x0040 | 0x2000;

uint32_t Le16(const uint8_t* p) { return p[0] | p[1] << 8; }
uint32_t Le32(const uint8_t* p) {
  return Le16(p) | static_cast<uint32_t>(Le16(p + 2)) << 16;
}

absl::Status Refuse(const ByteSource& source, absl::string_view reason) {
  return absl::DataLossError(absl::StrCat(source.name(), ": zip: ", reason));
}

absl::Status RefuseEntry(const ByteSource& source, absl::string_view name,
                         absl::string_view reason) {
  return absl::DataLossError(
      absl::StrCat(source.name(), ": entry ", name, ": ", reason));
}

// minizip reads through these callbacks. A failed read is remembered, since
// minizip itself only says that something was wrong.
struct MinizipInput {
  const ByteSource* source;
  uint64_t position = 0;
  absl::Status status = absl::OkStatus();
};

voidpf OpenInput(voidpf opaque, const void*, int) { return opaque; }
int CloseInput(voidpf, voidpf) { return 0; }
int InputError(voidpf, voidpf stream) {
  return static_cast<MinizipInput*>(stream)->status.ok() ? 0 : 1;
}
ZPOS64_T TellInput(voidpf, voidpf stream) {
  return static_cast<MinizipInput*>(stream)->position;
}
uLong ReadInput(voidpf, voidpf stream, void* out, uLong count) {
  auto* input = static_cast<MinizipInput*>(stream);
  const uint64_t left =
      input->source->size() - std::min(input->position, input->source->size());
  count = static_cast<uLong>(std::min<uint64_t>(count, left));
  input->status = input->source->ReadAt(
      input->position, absl::MakeSpan(static_cast<uint8_t*>(out), count));
  if (!input->status.ok()) return 0;
  input->position += count;
  return count;
}
long SeekInput(voidpf, voidpf stream, ZPOS64_T offset,  // NOLINT(runtime/int)
               int origin) {
  auto* input = static_cast<MinizipInput*>(stream);
  switch (origin) {
    case ZLIB_FILEFUNC_SEEK_SET:
      input->position = offset;
      return 0;
    case ZLIB_FILEFUNC_SEEK_CUR:
      input->position += offset;
      return 0;
    default:
      input->position = input->source->size() + offset;
      return 0;
  }
}

// Checks that nothing surrounds the archive and that it is of the plain sort.
// minizip would search for the end record, skip foreign bytes before the
// archive, and follow zip64 records.
// Returns the size of the directory.
absl::StatusOr<uint32_t> CheckEnvelope(const ByteSource& source,
                                       const ArchiveLimits& limits) {
  if (source.size() < kEndRecordBytes) {
    return Refuse(source, "shorter than an end record");
  }
  std::array<uint8_t, kEndRecordBytes> end{};
  const uint64_t end_offset = source.size() - kEndRecordBytes;
  if (absl::Status s = source.ReadAt(end_offset, absl::MakeSpan(end));
      !s.ok()) {
    return s;
  }
  if (std::memcmp(end.data(), kEndRecordMagic.data(), 4) != 0 ||
      Le16(&end[20]) != 0) {
    return Refuse(source,
                  "does not end with an end record: truncated, a comment or "
                  "trailing data");
  }
  const uint32_t num_entries = Le16(&end[10]);
  const uint32_t directory_bytes = Le32(&end[12]);
  const uint32_t directory_offset = Le32(&end[16]);
  if (num_entries == 0xFFFF || directory_bytes == 0xFFFFFFFF ||
      directory_offset == 0xFFFFFFFF) {
    return Refuse(source, "zip64, which no export needs");
  }
  if (Le16(&end[4]) != 0 || Le16(&end[6]) != 0 ||
      Le16(&end[8]) != num_entries) {
    return Refuse(source, "several disks");
  }
  if (num_entries > static_cast<uint32_t>(limits.max_entries)) {
    return Refuse(source, absl::StrCat(num_entries, " entries, at most ",
                                       limits.max_entries, " allowed"));
  }
  if (uint64_t{directory_offset} + directory_bytes != end_offset) {
    return Refuse(source, "the directory does not end at the end record");
  }
  return directory_bytes;
}

absl::Status CheckName(const ByteSource& source, absl::string_view name) {
  const bool printable = std::all_of(name.begin(), name.end(),
                                     [](unsigned char c) { return c >= 0x20; });
  if (name.empty() || name[0] == '/' || !printable ||
      name.find("..") != absl::string_view::npos ||
      name.find('\\') != absl::string_view::npos) {
    return Refuse(source, "an entry has an unsafe name");
  }
  return absl::OkStatus();
}

absl::Status CheckInfo(const ByteSource& source, const ArchiveLimits& limits,
                       const std::string& name, const unz_file_info64& info,
                       const std::vector<uint8_t>& extra) {
  if (info.flag & kForbiddenFlags) {
    return RefuseEntry(source, name, "encrypted or patched");
  }
  if (info.compression_method != 0 && info.compression_method != Z_DEFLATED) {
    return RefuseEntry(
        source, name,
        absl::StrCat("compression method ", info.compression_method,
                     ", only stored and deflate allowed"));
  }
  if (info.disk_num_start != 0) {
    return RefuseEntry(source, name, "on another disk");
  }
  for (size_t at = 0; at + 4 <= extra.size(); at += 4 + Le16(&extra[at + 2])) {
    if (Le16(&extra[at]) == kZip64ExtraId) {
      return RefuseEntry(source, name, "zip64, which no export needs");
    }
  }
  if (info.uncompressed_size > limits.max_entry_bytes) {
    return RefuseEntry(source, name,
                       absl::StrCat(info.uncompressed_size, " bytes, at most ",
                                    limits.max_entry_bytes, " allowed"));
  }
  if (info.uncompressed_size > kRatioExemptBytes &&
      info.uncompressed_size / limits.max_compression_ratio >
          info.compressed_size) {
    return RefuseEntry(source, name,
                       absl::StrCat("compressed more than ",
                                    limits.max_compression_ratio, " to 1"));
  }
  if (info.compression_method == 0 &&
      info.compressed_size != info.uncompressed_size) {
    return RefuseEntry(source, name, "stored, but with two sizes");
  }
  return absl::OkStatus();
}

absl::StatusOr<ArchiveEntry> ReadEntry(const ByteSource& source,
                                       const ArchiveLimits& limits, unzFile zip,
                                       const MinizipInput& input,
                                       uint64_t* directory_bytes) {
  unz_file_info64 info{};
  if (unzGetCurrentFileInfo64(zip, &info, nullptr, 0, nullptr, 0, nullptr, 0) !=
      UNZ_OK) {
    return input.status.ok() ? Refuse(source, "damaged directory")
                             : input.status;
  }
  *directory_bytes += kDirectoryHeaderBytes + info.size_filename +
                      info.size_file_extra + info.size_file_comment;
  ArchiveEntry entry;
  entry.name.resize(info.size_filename);
  std::vector<uint8_t> extra(info.size_file_extra);
  if (unzGetCurrentFileInfo64(zip, &info, entry.name.data(), info.size_filename,
                              extra.data(), info.size_file_extra, nullptr,
                              0) != UNZ_OK) {
    return Refuse(source, "damaged directory");
  }
  if (absl::Status s = CheckName(source, entry.name); !s.ok()) return s;
  if (absl::Status s = CheckInfo(source, limits, entry.name, info, extra);
      !s.ok()) {
    return s;
  }
  // Opening compares the entry with its local header. Only then is the place
  // of the data known.
  int method = 0;
  int level = 0;
  if (unzOpenCurrentFile2(zip, &method, &level, /*raw=*/1) != UNZ_OK) {
    return RefuseEntry(source, entry.name,
                       "its local header contradicts the directory");
  }
  entry.data_offset = unzGetCurrentFileZStreamPos64(zip);
  unzCloseCurrentFile(zip);
  entry.compressed_bytes = info.compressed_size;
  entry.bytes = info.uncompressed_size;
  entry.crc32 = static_cast<uint32_t>(info.crc);
  entry.deflated = info.compression_method == Z_DEFLATED;
  return entry;
}

// Every entry has its own place in the file, and the first begins the file.
absl::Status CheckLayout(const ByteSource& source,
                         const std::vector<ArchiveEntry>& entries) {
  std::vector<const ArchiveEntry*> by_offset;
  by_offset.reserve(entries.size());
  for (const ArchiveEntry& e : entries) by_offset.push_back(&e);
  std::sort(by_offset.begin(), by_offset.end(),
            [](const ArchiveEntry* a, const ArchiveEntry* b) {
              return a->data_offset < b->data_offset;
            });
  uint64_t end = 0;
  for (const ArchiveEntry* e : by_offset) {
    if (e->data_offset < end + kLocalHeaderBytes + e->name.size()) {
      return RefuseEntry(source, e->name, "overlaps with another entry");
    }
    end = e->data_offset + e->compressed_bytes;
    if (end > source.size() - kEndRecordBytes) {
      return RefuseEntry(source, e->name, "its data lies outside the file");
    }
  }
  if (by_offset.empty()) return absl::OkStatus();
  // minizip found the first entry by the directory; it has to be the one that
  // the file begins with.
  std::array<uint8_t, kLocalHeaderBytes> header{};
  if (absl::Status s = source.ReadAt(0, absl::MakeSpan(header)); !s.ok()) {
    return s;
  }
  if (by_offset.front()->data_offset !=
      kLocalHeaderBytes + Le16(&header[26]) + Le16(&header[28])) {
    return Refuse(source, "foreign bytes before the first entry");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> LooksLikeArchive(const ByteSource& source) {
  std::array<uint8_t, 4> magic{};
  if (source.size() < magic.size()) return false;
  if (absl::Status s = source.ReadAt(0, absl::MakeSpan(magic)); !s.ok()) {
    return s;
  }
  // An empty zip consists of its end record.
  return std::memcmp(magic.data(), kLocalHeaderMagic.data(), 4) == 0 ||
         std::memcmp(magic.data(), kEndRecordMagic.data(), 4) == 0;
}

absl::StatusOr<std::vector<ArchiveEntry>> ReadArchiveDirectory(
    const ByteSource& source, const ArchiveLimits& limits) {
  const absl::StatusOr<uint32_t> directory_bytes =
      CheckEnvelope(source, limits);
  if (!directory_bytes.ok()) return directory_bytes.status();
  std::vector<ArchiveEntry> entries;
  if (source.size() == kEndRecordBytes) return entries;

  MinizipInput input{.source = &source};
  zlib_filefunc64_def callbacks{};
  callbacks.zopen64_file = OpenInput;
  callbacks.zread_file = ReadInput;
  callbacks.ztell64_file = TellInput;
  callbacks.zseek64_file = SeekInput;
  callbacks.zclose_file = CloseInput;
  callbacks.zerror_file = InputError;
  callbacks.opaque = &input;
  unzFile zip = unzOpen2_64("", &callbacks);
  if (zip == nullptr) {
    return input.status.ok() ? Refuse(source, "damaged directory")
                             : input.status;
  }
  const absl::Cleanup close_zip = [zip] { unzClose(zip); };

  uint64_t used_bytes = 0;  // of the directory
  int next = unzGoToFirstFile(zip);
  for (; next == UNZ_OK; next = unzGoToNextFile(zip)) {
    absl::StatusOr<ArchiveEntry> entry =
        ReadEntry(source, limits, zip, input, &used_bytes);
    if (!entry.ok()) return entry.status();
    for (const ArchiveEntry& other : entries) {
      if (other.name == entry->name) {
        return RefuseEntry(source, entry->name, "stands there twice");
      }
    }
    entries.push_back(*std::move(entry));
  }
  if (next != UNZ_END_OF_LIST_OF_FILE) {
    return input.status.ok() ? Refuse(source, "damaged directory")
                             : input.status;
  }
  if (used_bytes != *directory_bytes) {
    return Refuse(source, "the directory holds more than its entries");
  }
  if (absl::Status s = CheckLayout(source, entries); !s.ok()) return s;
  return entries;
}

}  // namespace tekmatch
