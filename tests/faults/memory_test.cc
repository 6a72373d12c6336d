// Each allocation of an index, of a store and of a check fails once, and all
// from it on, through tekmatch.h: the call says RESOURCE_EXHAUSTED, nothing
// leaks, and what was stored is as before or as after.
//
// Of the check of a store, which has many, it is each 13th, and all of them
// with TEKMATCH_EVERY_ALLOCATION (half a minute).
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
#include "tests/memory_folder.h"
#include "tests/test_exports.h"

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
// What std::stable_sort asks for, and does without. Under AddressSanitizer its
// own would be freed by ours.
void* operator new(size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  try {
    return Allocate(bytes, kUsual);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void* operator new[](size_t bytes, const std::nothrow_t& tag) noexcept {
  return operator new(bytes, tag);
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

constexpr uint64_t kNumHeard = 8;

// What an app has; made where nothing fails.
struct App {
  std::vector<DiagnosisKey> keys = TestKeys(40, 5);
  std::vector<tekmatch_sighting> heard;
  std::string folder;
  Message message;
  // The keys, a part of them again with another risk, and a copy of the first;
  // of the keys that were heard the last is the phone's own.
  TrustHandle trust = TrustTestSignerInC();
  std::vector<std::string> zips;
  std::vector<tekmatch_source> sources;
  IndexHandle index;
  tekmatch_check_options options = CocoaOptions();
  tekmatch_store_check_options store_options{};

  App() {
    // Of each key every fifth sighting: three.
    const auto all = HearForHalfAnHour(
        std::vector<DiagnosisKey>(keys.begin(), keys.begin() + kNumHeard));
    std::vector<Sighting> sightings;
    for (size_t i = 0; i < all.size(); i += 5) sightings.push_back(all[i]);
    heard.reserve(sightings.size());
    for (const Sighting& s : sightings) heard.push_back(SightingInC(s));
    index = IndexInC(sightings);
    std::vector<DiagnosisKey> again(keys.begin(), keys.begin() + 20);
    for (DiagnosisKey& key : again) key.metadata.transmission_risk = 3;
    zips = {WriteTestExport(keys), WriteTestExport(again)};
    sources = {MemorySourceInC("first.zip", zips[0]),
               MemorySourceInC("again.zip", zips[1]),
               MemorySourceInC("copy.zip", zips[0])};
    options.own_keys = keys[kNumHeard - 1].tek.bytes.data();
    options.num_own_keys = 1;
    store_options.struct_size = sizeof(store_options);
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

// The answer is right, however little memory the runs before had.
void ExpectAnswer(const tekmatch_result* result, App& app) {
  tekmatch_counts counts{};
  counts.struct_size = sizeof(counts);
  const int64_t left = countdown.exchange(0);
  EXPECT_EQ(tekmatch_result_counts(&counts, result, nullptr, 0), TEKMATCH_OK);
  countdown = left;
  EXPECT_EQ(counts.complete, 1U);
  EXPECT_EQ(counts.num_matches, app.heard.size() / kNumHeard * (kNumHeard - 1));
}

tekmatch_status Check(App& app) {
  tekmatch_result* result = nullptr;
  const tekmatch_status status = tekmatch_check(
      &result, app.index.get(), app.trust.get(), app.sources.data(),
      app.sources.size(), &app.options, app.message.data(), app.message.size());
  EXPECT_EQ(result != nullptr, status == TEKMATCH_OK);
  const ResultHandle handle(result);
  if (status == TEKMATCH_OK) ExpectAnswer(result, app);
  return status;
}

// Two checks of a store: the sightings of the second one come after its keys.
tekmatch_status CheckStore(App& app) {
  char* const m = app.message.data();
  const size_t n = app.message.size();
  tekmatch_store_options options{};
  options.struct_size = sizeof(options);
  options.flags = TEKMATCH_STORE_CREATE;
  tekmatch_store* store = nullptr;
  tekmatch_status status =
      tekmatch_store_open(&store, app.folder.c_str(), &options, m, n);
  const StoreHandle store_handle(store);
  const size_t half = app.heard.size() / 2;
  for (const size_t first : {size_t{0}, half}) {
    if (status != TEKMATCH_OK) return status;
    status = tekmatch_store_add(nullptr, store, app.heard.data() + first, half,
                                kNow, m, n);
    if (status != TEKMATCH_OK) return status;
    tekmatch_result* result = nullptr;
    status = tekmatch_store_check(&result, store, app.trust.get(),
                                  app.sources.data(), app.sources.size(),
                                  &app.options, &app.store_options, m, n);
    EXPECT_EQ(result != nullptr, status == TEKMATCH_OK);
    const ResultHandle handle(result);
    if (status == TEKMATCH_OK && first > 0) ExpectAnswer(result, app);
  }
  return status;
}

// The store of a run that failed is sound: it has what whole additions brought,
// or nothing.
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
              state.num_sightings == app.heard.size() / 2 ||
              state.num_sightings == app.heard.size());
}

using Use = tekmatch_status (*)(App&);

// Lets the first allocation fail, and each `step`-th one after it. How many
// that were.
int64_t FailEach(App& app, Use use, bool is_lasting, bool has_store,
                 int64_t step = 1) {
  // What is made once, and kept, such as time zones.
  EXPECT_EQ(use(app), TEKMATCH_OK) << app.message.str();
  int64_t num = 0;
  for (int64_t i = 1;; i += step, ++num) {
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
      return num;
    }
    EXPECT_TRUE(status == TEKMATCH_OK || status == TEKMATCH_RESOURCE_EXHAUSTED)
        << "allocation " << i << ": " << tekmatch_status_name(status) << " "
        << app.message.str();
    if (has_store) ExpectSound(app);
    if (testing::Test::HasFailure()) return num;
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
  const MemoryFolder memory;
  App app;
  app.folder = memory.At("store");
  for (const bool is_lasting : {false, true}) {
    std::filesystem::remove_all(app.folder);
    const int64_t num = FailEach(app, UseStore, is_lasting, true);
    std::printf("a store: %d allocations\n", static_cast<int>(num));
    EXPECT_GT(num, 40);
  }
}

// With one thread; and with two, of which now one and now the other one has the
// allocation that fails.
TEST(MemoryTest, EachAllocationOfACheckFails) {
  App app;
  for (const uint32_t num_threads : {1, 2}) {
    app.options.num_threads = num_threads;
    for (const bool is_lasting : {false, true}) {
      const int64_t num = FailEach(app, Check, is_lasting, false);
      std::printf("a check: %d allocations\n", static_cast<int>(num));
      EXPECT_GT(num, 200);
    }
  }
}

TEST(MemoryTest, EachAllocationOfAStoredCheckFails) {
  const MemoryFolder memory;
  App app;
  app.folder = memory.At("store");
  const int64_t step =
      std::getenv("TEKMATCH_EVERY_ALLOCATION") == nullptr ? 13 : 1;
  for (const bool is_lasting : {false, true}) {
    std::filesystem::remove_all(app.folder);
    const int64_t num = FailEach(app, CheckStore, is_lasting, true, step);
    std::printf("a stored check: %d allocations\n", static_cast<int>(num));
    EXPECT_GT(num, 1000 / step);
  }
}

}  // namespace
}  // namespace tekmatch
