// A run of the publisher, from each state that a kill can leave.
#include "registration/server/publisher.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "keyformat/export_reader.h"
#include "registration/service/durable_file.h"
#include "tests/registration/server/diagnosis_testing.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The first slot at which a key of yesterday, taken at kTestNow, goes out.
const absl::Time kSlot = absl::FromUnixSeconds(1607612400);  // 15:00Z

class PublisherTest : public ::testing::Test {
 protected:
  PublisherTest() {
    options_.out = TempPath("out");
    options_.base_url = "https://example.jp";
    options_.signers = {TestSigner()};
    Open();
  }

  void Open() {
    store_.reset();
    auto store = ServerStore::Open(TempPath("server"));
    EXPECT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  void Take(uint8_t fill, int64_t start = kYesterday, int risk = 4) {
    AcceptedKey accepted;
    accepted.key.tek.bytes.fill(fill);
    accepted.key.rolling_start = static_cast<EnIntervalNumber>(start);
    accepted.key.metadata.transmission_risk = static_cast<uint8_t>(risk);
    accepted.key.metadata.report_type = ReportType::kConfirmedTest;
    const std::string name = absl::StrCat("submission ", fill);
    const std::vector<AcceptedKey> keys = {accepted};
    ASSERT_TRUE(store_
                    ->StoreSubmission({.idem_hash = Sha256(name),
                                       .body_digest = Sha256(name),
                                       .claim = Sha256(name),
                                       .keys = keys},
                                      kTestNow,
                                      [](absl::Span<const KeyVerdict>) {
                                        return std::string("{}");
                                      })
                    .ok());
  }

  PublishedBatches Run(absl::Time slot = kSlot) {
    const auto published = Publish(options_, *store_, slot, slot);
    EXPECT_TRUE(published.ok()) << published.status();
    return published.ok() ? *published : PublishedBatches();
  }

  std::string PathOf(const std::string& name) const {
    return TempPath("out/c19r/440/" + name);
  }

  json List() const { return json::parse(ReadFile(PathOf("list.json"))); }

  // The first bytes of the keys in each file that the list names.
  std::map<std::string, std::set<int>> Published() const {
    std::map<std::string, std::set<int>> published;
    for (const json& entry : List()) {
      const std::string url = entry["url"];
      const std::string name = url.substr(url.rfind('/') + 1);
      const auto source = OpenFileSource(PathOf(name));
      EXPECT_TRUE(source.ok()) << source.status();
      auto reader = ExportReader::Open(**source, {});
      EXPECT_TRUE(reader.ok()) << reader.status();
      KeyBlock block;
      while (*(*reader)->Next(&block)) {
        for (const Tek& tek : block.teks()) {
          EXPECT_TRUE(published[name].insert(tek.bytes[0]).second);
        }
      }
      const auto report = (*reader)->Finish(TrustTestSigner());
      EXPECT_TRUE(report.ok()) << report.status();
      EXPECT_EQ(report->signature.verdict, SignatureVerdict::kValid);
    }
    return published;
  }

  PublisherOptions options_;
  std::unique_ptr<ServerStore> store_;
};

TEST(BatchFileNameTest, OneNameANumber) {
  EXPECT_EQ(BatchFileName(7), "7.zip");
  EXPECT_EQ(ParseBatchFileName("7.zip"), 7);
  EXPECT_EQ(ParseBatchFileName("123456789012345678.zip"), 123456789012345678);
  for (const char* name :
       {"", ".zip", "0.zip", "-1.zip", "+1.zip", "01.zip", " 1.zip", "1.zip ",
        "1.ZIP", "1", "1.", "1.zip.new", "..", "../1.zip", "%31.zip", "1.5.zip",
        "1234567890123456789.zip", "list.json", ".lock"}) {
    EXPECT_FALSE(ParseBatchFileName(name).has_value()) << name;
  }
}

TEST_F(PublisherTest, NothingIsAnEmptyList) {
  EXPECT_THAT(Run().added, IsEmpty());
  EXPECT_EQ(List(), json::array());
}

TEST_F(PublisherTest, PublishesWhatMayGoOutAndListsIt) {
  Take(1);
  Take(2);
  Take(3, kYesterday + 144);  // of today: embargoed until tomorrow
  const PublishedBatches published = Run();
  EXPECT_THAT(published.added, ElementsAre(1));
  EXPECT_EQ(published.num_keys, 2);
  EXPECT_EQ(published.num_embargoed, 1);
  EXPECT_EQ(List().dump(), R"([{"created":1607612400000,"region":"440",)"
                           R"("url":"https://example.jp/c19r/440/1.zip"}])");
  EXPECT_EQ(Published(),
            (std::map<std::string, std::set<int>>{{"1.zip", {1, 2}}}));
  // The next day has the third, and the first file stays as it was.
  const std::string first = ReadFile(PathOf("1.zip"));
  EXPECT_EQ(Run(kSlot + absl::Hours(24)).num_keys, 1);
  EXPECT_EQ(Published(), (std::map<std::string, std::set<int>>{
                             {"1.zip", {1, 2}}, {"2.zip", {3}}}));
  EXPECT_EQ(ReadFile(PathOf("1.zip")), first);
  EXPECT_LT(List()[0]["created"], List()[1]["created"]);
  // And then there is no more.
  const std::string list = ReadFile(PathOf("list.json"));
  EXPECT_THAT(Run(kSlot + absl::Hours(48)).added, IsEmpty());
  EXPECT_EQ(ReadFile(PathOf("list.json")), list);
}

TEST_F(PublisherTest, SameDayIsAnOption) {
  Take(3, kYesterday + 144);
  options_.schedule.rule = ReleaseRule::kSameDay;
  EXPECT_EQ(Run().num_keys, 1);
}

// Killed after the plan: the same number, the same keys, and those that came
// since are in another.
TEST_F(PublisherTest, ResumesABatchThatWasPlanned) {
  Take(1);
  Tek tek;
  tek.bytes.fill(1);
  ASSERT_TRUE(store_->PlanBatch({tek}, kSlot, kSlot).ok());
  Take(2);
  Open();
  const PublishedBatches published = Run();
  EXPECT_THAT(published.resumed, ElementsAre(1));
  EXPECT_THAT(published.added, ElementsAre(2));
  EXPECT_EQ(Published(), (std::map<std::string, std::set<int>>{
                             {"1.zip", {1}}, {"2.zip", {2}}}));
}

// Killed after the rename: the file that somebody may have seen stays.
TEST_F(PublisherTest, KeepsAFileThatWasRenamed) {
  Take(1);
  Run();
  const std::string first = ReadFile(PathOf("1.zip"));
  ASSERT_TRUE(store_->Batches()->front().published);
  // What a kill between rename and mark leaves.
  std::filesystem::remove_all(TempPath("server"));
  Open();
  Take(1);
  Tek tek;
  tek.bytes.fill(1);
  ASSERT_TRUE(store_->PlanBatch({tek}, kSlot, kSlot).ok());
  EXPECT_THAT(Run().resumed, ElementsAre(1));
  EXPECT_EQ(ReadFile(PathOf("1.zip")), first);
  EXPECT_EQ(store_->Batches()->front().sha256, Sha256(first));
}

// A database that was lost, and a folder that was not: numbers begin anew, and
// no batch may take a file of before for its own.
TEST_F(PublisherTest, FileOfAnotherDatabaseIsNotTaken) {
  Take(1);
  Run();
  const std::string first = ReadFile(PathOf("1.zip"));
  std::filesystem::remove_all(TempPath("server"));
  Open();
  Take(2);
  const absl::Status status = Publish(options_, *store_, kSlot, kSlot).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(ReadFile(PathOf("1.zip")), first);
  EXPECT_FALSE(store_->Batches()->front().published);
}

// Killed while writing: what is half written has another name.
TEST_F(PublisherTest, HalfWrittenFilesAreWrittenAnew) {
  Take(1);
  ASSERT_TRUE(MakeFolders(TempPath("out/c19r/440")).ok());
  WriteFile(PathOf("1.zip.new"), std::string(100'000, 'x'));
  WriteFile(PathOf("list.json.new"), "[");
  Run();
  EXPECT_EQ(Published().size(), 1u);
  EXPECT_FALSE(std::filesystem::exists(PathOf("1.zip.new")));
  EXPECT_FALSE(std::filesystem::exists(PathOf("list.json.new")));
}

TEST_F(PublisherTest, OneAtATime) {
  ASSERT_TRUE(MakeFolders(TempPath("out/c19r/440")).ok());
  auto lock = FileLock::Take(PathOf(".lock"));
  ASSERT_TRUE(lock.ok()) << lock.status();
  EXPECT_TRUE(
      absl::IsUnavailable(Publish(options_, *store_, kSlot, kSlot).status()));
}

TEST_F(PublisherTest, ManyKeysAreSeveralFiles) {
  options_.max_keys = 2;
  for (uint8_t n = 1; n <= 5; ++n) Take(n);
  EXPECT_THAT(Run().added, ElementsAre(1, 2, 3));
  std::set<int> all;
  for (const auto& [name, keys] : Published()) {
    EXPECT_LE(keys.size(), 2u);
    all.insert(keys.begin(), keys.end());
  }
  EXPECT_EQ(all.size(), 5u);
}

// R14, F7: a key that was accepted is exported, or it is said that it is not.
TEST_F(PublisherTest, R14KeyThatIsTooLateIsToldOf) {
  Take(1);
  const absl::Time late = absl::FromUnixSeconds(kYesterday * 600) +
                          absl::Hours(15 * 24) + absl::Hours(1);
  const PublishedBatches published = Run(late);
  EXPECT_THAT(published.added, IsEmpty());
  EXPECT_EQ(published.num_too_late, 1);
  EXPECT_THAT(ToString(published), testing::HasSubstr("NEVER PUBLISHED: 1"));
  EXPECT_THAT(*store_->UnpublishedKeys(), IsEmpty());
}

// Nor do keys that someone chose so that they deflate to nearly nothing, which
// readers of an export refuse.
TEST_F(PublisherTest, R13KeysThatRepeatThemselvesHoldUpNobody) {
  Take(200);
  constexpr int kNumChosen = 2000;
  std::vector<AcceptedKey> chosen(kNumChosen);
  for (int i = 0; i < kNumChosen; ++i) {
    chosen[i].key.tek.bytes[0] = static_cast<uint8_t>(i >> 8);
    chosen[i].key.tek.bytes[1] = static_cast<uint8_t>(i);
    chosen[i].key.rolling_start = kYesterday;
    chosen[i].key.metadata.report_type = ReportType::kConfirmedTest;
  }
  ASSERT_TRUE(store_
                  ->StoreSubmission({.idem_hash = Sha256("chosen"),
                                     .body_digest = Sha256("chosen"),
                                     .claim = Sha256("chosen"),
                                     .keys = chosen},
                                    kTestNow,
                                    [](absl::Span<const KeyVerdict>) {
                                      return std::string("{}");
                                    })
                  .ok());
  EXPECT_EQ(Run().num_keys, kNumChosen + 1);
  EXPECT_EQ(List().size(), 1U);
}

// R13: Android dropped a whole file for one value.
TEST_F(PublisherTest, R13RefusesWhatAPhoneWouldDrop) {
  DiagnosisKey key;
  key.rolling_start = kYesterday;
  key.metadata.report_type = ReportType::kConfirmedTest;
  key.metadata.transmission_risk = 4;
  EXPECT_TRUE(IsSound(key));
  for (const int period : {0, 145, 255}) {
    DiagnosisKey bad = key;
    bad.rolling_period = static_cast<uint8_t>(period);
    EXPECT_FALSE(IsSound(bad));
  }
  DiagnosisKey bad = key;
  bad.metadata.transmission_risk = 9;
  EXPECT_FALSE(IsSound(bad));
  bad = key;
  bad.metadata.report_type = std::nullopt;
  EXPECT_FALSE(IsSound(bad));
  bad = key;
  bad.metadata.days_since_onset = 15;
  EXPECT_FALSE(IsSound(bad));
  // One that is not sound holds up nobody.
  Take(1);
  Take(2, /*start=*/0);
  const PublishedBatches published = Run();
  EXPECT_EQ(published.num_keys, 1);
  EXPECT_EQ(published.num_unsound + published.num_too_late, 1 + 1);
  EXPECT_THAT(ToString(published), testing::HasSubstr("LEFT OUT: 1"));
}

TEST_F(PublisherTest, BatchesGoAfter15Days) {
  Take(1);
  Run();
  const absl::Time over = kSlot + absl::Hours(15 * 24);
  Run(over - absl::Seconds(1));
  EXPECT_EQ(List().size(), 1u);
  EXPECT_TRUE(std::filesystem::exists(PathOf("1.zip")));
  EXPECT_EQ(Run(over).num_deleted, 1);
  EXPECT_EQ(List(), json::array());
  EXPECT_FALSE(std::filesystem::exists(PathOf("1.zip")));
  // Its number is not used again.
  Take(2, kYesterday + int64_t{15} * 144);
  EXPECT_THAT(Run(over + absl::Hours(48)).added, ElementsAre(2));
}

TEST_F(PublisherTest, ClockThatStandsOrGoesBackStillPublishes) {
  Take(1);
  Run();
  Take(2);
  Run();
  Take(3);
  Run(kSlot - absl::Minutes(1));
  EXPECT_EQ(Published().size(), 3u);
  int64_t created = 0;
  for (const json& entry : List()) {
    EXPECT_GT(entry["created"], created);
    created = entry["created"];
  }
}

TEST_F(PublisherTest, DurableFilesAreReplacedWhole) {
  const std::string path = TempPath("file");
  EXPECT_FALSE(ReadIfThere(path, 100)->has_value());
  ASSERT_TRUE(WriteDurably(path, "one").ok());
  ASSERT_TRUE(WriteDurably(path, "two").ok());
  EXPECT_EQ(**ReadIfThere(path, 100), "two");
  EXPECT_TRUE(absl::IsDataLoss(ReadIfThere(path, 2).status()));
  EXPECT_FALSE(WriteDurably(TempPath("none") + "/file", "x").ok());
}

}  // namespace
}  // namespace tekmatch
