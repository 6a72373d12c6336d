// What an inflater keeps does not grow with what it inflates.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "keyformat/isal_inflater.h"
#include "keyformat/zlib_inflater.h"
#include "tests/keyformat/raw_zip.h"

namespace {

size_t largest = 0;  // of all that was asked for

// Null: there is no memory.
void* Allocate(size_t size) {
  largest = std::max(largest, size);
  return std::malloc(std::max<size_t>(size, 1));
}

void* AllocateOrThrow(size_t size) {
  void* const block = Allocate(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

void* operator new(size_t size) { return AllocateOrThrow(size); }
void* operator new[](size_t size) { return AllocateOrThrow(size); }
// The inflater by zlib asks for its windows so.
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return Allocate(size);
}
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return Allocate(size);
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, size_t) noexcept { std::free(block); }
void operator delete[](void* block, size_t) noexcept { std::free(block); }

namespace tekmatch {
namespace {

template <typename Inflater>
class InflaterMemoryTest : public ::testing::Test {};
using Inflaters = ::testing::Types<IsalInflater, ZlibInflater>;
TYPED_TEST_SUITE(InflaterMemoryTest, Inflaters);

TYPED_TEST(InflaterMemoryTest, IsBoundedWhateverTheStreamHolds) {
  constexpr size_t kBytes = 4 << 20;
  std::string stream = RawDeflate(Noise(kBytes));
  std::vector<uint8_t> out(16 << 10);
  largest = 0;
  TypeParam inflater;
  inflater.SetInput(
      absl::MakeSpan(reinterpret_cast<uint8_t*>(stream.data()), stream.size()));
  size_t num_bytes = 0;
  while (!inflater.ended()) {
    const std::optional<size_t> n = inflater.Inflate(absl::MakeSpan(out));
    ASSERT_TRUE(n.has_value());
    ASSERT_FALSE(inflater.stalled());
    num_bytes += *n;
  }
  EXPECT_EQ(num_bytes, kBytes);
  // A window of 32 KiB, twice, and tables.
  EXPECT_LE(largest, size_t{256} << 10);
}

}  // namespace
}  // namespace tekmatch
