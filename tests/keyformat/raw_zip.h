// Builds zips of which every field can be a lie: what zip libraries refuse to
// write.
#ifndef TEKMATCH_TESTS_KEYFORMAT_RAW_ZIP_H_
#define TEKMATCH_TESTS_KEYFORMAT_RAW_ZIP_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tekmatch {

struct RawZipEntry {
  std::string name;
  std::string content;
  bool deflate = true;
  // Lies, in place of the truth.
  std::optional<std::string> local_name;
  std::optional<std::string> data;  // the compressed bytes
  std::optional<uint32_t> crc32;
  std::optional<uint32_t> bytes;
  std::optional<uint32_t> compressed_bytes;
  std::optional<uint16_t> method;
  std::optional<uint32_t> local_offset;
  uint16_t version = 20;
  uint16_t flags = 0;
  // Of the local header alone.
  std::optional<uint16_t> local_version;
  std::optional<uint16_t> local_flags;
  std::optional<uint16_t> local_method;
  std::optional<uint32_t> local_crc32;
  std::optional<uint32_t> local_compressed_bytes;
  std::optional<uint32_t> local_bytes;
  uint16_t disk = 0;
  uint32_t attributes = 0;
  std::string extra;        // of the directory
  std::string local_extra;  // of the local header
  std::string comment;
  std::string after_data;
};

struct RawZip {
  std::vector<RawZipEntry> entries;
  std::string prefix;  // before the first entry; offsets take it into account
  std::string before_directory;
  std::string before_end;  // between directory and end record
  std::string comment;     // declared in the end record
  std::string suffix;      // after the end record, undeclared
  std::optional<uint16_t> num_entries;
  std::optional<uint16_t> disk;
  std::optional<uint32_t> directory_bytes;
  std::optional<uint32_t> directory_offset;

  std::string Build() const;
};

// A deflated entry without lies.
RawZipEntry Entry(std::string name, std::string content);

// An entry as a stream writes it: sizes and CRC stand in a descriptor after the
// data, with the signature of descriptors or without.
RawZipEntry StreamedEntry(std::string name, std::string content,
                          bool with_signature = true);

// Ends that say that the directory and its zip64 record are elsewhere.
std::string Zip64Record();
std::string Zip64Locator();

// Bytes that hardly compress.
std::string Noise(size_t size);

// Raw deflate, as in zips.
std::string RawDeflate(const std::string& content);

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_KEYFORMAT_RAW_ZIP_H_
