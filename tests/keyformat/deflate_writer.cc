#include "tests/keyformat/deflate_writer.h"

#include <array>

namespace tekmatch {
namespace {

constexpr uint32_t kEndOfBlock = 256;

// The codes of symbols with these lengths (3.2.2).
std::vector<uint32_t> CodesOf(const std::vector<int>& lengths) {
  std::array<uint32_t, 16> count{};
  for (const int length : lengths) ++count.at(static_cast<size_t>(length));
  count[0] = 0;
  std::array<uint32_t, 16> next{};
  for (size_t i = 1; i < next.size(); ++i) {
    next.at(i) = (next.at(i - 1) + count.at(i - 1)) << 1;
  }
  std::vector<uint32_t> codes;
  codes.reserve(lengths.size());
  for (const int length : lengths) {
    codes.push_back(length == 0 ? 0 : next.at(static_cast<size_t>(length))++);
  }
  return codes;
}

// So many lengths: one each of 1..most_short, and the rest of 14 and 15, which
// together leave no code over.
std::vector<int> LongLengths(int n, int most_short) {
  const int rest = n - most_short;
  // Of 15 bits there is room for 2^(15 - most_short) codes.
  const int num_14 = (1 << (15 - most_short)) - rest;
  std::vector<int> lengths(static_cast<size_t>(num_14), 14);
  lengths.resize(static_cast<size_t>(rest), 15);
  for (int length = 1; length <= most_short; ++length) {
    lengths.push_back(length);
  }
  return lengths;
}

}  // namespace

void DeflateWriter::Bits(uint32_t value, int num_bits) {
  pending_ |= uint64_t{value} << num_pending_;
  num_pending_ += num_bits;
  for (; num_pending_ >= 8; num_pending_ -= 8, pending_ >>= 8) {
    data_ += static_cast<char>(pending_);
  }
}

void DeflateWriter::Code(uint32_t code, int num_bits) {
  for (int i = num_bits - 1; i >= 0; --i) Bits(code >> i & 1, 1);
}

void DeflateWriter::BeginBlock(bool last, uint32_t type) {
  Bits(last ? 1 : 0, 1);
  Bits(type, 2);
  ++num_blocks_;
}

void DeflateWriter::StoredBlock(bool last, const std::string& content) {
  BeginBlock(last, 0);
  if (num_pending_ > 0) Bits(0, 8 - num_pending_);
  const auto size = static_cast<uint32_t>(content.size());
  Bits(size, 16);
  Bits(~size & 0xffff, 16);
  data_ += content;
  content_ += content;
}

void DeflateWriter::Stored(const std::string& content) {
  StoredBlock(false, content);
}

void DeflateWriter::FixedSymbol(uint32_t symbol) {
  if (symbol < 144) {
    Code(0x30 + symbol, 8);
  } else if (symbol < 256) {
    Code(0x190 + symbol - 144, 9);
  } else {  // lengths up to 114 and the end
    Code(symbol - 256, 7);
  }
}

void DeflateWriter::Fixed(const std::string& content, size_t match_length) {
  BeginBlock(false, 1);
  for (const char byte : content) FixedSymbol(static_cast<uint8_t>(byte));
  content_ += content;
  if (match_length > 0) {
    FixedSymbol(static_cast<uint32_t>(254 + match_length));
    Code(0, 5);  // distance 1
    content_ += std::string(match_length, content_.back());
  }
  FixedSymbol(kEndOfBlock);
}

void DeflateWriter::SmallTable(size_t n) {
  BeginBlock(false, 2);
  Bits(0, 5);   // 257 codes of bytes and lengths
  Bits(0, 5);   // 1 code of distances
  Bits(14, 4);  // 18 lengths of codes of lengths: 18 and 1 have one bit
  for (int i = 0; i < 18; ++i) Bits(i == 2 || i == 17 ? 1 : 0, 3);
  constexpr uint32_t kOne = 0;
  constexpr uint32_t kZeros = 1;
  Code(kZeros, 1);
  Bits('x' - 11, 7);
  Code(kOne, 1);  // 'x'
  Code(kZeros, 1);
  Bits(255 - 'x' - 11, 7);
  Code(kOne, 1);  // the end of the block
  Code(kOne, 1);  // the distance
  for (size_t i = 0; i < n; ++i) Code(0, 1);
  Code(1, 1);
  content_ += std::string(n, 'x');
}

void DeflateWriter::LargeTable(const std::string& content) {
  constexpr int kNumSymbols = 286;
  constexpr int kNumDistances = 30;
  const std::vector<int> lengths = LongLengths(kNumSymbols, 6);
  const std::vector<uint32_t> codes = CodesOf(lengths);
  BeginBlock(false, 2);
  Bits(kNumSymbols - 257, 5);
  Bits(kNumDistances - 1, 5);
  Bits(19 - 4, 4);
  // Lengths 0..15 have a code of four bits, which is the length; repetitions
  // have none, and stand first.
  for (int i = 0; i < 19; ++i) Bits(i < 3 ? 0 : 4, 3);
  for (const int length : lengths) Code(static_cast<uint32_t>(length), 4);
  for (const int length : LongLengths(kNumDistances, 10)) {
    Code(static_cast<uint32_t>(length), 4);
  }
  for (const char byte : content) {
    const auto symbol = static_cast<uint8_t>(byte);
    Code(codes[symbol], lengths[symbol]);
  }
  Code(codes[kEndOfBlock], lengths[kEndOfBlock]);
  content_ += content;
}

const std::string& DeflateWriter::Finish() {
  StoredBlock(true, "");
  return data_;
}

}  // namespace tekmatch
