#include "tests/held_memory.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<int64_t> held = 0;
std::atomic<int64_t> most_held = 0;

}  // namespace

void* operator new(size_t bytes) {
  void* const memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  held += static_cast<int64_t>(malloc_usable_size(memory));
  most_held = std::max(most_held.load(), held.load());
  return memory;
}
void operator delete(void* memory) noexcept {
  held -= static_cast<int64_t>(malloc_usable_size(memory));
  std::free(memory);
}
void operator delete(void* memory, size_t /*bytes*/) noexcept {
  operator delete(memory);
}

namespace tekmatch {

int64_t MostHeldBy(absl::FunctionRef<void()> work) {
  const int64_t before = held;
  most_held = before;
  work();
  return most_held - before;
}

}  // namespace tekmatch
