#include "registration/server/server_store.h"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registration/server/server_store_pool.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;

const absl::Time kNow = absl::FromUnixSeconds(1607590800);  // 2020-12-10T09:00Z
// 2020-12-09T00:00Z
constexpr EnIntervalNumber kStart = 1607472000 / 600;

AcceptedKey Key(uint8_t n, EnIntervalNumber start = kStart) {
  AcceptedKey accepted;
  accepted.index = n;
  accepted.key.tek.bytes.fill(n);
  accepted.key.rolling_start = start;
  accepted.key.metadata.transmission_risk = 4;
  accepted.key.metadata.report_type = ReportType::kConfirmedTest;
  return accepted;
}

class ServerStoreTest : public ::testing::Test {
 protected:
  ServerStoreTest() {
    auto store = ServerStore::Open(TempPath("server"));
    EXPECT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  // The answer says how many keys are good.
  StoredSubmission Submit(const std::string& idem,
                          const std::vector<AcceptedKey>& keys,
                          const std::string& body = "body") {
    const auto stored = store_->StoreSubmission(
        {.idem_hash = Sha256(idem),
         .body_digest = Sha256(body),
         .claim = Sha256("claim of " + idem),
         .keys = keys},
        kNow, [this](absl::Span<const KeyVerdict> verdicts) {
          last_verdicts_.assign(verdicts.begin(), verdicts.end());
          return absl::StrCat("verdicts: ", verdicts.size());
        });
    EXPECT_TRUE(stored.ok()) << stored.status();
    return *stored;
  }

  std::vector<Tek> Unpublished() {
    const auto keys = store_->UnpublishedKeys();
    EXPECT_TRUE(keys.ok()) << keys.status();
    std::vector<Tek> teks;
    for (const UnpublishedKey& key : *keys) teks.push_back(key.key.tek);
    return teks;
  }

  std::unique_ptr<ServerStore> store_;
  std::vector<KeyVerdict> last_verdicts_;
};

TEST_F(ServerStoreTest, HasAFileAndAKindOfItsOwn) {
  const std::string path = TempPath("server/server.sqlite");
  EXPECT_TRUE(std::filesystem::exists(path));
  store_.reset();
  // A store of sightings is none.
  EXPECT_TRUE(absl::IsNotFound(
      Database::Open(TempPath("server"), OpenMode::kExisting).status()));
  std::filesystem::rename(path, TempPath("server/tekmatch.sqlite"));
  EXPECT_TRUE(absl::IsFailedPrecondition(
      Database::Open(TempPath("server"), OpenMode::kExisting).status()));
}

TEST_F(ServerStoreTest, SubmissionIsThereOnceWithItsKeys) {
  EXPECT_TRUE(Submit("a", {Key(1), Key(2)}).is_new);
  EXPECT_THAT(last_verdicts_,
              ElementsAre(KeyVerdict::kAccepted, KeyVerdict::kAccepted));
  const StoredSubmission again = Submit("a", {Key(3)}, "other body");
  EXPECT_FALSE(again.is_new);
  EXPECT_EQ(again.outcome, "verdicts: 2");
  EXPECT_EQ(again.body_digest, Sha256("body"));
  EXPECT_EQ(Unpublished().size(), 2u);

  const auto found = store_->FindSubmission(Sha256("a"));
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->outcome, "verdicts: 2");
  EXPECT_FALSE(store_->FindSubmission(Sha256("b"))->has_value());
}

// F4: COCOA stored a key again under another idempotency key.
TEST_F(ServerStoreTest, F4KeyIsThereOnceWhoeverSendsIt) {
  Submit("a", {Key(1), Key(2)});
  EXPECT_TRUE(Submit("b", {Key(2), Key(3)}).is_new);
  EXPECT_THAT(last_verdicts_,
              ElementsAre(KeyVerdict::kRepeated, KeyVerdict::kAccepted));
  AcceptedKey other = Key(3);
  other.key.rolling_period = 100;
  Submit("c", {other});
  EXPECT_THAT(last_verdicts_, ElementsAre(KeyVerdict::kOtherMetadata));
  EXPECT_EQ(Unpublished().size(), 3u);
  const auto found = store_->FindKeys(std::vector<AcceptedKey>{Key(3), Key(9)});
  ASSERT_TRUE(found.ok());
  EXPECT_EQ((*found)[0], Key(3).key);
  EXPECT_FALSE((*found)[1].has_value());
}

TEST_F(ServerStoreTest, ClaimsAreConfirmedOnce) {
  Submit("a", {Key(1)});
  Submit("b", {Key(2)});
  EXPECT_EQ(store_->UnconfirmedClaims(10)->size(), 2u);
  EXPECT_EQ(store_->UnconfirmedClaims(1)->size(), 1u);
  EXPECT_TRUE(store_->MarkConfirmed(Sha256("claim of a")).ok());
  EXPECT_TRUE(store_->MarkConfirmed(Sha256("claim of a")).ok());
  EXPECT_THAT(*store_->UnconfirmedClaims(10),
              ElementsAre(Sha256("claim of b")));
}

TEST_F(ServerStoreTest, KeyIsInOneBatchAtMost) {
  Submit("a", {Key(1), Key(2), Key(3)});
  const auto batch =
      store_->PlanBatch({Key(1).key.tek, Key(2).key.tek}, kNow, kNow);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(batch->num, 1);
  EXPECT_EQ(batch->end - batch->start, 86400);
  EXPECT_THAT(Unpublished(), ElementsAre(Key(3).key.tek));
  EXPECT_EQ(store_->KeysOfBatch(1)->size(), 2u);
  // All or nothing: the third key stays free.
  EXPECT_TRUE(absl::IsInternal(
      store_->PlanBatch({Key(3).key.tek, Key(2).key.tek}, kNow, kNow)
          .status()));
  EXPECT_THAT(Unpublished(), ElementsAre(Key(3).key.tek));
  EXPECT_EQ(store_->Batches()->size(), 1u);
}

TEST_F(ServerStoreTest, NumbersWindowsAndTimesOfBatchesAscend) {
  std::vector<Batch> batches;
  for (uint8_t n = 1; n <= 3; ++n) {
    Submit(absl::StrCat(n), {Key(n)});
    // The clock stands, and then goes back.
    const auto batch = store_->PlanBatch(
        {Key(n).key.tek}, kNow - absl::Hours(n == 3 ? 1 : 0), kNow);
    ASSERT_TRUE(batch.ok()) << batch.status();
    batches.push_back(*batch);
    if (n == 2) {
      EXPECT_TRUE(store_->DeleteBatch(2).ok());
    }
  }
  for (size_t i = 1; i < batches.size(); ++i) {
    EXPECT_EQ(batches[i].num, batches[i - 1].num + 1);
    EXPECT_EQ(batches[i].start, batches[i - 1].end);
    EXPECT_LT(batches[i].start, batches[i].end);
    EXPECT_LT(batches[i - 1].created_ms, batches[i].created_ms);
  }
}

TEST_F(ServerStoreTest, BatchIsPlannedThenPublished) {
  Submit("a", {Key(1)});
  ASSERT_TRUE(store_->PlanBatch({Key(1).key.tek}, kNow, kNow).ok());
  EXPECT_FALSE((*store_->FindBatch(1))->published);
  ASSERT_TRUE(store_->MarkPublished(1, Sha256("zip")).ok());
  EXPECT_TRUE((*store_->FindBatch(1))->published);
  EXPECT_EQ((*store_->FindBatch(1))->sha256, Sha256("zip"));
  EXPECT_FALSE(store_->FindBatch(2)->has_value());
}

TEST_F(ServerStoreTest, OldRowsGo) {
  Submit("a", {Key(1), Key(2, kStart + 144)});
  ASSERT_TRUE(store_->MarkConfirmed(Sha256("claim of a")).ok());
  Submit("b", {Key(3)});  // never confirmed
  ASSERT_TRUE(store_->PlanBatch({Key(1).key.tek}, kNow, kNow).ok());
  const absl::Time limit =
      absl::FromUnixSeconds(int64_t{kStart} * 600) + absl::Hours(15 * 24);

  auto purged = store_->Purge(limit - absl::Seconds(1));
  ASSERT_TRUE(purged.ok()) << purged.status();
  EXPECT_EQ(purged->num_keys, 0);
  EXPECT_FALSE(store_->FindSubmission(Sha256("a"))->has_value());
  EXPECT_TRUE(store_->FindSubmission(Sha256("b"))->has_value());

  // Key 1 is of a batch that is planned; key 3 was never published.
  purged = store_->Purge(limit);
  ASSERT_TRUE(purged.ok()) << purged.status();
  EXPECT_EQ(purged->num_keys, 1);
  EXPECT_EQ(purged->num_unpublished, 1);
  ASSERT_TRUE(store_->MarkPublished(1, Sha256("zip")).ok());
  purged = store_->Purge(limit);
  ASSERT_TRUE(purged.ok()) << purged.status();
  EXPECT_EQ(purged->num_keys, 1);
  EXPECT_EQ(purged->num_unpublished, 0);
  EXPECT_THAT(Unpublished(), ElementsAre(Key(2).key.tek));
}

TEST_F(ServerStoreTest, CountsByHour) {
  ASSERT_TRUE(store_->Count("refused", kNow).ok());
  ASSERT_TRUE(store_->Count("refused", kNow + absl::Minutes(59), 2).ok());
  ASSERT_TRUE(store_->Count("refused", kNow + absl::Minutes(60), 4).ok());
  EXPECT_EQ(*store_->CountOf("refused", kNow, kNow + absl::Hours(1)), 3);
  EXPECT_EQ(*store_->CountOf("refused", kNow, kNow + absl::Hours(2)), 7);
  EXPECT_EQ(*store_->CountOf("other", kNow, kNow + absl::Hours(2)), 0);
}

TEST_F(ServerStoreTest, RemembersTheLastSlot) {
  EXPECT_FALSE(store_->LastSlot()->has_value());
  ASSERT_TRUE(store_->SetLastSlot(kNow).ok());
  EXPECT_EQ(**store_->LastSlot(), kNow);
}

// The same submission from 8 threads, as an impatient phone sends it: stored
// once, and all are told the same.
TEST_F(ServerStoreTest, ManyThreadsStoreOnce) {
  ServerStorePool pool(TempPath("server"));
  std::atomic<int> num_new = 0;
  std::atomic<int> num_same = 0;
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (uint8_t n = 0; n < 20; ++n) {
        const auto lease = pool.Take();
        ASSERT_TRUE(lease.ok()) << lease.status();
        const auto lock = lease->WriteLock();
        const std::vector<AcceptedKey> keys = {Key(n)};
        const auto stored = (*lease)->StoreSubmission(
            {.idem_hash = Sha256(absl::StrCat(n)),
             .body_digest = Sha256("body"),
             .claim = Sha256(absl::StrCat("c", n)),
             .keys = keys},
            kNow, [n](absl::Span<const KeyVerdict> verdicts) {
              return absl::StrCat(n, " ", KeyVerdictName(verdicts[0]));
            });
        ASSERT_TRUE(stored.ok()) << stored.status();
        if (stored->is_new) ++num_new;
        if (stored->outcome == absl::StrCat(n, " accepted")) ++num_same;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(num_new, 20);
  EXPECT_EQ(num_same, 160);
  EXPECT_EQ(Unpublished().size(), 20u);
}

}  // namespace
}  // namespace tekmatch
