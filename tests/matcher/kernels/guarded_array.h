// Arrays beside memory that nobody may touch.
//
// An array lies between two pages without access (PROT_NONE): a read or a write
// past the side that it touches ends the process. The gap at that side, of 0 to
// 63 bytes, gives it every alignment; what is beside it within the page is
// kUntouched, so that a write into the gap is seen afterwards.
#ifndef TEKMATCH_TESTS_MATCHER_KERNELS_GUARDED_ARRAY_H_
#define TEKMATCH_TESTS_MATCHER_KERNELS_GUARDED_ARRAY_H_

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "gtest/gtest.h"

namespace tekmatch {

enum class Side : uint8_t { kBefore, kBehind };

// Room for arrays of up to `most` bytes, one at a time.
class GuardedArray {
 public:
  static constexpr uint8_t kUntouched = 0xA5;

  explicit GuardedArray(size_t most) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    room_ = (most + 64 + page - 1) / page * page;
    mapped_ = room_ + 2 * page;
    void* const memory =
        mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    memory_ = memory;
    auto* const begin = static_cast<uint8_t*>(memory) + page;
    if (mprotect(begin, room_, PROT_READ | PROT_WRITE) == 0) begin_ = begin;
  }
  ~GuardedArray() {
    if (memory_ != nullptr) munmap(memory_, mapped_);
  }
  GuardedArray(const GuardedArray&) = delete;
  GuardedArray& operator=(const GuardedArray&) = delete;

  // An array of so many bytes, `gap` bytes from the page before it or behind
  // it; all of the room is kUntouched. Null where the system gave no memory.
  uint8_t* Place(size_t num_bytes, Side side, size_t gap) {
    if (begin_ == nullptr || num_bytes + gap > room_) {
      ADD_FAILURE() << "no guarded memory for " << num_bytes << " bytes";
      return nullptr;
    }
    std::memset(begin_, kUntouched, room_);
    num_bytes_ = num_bytes;
    array_ =
        side == Side::kBefore ? begin_ + gap : begin_ + room_ - gap - num_bytes;
    return array_;
  }
  uint8_t* Place(const void* content, size_t num_bytes, Side side, size_t gap) {
    uint8_t* const array = Place(num_bytes, side, gap);
    if (array != nullptr && num_bytes != 0) {
      std::memcpy(array, content, num_bytes);
    }
    return array;
  }

  // Whether nothing was written beside the array.
  bool IsUntouchedBeside() const {
    return IsUntouched(begin_, array_) &&
           IsUntouched(array_ + num_bytes_, begin_ + room_);
  }

 private:
  // Each byte as the one before it.
  static bool IsUntouched(const uint8_t* begin, const uint8_t* end) {
    return begin == end ||
           (*begin == kUntouched &&
            std::memcmp(begin, begin + 1,
                        static_cast<size_t>(end - begin) - 1) == 0);
  }

  void* memory_ = nullptr;
  size_t mapped_ = 0;
  uint8_t* begin_ = nullptr;
  size_t room_ = 0;
  uint8_t* array_ = nullptr;
  size_t num_bytes_ = 0;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_MATCHER_KERNELS_GUARDED_ARRAY_H_
