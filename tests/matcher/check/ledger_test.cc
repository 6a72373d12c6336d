// The ledger by itself: an export is there when it is finished and not before,
// one that is given again takes the place of what was there, keys are found by
// when they are valid, old ones go, and rows that are damaged are said.
#include "matcher/check/ledger.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/key_block.h"
#include "keyformat/p256_key.h"
#include "keyformat/random_source.h"
#include "keyformat/signature.h"
#include "matcher/check/packed_keys.h"
#include "matcher/store/database.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr EnIntervalNumber kDay = 2677968;  // of December 2020, in UTC
constexpr int64_t kDaySeconds = int64_t{kDay} * kIntervalSeconds;

const SigningKey& Signer() {
  static const auto* const key = new SigningKey(*SigningKey::Generate());
  return *key;
}

TrustedKeys TrustSigner() {
  TrustedKeys trusted;
  EXPECT_THAT(
      trusted.AddSet({{.id = "440",
                       .version = "v1",
                       .key = *VerificationKey::Parse(*Signer().PublicPem())}}),
      IsOk());
  return trusted;
}

// Keys of `day` days after kDay.
std::vector<DiagnosisKey> Keys(size_t n, uint64_t seed, int day = 0) {
  RandomSource random = RandomSource::Seeded(seed);
  std::vector<DiagnosisKey> keys(n);
  for (DiagnosisKey& key : keys) {
    random.Fill(absl::MakeSpan(key.tek.bytes));
    key.rolling_start = kDay + static_cast<EnIntervalNumber>(144 * day);
  }
  return keys;
}

// By the day in which they end.
std::map<DayNumber, KeyBlock> ByDay(const std::vector<DiagnosisKey>& keys) {
  std::map<DayNumber, KeyBlock> days;
  for (const DiagnosisKey& key : keys) {
    days[EndDay(key.rolling_start, key.rolling_period)].Append(key);
  }
  return days;
}

ValidityCounts CountValidities(const std::vector<DiagnosisKey>& keys) {
  ValidityCounts validities;
  for (const DiagnosisKey& key : keys) {
    ++validities[{key.rolling_start, key.rolling_period}];
  }
  return validities;
}

class LedgerTest : public ::testing::Test {
 protected:
  LedgerTest() { Open(); }

  void Open() {
    ledger_.reset();
    database_.reset();
    auto opened = Database::Open(TempPath("store"), OpenMode::kCreate);
    ASSERT_THAT(opened, IsOk());
    database_ = *std::move(opened);
    ledger_ = std::make_unique<Ledger>(*database_);
  }

  // An export whose SHA-256 begins with the number.
  static LedgerEntry Entry(uint8_t number) {
    LedgerEntry entry;
    entry.generation = number;
    entry.kept = true;
    ExportFileResult& file = entry.stored.file;
    file.path = absl::StrCat(number, ".zip");
    file.report.digests.sha256 = {number, 1};
    file.report.metadata.end_timestamp = kDaySeconds;
    ExportSignature& signature = file.report.signatures.emplace_back();
    signature.info.key_id = "440";
    signature.info.key_version = "v1";
    signature.info.algorithm = std::string(kOidEcdsaSha256);
    signature.signature = *Signer().Sign(file.report.digests.sha256);
    return entry;
  }

  absl::StatusOr<int64_t> Begin() {
    return ledger_->Begin(0, [] { return absl::OkStatus(); });
  }

  // Begin, Keep and Finish.
  LedgerEntry Put(LedgerEntry entry, const std::vector<DiagnosisKey>& kept,
                  const HashSet<Tek>& newly = {}) {
    const auto id = Begin();
    EXPECT_THAT(id, IsOk());
    entry.id = *id;
    entry.stored.validities = CountValidities(kept);
    EXPECT_THAT(ledger_->Keep(*id, ByDay(kept)), IsOk());
    EXPECT_THAT(ledger_->Finish(entry, newly), IsOk());
    return entry;
  }

  absl::StatusOr<std::vector<LedgerEntry>> ReadEntries(
      const TrustedKeys& trusted = TrustSigner()) {
    return ledger_->Entries(trusted, [] { return absl::OkStatus(); });
  }

  std::vector<LedgerEntry> Entries() {
    auto entries = ReadEntries();
    EXPECT_THAT(entries, IsOk());
    return entries.ok() ? *std::move(entries) : std::vector<LedgerEntry>();
  }

  absl::Status ReadKept(const LedgerEntry& entry, const DaySpan& span = {}) {
    return ledger_->ReadKept(entry, span,
                             [](const KeyBlock&) { return absl::OkStatus(); });
  }

  std::vector<std::string> Paths() {
    std::vector<std::string> paths;
    for (const LedgerEntry& entry : Entries()) {
      paths.push_back(entry.stored.file.path);
    }
    return paths;
  }

  std::vector<DiagnosisKey> Kept(const LedgerEntry& entry,
                                 const DaySpan& span = {}) {
    std::vector<DiagnosisKey> keys;
    EXPECT_THAT(ledger_->ReadKept(entry, span,
                                  [&](const KeyBlock& block) {
                                    for (size_t i = 0; i < block.size(); ++i) {
                                      keys.push_back(block.key(i));
                                    }
                                    return absl::OkStatus();
                                  }),
                IsOk());
    return keys;
  }

  int64_t CountRows(const std::string& table) {
    auto count =
        database_->Prepare(absl::StrCat("SELECT COUNT(*) FROM ", table));
    EXPECT_THAT(count, IsOk());
    EXPECT_THAT(count->Step(), IsOkAndHolds(true));
    return count->Int64(0);
  }

  std::unique_ptr<Database> database_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(LedgerTest, AnEntryComesBackAsItWas) {
  LedgerEntry entry = Entry(7);
  const std::vector<DiagnosisKey> keys = Keys(3, 1);
  entry.heard = {keys[0], keys[1]};
  entry.stored.first_day = 3;
  entry.stored.last_day = 1 << 20;
  entry.stored.before.Add({600, 10}, 4, 1);
  const LedgerEntry put = Put(entry, keys);
  Open();
  const std::vector<LedgerEntry> entries = Entries();
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_EQ(entries[0].id, put.id);
  EXPECT_EQ(entries[0].generation, 7);
  EXPECT_TRUE(entries[0].kept);
  EXPECT_TRUE(entries[0].stored.file.accepted);
  EXPECT_EQ(entries[0].stored.file.path, "7.zip");
  EXPECT_EQ(entries[0].stored.first_day, 3U);
  EXPECT_EQ(entries[0].stored.before.num_keys, 4U);
  EXPECT_EQ(entries[0].stored.before.num_own, 1U);
  EXPECT_EQ(entries[0].stored.before.first_start, 600U);
  EXPECT_EQ(entries[0].stored.before.last_end, 610U);
  EXPECT_EQ(entries[0].heard, entry.heard);
  EXPECT_EQ(entries[0].stored.last_end(), kDay + 144);
  EXPECT_TRUE(Kept(entries[0]) == keys);
  EXPECT_THAT(ledger_->NumKeptKeys(), IsOkAndHolds(3));
  // Under the trust of nobody it is there, and does not count.
  const auto untrusted = ReadEntries(TrustedKeys());
  ASSERT_THAT(untrusted, IsOk());
  EXPECT_FALSE(untrusted->at(0).stored.file.accepted);
}

TEST_F(LedgerTest, WithoutKeys) {
  LedgerEntry entry = Entry(1);
  entry.kept = false;
  entry.generation = kNeededAgain;
  Put(entry, {});
  const std::vector<LedgerEntry> entries = Entries();
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_FALSE(entries[0].kept);
  EXPECT_EQ(entries[0].generation, kNeededAgain);
  EXPECT_THAT(entries[0].heard, IsEmpty());
  EXPECT_EQ(entries[0].stored.last_end(), 0U);
  EXPECT_THAT(ledger_->NumKeptKeys(), IsOkAndHolds(0));
}

TEST_F(LedgerTest, AskedWhetherToGoOn) {
  Put(Entry(1), {});
  EXPECT_THAT(ledger_->Entries(TrustSigner(),
                               [] { return absl::CancelledError("enough"); }),
              StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(LedgerTest, NothingIsThereBeforeItIsFinished) {
  const auto id = Begin();
  ASSERT_THAT(id, IsOk());
  ASSERT_THAT(ledger_->Keep(*id, ByDay(Keys(5, 1))), IsOk());
  EXPECT_THAT(Entries(), IsEmpty());
  EXPECT_THAT(ledger_->NumKeptKeys(), IsOkAndHolds(0));
  // The process ends here. What it left goes with the next beginning.
  Open();
  EXPECT_EQ(CountRows("kept_keys"), 1);
  EXPECT_THAT(Entries(), IsEmpty());
  const auto next = Begin();
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ(CountRows("exports"), 1);
  EXPECT_EQ(CountRows("kept_keys"), 0);
  LedgerEntry entry = Entry(1);
  entry.id = *next;
  EXPECT_THAT(Kept(entry), IsEmpty());
}

TEST_F(LedgerTest, WhatIsNotFinishedGoesWithTheNext) {
  Put(Entry(1), Keys(2, 1));
  const auto id = Begin();
  ASSERT_THAT(id, IsOk());
  // More rows than go at once.
  for (int i = 0; i < 20; ++i) {
    ASSERT_THAT(ledger_->Keep(*id, ByDay(Keys(5, 2))), IsOk());
  }
  EXPECT_EQ(CountRows("kept_keys"), 21);
  EXPECT_THAT(ledger_->Tidy(0, [] { return absl::CancelledError("enough"); }),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(CountRows("kept_keys"), 13);
  const auto next = Begin();
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ(CountRows("kept_keys"), 1);
  EXPECT_THAT(Paths(), ElementsAre("1.zip"));
  // A place that is gone takes nothing.
  LedgerEntry entry = Entry(2);
  entry.id = *next + 1;
  EXPECT_THAT(ledger_->Finish(entry, {}),
              StatusIs(absl::StatusCode::kInternal));
}

TEST_F(LedgerTest, TheSameContentTakesThePlaceOfTheOther) {
  Put(Entry(1), Keys(2, 1));
  Put(Entry(2), Keys(3, 2));
  LedgerEntry again = Entry(1);
  again.stored.file.path = "other name.zip";
  const LedgerEntry second = Put(again, Keys(4, 3));
  EXPECT_THAT(Paths(), ElementsAre("2.zip", "other name.zip"));
  EXPECT_THAT(Kept(second), SizeIs(4));
  EXPECT_THAT(ledger_->NumKeptKeys(), IsOkAndHolds(7));
  ASSERT_THAT(Begin(), IsOk());
  EXPECT_EQ(CountRows("kept_keys"), 2);
}

TEST_F(LedgerTest, NewlyHeardKeysArePendingWithItOrNotAtAll) {
  const std::vector<DiagnosisKey> keys = Keys(3, 1);
  LedgerEntry entry = Entry(2);
  entry.id = 12345;  // no place of a new export
  EXPECT_THAT(ledger_->Finish(entry, {keys[0].tek}),
              StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(ledger_->Pending(), IsOkAndHolds(IsEmpty()));

  Put(Entry(2), {}, {keys[0].tek});
  EXPECT_THAT(ledger_->Pending(),
              IsOkAndHolds(UnorderedElementsAre(keys[0].tek)));
  std::vector<LedgerEntry> entries = Entries();
  // What is pending twice is so once.
  ASSERT_THAT(ledger_->Update({&entries[0]}, {keys[0].tek, keys[1].tek}),
              IsOk());
  Open();
  EXPECT_THAT(ledger_->Pending(),
              IsOkAndHolds(UnorderedElementsAre(keys[0].tek, keys[1].tek)));
  entries[0].heard = {keys[0]};
  ASSERT_THAT(ledger_->FinishLookUp({&entries[0]}), IsOk());
  EXPECT_THAT(ledger_->Pending(), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(Entries().at(0).heard, ElementsAre(keys[0]));
}

TEST_F(LedgerTest, Update) {
  ASSERT_THAT(ledger_->Update({}, {}), IsOk());
  Put(Entry(1), {});
  Put(Entry(2), {});
  std::vector<LedgerEntry> entries = Entries();
  // More than a pack holds.
  for (const DiagnosisKey& key : Keys(kMaxPackedKeys + 1, 1)) {
    entries[1].heard.insert(key);
  }
  entries[1].generation = 5;
  ASSERT_THAT(ledger_->Update({&entries[1]}, {}), IsOk());
  const std::vector<LedgerEntry> after = Entries();
  EXPECT_EQ(after[0].generation, 1);
  EXPECT_EQ(after[1].generation, 5);
  EXPECT_TRUE(after[1].heard == entries[1].heard);
  // An entry that is gone is no entry.
  entries[1].id += 100;
  EXPECT_THAT(ledger_->Update({&entries[1]}, {}),
              StatusIs(absl::StatusCode::kInternal));
}

TEST_F(LedgerTest, WorkThatStoppedIsRemembered) {
  const LedgerEntry entry = Put(Entry(1), Keys(3, 1));
  const auto none = ledger_->Progress();
  ASSERT_THAT(none, IsOk());
  EXPECT_FALSE(none->has_value());
  const Tek a = Keys(2, 2)[0].tek;
  const Tek b = Keys(2, 2)[1].tek;
  ASSERT_THAT(ledger_->SaveProgress({.entry = entry.id,
                                     .from_generation = 3,
                                     .to_generation = 5,
                                     .next_day = 18600},
                                    {a}),
              IsOk());
  Open();
  const auto progress = ledger_->Progress();
  ASSERT_THAT(progress, IsOk());
  ASSERT_TRUE(progress->has_value());
  EXPECT_EQ((*progress)->entry, entry.id);
  EXPECT_EQ((*progress)->from_generation, 3);
  EXPECT_EQ((*progress)->to_generation, 5);
  EXPECT_EQ((*progress)->next_day, 18600U);
  EXPECT_THAT(ledger_->Pending(), IsOkAndHolds(UnorderedElementsAre(a)));

  // A look-up counts for the keys that it was of, in whatever order.
  ASSERT_THAT(ledger_->SaveLookUp({}, {a, b}, 7), IsOk());
  EXPECT_THAT(ledger_->LookedUpUntil({b, a}), IsOkAndHolds(7));
  EXPECT_THAT(ledger_->LookedUpUntil({a}), IsOkAndHolds(std::nullopt));
  ASSERT_THAT(ledger_->FinishLookUp({}), IsOk());
  EXPECT_THAT(ledger_->LookedUpUntil({a, b}), IsOkAndHolds(std::nullopt));
  ASSERT_THAT(database_->Run("UPDATE meta SET value = -1 WHERE name = "
                             "'late_day'"),
              IsOk());
  EXPECT_THAT(ledger_->Progress(), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(LedgerTest, KeysAreFoundByTheDayInWhichTheyEnd) {
  std::vector<DiagnosisKey> keys = Keys(1, 1, 0);  // ends as day 1 begins
  for (const DiagnosisKey& key : Keys(2, 2, 1)) keys.push_back(key);
  const LedgerEntry entry = Put(Entry(1), keys);
  const DayNumber day = EndDay(kDay, 144);
  EXPECT_EQ(CountRows("kept_keys"), 2);
  EXPECT_THAT(Kept(entry), SizeIs(3));
  EXPECT_THAT(Kept(entry, {.first = day, .last = day}), SizeIs(1));
  EXPECT_THAT(Kept(entry, {.first = day + 1, .last = day + 9}), SizeIs(2));
  EXPECT_THAT(Kept(entry, {.first = day + 2, .last = day + 9}), IsEmpty());
  EXPECT_THAT(Kept(entry, {.first = 0, .last = day - 1}), IsEmpty());
}

TEST_F(LedgerTest, AnErrorOfTheReaderIsReturnedAsItIs) {
  const LedgerEntry entry = Put(Entry(1), Keys(1, 1));
  for (const absl::Status& status : {absl::CancelledError("enough"),
                                     absl::DataLossError("not this one's")}) {
    EXPECT_EQ(
        ledger_->ReadKept(entry, {}, [&](const KeyBlock&) { return status; }),
        status);
  }
}

// In any order given, by day kept; none is lost, however many there are.
TEST_F(LedgerTest, TheWriterSortsKeysByDay) {
  for (const int num_days : {1, 14, 400}) {
    const auto id = Begin();
    ASSERT_THAT(id, IsOk());
    RandomSource random = RandomSource::Seeded(1);
    std::vector<DiagnosisKey> keys = Keys(40'000, 1);
    for (DiagnosisKey& key : keys) {
      key.rolling_start += static_cast<EnIntervalNumber>(
          144 * random.Below(static_cast<uint64_t>(num_days)));
      key.rolling_period = static_cast<uint8_t>(1 + random.Below(144));
    }
    LedgerEntry entry = Entry(1);
    entry.id = *id;
    entry.stored.validities = CountValidities(keys);
    KeptKeysWriter writer(*ledger_, *id);
    for (const DiagnosisKey& key : keys) {
      ASSERT_THAT(writer.Add(key), IsOk());
    }
    ASSERT_THAT(writer.Flush(), IsOk());
    std::vector<DiagnosisKey> kept = Kept(entry);
    std::sort(kept.begin(), kept.end());
    std::sort(keys.begin(), keys.end());
    EXPECT_TRUE(kept == keys);
    // Every row is of one day.
    const DayNumber day = EndDay(keys[0].rolling_start, keys[0].rolling_period);
    for (const DiagnosisKey& key : Kept(entry, {.first = day, .last = day})) {
      EXPECT_EQ(EndDay(key.rolling_start, key.rolling_period), day);
    }
    EXPECT_LE(CountRows("kept_keys"), 40'000 / 4096 + 3 * (num_days + 1));
  }
}

TEST_F(LedgerTest, ARewriteDropsWhatIsTooOld) {
  std::vector<DiagnosisKey> keys;
  for (const int day : {0, 1, 2}) {
    for (const DiagnosisKey& key :
         Keys(3, 1 + static_cast<uint64_t>(day), day)) {
      keys.push_back(key);
    }
  }
  LedgerEntry first = Entry(1);
  first.heard = {keys[0], keys[8]};
  Put(first, keys);
  Put(Entry(2), Keys(2, 9));
  std::vector<LedgerEntry> entries = Entries();
  entries[0].stored.first_day = EndDay(kDay, 144) + 1;
  entries[0].stored.validities.erase({kDay, 144});
  entries[0].heard.erase(keys[0]);
  entries.pop_back();
  ASSERT_THAT(ledger_->Rewrite(entries), IsOk());
  ASSERT_THAT(ledger_->Tidy(entries[0].stored.first_day,
                            [] { return absl::OkStatus(); }),
              IsOk());
  EXPECT_EQ(CountRows("kept_keys"), 2);
  const std::vector<LedgerEntry> after = Entries();
  EXPECT_THAT(Paths(), ElementsAre("1.zip"));
  EXPECT_THAT(Kept(after[0]), SizeIs(6));
  EXPECT_THAT(after[0].heard, ElementsAre(keys[8]));
  EXPECT_THAT(ledger_->NumKeptKeys(), IsOkAndHolds(6));
}

// --------------------------------------------------------- damaged rows

TEST_F(LedgerTest, KeysThatAreMissingAreSaid) {
  std::vector<DiagnosisKey> keys = Keys(2, 1, 0);
  for (const DiagnosisKey& key : Keys(2, 2, 1)) keys.push_back(key);
  const LedgerEntry entry = Put(Entry(1), keys);
  const DayNumber day = EndDay(kDay, 144);
  ASSERT_THAT(
      database_->Run(absl::StrCat("DELETE FROM kept_keys WHERE day = ", day)),
      IsOk());
  const auto expected = StatusIs(
      absl::StatusCode::kDataLoss,
      absl::StrCat(database_->path(), ": kept keys are missing, or too many"));
  EXPECT_THAT(ReadKept(entry), expected);
  EXPECT_THAT(ReadKept(entry, {.first = day, .last = day}), expected);
  EXPECT_THAT(ReadKept(entry, {.first = day + 1, .last = day + 1}), IsOk());
}

TEST_F(LedgerTest, DamageIsSaid) {
  const LedgerEntry entry = Put(Entry(1), Keys(2, 1));
  const auto expected =
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr(database_->path()));
  for (const std::string column : {"description", "heard"}) {
    for (const std::string value :
         {"x'0a05'", "x'01ffffffffffffffff'", "NULL"}) {
      ASSERT_THAT(database_->Run(absl::StrCat("UPDATE exports SET ", column,
                                              " = ", value)),
                  IsOk());
      EXPECT_THAT(ReadEntries(), expected);
    }
  }
  ASSERT_THAT(database_->Run("UPDATE kept_keys SET keys = x'00'"), IsOk());
  EXPECT_THAT(ReadKept(entry), expected);
  ASSERT_THAT(database_->Run("INSERT INTO pending_keys VALUES(x'00')"), IsOk());
  EXPECT_THAT(ledger_->Pending(), expected);
}

// Bytes anywhere in a blob that are other bytes, as in a file that is damaged:
// DATA_LOSS, always.
TEST_F(LedgerTest, AnyDamageOfABlob) {
  LedgerEntry entry = Entry(1);
  entry.heard = {Keys(1, 1)[0]};
  const LedgerEntry put = Put(entry, Keys(2, 1));
  int num_refused = 0;
  for (const auto& [table, column] :
       {std::pair<const char*, const char*>{"exports", "description"},
        {"exports", "heard"},
        {"kept_keys", "keys"}}) {
    std::vector<uint8_t> bytes;
    {
      auto select =
          database_->Prepare(absl::StrCat("SELECT ", column, " FROM ", table));
      ASSERT_THAT(select, IsOk());
      ASSERT_THAT(select->Step(), IsOkAndHolds(true));
      bytes.assign(select->Blob(0).begin(), select->Blob(0).end());
    }
    ASSERT_THAT(bytes, Not(IsEmpty()));
    auto update = database_->Prepare(
        absl::StrCat("UPDATE ", table, " SET ", column, " = ?1"));
    ASSERT_THAT(update, IsOk());
    for (size_t i = 0; i < bytes.size(); ++i) {
      std::vector<uint8_t> damaged = bytes;
      damaged[i] ^= 0x81;
      ASSERT_THAT(update->BindBlob(1, damaged).Run(), IsOk());
      const absl::Status status = std::string(table) == "exports"
                                      ? ReadEntries().status()
                                      : ReadKept(put);
      ++num_refused;
      ASSERT_THAT(status, StatusIs(absl::StatusCode::kDataLoss,
                                   HasSubstr(database_->path())));
    }
    ASSERT_THAT(update->BindBlob(1, bytes).Run(), IsOk());
  }
  EXPECT_GT(num_refused, 50);
}

}  // namespace
}  // namespace tekmatch
