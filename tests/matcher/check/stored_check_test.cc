// The check over a store, case by case: what is said of each export that is
// given, what is refused, what goes when it is old, and the edges of what is
// compared. That any order gives the same answer is shown by
// stored_check_history_test.
#include "matcher/check/stored_check.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "matcher/check/exposure_check.h"
#include "matcher/store/database.h"
#include "matcher/store/sighting_store.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kDaySeconds = 86400;

// An export of five keys, a.zip, and a store.
class StoredCheckTest : public ::testing::Test {
 protected:
  StoredCheckTest() {
    Open();
    options_.check.files.trusted = TrustTestSigner();
    options_.check.now = After(5 * kDaySeconds);
    Source("a.zip", WriteTestExport(keys_));
  }

  // Seconds after the first one of the keys.
  static absl::Time After(int64_t seconds) {
    return absl::FromUnixSeconds(kTestDaySeconds + seconds);
  }

  void Open(const std::string& name = "store") {
    database_.reset();
    auto opened = Database::Open(TempPath(name), OpenMode::kCreate);
    ASSERT_THAT(opened, IsOk());
    database_ = *std::move(opened);
  }

  void Source(const std::string& name, const std::string& bytes) {
    options_.check.files.sources[name] = MemorySource(name, bytes);
  }

  void Add(const std::vector<Sighting>& sightings) {
    auto store = SightingStore::Create(*database_, options_.retention);
    ASSERT_THAT(store, IsOk());
    ASSERT_THAT(store->Add(sightings, options_.check.now), IsOk());
  }

  absl::StatusOr<StoredCheckResult> Check(
      const std::vector<std::string>& names) {
    return CheckStored(*database_, names, options_);
  }
  StoredCheckResult MustCheck(const std::vector<std::string>& names) {
    auto checked = Check(names);
    EXPECT_THAT(checked, IsOk());
    return checked.ok() ? *std::move(checked) : StoredCheckResult();
  }

  static std::vector<std::string> States(const StoredCheckResult& checked) {
    std::vector<std::string> states;
    for (const GivenExport& given : checked.given) {
      states.push_back(
          absl::StrCat(given.path, " ", GivenStateName(given.state)));
    }
    return states;
  }

  uint64_t NumExports() {
    const auto status = ReadLedgerStatus(*database_);
    EXPECT_THAT(status, IsOk());
    return status.ok() ? status->num_exports : 0;
  }

  // Of keys_ that stand in any file of the store.
  size_t NumKeysInFiles() {
    size_t num = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(database_->folder())) {
      const std::string bytes = ReadFile(entry.path().string());
      for (const DiagnosisKey& key : keys_) {
        const std::string tek(key.tek.bytes.begin(), key.tek.bytes.end());
        num += bytes.find(tek) == std::string::npos ? 0 : 1;
      }
    }
    return num;
  }

  const std::vector<DiagnosisKey> keys_ = TestKeys(5, 1);
  StoredCheckOptions options_;
  std::unique_ptr<Database> database_;
};

TEST_F(StoredCheckTest, AnExportIsProcessedOnceUnderAnyName) {
  Add({HearKey(keys_[0], kTestDaySeconds)});
  Source("b.zip", WriteTestExport(keys_));  // signed anew
  const StoredCheckResult first = MustCheck({"a.zip", "b.zip", "a.zip"});
  EXPECT_THAT(States(first),
              ElementsAre("a.zip processed", "b.zip known", "a.zip known"));
  EXPECT_THAT(first.checked.result.matches, SizeIs(1));
  ASSERT_THAT(first.checked.files, SizeIs(1));
  EXPECT_EQ(first.checked.files[0].path, "a.zip");
  Open();
  const StoredCheckResult second = MustCheck({"b.zip"});
  EXPECT_THAT(States(second), ElementsAre("b.zip known"));
  EXPECT_EQ(second.checked.result.matches, first.checked.result.matches);
  EXPECT_TRUE(CheckCompared(second.checked).ok());
  const auto status = ReadLedgerStatus(*database_);
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(status->num_exports, 1);
  EXPECT_EQ(status->num_keys_kept, 5);
  EXPECT_EQ(status->processed_until, After(2 * kDaySeconds));
}

TEST_F(StoredCheckTest, NothingIsRememberedOfWhatIsRefused) {
  const std::string zip = WriteTestExport(keys_);
  Source("forged.zip",
         WriteTestExport(keys_, TestExportOptions({OtherSigner("440", "v1")})));
  Source("other.zip",
         WriteTestExport(keys_, TestExportOptions({OtherSigner("9", "v1")})));
  Source("unsigned.bin", ZipEntry(zip, "export.bin"));
  Source("cut.zip", zip.substr(0, zip.size() / 2));
  Add({HearKey(keys_[0], kTestDaySeconds)});
  const std::vector<std::string> names = {"forged.zip", "other.zip",
                                          "unsigned.bin", "cut.zip",
                                          TempPath("missing.zip")};
  for (const bool skip : {false, true}) {
    options_.check.skip_bad_files = skip;
    const StoredCheckResult checked = MustCheck(names);
    EXPECT_EQ(checked.checked.complete, skip);
    EXPECT_THAT(checked.checked.result.matches, IsEmpty());
    ASSERT_THAT(checked.checked.files, SizeIs(5));
    for (const GivenExport& given : checked.given) {
      EXPECT_EQ(given.state, GivenState::kRefused) << given.path;
    }
    for (const ExportFileResult& file : checked.checked.files) {
      EXPECT_THAT(file.message, HasSubstr(absl::StrCat(file.path, ": ")));
    }
    EXPECT_EQ(NumExports(), 0U);
  }
  // And nothing stands in the way of what is good.
  options_.check.skip_bad_files = false;
  EXPECT_THAT(MustCheck({"a.zip"}).checked.result.matches, SizeIs(1));
}

TEST_F(StoredCheckTest, ARevocationWithdrawsWhatWasFound) {
  std::vector<DiagnosisKey> revised = {keys_[0]};
  revised[0].metadata.report_type = ReportType::kRevoked;
  revised[0].metadata.revised = true;
  std::vector<DiagnosisKey> first = keys_;
  first[0].metadata.report_type = ReportType::kSelfReport;
  ExportWriterOptions later = TestExportOptions();
  later.end_timestamp += kDaySeconds;
  Source("first.zip", WriteTestExport(first));
  Source("later.zip", WriteTestExport(revised, later));
  Add({HearKey(keys_[0], kTestDaySeconds), HearKey(keys_[1], kTestDaySeconds)});
  EXPECT_THAT(MustCheck({"first.zip"}).checked.result.matches, SizeIs(2));
  const StoredCheckResult withdrawn = MustCheck({"later.zip"});
  ASSERT_THAT(withdrawn.checked.result.matches, SizeIs(1));
  EXPECT_EQ(withdrawn.checked.result.matches[0].tek, keys_[1].tek);
  EXPECT_EQ(withdrawn.checked.report_types.num_revoked, 1);
  EXPECT_THAT(MustCheck({}).checked.result.matches, SizeIs(1));
}

TEST_F(StoredCheckTest, TrustIsThatOfTheCheck) {
  Add({HearKey(keys_[0], kTestDaySeconds)});
  EXPECT_THAT(MustCheck({"a.zip"}).checked.result.matches, SizeIs(1));
  options_.check.files.trusted = {};
  const StoredCheckResult nobody = MustCheck({});
  EXPECT_EQ(nobody.num_untrusted, 1);
  EXPECT_THAT(nobody.checked.result.matches, IsEmpty());
  EXPECT_FALSE(CheckCompared(nobody.checked).ok());
  options_.check.files.trusted = TrustTestSigner();
  EXPECT_THAT(MustCheck({}).checked.result.matches, SizeIs(1));
}

// A sighting that comes alone, after its key: as far from the key's first and
// last interval as anything is looked for, and one interval further.
TEST_F(StoredCheckTest, LateSightingsAreComparedAsFarAsAnythingIs) {
  options_.check.policy.tolerance_intervals = kSearchedIntervals;
  const DiagnosisKey& key = keys_[0];
  const EnIntervalNumber last = key.rolling_start + key.rolling_period - 1;
  struct Case {
    EnIntervalNumber interval;  // of the RPI
    int64_t apart;              // of the sighting from it, in intervals
    size_t num_matches;
  };
  int number = 0;
  for (const Case& c : {Case{key.rolling_start, -145, 0},
                        {key.rolling_start, -144, 1},
                        {last, 144, 1},
                        {last, 145, 0}}) {
    Open(absl::StrCat(++number));
    ASSERT_TRUE(MustCheck({"a.zip"}).checked.complete);
    Sighting sighting = HearKey(key, int64_t{c.interval} * kIntervalSeconds);
    sighting.unix_seconds += c.apart * kIntervalSeconds;
    Add({sighting});
    EXPECT_THAT(MustCheck({}).checked.result.matches, SizeIs(c.num_matches))
        << c.apart;
  }
}

// What the store still takes can still be met.
TEST_F(StoredCheckTest, KeysAreKeptAsLongAsASightingCanBeOfThem) {
  constexpr int64_t kEnd = kDaySeconds;  // of the keys
  options_.check.now = absl::FromUnixSeconds(kTestDaySeconds) +
                       absl::Seconds(kEnd + 3600) + options_.retention;
  ASSERT_TRUE(MustCheck({"a.zip"}).checked.complete);
  ASSERT_TRUE(MustCheck({}).checked.complete);
  Sighting sighting = HearKey(keys_[0], kTestDaySeconds + kEnd - 600);
  sighting.unix_seconds = kTestDaySeconds + kEnd + 3660;
  Add({sighting});
  EXPECT_THAT(MustCheck({}).checked.result.matches, SizeIs(1));
  // Some days longer, and then they go, in steps that are believed.
  options_.check.now += absl::Hours(36);
  EXPECT_EQ(MustCheck({}).checked.num_sightings, 0U);
  options_.check.now += absl::Hours(36);
  ASSERT_TRUE(MustCheck({}).checked.complete);
  EXPECT_EQ(ReadLedgerStatus(*database_)->num_keys_kept, 0U);
  EXPECT_EQ(NumExports(), 1U);
}

// Not when the connection closes, which an app's may never do.
TEST_F(StoredCheckTest, KeysThatGoAreErasedAtOnce) {
  ASSERT_TRUE(MustCheck({"a.zip"}).checked.complete);
  ASSERT_TRUE(*database_->Checkpoint(absl::Seconds(1)));
  EXPECT_GT(NumKeysInFiles(), 0U);
  for (int day = 0; day < 40; ++day) {
    options_.check.now += absl::Hours(36);
    EXPECT_TRUE(MustCheck({}).retained.erased);
    if (ReadLedgerStatus(*database_)->num_keys_kept == 0) break;
  }
  EXPECT_EQ(NumExports(), 1U);
  EXPECT_EQ(NumKeysInFiles(), 0U);
}

TEST_F(StoredCheckTest, OldExportsGo) {
  ASSERT_TRUE(MustCheck({"a.zip"}).checked.complete);
  // Its end is two days after the keys' beginning. In steps that are believed.
  const absl::Time last = After(2 * kDaySeconds) + 2 * options_.retention;
  while (options_.check.now + absl::Hours(48) < last) {
    options_.check.now += absl::Hours(48);
    EXPECT_EQ(MustCheck({}).num_expired_exports, 0U);
  }
  options_.check.now = last;
  EXPECT_EQ(MustCheck({}).num_expired_exports, 0U);
  EXPECT_EQ(NumExports(), 1U);
  // By the day.
  options_.check.now = last + absl::Hours(24);
  EXPECT_EQ(MustCheck({}).num_expired_exports, 1U);
  EXPECT_EQ(NumExports(), 0U);
}

// A clock that jumps makes nothing old before it is believed.
TEST_F(StoredCheckTest, AClockThatJumpsRemovesNothing) {
  Add({HearKey(keys_[0], kTestDaySeconds)});
  EXPECT_THAT(MustCheck({"a.zip"}).checked.result.matches, SizeIs(1));
  const absl::Time then = options_.check.now;
  options_.check.now = then + absl::Hours(24 * 365);
  const StoredCheckResult ahead = MustCheck({});
  EXPECT_EQ(ahead.retained.clock, ClockJump::kForward);
  EXPECT_THAT(ahead.checked.result.matches, SizeIs(1));
  options_.check.now = then - absl::Hours(24 * 3);
  const StoredCheckResult back = MustCheck({});
  EXPECT_EQ(back.retained.clock, ClockJump::kBack);
  EXPECT_THAT(back.checked.result.matches, SizeIs(1));
  EXPECT_EQ(NumExports(), 1U);
  EXPECT_EQ(ReadLedgerStatus(*database_)->num_keys_kept, 5U);
}

TEST_F(StoredCheckTest, NoTimeAtAll) {
  Add({HearKey(keys_[0], kTestDaySeconds)});
  options_.max_time = absl::ZeroDuration();
  for (const bool skip : {false, true}) {
    options_.check.skip_bad_files = skip;
    const StoredCheckResult stopped = MustCheck({"a.zip"});
    EXPECT_TRUE(stopped.stopped);
    EXPECT_EQ(stopped.checked.complete, skip);
    EXPECT_THAT(States(stopped), ElementsAre("a.zip not_reached"));
    ASSERT_THAT(stopped.checked.files, SizeIs(1));
    EXPECT_EQ(stopped.checked.files[0].message,
              "a.zip: not read, since the time was over");
    EXPECT_FALSE(CheckCompared(stopped.checked).ok());
    EXPECT_EQ(NumExports(), 0U);
  }
  // What is in the store is an answer; late sightings are no part of it yet.
  options_.check.skip_bad_files = false;
  options_.max_time = absl::InfiniteDuration();
  EXPECT_THAT(MustCheck({"a.zip"}).checked.result.matches, SizeIs(1));
  options_.max_time = absl::ZeroDuration();
  const StoredCheckResult nothing_new = MustCheck({});
  EXPECT_FALSE(nothing_new.stopped);  // there was nothing to do
  EXPECT_TRUE(nothing_new.checked.complete);
  EXPECT_THAT(nothing_new.checked.result.matches, SizeIs(1));
  Add({HearKey(keys_[1], kTestDaySeconds)});
  options_.check.skip_bad_files = true;  // does not leave that out
  const StoredCheckResult late = MustCheck({});
  EXPECT_FALSE(late.checked.complete);
  ASSERT_THAT(late.checked.files, SizeIs(1));
  EXPECT_EQ(late.checked.files[0].message,
            "a.zip: not compared with the newest sightings, since the time was "
            "over");
  options_.max_time = absl::InfiniteDuration();
  EXPECT_THAT(MustCheck({}).checked.result.matches, SizeIs(2));
}

TEST_F(StoredCheckTest, WithoutKeysAnExportIsNeededAgain) {
  options_.keep_keys = false;
  Add({HearKey(keys_[0], kTestDaySeconds)});
  EXPECT_THAT(MustCheck({"a.zip"}).checked.result.matches, SizeIs(1));
  EXPECT_EQ(ReadLedgerStatus(*database_)->num_keys_kept, 0U);
  // Far from every key: nothing is needed.
  Add({HearKey(TestKeys(1, 9)[0], kTestDaySeconds + 3 * kDaySeconds)});
  EXPECT_THAT(MustCheck({}).needed_again, IsEmpty());
  Add({HearKey(keys_[1], kTestDaySeconds)});
  const StoredCheckResult lacking = MustCheck({});
  EXPECT_THAT(lacking.needed_again, ElementsAre("a.zip"));
  EXPECT_FALSE(lacking.checked.complete);
  EXPECT_EQ(lacking.checked.files.at(0).message,
            "a.zip: needed again for newer sightings, since its keys are not "
            "kept");
  options_.check.skip_bad_files = true;
  const StoredCheckResult part = MustCheck({});
  EXPECT_TRUE(part.checked.complete);
  EXPECT_THAT(part.needed_again, ElementsAre("a.zip"));
  EXPECT_THAT(part.checked.result.matches, SizeIs(1));
  // Under any name.
  options_.check.skip_bad_files = false;
  Source("copy.zip", WriteTestExport(keys_));
  const StoredCheckResult whole = MustCheck({"copy.zip"});
  EXPECT_THAT(States(whole), ElementsAre("copy.zip processed"));
  EXPECT_THAT(whole.needed_again, IsEmpty());
  EXPECT_THAT(whole.checked.result.matches, SizeIs(2));
  EXPECT_EQ(NumExports(), 1U);
}

// An export of the owner's keys alone is no all-clear, with keys kept or not.
TEST_F(StoredCheckTest, OwnKeysAloneAreNoAnswer) {
  Add({HearKey(TestKeys(1, 9)[0], kTestDaySeconds)});
  for (const DiagnosisKey& key : keys_) {
    options_.check.own_keys.of_all.insert(key.tek);
  }
  for (const bool keeps : {true, false}) {
    Open(absl::StrCat("store-", keeps));
    Add({HearKey(TestKeys(1, 9)[0], kTestDaySeconds)});
    options_.keep_keys = keeps;
    for (int i = 0; i < 2; ++i) {
      const StoredCheckResult checked = MustCheck({"a.zip"});
      EXPECT_EQ(checked.checked.num_own_keys, 5U);
      EXPECT_EQ(checked.checked.num_compared, 0U);
      EXPECT_THAT(CheckCompared(checked.checked).message(),
                  HasSubstr("5 keys read, 0 of them rejected and 5 own"));
    }
  }
}

TEST_F(StoredCheckTest, OneCheckAtATime) {
  const std::string folder = database_->folder();
  int num_asked = 0;
  options_.check.progress = [&](size_t, uint64_t) {
    ++num_asked;
    const auto other = Database::Open(folder, OpenMode::kExisting);
    ASSERT_THAT(other, IsOk());
    StoredCheckOptions options = options_;
    options.check.progress = {};
    EXPECT_EQ(CheckStored(**other, {"a.zip"}, options).status(),
              absl::UnavailableError(
                  absl::StrCat(folder, ": another check of this store runs")));
  };
  EXPECT_TRUE(MustCheck({"a.zip"}).checked.complete);
  EXPECT_GT(num_asked, 0);
}

TEST_F(StoredCheckTest, OptionsThatAreRefused) {
  const auto expect_refused = [this](const std::string& message) {
    EXPECT_EQ(Check({}).status(), absl::InvalidArgumentError(message));
  };
  const StoredCheckOptions good = options_;
  options_.check.now = absl::InfiniteFuture();
  expect_refused("a stored check needs options.check.now");
  options_ = good;
  options_.check.files.allow_unsigned = true;
  expect_refused("a store takes only exports that a trusted key signed");
  options_ = good;
  options_.check.files.no_verify = true;
  expect_refused("a store takes only exports that a trusted key signed");
  options_ = good;
  options_.check.devices = {0};
  expect_refused("a store is of one device");
  options_ = good;
  options_.check.own_keys.of_device[1] = {keys_[0].tek};
  expect_refused("a store is of one device");
  options_ = good;
  options_.check.num_threads = 0;
  EXPECT_THAT(Check({}), StatusIs(absl::StatusCode::kInvalidArgument));
  options_ = good;
  options_.check.policy.tolerance_intervals = kSearchedIntervals + 1;
  EXPECT_THAT(Check({}), StatusIs(absl::StatusCode::kInvalidArgument));
  options_ = good;
  options_.retention = absl::Hours(-1);
  EXPECT_THAT(Check({}), StatusIs(absl::StatusCode::kInvalidArgument));
  options_ = good;
  EXPECT_THAT(Check({}), IsOk());
}

TEST_F(StoredCheckTest, AStoreThatIsOpenForReadingOnly) {
  const std::string folder = database_->folder();
  auto opened = Database::Open(folder, OpenMode::kReadOnly);
  ASSERT_THAT(opened, IsOk());
  EXPECT_THAT(
      CheckStored(**opened, {"a.zip"}, options_),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(folder)));
}

TEST_F(StoredCheckTest, ADamagedLedgerIsSaid) {
  Add({HearKey(keys_[0], kTestDaySeconds)});
  ASSERT_TRUE(MustCheck({"a.zip"}).checked.complete);
  ASSERT_THAT(database_->Run("UPDATE kept_keys SET keys = x'01'"), IsOk());
  EXPECT_THAT(MustCheck({}).checked.result.matches, SizeIs(1));  // not read
  Add({HearKey(keys_[1], kTestDaySeconds)});
  EXPECT_THAT(Check({}), StatusIs(absl::StatusCode::kDataLoss,
                                  HasSubstr(database_->path())));
  ASSERT_THAT(database_->Run("UPDATE exports SET heard = x'01'"), IsOk());
  EXPECT_THAT(Check({}), StatusIs(absl::StatusCode::kDataLoss,
                                  HasSubstr(database_->path())));
}

}  // namespace
}  // namespace tekmatch
