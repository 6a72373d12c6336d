// What fuzz targets share: bytes taken one after another as a target's choices,
// and what a target demands.
//
// Bytes are taken from the front, each for one choice, so that a fuzzer that
// changes, inserts or removes one changes little of what follows.
#ifndef TEKMATCH_TESTS_FUZZ_FUZZ_BYTES_H_
#define TEKMATCH_TESTS_FUZZ_FUZZ_BYTES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace tekmatch {

// Ends the process where it does not hold: a fuzzer's finding, a replay's
// failure.
inline void Require(bool holds) {
  if (!holds) __builtin_trap();
}

class FuzzBytes {
 public:
  FuzzBytes(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  bool empty() const { return size_ == 0; }
  // 0 where none is left.
  uint8_t Next() {
    if (size_ == 0) return 0;
    --size_;
    return *data_++;
  }
  // Of -128..127.
  int NextSigned() {
    const int byte = Next();
    return byte < 128 ? byte : byte - 256;
  }
  // Of 0..n-1; n is 1..256.
  size_t Below(size_t n) { return Next() % n; }
  // The next so many, or all that are left.
  std::string Take(size_t n) {
    const size_t num = std::min(n, size_);
    std::string taken(reinterpret_cast<const char*>(data_), num);
    data_ += num;
    size_ -= num;
    return taken;
  }
  std::string Rest() { return Take(size_); }

 private:
  const uint8_t* data_;
  size_t size_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_FUZZ_FUZZ_BYTES_H_
