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

uint32_t Crc32(const std::string& s) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(s.data()), s.size()));
}

// What both headers of an entry begin with, after their magic.
std::string Facts(uint16_t version, uint16_t flags, uint16_t method,
                  uint32_t crc, uint32_t compressed_bytes, uint32_t bytes) {
  return Le16(version) + Le16(flags) + Le16(method) + Le32(0x00210000) +
         Le32(crc) + Le32(compressed_bytes) + Le32(bytes);
}

}  // namespace

RawZipEntry Entry(std::string name, std::string content) {
  RawZipEntry entry;
  entry.name = std::move(name);
  entry.content = std::move(content);
  return entry;
}

RawZipEntry StreamedEntry(std::string name, std::string content,
                          bool with_signature) {
  RawZipEntry entry = Entry(std::move(name), std::move(content));
  entry.flags = 0x0008;
  entry.local_crc32 = entry.local_compressed_bytes = entry.local_bytes = 0;
  entry.after_data =
      (with_signature ? "PK\x07\x08" : "") + Le32(Crc32(entry.content)) +
      Le32(Size(RawDeflate(entry.content))) + Le32(Size(entry.content));
  return entry;
}

std::string Zip64Record() {
  // Its size after this, two versions, two disks, two numbers of entries, size
  // and offset of a directory. APPNOTE.TXT 4.3.14.
  return "PK\x06\x06" + Le32(44) + Le32(0) + Le16(45) + Le16(45) + Le32(0) +
         Le32(0) + Le32(1) + Le32(0) + Le32(1) + Le32(0) + Le32(56) + Le32(0) +
         Le32(0) + Le32(0);
}

std::string Zip64Locator() {
  // A disk, the record's offset, the number of disks. APPNOTE.TXT 4.3.15.
  return "PK\x06\x07" + Le32(0) + Le32(0) + Le32(0) + Le32(1);
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
    const uint16_t method = e.method.value_or(e.deflate ? 8 : 0);
    const uint32_t crc = e.crc32.value_or(Crc32(e.content));
    const uint32_t compressed_bytes = e.compressed_bytes.value_or(Size(data));
    const uint32_t bytes = e.bytes.value_or(Size(e.content));
    const uint32_t offset = e.local_offset.value_or(Size(file));
    const std::string local_name = e.local_name.value_or(e.name);
    directory.append("PK\x01\x02")
        .append(Le16(20))
        .append(Facts(e.version, e.flags, method, crc, compressed_bytes, bytes))
        .append(Le16(Size(e.name)))
        .append(Le16(Size(e.extra)))
        .append(Le16(Size(e.comment)))
        .append(Le16(e.disk))
        .append(Le16(0))
        .append(Le32(e.attributes))
        .append(Le32(offset))
        .append(e.name)
        .append(e.extra)
        .append(e.comment);
    file.append("PK\x03\x04")
        .append(Facts(e.local_version.value_or(e.version),
                      e.local_flags.value_or(e.flags),
                      e.local_method.value_or(method),
                      e.local_crc32.value_or(crc),
                      e.local_compressed_bytes.value_or(compressed_bytes),
                      e.local_bytes.value_or(bytes)))
        .append(Le16(Size(local_name)))
        .append(Le16(Size(e.local_extra)))
        .append(local_name)
        .append(e.local_extra)
        .append(data)
        .append(e.after_data);
  }
  file += before_directory;
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
