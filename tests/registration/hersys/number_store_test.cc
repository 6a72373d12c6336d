// The statements of the store against the rules over values, in every state;
// and 8 workers against 400 numbers.
#include "registration/hersys/number_store.h"

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/memory_folder.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1607590800);

NumberHash HashOf(int n) {
  NumberHash hash;
  hash.bytes[0] = static_cast<uint8_t>(n);
  hash.bytes[1] = static_cast<uint8_t>(n >> 8);
  return hash;
}

Claim ClaimFor(int n) {
  Claim claim;
  claim.bytes[0] = static_cast<uint8_t>(n);
  claim.bytes[1] = static_cast<uint8_t>(n >> 8);
  return claim;
}

const Schema &TestSchema() {
  static const Schema schema = {.version = 1,
                                .objects = NumberSchemaObjects(),
                                .migrations = {},
                                .file_name = "numbers.sqlite",
                                .application_id = 0x74657374};
  return schema;
}

// Of eight that write at once, one may be passed by the others time and again.
std::unique_ptr<Database> Open(const MemoryFolder &folder) {
  auto database = Database::Open(folder.At("numbers"), OpenMode::kCreate,
                                 absl::Minutes(10), TestSchema());
  EXPECT_TRUE(database.ok()) << database.status();
  return *std::move(database);
}

class NumberStoreTest : public ::testing::Test {
 protected:
  void Add(int n, int64_t patient, absl::Duration life = absl::Hours(1)) {
    ASSERT_TRUE(store_.Add(HashOf(n), patient, "issue", kNow + life).ok());
  }
  ReserveOutcome Reserve(int n, int claim, absl::Time now = kNow) {
    const std::vector<NumberHash> hashes = {HashOf(n)};
    const auto outcome = store_.Reserve(hashes, ClaimFor(claim), now);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return *outcome;
  }
  ConfirmOutcome Confirm(int claim) {
    const auto outcome = store_.Confirm(ClaimFor(claim), kNow);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return *outcome;
  }

  // What is in the table of a number.
  std::optional<NumberRecord> RecordOf(int n) {
    auto select = database_->Prepare(
        "SELECT state, claim, expires_at FROM number WHERE hash = ?1");
    EXPECT_TRUE(select.ok());
    select->BindBlob(1, HashOf(n).bytes);
    if (!*select->Step()) return std::nullopt;
    NumberRecord record;
    record.state = static_cast<NumberState>(select->Int64(0));
    if (!select->IsNull(1)) {
      const auto bytes = select->Blob(1);
      std::copy(bytes.begin(), bytes.end(),
                record.claim.emplace().bytes.begin());
    }
    record.expires_at = absl::FromUnixMillis(select->Int64(2));
    return record;
  }

  // Makes a row as it is given.
  void Put(int n, int64_t patient, const NumberRecord &record) {
    Add(n, patient);
    auto update = database_->Prepare(
        "UPDATE number SET state = ?2, claim = ?3, expires_at = ?4 WHERE hash "
        "= ?1");
    ASSERT_TRUE(update.ok());
    update->BindBlob(1, HashOf(n).bytes)
        .BindInt64(2, static_cast<int64_t>(record.state))
        .BindInt64(4, absl::ToUnixMillis(record.expires_at));
    if (record.claim.has_value()) update->BindBlob(3, record.claim->bytes);
    ASSERT_TRUE(update->Run().ok());
  }
  void Register(int64_t patient) {
    ASSERT_TRUE(database_
                    ->Run(absl::StrCat("INSERT INTO registered VALUES(",
                                       patient, ", 1)"))
                    .ok());
  }

  // Every kind of row there is; claims are 1 and 2.
  static std::vector<NumberRecord> AllRecords() {
    std::vector<NumberRecord> records;
    for (int state = 0; state < kNumNumberStates; ++state) {
      for (const std::optional<Claim> &claim :
           {std::optional<Claim>(), std::optional<Claim>(ClaimFor(1)),
            std::optional<Claim>(ClaimFor(2))}) {
        const auto s = static_cast<NumberState>(state);
        if (s == NumberState::kLive && claim.has_value()) continue;
        if ((s == NumberState::kReserved || s == NumberState::kRedeemed) &&
            !claim.has_value()) {
          continue;
        }
        for (const absl::Duration left :
             {-absl::Hours(25), -absl::Hours(24), -absl::Minutes(11),
              -absl::Minutes(10), -absl::Milliseconds(1), absl::ZeroDuration(),
              absl::Milliseconds(1), absl::Hours(1)}) {
          records.push_back(
              {.state = s, .claim = claim, .expires_at = kNow + left});
        }
      }
    }
    return records;
  }

  void Clear() {
    ASSERT_TRUE(
        database_->Run("DELETE FROM number; DELETE FROM registered").ok());
  }

  const MemoryFolder folder_;
  std::unique_ptr<Database> database_ = Open(folder_);
  NumberStore store_{*database_};
};

TEST_F(NumberStoreTest, ReserveDoesWhatTheRulesSay) {
  for (const NumberRecord &record : AllRecords()) {
    for (const bool registered : {false, true}) {
      Clear();
      Put(1, /*patient=*/5, record);
      if (registered) Register(5);
      const Reservation expected =
          tekmatch::Reserve(record, registered, ClaimFor(1), kNow);
      EXPECT_EQ(Reserve(1, 1), expected.outcome);
      EXPECT_EQ(RecordOf(1), expected.record);
    }
  }
  EXPECT_EQ(Reserve(99, 1), ReserveOutcome::kUnknown);
}

TEST_F(NumberStoreTest, ConfirmDoesWhatTheRulesSay) {
  for (const NumberRecord &record : AllRecords()) {
    for (const NumberRecord &other : AllRecords()) {
      // A claim has one number; both are of one patient. Expiry plays no part.
      if (other.claim.has_value() ||
          other.expires_at <= kNow + absl::Minutes(1)) {
        continue;
      }
      for (const bool registered : {false, true}) {
        Clear();
        Put(1, /*patient=*/5, record);
        Put(2, /*patient=*/5, other);
        Put(3, /*patient=*/6, other);
        if (registered) Register(5);
        const std::optional<NumberRecord> of_claim =
            record.claim == ClaimFor(1) ? std::optional(record) : std::nullopt;
        const Confirmation expected =
            tekmatch::Confirm(of_claim, registered, ClaimFor(1));
        EXPECT_EQ(Confirm(1), expected.outcome);
        const bool registers = expected.outcome == ConfirmOutcome::kRegisters;
        if (of_claim.has_value()) {
          EXPECT_EQ(RecordOf(1), expected.record);
        } else {
          EXPECT_EQ(RecordOf(1), record);
        }
        EXPECT_EQ(RecordOf(2), registers ? AfterSuccess(other) : other);
        EXPECT_EQ(RecordOf(3), other);
        EXPECT_EQ(*store_.IsRegistered(5), registered || registers);
        EXPECT_FALSE(*store_.IsRegistered(6));
      }
    }
  }
}

TEST_F(NumberStoreTest, NewIssueAndRetentionDoWhatTheRulesSay) {
  for (const NumberRecord &record : AllRecords()) {
    Clear();
    Put(1, /*patient=*/5, record);
    ASSERT_TRUE(store_.OnNewIssue(6).ok());
    EXPECT_EQ(RecordOf(1), record);
    ASSERT_TRUE(store_.OnNewIssue(5).ok());
    EXPECT_EQ(RecordOf(1), AfterNewIssue(record));
    const bool goes = MayDelete(AfterNewIssue(record), kNow);
    EXPECT_EQ(*store_.Purge(kNow), goes ? 1 : 0);
    EXPECT_EQ(RecordOf(1).has_value(), !goes);
  }
}

// R3: tested at -1 ms, 0 and +1 d.
TEST_F(NumberStoreTest, NumberIsGoodUntilItsExpiry) {
  for (int n = 0; n < 3; ++n) Add(n, n);
  EXPECT_EQ(*store_.NumLive(kNow), 3);
  const absl::Time end = kNow + absl::Hours(1);
  EXPECT_EQ(Reserve(0, 0, end - absl::Milliseconds(1)),
            ReserveOutcome::kGranted);
  EXPECT_EQ(Reserve(1, 1, end), ReserveOutcome::kExpired);
  EXPECT_EQ(Reserve(1, 1, end + absl::Hours(24)), ReserveOutcome::kExpired);
  // Who was granted one in time keeps it.
  EXPECT_EQ(Reserve(0, 0, end + absl::Hours(24)), ReserveOutcome::kRepeated);
  EXPECT_EQ(*store_.NumLive(end), 0);
}

TEST_F(NumberStoreTest, ClaimHasOneNumber) {
  Add(1, 1);
  Add(2, 2);
  EXPECT_EQ(Reserve(1, 7), ReserveOutcome::kGranted);
  EXPECT_EQ(Reserve(2, 7), ReserveOutcome::kClaimed);
  EXPECT_EQ(Reserve(2, 8), ReserveOutcome::kGranted);
}

TEST_F(NumberStoreTest, LooksUpByEachKeyOfTheDay) {
  Add(1, 1);
  const std::vector<NumberHash> hashes = {HashOf(9), HashOf(1)};
  EXPECT_EQ(*store_.Reserve(hashes, ClaimFor(1), kNow),
            ReserveOutcome::kGranted);
  EXPECT_EQ(*store_.Reserve({}, ClaimFor(1), kNow), ReserveOutcome::kUnknown);
}

TEST_F(NumberStoreTest, HashThatIsThereIsToldOf) {
  Add(1, 1);
  EXPECT_TRUE(absl::IsAlreadyExists(
      store_.Add(HashOf(1), 2, "issue", kNow + absl::Hours(1))));
}

// Section 6.3: 8 workers want each of 400 numbers at once.
TEST_F(NumberStoreTest, EightWorkersUseNoNumberTwice) {
  constexpr int kWorkers = 8;
  constexpr int kNumbers = 400;
  {
    // One transaction for all of them.
    auto transaction = Transaction::Begin(*database_, Durability::kNormal);
    ASSERT_TRUE(transaction.ok());
    auto insert = database_->Prepare(
        "INSERT INTO number(hash, patient, issue, state, expires_at) VALUES("
        "?1, ?2, 'issue', 0, ?3)");
    ASSERT_TRUE(insert.ok());
    for (int n = 0; n < kNumbers; ++n) {
      insert->BindBlob(1, HashOf(n).bytes)
          .BindInt64(2, n)
          .BindInt64(3, absl::ToUnixMillis(kNow + absl::Hours(1)));
      ASSERT_TRUE(insert->Run().ok());
    }
    ASSERT_TRUE(transaction->Commit().ok());
  }
  std::vector<std::atomic<int>> granted(kNumbers);
  std::vector<std::thread> workers;
  workers.reserve(kWorkers);
  for (int w = 0; w < kWorkers; ++w) {
    workers.emplace_back([this, w, &granted] {
      const std::unique_ptr<Database> database = Open(folder_);
      NumberStore store(*database);
      for (int n = 0; n < kNumbers; ++n) {
        const std::vector<NumberHash> hashes = {HashOf(n)};
        const Claim claim = ClaimFor(n * kWorkers + w);
        const auto outcome = store.Reserve(hashes, claim, kNow);
        ASSERT_TRUE(outcome.ok()) << outcome.status();
        if (*outcome == ReserveOutcome::kGranted) {
          ++granted[static_cast<size_t>(n)];
        }
      }
    });
  }
  for (std::thread &worker : workers) worker.join();
  int num_double = 0;
  for (const std::atomic<int> &n : granted) {
    EXPECT_GE(n, 1);
    if (n > 1) ++num_double;
  }
  EXPECT_EQ(num_double, 0);
}

}  // namespace
}  // namespace tekmatch
