// tekmatch.h, driven: a fixture that notes which functions a test called, and
// searches all that they say for the keys, identifiers and times of its world.
#ifndef TEKMATCH_TESTS_MATCHER_API_DRIVEN_API_H_
#define TEKMATCH_TESTS_MATCHER_API_DRIVEN_API_H_

#include <cstddef>
#include <cstdint>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "matcher/api/tekmatch.h"
#include "tests/matcher/api/c_world.h"
#include "tests/matcher/api/secrets.h"
#include "tests/memory_folder.h"
#include "tests/test_exports.h"

namespace tekmatch {

inline constexpr int64_t kNow = kTestDaySeconds + int64_t{2} * 86400;

// The function, and a note that it is driven.
#define DRIVEN(function) (driven_.insert(#function), function)
// Calls it with a buffer for its message behind the arguments, and searches
// what it says there. Returns its status.
#define DRIVE(function, ...) Drive(#function, function, __VA_ARGS__)

// A row or struct of the header's, with its size where it begins with one.
template <typename T>
T Sized() {
  T made{};
  made.struct_size = sizeof(made);
  return made;
}

// What callbacks were told, as text; and when they end a check.
struct Heard {
  std::string told;
  int num_asked = 0;
  int cancel_at = -1;
};

class DrivenApi : public testing::Test {
 protected:
  DrivenApi() {
    for (const DiagnosisKey &key : keys_) {
      secrets_.AddBytes(key.tek.bytes.data(), key.tek.bytes.size());
    }
    for (const Sighting &sighting : heard_) {
      secrets_.AddSighting(sighting);
      in_c_.push_back(SightingInC(sighting));
    }
  }

  // The library prints nothing, so that there is nothing to be searched.
  void SetUp() override {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
  }
  void TearDown() override {
    const std::string printed = testing::internal::GetCapturedStderr() +
                                testing::internal::GetCapturedStdout();
    if (HasFailure()) {
      std::cout << printed;  // GoogleTest's
    } else {
      EXPECT_EQ(printed, "");
    }
  }

  void Search(absl::string_view said, const std::string &where) {
    num_bytes_ += said.size();
    EXPECT_EQ(secrets_.FirstIn(said), "") << where << " said: " << said;
  }
  void SearchText(const char *text, const std::string &where) {
    if (text != nullptr) Search(text, where);
  }
  template <typename Row>
  void SearchRow(const Row &row, const std::string &where) {
    Search({reinterpret_cast<const char *>(&row), sizeof(row)}, where);
  }

  template <typename Function, typename... Arguments>
  tekmatch_status Drive(const char *name, Function function,
                        Arguments... arguments) {
    driven_.insert(name);
    Message message;
    const tekmatch_status status =
        function(arguments..., message.data(), message.size());
    Search(message.str(), name);
    if (status != TEKMATCH_OK) {
      ++num_refused_;
      // Not of a result either: only its date is told.
      EXPECT_FALSE(absl::StrContains(message.str(), "2020-12-01"))
          << name << " said: " << message.str();
    }
    return status;
  }

  template <typename Row, typename Function>
  void SearchRows(const char *name, Function function,
                  const tekmatch_result *result) {
    driven_.insert(name);
    for (const Row &row : RowsInC<Row>(function, result)) SearchRow(row, name);
    size_t too_few = 0;
    Row none{};
    (void)Drive(name, function, &none, &too_few, result);
  }

  // Everything that a result can be asked, whatever it answers.
  void SearchResult(const tekmatch_result *result) {
    (void)DRIVE(tekmatch_result_dates, nullptr, &num_rows_, result);
    (void)DRIVE(tekmatch_result_compared, result, 9);
    auto counts = Sized<tekmatch_counts>();
    ASSERT_EQ(DRIVE(tekmatch_result_counts, &counts, result), TEKMATCH_OK);
    SearchRow(counts, "counts");
    for (size_t i = 0; i <= counts.num_files; ++i) {
      auto file = Sized<tekmatch_file>();
      ASSERT_EQ(DRIVE(tekmatch_result_file, &file, result, i),
                i < counts.num_files ? TEKMATCH_OK : TEKMATCH_INVALID_ARGUMENT);
      SearchRow(file, "file");
      for (const char *text :
           {file.name, file.verdict, file.reason, file.copy_of}) {
        SearchText(text, "file");
      }
    }
    SearchRows<tekmatch_date_count>("tekmatch_result_dates",
                                    tekmatch_result_dates, result);
    SearchRows<tekmatch_day>("tekmatch_result_days", tekmatch_result_days,
                             result);
    SearchRows<tekmatch_window>("tekmatch_result_windows",
                                tekmatch_result_windows, result);
    SearchRows<tekmatch_scan>("tekmatch_result_scans", tekmatch_result_scans,
                              result);
    auto notice = Sized<tekmatch_notice>();
    (void)DRIVE(tekmatch_result_notice, &notice, result);
    SearchRow(notice, "notice");
    for (const char *text : {notice.zone, notice.consultation_japanese,
                             notice.consultation_english}) {
      SearchText(text, "notice");
    }
    SearchWhatIsStored(result);
  }

  void SearchWhatIsStored(const tekmatch_result *result) {
    auto stored = Sized<tekmatch_stored>();
    (void)DRIVE(tekmatch_result_stored, &stored, result);
    SearchRow(stored, "stored");
    for (size_t i = 0; i <= stored.num_given; ++i) {
      auto given = Sized<tekmatch_given>();
      (void)DRIVE(tekmatch_result_given, &given, result, i);
      SearchRow(given, "given");
      SearchText(given.name, "given");
    }
    for (size_t i = 0; i <= stored.num_needed_again; ++i) {
      const char *name = nullptr;
      (void)DRIVE(tekmatch_result_needed_again, &name, result, i);
      SearchText(name, "needed_again");
    }
  }

  // COCOA's rules with both callbacks, which note what they are told.
  tekmatch_check_options ListeningOptions() {
    callbacks_ = {};
    tekmatch_check_options options = CocoaOptions();
    options.context = &callbacks_;
    options.progress = [](void *context, uint64_t files, uint64_t keys) {
      absl::StrAppend(&static_cast<Heard *>(context)->told, files, " ", keys,
                      "\n");
    };
    options.cancelled = [](void *context) {
      Heard &heard = *static_cast<Heard *>(context);
      return heard.num_asked++ == heard.cancel_at ? 1 : 0;
    };
    options.own_keys = keys_[0].tek.bytes.data();
    options.num_own_keys = 1;
    return options;
  }

  // Checks them, and searches the result.
  void Check(const std::vector<tekmatch_source> &sources,
             const tekmatch_check_options &options) {
    tekmatch_result *made = nullptr;
    (void)DRIVE(tekmatch_check, &made, index_.get(), trust_.get(),
                sources.data(), sources.size(), &options);
    const ResultHandle result(made);
    DRIVEN(tekmatch_result_destroy)(nullptr);
    Search(callbacks_.told, "progress");
    if (result != nullptr) SearchResult(result.get());
  }
  tekmatch_status CheckStore(tekmatch_store *store,
                             const std::vector<tekmatch_source> &sources,
                             const tekmatch_check_options &options) {
    tekmatch_result *made = nullptr;
    const tekmatch_status status =
        DRIVE(tekmatch_store_check, &made, store, trust_.get(), sources.data(),
              sources.size(), &options, &store_options_);
    const ResultHandle result(made);
    Search(callbacks_.told, "progress");
    if (result != nullptr) SearchResult(result.get());
    return status;
  }
  StoreHandle Open(uint32_t flags = TEKMATCH_STORE_CREATE) {
    auto options = Sized<tekmatch_store_options>();
    options.flags = flags;
    tekmatch_store *store = nullptr;
    (void)DRIVE(tekmatch_store_open, &store, folder_.c_str(), &options);
    return StoreHandle(store);
  }
  void Add(tekmatch_store *store, int64_t now = kNow) {
    auto added = Sized<tekmatch_added>();
    ASSERT_EQ(DRIVE(tekmatch_store_add, &added, store, in_c_.data(),
                    in_c_.size(), now),
              TEKMATCH_OK);
    SearchRow(added, "added");
  }
  void SearchState(tekmatch_store *store) {
    auto state = Sized<tekmatch_store_state>();
    (void)DRIVE(tekmatch_store_status, &state, store);
    SearchRow(state, "state");
  }

  const std::vector<DiagnosisKey> keys_ = TestKeys(6, 77);
  const std::vector<Sighting> heard_ = HearForHalfAnHour(keys_);
  std::string export_ = WriteTestExport(keys_);
  const MemoryFolder memory_;
  const std::string folder_ = memory_.At("store");
  Secrets secrets_;
  const TrustHandle trust_ = TrustTestSignerInC();
  const IndexHandle index_ = IndexInC(heard_);
  std::vector<tekmatch_sighting> in_c_;
  tekmatch_store_check_options store_options_{sizeof(store_options_), 0, 0};
  Heard callbacks_;
  size_t num_rows_ = 0;
  std::set<std::string> driven_;
  size_t num_bytes_ = 0;
  int num_refused_ = 0;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_MATCHER_API_DRIVEN_API_H_
