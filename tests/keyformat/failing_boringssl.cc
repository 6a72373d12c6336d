#include "tests/keyformat/failing_boringssl.h"

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace {

constexpr int kNever = 1 << 30;
int allocations_left = kNever;
bool fails_for_ever = false;
int num_failed = 0;

// Calls that need more are taken for ones that never end.
constexpr int kMostAllocations = 10000;

// What a child says: that none failed, so these were all.
constexpr char kAll[] = "all: ";
constexpr char kThrown[] = "thrown";

// The size stands before what BoringSSL gets.
constexpr size_t kHeaderBytes = alignof(std::max_align_t);

}  // namespace

// BoringSSL calls these where a program has them (openssl/mem.h).
extern "C" {

void* OPENSSL_memory_alloc(size_t size) {
  if (allocations_left <= 0) {
    if (!fails_for_ever) allocations_left = kNever;
    ++num_failed;
    return nullptr;
  }
  --allocations_left;
  auto* const block = static_cast<uint8_t*>(std::malloc(size + kHeaderBytes));
  if (block == nullptr) return nullptr;
  std::memcpy(block, &size, sizeof(size));
  return block + kHeaderBytes;
}

size_t OPENSSL_memory_get_size(void* memory) {
  size_t size = 0;
  std::memcpy(&size, static_cast<uint8_t*>(memory) - kHeaderBytes,
              sizeof(size));
  return size;
}

void OPENSSL_memory_free(void* memory) {
  std::free(static_cast<uint8_t*>(memory) - kHeaderBytes);
}

}  // extern "C"

namespace tekmatch {

std::string InChild(const std::function<std::string()>& call) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return "no pipe";
  const pid_t child = fork();
  if (child == 0) {
    const std::string said = call();
    const bool written = write(ends[1], said.data(), said.size()) ==
                         static_cast<ssize_t>(said.size());
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  std::string said;
  std::array<char, 4096> some{};
  for (ssize_t n = 0; (n = read(ends[0], some.data(), some.size())) > 0;) {
    said.append(some.data(), static_cast<size_t>(n));
  }
  close(ends[0]);
  int status = -1;
  return waitpid(child, &status, 0) == child && status == 0
             ? said
             : absl::StrCat("ended with ", status, ": ", said);
}

int FailEachAllocation(const std::function<absl::Status()>& call, bool for_ever,
                       const std::vector<std::string>& messages) {
  std::vector<std::string> allowed = {"OK", kThrown};
  for (const std::string& message : messages) {
    allowed.push_back(absl::ResourceExhaustedError(message).ToString());
  }
  for (int n = 0; n < kMostAllocations; ++n) {
    const std::string said = InChild([&] {
      allocations_left = n;
      fails_for_ever = for_ever;
      num_failed = 0;
      std::string became;
      try {
        became = call().ToString();
      } catch (const std::bad_alloc&) {
        became = kThrown;
      }
      allocations_left = kNever;
      return num_failed == 0 ? absl::StrCat(kAll, became) : became;
    });
    if (absl::StartsWith(said, kAll)) {
      EXPECT_EQ(said, absl::StrCat(kAll, "OK"));
      return n;
    }
    EXPECT_THAT(said, ::testing::AnyOfArray(allowed)) << "allocation " << n;
  }
  ADD_FAILURE() << "it needs more and more";
  return kMostAllocations;
}

}  // namespace tekmatch
