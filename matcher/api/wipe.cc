// In the self-contained library, whatever memory C++ gives back is overwritten
// first: keys, identifiers and sightings are in vectors, tables and strings all
// over it, and in none of them once a handle is destroyed. BoringSSL does the
// same with its own. These replace the library's own operators alone, since its
// symbols are hidden; a program that links it keeps its own. What a thread left
// on its stack is overwritten when it ends, and after each call (call.cc).
#include <malloc.h>
#include <openssl/mem.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <new>

namespace {

// Destroyed at a thread's end, near the top of its stack.
struct StackWiper {
  bool used = false;
  ~StackWiper() {
    uint8_t below[96 << 10];
    OPENSSL_cleanse(below, sizeof(below));
  }
};
thread_local StackWiper stack_wiper;

void WipeAndFree(void* memory) {
  if (memory == nullptr) return;
  // Its first use in a thread makes it, and nothing else does.
  stack_wiper.used = true;
  OPENSSL_cleanse(memory, malloc_usable_size(memory));
  std::free(memory);
}

void* AllocateOrThrow(size_t size) {
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}

void* AllocateAligned(size_t size, std::align_val_t alignment) {
  void* memory = nullptr;
  if (posix_memalign(&memory, static_cast<size_t>(alignment),
                     size > 0 ? size : 1) != 0) {
    throw std::bad_alloc();
  }
  return memory;
}

}  // namespace

// What the C++ library calls when no handler is found for an exception, which
// nothing here lets happen. Its own would bring what demangles names: 40 KiB.
// NOLINTBEGIN(bugprone-reserved-identifier): it is the C++ library's name.
namespace __cxxabiv1 {
extern std::terminate_handler __terminate_handler;
std::terminate_handler __terminate_handler = std::abort;
}  // namespace __cxxabiv1
// NOLINTEND(bugprone-reserved-identifier)

void* operator new(size_t size) { return AllocateOrThrow(size); }
void* operator new[](size_t size) { return AllocateOrThrow(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size > 0 ? size : 1);
}
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size > 0 ? size : 1);
}
void* operator new(size_t size, std::align_val_t alignment) {
  return AllocateAligned(size, alignment);
}
void* operator new[](size_t size, std::align_val_t alignment) {
  return AllocateAligned(size, alignment);
}
void operator delete(void* memory) noexcept { WipeAndFree(memory); }
void operator delete[](void* memory) noexcept { WipeAndFree(memory); }
void operator delete(void* memory, size_t) noexcept { WipeAndFree(memory); }
void operator delete[](void* memory, size_t) noexcept { WipeAndFree(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  WipeAndFree(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  WipeAndFree(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  WipeAndFree(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  WipeAndFree(memory);
}
void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  WipeAndFree(memory);
}
void operator delete[](void* memory, size_t, std::align_val_t) noexcept {
  WipeAndFree(memory);
}
