#include "tests/keyformat/raw_zip.h"

#include <zlib.h>

#include <utility>

namespace tekmatch {
namespace {

std::string Le16(uint32_t v) {
  return {static_cast<char>(v), static_cast<char>(v >> 8)};
}
std::string Le32(uint32_t v) { return Le16(v & 0xFFFF) + Le16(v >> 16); }

uint32_t Size(const std::string& s) { return static_cast<uint32_t>(s.size()); }

}  // namespace

RawZipEntry Entry(std::string name, std::string content) {
  RawZipEntry entry;
  entry.name = std::move(name);
  entry.content = std::move(content);
  return entry;
}

std::string Noise(size_t size) {
  std::string s(size, '\0');
  uint32_t x = 1;
  for (char& c : s) {
    x = x * 1664525 + 1013904223;
    c = static_cast<char>(x >> 24);
  }
  return s;
}

std::string RawDeflate(const std::string& content) {
  z_stream z{};
  if (deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    return "";
  }
  std::string out(deflateBound(&z, content.size()), '\0');
  z.next_in =
      reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));  // zlib API
  z.avail_in = Size(content);
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = Size(out);
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

std::string RawZip::Build() const {
  std::string file = prefix;
  std::string directory;
  for (const RawZipEntry& e : entries) {
    const std::string data =
        e.data.value_or(e.deflate ? RawDeflate(e.content) : e.content);
    const uint32_t crc = e.crc32.value_or(static_cast<uint32_t>(
        crc32_z(0, reinterpret_cast<const Bytef*>(e.content.data()),
                e.content.size())));
    // Common to local header and directory.
    const std::string facts = Le16(20) + Le16(e.flags) +
                              Le16(e.method.value_or(e.deflate ? 8 : 0)) +
                              Le32(0x00210000) + Le32(crc) +
                              Le32(e.compressed_bytes.value_or(Size(data))) +
                              Le32(e.bytes.value_or(Size(e.content)));
    const uint32_t offset = e.local_offset.value_or(Size(file));
    const std::string local_name = e.local_name.value_or(e.name);
    directory.append("PK\x01\x02")
        .append(Le16(20))
        .append(facts)
        .append(Le16(Size(e.name)))
        .append(Le16(Size(e.extra)))
        .append(Le16(Size(e.comment)))
        .append(Le16(e.disk))
        .append(Le16(0))
        .append(Le32(0))
        .append(Le32(offset))
        .append(e.name)
        .append(e.extra)
        .append(e.comment);
    file.append("PK\x03\x04")
        .append(facts)
        .append(Le16(Size(local_name)))
        .append(Le16(Size(e.local_extra)))
        .append(local_name)
        .append(e.local_extra)
        .append(data);
  }
  const uint32_t num = static_cast<uint32_t>(entries.size());
  const std::string end =
      "PK\x05\x06" + Le16(disk.value_or(0)) + Le16(disk.value_or(0)) +
      Le16(num_entries.value_or(num)) + Le16(num_entries.value_or(num)) +
      Le32(directory_bytes.value_or(Size(directory))) +
      Le32(directory_offset.value_or(Size(file))) + Le16(Size(comment)) +
      comment;
  return file + directory + before_end + end + suffix;
}

}  // namespace tekmatch
