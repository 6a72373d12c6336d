// Writes deflate streams block by block: what compressors would never write,
// such as a million empty blocks.
//
// Source: RFC 1951.
#ifndef TEKMATCH_TESTS_KEYFORMAT_DEFLATE_WRITER_H_
#define TEKMATCH_TESTS_KEYFORMAT_DEFLATE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tekmatch {

class DeflateWriter {
 public:
  // A block of bytes as they are, less than 64 KiB.
  void Stored(const std::string& content);
  // A block of the codes that every decoder knows: bytes, and then
  // `match_length` (0, or 3..10) times the last one of all again.
  void Fixed(const std::string& content, size_t match_length = 0);
  // A block with the smallest table there is, for the byte 'x': as often as
  // said.
  void SmallTable(size_t n);
  // A block with a table of all lengths and distances, which are as long as
  // they can be. The bytes are inflated from the longest codes there are.
  void LargeTable(const std::string& content);

  // So far, without an end.
  size_t num_bytes() const { return data_.size(); }
  size_t num_blocks() const { return num_blocks_; }
  // What is inflated.
  const std::string& content() const { return content_; }
  // The stream. It ends with an empty block; nothing can be added then.
  const std::string& Finish();

 private:
  // The lowest bit first.
  void Bits(uint32_t value, int num_bits);
  // Codes begin with their highest bit.
  void Code(uint32_t code, int num_bits);
  void BeginBlock(bool last, uint32_t type);
  void StoredBlock(bool last, const std::string& content);
  void FixedSymbol(uint32_t symbol);

  std::string data_;
  std::string content_;
  uint64_t pending_ = 0;
  int num_pending_ = 0;
  size_t num_blocks_ = 0;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_KEYFORMAT_DEFLATE_WRITER_H_
