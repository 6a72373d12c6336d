// Each allocation of an index and of a store fails once, through tekmatch.h:
// the call says RESOURCE_EXHAUSTED, nothing leaks, and what was stored is as
// before or as after. Checks are not here: Abseil's tables, which they have, do
// not survive an allocation that throws (memory_end.h).
//
// Plan: operator new, which counts; what an app does; the loop. What C's
// libraries allocate is tools/dev/faults' and store_failure_test's.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "matcher/api/tekmatch.h"
#include "tests/matcher/api/c_world.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace {

// The allocation that fails, counted down; 0: none. Where `lasting`, so do all
// after it.
std::atomic<int64_t> countdown = 0;
std::atomic<bool> lasting = false;
std::atomic<int64_t> num_failed = 0;
std::atomic<int64_t> num_live = 0;

void* Allocate(size_t bytes, size_t alignment) {
  if (countdown > 0 && --countdown == 0) {
    ++num_failed;
    if (lasting) countdown = 1;
    throw std::bad_alloc();
  }
  const size_t whole = (bytes + alignment) / alignment * alignment;
  void* const memory = std::aligned_alloc(alignment, whole);
  if (memory == nullptr) throw std::bad_alloc();
  ++num_live;
  return memory;
}

void Free(void* memory) {
  if (memory != nullptr) --num_live;
  std::free(memory);
}

constexpr size_t kUsual = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

}  // namespace

void* operator new(size_t bytes) { return Allocate(bytes, kUsual); }
void* operator new[](size_t bytes) { return Allocate(bytes, kUsual); }
void* operator new(size_t bytes, std::align_val_t alignment) {
  return Allocate(bytes, static_cast<size_t>(alignment));
}
void* operator new[](size_t bytes, std::align_val_t alignment) {
  return Allocate(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* memory) noexcept { Free(memory); }
void operator delete[](void* memory) noexcept { Free(memory); }
void operator delete(void* memory, size_t /*bytes*/) noexcept { Free(memory); }
void operator delete[](void* memory, size_t /*bytes*/) noexcept {
  Free(memory);
}
void operator delete(void* memory, std::align_val_t /*alignment*/) noexcept {
  Free(memory);
}
void operator delete[](void* memory, std::align_val_t /*alignment*/) noexcept {
  Free(memory);
}
void operator delete(void* memory, size_t /*bytes*/,
                     std::align_val_t /*alignment*/) noexcept {
  Free(memory);
}
void operator delete[](void* memory, size_t /*bytes*/,
                       std::align_val_t /*alignment*/) noexcept {
  Free(memory);
}

namespace tekmatch {
namespace {

constexpr int64_t kNow = kTestDaySeconds + int64_t{2} * 86400;

// What an app has; made where nothing fails.
struct App {
  std::vector<DiagnosisKey> keys = TestKeys(40, 5);
  std::vector<tekmatch_sighting> heard;
  std::string folder;
  Message message;

  App() {
    heard.reserve(40);
    for (const Sighting& s : HearForHalfAnHour({keys[0], keys[1]})) {
      heard.push_back(SightingInC(s));
    }
  }
};

tekmatch_status MakeIndex(App& app) {
  tekmatch_index* index = nullptr;
  const tekmatch_status status =
      tekmatch_index_create(&index, app.heard.data(), app.heard.size(),
                            app.message.data(), app.message.size());
  EXPECT_EQ(index != nullptr, status == TEKMATCH_OK);
  const IndexHandle handle(index);
  return status;
}

tekmatch_status UseStore(App& app) {
  char* const m = app.message.data();
  const size_t n = app.message.size();
  tekmatch_store_options options{};
  options.struct_size = sizeof(options);
  options.flags = TEKMATCH_STORE_CREATE;
  tekmatch_store* store = nullptr;
  tekmatch_status status =
      tekmatch_store_open(&store, app.folder.c_str(), &options, m, n);
  const StoreHandle store_handle(store);
  if (status != TEKMATCH_OK) return status;
  status = tekmatch_store_add(nullptr, store, app.heard.data(),
                              app.heard.size(), kNow, m, n);
  if (status != TEKMATCH_OK) return status;
  tekmatch_store_state state{};
  state.struct_size = sizeof(state);
  status = tekmatch_store_status(&state, store, m, n);
  if (status != TEKMATCH_OK) return status;
  EXPECT_EQ(state.num_sightings, app.heard.size());
  status = tekmatch_store_retain(nullptr, store, kNow, m, n);
  if (status != TEKMATCH_OK) return status;
  int32_t erased = 0;
  return tekmatch_store_forget(&erased, store, m, n);
}

// The store of a run that failed is sound: it has all that was heard or
// nothing, and takes everything.
void ExpectSound(App& app) {
  tekmatch_store_options options{};
  options.struct_size = sizeof(options);
  options.flags = TEKMATCH_STORE_CREATE;
  tekmatch_store* store = nullptr;
  ASSERT_EQ(
      tekmatch_store_open(&store, app.folder.c_str(), &options, nullptr, 0),
      TEKMATCH_OK);
  const StoreHandle handle(store);
  tekmatch_store_state state{};
  state.struct_size = sizeof(state);
  ASSERT_EQ(tekmatch_store_status(&state, store, nullptr, 0), TEKMATCH_OK);
  EXPECT_TRUE(state.num_sightings == 0 ||
              state.num_sightings == app.heard.size());
}

using Use = tekmatch_status (*)(App&);

// The number of allocations that failed, each once.
int64_t FailEach(App& app, Use use, bool is_lasting, bool has_store) {
  // What is made once, and kept, such as time zones.
  EXPECT_EQ(use(app), TEKMATCH_OK) << app.message.str();
  for (int64_t i = 1;; ++i) {
    if (has_store) {
      std::filesystem::remove_all(app.folder);
      std::filesystem::create_directory(app.folder);
    }
    num_failed = 0;
    lasting = is_lasting;
    const int64_t live = num_live;
    countdown = i;
    const tekmatch_status status = use(app);
    countdown = 0;
    EXPECT_EQ(num_live, live) << "a leak where allocation " << i << " fails";
    if (num_failed == 0) {
      EXPECT_EQ(status, TEKMATCH_OK) << app.message.str();
      return i - 1;
    }
    EXPECT_TRUE(status == TEKMATCH_OK || status == TEKMATCH_RESOURCE_EXHAUSTED)
        << "allocation " << i << ": " << tekmatch_status_name(status) << " "
        << app.message.str();
    if (has_store) ExpectSound(app);
    if (testing::Test::HasFailure()) return i;
  }
}

TEST(MemoryTest, EachAllocationOfAnIndexFails) {
  App app;
  for (const bool is_lasting : {false, true}) {
    const int64_t num = FailEach(app, MakeIndex, is_lasting, false);
    std::printf("an index: %d allocations\n", static_cast<int>(num));
    EXPECT_GT(num, 3);
  }
}

TEST(MemoryTest, EachAllocationOfAStoreFails) {
  App app;
  app.folder = TempPath("store");
  for (const bool is_lasting : {false, true}) {
    std::filesystem::remove_all(app.folder);
    const int64_t num = FailEach(app, UseStore, is_lasting, true);
    std::printf("a store: %d allocations\n", static_cast<int>(num));
    EXPECT_GT(num, 40);
  }
}

}  // namespace
}  // namespace tekmatch
