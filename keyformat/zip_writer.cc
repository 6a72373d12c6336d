// Plan: each entry with its header; then the directory, which says the same of
// each once more; then its end. minizip, which did this, uses what malloc gave
// it without a look: where there was no memory, the process ended by a signal.
#include "keyformat/zip_writer.h"

#include <zlib.h>

#include <cstdint>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "keyformat/archive.h"
#include "keyformat/status_macros.h"
#include "keyformat/zip_records.h"

namespace tekmatch {
namespace {

constexpr uint16_t kVersionNeeded = 20;  // 2.0: deflate
constexpr uint16_t kDeflated = 8;
// Of MS-DOS: 1980-01-01, 00:00.
constexpr uint16_t kTime = 0;
constexpr uint16_t kDate = (0 << 9) | (1 << 5) | 1;
// Beyond these a zip needs other records.
constexpr uint64_t kMost32 = std::numeric_limits<uint32_t>::max();
constexpr uint64_t kMost16 = std::numeric_limits<uint16_t>::max();

void Put16(uint16_t value, std::string* out) {
  out->push_back(static_cast<char>(value & 0xFF));
  out->push_back(static_cast<char>(value >> 8));
}

void Put32(uint32_t value, std::string* out) {
  Put16(static_cast<uint16_t>(value & 0xFFFF), out);
  Put16(static_cast<uint16_t>(value >> 16), out);
}

void PutFacts(const EntryFacts& facts, std::string* out) {
  Put16(facts.version_needed, out);
  Put16(facts.flags, out);
  Put16(facts.method, out);
  Put16(kTime, out);
  Put16(kDate, out);
  Put32(facts.crc32, out);
  Put32(facts.compressed_bytes, out);
  Put32(facts.bytes, out);
  Put16(facts.name_bytes, out);
  Put16(facts.extra_bytes, out);
}

// At most kMost32 bytes.
absl::StatusOr<std::string> Deflate(absl::string_view bytes) {
  z_stream stream{};
  // Without zlib's own header, as a zip has it.
  int result = deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                            -MAX_WBITS, /*memLevel=*/8, Z_DEFAULT_STRATEGY);
  std::string deflated;
  if (result == Z_OK) {
    deflated.resize(deflateBound(&stream, bytes.size()));
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(deflated.data());
    stream.avail_out = static_cast<uInt>(deflated.size());
    result = deflate(&stream, Z_FINISH);
    deflated.resize(stream.total_out);
    deflateEnd(&stream);
  }
  if (result == Z_MEM_ERROR) {
    return absl::ResourceExhaustedError("zip: not enough memory to deflate");
  }
  if (result != Z_STREAM_END) {
    return absl::InternalError(absl::StrCat("zip: zlib says ", result));
  }
  return deflated;
}

absl::StatusOr<EntryFacts> AddEntry(const ZipContent& entry, std::string* zip) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::string deflated, Deflate(entry.bytes));
  const bool stored =
      IsCompressedTooFar(entry.bytes.size(), deflated.size(), ArchiveLimits{});
  const std::string& data = stored ? entry.bytes : deflated;
  const EntryFacts facts = {
      .version_needed = kVersionNeeded,
      .method = stored ? uint16_t{0} : kDeflated,
      .crc32 = static_cast<uint32_t>(
          crc32_z(0, reinterpret_cast<const Bytef*>(entry.bytes.data()),
                  entry.bytes.size())),
      .compressed_bytes = static_cast<uint32_t>(data.size()),
      .bytes = static_cast<uint32_t>(entry.bytes.size()),
      .name_bytes = static_cast<uint16_t>(entry.name.size())};
  absl::StrAppend(zip, kLocalHeaderMagic);
  PutFacts(facts, zip);
  absl::StrAppend(zip, entry.name, data);
  return facts;
}

void AddToDirectory(const ZipContent& entry, const DirectoryHeader& header,
                    std::string* zip) {
  absl::StrAppend(zip, kDirectoryHeaderMagic);
  Put16(0, zip);  // made by: MS-DOS, of whatever version
  PutFacts(header.facts, zip);
  Put16(header.comment_bytes, zip);
  Put16(header.disk, zip);
  Put16(0, zip);  // attributes of its content
  Put32(header.attributes, zip);
  Put32(header.local_offset, zip);
  zip->append(entry.name);
}

void AddEnd(const EndRecord& end, std::string* zip) {
  absl::StrAppend(zip, kEndRecordMagic);
  Put16(end.disk, zip);
  Put16(end.directory_disk, zip);
  Put16(end.num_entries_on_disk, zip);
  Put16(end.num_entries, zip);
  Put32(end.directory_bytes, zip);
  Put32(end.directory_offset, zip);
  Put16(end.comment_bytes, zip);
}

}  // namespace

absl::StatusOr<std::string> WriteZip(const std::vector<ZipContent>& entries) {
  // More than zlib makes of bytes that do not deflate, and than all headers.
  uint64_t most_bytes = 1024;
  for (const ZipContent& entry : entries) {
    most_bytes += entry.bytes.size() + entry.bytes.size() / 1024 +
                  2 * entry.name.size() + 1024;
    if (entry.name.size() > kMost16) {
      return absl::InvalidArgumentError("zip: an entry's name is too long");
    }
  }
  if (entries.size() > kMost16 || most_bytes > kMost32) {
    return absl::InvalidArgumentError("zip: too large");
  }
  std::string zip;
  std::vector<DirectoryHeader> headers(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    headers[i].local_offset = static_cast<uint32_t>(zip.size());
    TEKMATCH_ASSIGN_OR_RETURN(headers[i].facts, AddEntry(entries[i], &zip));
  }
  const size_t directory = zip.size();
  for (size_t i = 0; i < entries.size(); ++i) {
    AddToDirectory(entries[i], headers[i], &zip);
  }
  const auto num = static_cast<uint16_t>(entries.size());
  AddEnd({.num_entries_on_disk = num,
          .num_entries = num,
          .directory_bytes = static_cast<uint32_t>(zip.size() - directory),
          .directory_offset = static_cast<uint32_t>(directory)},
         &zip);
  return zip;
}

}  // namespace tekmatch
