// The store through tekmatch.h: what CheckStored says, and what it refuses.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/api/tekmatch.h"
#include "tests/matcher/api/c_world.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr int64_t kNow = kTestDaySeconds + int64_t{2} * 86400;

class StoreTest : public testing::Test {
 protected:
  StoreHandle Open(uint32_t flags = TEKMATCH_STORE_CREATE) {
    tekmatch_store_options options{};
    options.struct_size = sizeof(options);
    options.flags = flags;
    tekmatch_store* store = nullptr;
    EXPECT_EQ(tekmatch_store_open(&store, folder_.c_str(), &options,
                                  message_.data(), message_.size()),
              TEKMATCH_OK)
        << message_.str();
    return StoreHandle(store);
  }
  tekmatch_added Add(tekmatch_store* store,
                     const std::vector<Sighting>& heard) {
    std::vector<tekmatch_sighting> given;
    given.reserve(heard.size());
    for (const Sighting& s : heard) given.push_back(SightingInC(s));
    tekmatch_added added{};
    added.struct_size = sizeof(added);
    EXPECT_EQ(tekmatch_store_add(&added, store, given.data(), given.size(),
                                 kNow, message_.data(), message_.size()),
              TEKMATCH_OK)
        << message_.str();
    return added;
  }
  ResultHandle Check(tekmatch_store* store,
                     const std::vector<tekmatch_source>& sources) {
    const tekmatch_check_options options = CocoaOptions();
    tekmatch_result* result = nullptr;
    EXPECT_EQ(tekmatch_store_check(&result, store, trust_.get(), sources.data(),
                                   sources.size(), &options, &store_options_,
                                   message_.data(), message_.size()),
              TEKMATCH_OK)
        << message_.str();
    return ResultHandle(result);
  }
  static int32_t StateOf(const tekmatch_result* result, size_t position) {
    tekmatch_given given{};
    given.struct_size = sizeof(given);
    EXPECT_EQ(tekmatch_result_given(&given, result, position, nullptr, 0),
              TEKMATCH_OK);
    return given.state;
  }

  const std::string folder_ = TempPath("store");
  const std::vector<DiagnosisKey> keys_ = TestKeys(40, 5);
  const std::string export_ = WriteTestExport(keys_);
  const TrustHandle trust_ = TrustTestSignerInC();
  tekmatch_store_check_options store_options_{sizeof(store_options_), 0, 0};
  Message message_;
};

TEST_F(StoreTest, RemembersSightingsAndFiles) {
  const std::vector<Sighting> heard = HearForHalfAnHour({keys_[0], keys_[1]});
  {
    const StoreHandle store = Open();
    EXPECT_EQ(Add(store.get(), heard).num_added, heard.size());
    EXPECT_EQ(Add(store.get(), heard).num_known, heard.size());
    const ResultHandle result =
        Check(store.get(), {MemorySourceInC("a.zip", export_)});
    EXPECT_EQ(StateOf(result.get(), 0), TEKMATCH_GIVEN_PROCESSED);
  }
  // Another run, with a sighting that comes after its key.
  const StoreHandle store = Open(0);
  const std::vector<Sighting> late = HearForHalfAnHour({keys_[2]});
  EXPECT_EQ(Add(store.get(), late).num_added, late.size());
  const ResultHandle result =
      Check(store.get(), {MemorySourceInC("again.zip", export_)});
  EXPECT_EQ(StateOf(result.get(), 0), TEKMATCH_GIVEN_KNOWN);
  EXPECT_EQ(tekmatch_result_compared(result.get(), 0, nullptr, 0), TEKMATCH_OK);

  // What one check over everything says.
  std::vector<Sighting> all = heard;
  all.insert(all.end(), late.begin(), late.end());
  const IndexHandle index = IndexInC(all);
  const ResultHandle at_once =
      CheckInC(index.get(), trust_.get(), {MemorySourceInC("a.zip", export_)},
               CocoaOptions());
  EXPECT_EQ(tekmatch_result_compared(at_once.get(), 0, nullptr, 0),
            TEKMATCH_OK);
  const auto days = RowsInC<tekmatch_day>(tekmatch_result_days, result.get());
  const auto right = RowsInC<tekmatch_day>(tekmatch_result_days, at_once.get());
  ASSERT_THAT(days, SizeIs(1));
  ASSERT_THAT(right, SizeIs(1));
  EXPECT_EQ(days[0].seconds, right[0].seconds);
  EXPECT_EQ(days[0].num_keys, 3);
  EXPECT_EQ(days[0].all.score_sum, right[0].all.score_sum);

  tekmatch_store_state state{};
  state.struct_size = sizeof(state);
  ASSERT_EQ(tekmatch_store_status(&state, store.get(), nullptr, 0),
            TEKMATCH_OK);
  EXPECT_EQ(state.num_sightings, all.size());
  EXPECT_EQ(state.num_exports, 1);
  EXPECT_EQ(state.oldest_day.year, 2020);
  EXPECT_GT(state.bytes_on_disk, 0);

  tekmatch_retained retained{};
  retained.struct_size = sizeof(retained);
  ASSERT_EQ(
      tekmatch_store_retain(&retained, store.get(), kNow + 86400, nullptr, 0),
      TEKMATCH_OK);
  EXPECT_EQ(retained.num_removed, 0);
  EXPECT_EQ(retained.clock_jump, 0);

  int32_t erased = 7;
  ASSERT_EQ(tekmatch_store_forget(&erased, store.get(), nullptr, 0),
            TEKMATCH_OK);
  EXPECT_EQ(erased, 1);
  ASSERT_EQ(tekmatch_store_status(&state, store.get(), nullptr, 0),
            TEKMATCH_OK);
  EXPECT_EQ(state.num_sightings, 0);
  EXPECT_EQ(state.num_exports, 0);
}

TEST_F(StoreTest, NamesTheFilesThatAreNeededAgain) {
  store_options_.drop_keys = 1;
  const StoreHandle store = Open();
  Add(store.get(), HearForHalfAnHour({keys_[0]}));
  Check(store.get(), {MemorySourceInC("a.zip", export_)});
  Add(store.get(), HearForHalfAnHour({keys_[3]}));
  const ResultHandle result = Check(store.get(), {});
  tekmatch_stored stored{};
  stored.struct_size = sizeof(stored);
  ASSERT_EQ(tekmatch_result_stored(&stored, result.get(), nullptr, 0),
            TEKMATCH_OK);
  EXPECT_EQ(stored.num_given, 0);
  ASSERT_EQ(stored.num_needed_again, 1);
  const char* name = nullptr;
  ASSERT_EQ(tekmatch_result_needed_again(&name, result.get(), 0, nullptr, 0),
            TEKMATCH_OK);
  EXPECT_STREQ(name, "a.zip");
  EXPECT_EQ(tekmatch_result_needed_again(&name, result.get(), 1, nullptr, 0),
            TEKMATCH_INVALID_ARGUMENT);
}

TEST_F(StoreTest, SetsADamagedStoreAside) {
  Open();
  const std::string path = folder_ + "/tekmatch.sqlite";
  std::filesystem::resize_file(path, 0);
  tekmatch_store_options options{};
  options.struct_size = sizeof(options);
  options.flags = TEKMATCH_STORE_CREATE;
  tekmatch_store* store = nullptr;
  EXPECT_EQ(tekmatch_store_open(&store, folder_.c_str(), &options,
                                message_.data(), message_.size()),
            TEKMATCH_DATA_LOSS);
  EXPECT_EQ(store, nullptr);
  EXPECT_THAT(message_.str(), HasSubstr("tekmatch.sqlite"));
  EXPECT_EQ(tekmatch_store_set_aside(folder_.c_str(), nullptr, 0), TEKMATCH_OK);
  const StoreHandle anew = Open();
  tekmatch_store_state state{};
  state.struct_size = sizeof(state);
  ASSERT_EQ(tekmatch_store_status(&state, anew.get(), nullptr, 0), TEKMATCH_OK);
  EXPECT_EQ(state.num_set_aside, 1);
  EXPECT_EQ(state.num_sightings, 0);
}

TEST_F(StoreTest, RefusesWhatIsWrong) {
  char* const m = message_.data();
  const size_t n = message_.size();
  const auto expect_refused = [&](tekmatch_status status,
                                  const std::string& part) {
    EXPECT_EQ(status, TEKMATCH_INVALID_ARGUMENT) << part;
    EXPECT_THAT(message_.str(), HasSubstr(part));
  };
  tekmatch_store* made = nullptr;
  tekmatch_store_options options{};
  const char* const folder = folder_.c_str();
  expect_refused(tekmatch_store_open(&made, folder, &options, m, n),
                 "struct_size");
  options.struct_size = sizeof(options);
  expect_refused(tekmatch_store_open(nullptr, folder, &options, m, n),
                 "store is NULL");
  expect_refused(tekmatch_store_open(&made, nullptr, &options, m, n),
                 "folder is NULL");
  expect_refused(tekmatch_store_open(&made, folder, nullptr, m, n),
                 "options is NULL");
  options.flags = 3;
  expect_refused(tekmatch_store_open(&made, folder, &options, m, n), "flags");
  options.flags = 0;
  for (const int64_t seconds : {INT64_C(-1), INT64_MAX, INT64_MIN}) {
    options.retention_seconds = seconds;
    expect_refused(tekmatch_store_open(&made, folder, &options, m, n),
                   "retention_seconds");
  }
  options.retention_seconds = 0;
  EXPECT_EQ(tekmatch_store_open(&made, folder, &options, m, n),
            TEKMATCH_NOT_FOUND);
  EXPECT_EQ(made, nullptr);
  tekmatch_store_destroy(nullptr);
  expect_refused(tekmatch_store_set_aside(nullptr, m, n), "folder is NULL");

  const StoreHandle store = Open();
  const tekmatch_sighting good = SightingInC(HearForHalfAnHour({keys_[0]})[0]);
  tekmatch_added added{};
  added.struct_size = sizeof(added);
  expect_refused(tekmatch_store_add(&added, nullptr, &good, 1, kNow, m, n),
                 "store is NULL");
  expect_refused(
      tekmatch_store_add(&added, store.get(), nullptr, 1, kNow, m, n),
      "sightings is NULL");
  expect_refused(tekmatch_store_add(&added, store.get(), &good, 1, 0, m, n),
                 "now");
  added.struct_size = 1;
  expect_refused(tekmatch_store_add(&added, store.get(), &good, 1, kNow, m, n),
                 "struct_size");
  tekmatch_sighting bad = good;
  bad.rssi = 127;
  expect_refused(tekmatch_store_add(nullptr, store.get(), &bad, 1, kNow, m, n),
                 "");
  tekmatch_store_state state{};
  state.struct_size = sizeof(state);
  ASSERT_EQ(tekmatch_store_status(&state, store.get(), m, n), TEKMATCH_OK);
  EXPECT_EQ(state.num_sightings, 0);
  EXPECT_EQ(tekmatch_store_add(nullptr, store.get(), &good, 1, kNow, m, n),
            TEKMATCH_OK);

  expect_refused(tekmatch_store_retain(nullptr, nullptr, kNow, m, n),
                 "store is NULL");
  expect_refused(tekmatch_store_retain(nullptr, store.get(), -5, m, n), "now");
  EXPECT_EQ(tekmatch_store_retain(nullptr, store.get(), kNow, m, n),
            TEKMATCH_OK);
  int32_t erased = 0;
  expect_refused(tekmatch_store_forget(nullptr, store.get(), m, n),
                 "erased is NULL");
  expect_refused(tekmatch_store_forget(&erased, nullptr, m, n),
                 "store is NULL");
  expect_refused(tekmatch_store_status(nullptr, store.get(), m, n),
                 "state is NULL");
  expect_refused(tekmatch_store_status(&state, nullptr, m, n), "store is NULL");

  tekmatch_result* result = nullptr;
  tekmatch_check_options check = CocoaOptions();
  const auto run = [&](tekmatch_result** r, tekmatch_store* s,
                       const tekmatch_trust* t,
                       const tekmatch_store_check_options* o) {
    return tekmatch_store_check(r, s, t, nullptr, 0, &check, o, m, n);
  };
  expect_refused(run(nullptr, store.get(), trust_.get(), &store_options_),
                 "result is NULL");
  expect_refused(run(&result, nullptr, trust_.get(), &store_options_),
                 "store is NULL");
  expect_refused(run(&result, store.get(), nullptr, &store_options_),
                 "trust is NULL");
  expect_refused(run(&result, store.get(), trust_.get(), nullptr),
                 "store_options is NULL");
  store_options_.drop_keys = 2;
  expect_refused(run(&result, store.get(), trust_.get(), &store_options_),
                 "drop_keys");
  store_options_ = {sizeof(store_options_), 0, -1};
  expect_refused(run(&result, store.get(), trust_.get(), &store_options_),
                 "max_milliseconds");
  store_options_ = {sizeof(store_options_), 0, 0};
  check.flags = TEKMATCH_ALLOW_UNSIGNED;
  EXPECT_EQ(run(&result, store.get(), trust_.get(), &store_options_),
            TEKMATCH_INVALID_ARGUMENT);
  EXPECT_EQ(result, nullptr);

  // A result without a store.
  const IndexHandle index = IndexInC({});
  const ResultHandle other =
      CheckInC(index.get(), trust_.get(), {}, CocoaOptions());
  tekmatch_stored stored{};
  stored.struct_size = sizeof(stored);
  EXPECT_EQ(tekmatch_result_stored(&stored, other.get(), m, n),
            TEKMATCH_FAILED_PRECONDITION);
  tekmatch_given given{};
  given.struct_size = sizeof(given);
  EXPECT_EQ(tekmatch_result_given(&given, other.get(), 0, m, n),
            TEKMATCH_FAILED_PRECONDITION);
  const char* name = nullptr;
  EXPECT_EQ(tekmatch_result_needed_again(&name, other.get(), 0, m, n),
            TEKMATCH_FAILED_PRECONDITION);
  expect_refused(tekmatch_result_stored(&stored, nullptr, m, n),
                 "result is NULL");
  expect_refused(tekmatch_result_given(&given, nullptr, 0, m, n),
                 "result is NULL");
  expect_refused(tekmatch_result_needed_again(nullptr, other.get(), 0, m, n),
                 "name is NULL");
}

}  // namespace
}  // namespace tekmatch
