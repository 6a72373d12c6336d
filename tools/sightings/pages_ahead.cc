#include "tools/sightings/pages_ahead.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace tekmatch {

void HavePages(const void* begin, size_t num_bytes) {
#ifdef MADV_POPULATE_WRITE  // Linux 5.14
  // Of less, a call gains nothing.
  constexpr size_t kFew = size_t{64} << 10;
  if (num_bytes < kFew) return;
  static const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t before = reinterpret_cast<uintptr_t>(begin) % page;
  // madvise changes no byte: it takes what it does not change as a pointer to
  // change it by.
  char* const first =
      const_cast<char*>(static_cast<const char*>(begin)) - before;
  madvise(first, before + num_bytes, MADV_POPULATE_WRITE);
#endif
}

}  // namespace tekmatch
