// Overwrites memory that held identifiers, before it is given back.
#ifndef TEKMATCH_MATCHER_STORE_WIPE_H_
#define TEKMATCH_MATCHER_STORE_WIPE_H_

#include <cstddef>
#include <cstring>
#include <vector>

namespace tekmatch {

// Zeroes `size` bytes; the compiler may not leave it out, though nothing reads
// them any more.
inline void Wipe(void* data, size_t size) {
  if (size == 0) return;
  std::memset(data, 0, size);
  __asm__ __volatile__("" : : "r"(data) : "memory");
}

// Wipes a vector of plain values on all ways out of a scope. A vector that
// grows leaves its old memory behind: reserve what it will hold.
template <typename T>
class WipeAtEnd {
 public:
  explicit WipeAtEnd(std::vector<T>& values) : values_(values) {}
  WipeAtEnd(const WipeAtEnd&) = delete;
  WipeAtEnd& operator=(const WipeAtEnd&) = delete;
  ~WipeAtEnd() {
    values_.resize(values_.capacity());  // what was erased as well
    Wipe(values_.data(), values_.size() * sizeof(T));
    values_.clear();
  }

 private:
  std::vector<T>& values_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_STORE_WIPE_H_
