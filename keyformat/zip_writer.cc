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
#include "keyformat/status_macros.h"

namespace tekmatch {
namespace {

constexpr uint32_t kEntrySignature = 0x04034b50;
constexpr uint32_t kDirectorySignature = 0x02014b50;
constexpr uint32_t kEndSignature = 0x06054b50;
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

// Both headers of an entry say it.
struct EntryFacts {
  uint16_t method = 0;
  uint32_t crc32 = 0;
  uint32_t compressed_bytes = 0;
  uint32_t bytes = 0;
  uint16_t name_bytes = 0;
  uint32_t offset = 0;  // of its header
};

void PutFacts(const EntryFacts& facts, std::string* out) {
  Put16(kVersionNeeded, out);
  Put16(0, out);  // flags
  Put16(facts.method, out);
  Put16(kTime, out);
  Put16(kDate, out);
  Put32(facts.crc32, out);
  Put32(facts.compressed_bytes, out);
  Put32(facts.bytes, out);
  Put16(facts.name_bytes, out);
  Put16(0, out);  // bytes of an extra field
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
  std::string deflated;
  if (!entry.stored) {
    TEKMATCH_ASSIGN_OR_RETURN(deflated, Deflate(entry.bytes));
  }
  const std::string& data = entry.stored ? entry.bytes : deflated;
  const EntryFacts facts = {
      .method = entry.stored ? uint16_t{0} : kDeflated,
      .crc32 = static_cast<uint32_t>(
          crc32_z(0, reinterpret_cast<const Bytef*>(entry.bytes.data()),
                  entry.bytes.size())),
      .compressed_bytes = static_cast<uint32_t>(data.size()),
      .bytes = static_cast<uint32_t>(entry.bytes.size()),
      .name_bytes = static_cast<uint16_t>(entry.name.size()),
      .offset = static_cast<uint32_t>(zip->size())};
  Put32(kEntrySignature, zip);
  PutFacts(facts, zip);
  absl::StrAppend(zip, entry.name, data);
  return facts;
}

void AddToDirectory(const ZipContent& entry, const EntryFacts& facts,
                    std::string* zip) {
  Put32(kDirectorySignature, zip);
  Put16(0, zip);  // made by: MS-DOS, of whatever version
  PutFacts(facts, zip);
  Put16(0, zip);  // bytes of a comment
  Put16(0, zip);  // disk
  Put16(0, zip);  // attributes of its content
  Put32(0, zip);  // and of the file
  Put32(facts.offset, zip);
  zip->append(entry.name);
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
  std::vector<EntryFacts> facts;
  facts.reserve(entries.size());
  for (const ZipContent& entry : entries) {
    TEKMATCH_ASSIGN_OR_RETURN(facts.emplace_back(), AddEntry(entry, &zip));
  }
  const size_t directory = zip.size();
  for (size_t i = 0; i < entries.size(); ++i) {
    AddToDirectory(entries[i], facts[i], &zip);
  }
  const size_t directory_end = zip.size();
  Put32(kEndSignature, &zip);
  Put16(0, &zip);  // this disk, and the directory's
  Put16(0, &zip);
  Put16(static_cast<uint16_t>(entries.size()), &zip);  // on this disk
  Put16(static_cast<uint16_t>(entries.size()), &zip);
  Put32(static_cast<uint32_t>(directory_end - directory), &zip);
  Put32(static_cast<uint32_t>(directory), &zip);
  Put16(0, &zip);  // bytes of a comment
  return zip;
}

}  // namespace tekmatch
