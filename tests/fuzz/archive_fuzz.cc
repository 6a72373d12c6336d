// Any bytes as a zip: what the directory names lies in the file, and an entry
// that is read whole has the size and the checksum that it declares.
#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "keyformat/archive.h"
#include "keyformat/byte_source.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::unique_ptr<tekmatch::ByteSource> source = tekmatch::MemorySource(
      "fuzz", std::string(reinterpret_cast<const char*>(data), size));
  tekmatch::ArchiveLimits limits;
  limits.max_entry_bytes = 1 << 20;
  const auto entries = tekmatch::ReadArchiveDirectory(*source, limits);
  if (!entries.ok()) return 0;
  if (entries->size() > 3) __builtin_trap();
  for (const tekmatch::ArchiveEntry& entry : *entries) {
    if (entry.data_offset > size ||
        entry.compressed_bytes > size - entry.data_offset ||
        entry.bytes > limits.max_entry_bytes) {
      __builtin_trap();
    }
    const auto stream = tekmatch::OpenEntry(*source, entry);
    if (!stream.ok()) continue;
    std::vector<uint8_t> room(1000);
    uint64_t num_bytes = 0;
    uLong crc = crc32(0, nullptr, 0);
    while (true) {
      const auto read = (*stream)->Read(absl::MakeSpan(room));
      if (!read.ok()) break;
      if (*read == 0) {
        if (num_bytes != entry.bytes || crc != entry.crc32) __builtin_trap();
        break;
      }
      if (*read > room.size()) __builtin_trap();
      num_bytes += *read;
      crc = crc32(crc, room.data(), static_cast<uInt>(*read));
    }
  }
  return 0;
}
