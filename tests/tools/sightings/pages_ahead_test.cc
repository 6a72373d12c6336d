#include "tools/sightings/pages_ahead.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace tekmatch {
namespace {

// Fresh memory of the system's, no page of which is there.
class Memory {
 public:
  explicit Memory(size_t num_pages) : num_bytes_(num_pages * PageBytes()) {
    void* const begin = mmap(nullptr, num_bytes_, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    begin_ = begin == MAP_FAILED ? nullptr : static_cast<char*>(begin);
    // A large page would bring its neighbours.
    if (begin_ != nullptr) madvise(begin_, num_bytes_, MADV_NOHUGEPAGE);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() {
    if (begin_ != nullptr) munmap(begin_, num_bytes_);
  }

  static size_t PageBytes() {
    return static_cast<size_t>(sysconf(_SC_PAGESIZE));
  }
  char* begin() const { return begin_; }
  std::vector<bool> PagesThere() const {
    std::vector<unsigned char> there(num_bytes_ / PageBytes());
    EXPECT_EQ(mincore(begin_, num_bytes_, there.data()), 0);
    std::vector<bool> pages;
    pages.reserve(there.size());
    for (const unsigned char page : there) pages.push_back((page & 1) != 0);
    return pages;
  }

 private:
  size_t num_bytes_;
  char* begin_;
};

// Whether this system gives pages when it is asked.
bool SystemCan() {
#ifdef MADV_POPULATE_WRITE
  const Memory memory(1);
  return madvise(memory.begin(), Memory::PageBytes(), MADV_POPULATE_WRITE) == 0;
#else
  return false;
#endif
}

TEST(PagesAheadTest, ThePagesOfTheBytesAreThereAndNoOthers) {
  const size_t page = Memory::PageBytes();
  const Memory memory(100);
  ASSERT_NE(memory.begin(), nullptr);
  // From within page 10 to within page 50.
  HavePages(memory.begin() + 10 * page + 100, 40 * page);
  std::vector<bool> want(100);
  if (SystemCan()) std::fill(want.begin() + 10, want.begin() + 51, true);
  EXPECT_EQ(memory.PagesThere(), want);
}

TEST(PagesAheadTest, NoByteChanges) {
  const size_t num = 100 * Memory::PageBytes();
  const Memory memory(100);
  ASSERT_NE(memory.begin(), nullptr);
  std::fill_n(memory.begin(), num / 2, 'a');
  HavePages(memory.begin(), num);
  EXPECT_EQ(std::count(memory.begin(), memory.begin() + num / 2, 'a'),
            static_cast<ptrdiff_t>(num / 2));
  EXPECT_EQ(std::count(memory.begin() + num / 2, memory.begin() + num, 0),
            static_cast<ptrdiff_t>(num - num / 2));
}

}  // namespace
}  // namespace tekmatch
