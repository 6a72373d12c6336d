// The ledger by itself: an export is there when it is finished and not before,
// one that is given again takes the place of what was there, keys are found by
// when they are valid, old ones go, and rows that are damaged are said.
#include "matcher/check/ledger.h"

#include <algorithm>
#include <cstdint>
#include <memory>
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

KeyBlock Block(const std::vector<DiagnosisKey>& keys) {
  KeyBlock block;
  for (const DiagnosisKey& key : keys) block.Append(key);
  return block;
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
    entry.stored.validities[{kDay, 144}] = 1;
    return entry;
  }

  // Begin, Keep and Finish.
  int64_t Put(LedgerEntry entry, const std::vector<DiagnosisKey>& kept) {
    const auto id = ledger_->Begin();
    EXPECT_THAT(id, IsOk());
    entry.id = *id;
    EXPECT_THAT(ledger_->Keep(*id, Block(kept)), IsOk());
    EXPECT_THAT(ledger_->Finish(entry, {}), IsOk());
    return *id;
  }

  std::vector<LedgerEntry> Entries() {
    auto entries = ledger_->Entries(TrustSigner());
    EXPECT_THAT(entries, IsOk());
    return entries.ok() ? *std::move(entries) : std::vector<LedgerEntry>();
  }

  std::vector<std::string> Paths() {
    std::vector<std::string> paths;
    for (const LedgerEntry& entry : Entries()) {
      paths.push_back(entry.stored.file.path);
    }
    return paths;
  }

  std::vector<DiagnosisKey> Kept(int64_t id, const IntervalSpan& span = {}) {
    std::vector<DiagnosisKey> keys;
    EXPECT_THAT(ledger_->ReadKept(id, span,
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
  const int64_t id = Put(entry, keys);
  Open();
  const std::vector<LedgerEntry> entries = Entries();
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_EQ(entries[0].id, id);
  EXPECT_EQ(entries[0].generation, 7);
  EXPECT_TRUE(entries[0].kept);
  EXPECT_TRUE(entries[0].stored.file.accepted);
  EXPECT_EQ(entries[0].stored.file.path, "7.zip");
  EXPECT_EQ(entries[0].heard, entry.heard);
  EXPECT_EQ(entries[0].last_end(), kDay + 144);
  EXPECT_TRUE(Kept(id) == keys);
  EXPECT_THAT(ledger_->NumKeptKeys(), IsOkAndHolds(3));
  // Under the trust of nobody it is there, and does not count.
  const auto untrusted = ledger_->Entries(TrustedKeys());
  ASSERT_THAT(untrusted, IsOk());
  EXPECT_FALSE(untrusted->at(0).stored.file.accepted);
}

TEST_F(LedgerTest, WithoutKeys) {
  LedgerEntry entry = Entry(1);
  entry.kept = false;
  entry.generation = kNeededAgain;
  entry.stored.validities.clear();
  Put(entry, {});
  const std::vector<LedgerEntry> entries = Entries();
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_FALSE(entries[0].kept);
  EXPECT_EQ(entries[0].generation, kNeededAgain);
  EXPECT_THAT(entries[0].heard, IsEmpty());
  EXPECT_EQ(entries[0].last_end(), 0U);
  EXPECT_THAT(ledger_->NumKeptKeys(), IsOkAndHolds(0));
}

TEST_F(LedgerTest, NothingIsThereBeforeItIsFinished) {
  const auto id = ledger_->Begin();
  ASSERT_THAT(id, IsOk());
  ASSERT_THAT(ledger_->Keep(*id, Block(Keys(5, 1))), IsOk());
  EXPECT_THAT(Entries(), IsEmpty());
  EXPECT_THAT(ledger_->NumKeptKeys(), IsOkAndHolds(0));
  // The process ends here. What it left goes with the next beginning.
  Open();
  EXPECT_EQ(CountRows("kept_keys"), 1);
  EXPECT_THAT(Entries(), IsEmpty());
  const auto next = ledger_->Begin();
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ(CountRows("exports"), 1);
  EXPECT_EQ(CountRows("kept_keys"), 0);
  EXPECT_THAT(Kept(*next), IsEmpty());
}

TEST_F(LedgerTest, WhatIsAbandonedGoes) {
  Put(Entry(1), Keys(2, 1));
  const auto id = ledger_->Begin();
  ASSERT_THAT(id, IsOk());
  ASSERT_THAT(ledger_->Keep(*id, Block(Keys(5, 2))), IsOk());
  ASSERT_THAT(ledger_->Abandon(*id), IsOk());
  EXPECT_EQ(CountRows("exports"), 1);
  EXPECT_EQ(CountRows("kept_keys"), 1);
  EXPECT_THAT(Paths(), ElementsAre("1.zip"));
  // Its place is gone, and nothing can be finished there.
  LedgerEntry entry = Entry(2);
  entry.id = *id;
  EXPECT_THAT(ledger_->Finish(entry, {}),
              StatusIs(absl::StatusCode::kInternal));
}

TEST_F(LedgerTest, TheSameContentTakesThePlaceOfTheOther) {
  const int64_t first = Put(Entry(1), Keys(2, 1));
  Put(Entry(2), Keys(3, 2));
  LedgerEntry again = Entry(1);
  again.stored.file.path = "other name.zip";
  const int64_t second = Put(again, Keys(4, 3));
  EXPECT_THAT(Paths(), ElementsAre("2.zip", "other name.zip"));
  EXPECT_THAT(Kept(first), IsEmpty());
  EXPECT_THAT(Kept(second), SizeIs(4));
  EXPECT_THAT(ledger_->NumKeptKeys(), IsOkAndHolds(7));
  EXPECT_EQ(CountRows("kept_keys"), 2);
}

TEST_F(LedgerTest, OthersChangeWithItOrNotAtAll) {
  const DiagnosisKey key = Keys(1, 1)[0];
  Put(Entry(1), {});
  std::vector<LedgerEntry> entries = Entries();
  LedgerEntry& other = entries.at(0);
  other.heard.insert(key);
  other.generation = 9;
  LedgerEntry entry = Entry(2);
  entry.id = 12345;  // no place of a new export
  EXPECT_THAT(ledger_->Finish(entry, {&other}),
              StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(Entries().at(0).heard, IsEmpty());
  EXPECT_EQ(Entries().at(0).generation, 1);

  const auto id = ledger_->Begin();
  ASSERT_THAT(id, IsOk());
  entry.id = *id;
  ASSERT_THAT(ledger_->Finish(entry, {&other}), IsOk());
  EXPECT_THAT(Paths(), ElementsAre("1.zip", "2.zip"));
  EXPECT_THAT(Entries().at(0).heard, ElementsAre(key));
  EXPECT_EQ(Entries().at(0).generation, 9);
}

TEST_F(LedgerTest, Update) {
  ASSERT_THAT(ledger_->Update({}), IsOk());
  Put(Entry(1), {});
  Put(Entry(2), {});
  std::vector<LedgerEntry> entries = Entries();
  // More than a pack holds.
  for (const DiagnosisKey& key : Keys(kMaxPackedKeys + 1, 1)) {
    entries[1].heard.insert(key);
  }
  entries[1].generation = 5;
  ASSERT_THAT(ledger_->Update({&entries[1]}), IsOk());
  const std::vector<LedgerEntry> after = Entries();
  EXPECT_EQ(after[0].generation, 1);
  EXPECT_EQ(after[1].generation, 5);
  EXPECT_TRUE(after[1].heard == entries[1].heard);
}

TEST_F(LedgerTest, KeysAreFoundByWhenTheyAreValid) {
  LedgerEntry entry = Entry(1);
  const auto id = ledger_->Begin();
  ASSERT_THAT(id, IsOk());
  entry.id = *id;
  DiagnosisKey key = Keys(1, 1)[0];
  key.rolling_start = kDay;
  key.rolling_period = 10;
  ASSERT_THAT(ledger_->Keep(*id, Block({key})), IsOk());
  ASSERT_THAT(ledger_->Keep(*id, Block({})), IsOk());  // no row
  EXPECT_EQ(CountRows("kept_keys"), 1);
  // Valid in kDay..kDay + 9.
  EXPECT_THAT(Kept(*id, {.first = kDay + 9, .last = kDay + 20}), SizeIs(1));
  EXPECT_THAT(Kept(*id, {.first = kDay + 10, .last = kDay + 20}), IsEmpty());
  EXPECT_THAT(Kept(*id, {.first = kDay - 9, .last = kDay}), SizeIs(1));
  EXPECT_THAT(Kept(*id, {.first = kDay - 9, .last = kDay - 1}), IsEmpty());
  EXPECT_THAT(Kept(*id, {.first = -500, .last = kDay}), SizeIs(1));
  EXPECT_THAT(Kept(*id + 1), IsEmpty());
}

TEST_F(LedgerTest, AnErrorOfTheReaderIsReturnedAsItIs) {
  const int64_t id = Put(Entry(1), Keys(1, 1));
  for (const absl::Status& status : {absl::CancelledError("enough"),
                                     absl::DataLossError("not this one's")}) {
    EXPECT_EQ(
        ledger_->ReadKept(id, {}, [&](const KeyBlock&) { return status; }),
        status);
  }
}

// In any order given, by day kept; none is lost, however many there are.
TEST_F(LedgerTest, TheWriterSortsKeysByDay) {
  for (const int num_days : {1, 14, 400}) {
    const auto id = ledger_->Begin();
    ASSERT_THAT(id, IsOk());
    RandomSource random = RandomSource::Seeded(1);
    std::vector<DiagnosisKey> keys = Keys(40'000, 1);
    for (DiagnosisKey& key : keys) {
      key.rolling_start += static_cast<EnIntervalNumber>(
          144 * random.Below(static_cast<uint64_t>(num_days)));
      key.rolling_period = static_cast<uint8_t>(1 + random.Below(144));
    }
    KeptKeysWriter writer(*ledger_, *id);
    for (size_t first = 0; first < keys.size(); first += 777) {
      const size_t end = std::min(first + 777, keys.size());
      ASSERT_THAT(writer.Add(Block({keys.begin() + static_cast<int64_t>(first),
                                    keys.begin() + static_cast<int64_t>(end)})),
                  IsOk());
    }
    ASSERT_THAT(writer.Flush(), IsOk());
    std::vector<DiagnosisKey> kept = Kept(*id);
    std::sort(kept.begin(), kept.end());
    std::sort(keys.begin(), keys.end());
    EXPECT_TRUE(kept == keys);
    // Every row ends on one day.
    auto spans = database_->Prepare(
        "SELECT COUNT(*) FROM kept_keys WHERE last_end - first_start > 287");
    ASSERT_THAT(spans, IsOk());
    ASSERT_THAT(spans->Step(), IsOkAndHolds(true));
    EXPECT_EQ(spans->Int64(0), 0);
    EXPECT_LE(CountRows("kept_keys"), 40'000 / 4096 + 2 * num_days);
    spans->Reset();
  }
}

TEST_F(LedgerTest, OldKeysGo) {
  const auto id = ledger_->Begin();
  ASSERT_THAT(id, IsOk());
  LedgerEntry entry = Entry(1);
  entry.id = *id;
  KeptKeysWriter writer(*ledger_, *id);
  for (const int day : {0, 1, 2}) {
    ASSERT_THAT(writer.Add(Block(Keys(3, 1 + static_cast<uint64_t>(day), day))),
                IsOk());
  }
  ASSERT_THAT(writer.Flush(), IsOk());
  entry.heard = {Keys(1, 1)[0]};
  ASSERT_THAT(ledger_->Finish(entry, {}), IsOk());
  // The keys of a day end with it.
  EXPECT_THAT(ledger_->Expire(kDay + 143, 0), IsOkAndHolds(0));
  EXPECT_THAT(Kept(*id), SizeIs(9));
  EXPECT_THAT(ledger_->Expire(kDay + 144, 0), IsOkAndHolds(0));
  EXPECT_THAT(Kept(*id), SizeIs(6));
  EXPECT_THAT(ledger_->NumKeptKeys(), IsOkAndHolds(6));
  EXPECT_THAT(ledger_->Expire(kDay + 1000, 0), IsOkAndHolds(0));
  EXPECT_THAT(Kept(*id), IsEmpty());
  // What was heard stays as long as its export.
  EXPECT_THAT(Entries().at(0).heard, SizeIs(1));
}

TEST_F(LedgerTest, OldExportsGo) {
  Put(Entry(1), Keys(2, 1));
  LedgerEntry later = Entry(2);
  later.stored.file.report.metadata.end_timestamp = kDaySeconds + 86400;
  Put(later, Keys(2, 2));
  // Of this one it is not known: judged by the end of its last key.
  LedgerEntry unknown = Entry(3);
  unknown.stored.file.report.metadata.end_timestamp = 0;
  unknown.stored.validities = {{{kDay + 144, 144}, 1}, {{kDay, 1}, 1}};
  Put(unknown, Keys(2, 3));
  EXPECT_THAT(ledger_->Expire(0, kDaySeconds), IsOkAndHolds(0));
  EXPECT_THAT(ledger_->Expire(0, kDaySeconds + 1), IsOkAndHolds(1));
  EXPECT_THAT(Paths(), ElementsAre("2.zip", "3.zip"));
  EXPECT_EQ(CountRows("kept_keys"), 2);
  EXPECT_THAT(ledger_->Expire(0, kDaySeconds + 86401), IsOkAndHolds(1));
  EXPECT_THAT(ledger_->Expire(0, kDaySeconds + 2 * 86400), IsOkAndHolds(0));
  EXPECT_THAT(ledger_->Expire(0, kDaySeconds + 2 * 86400 + 1), IsOkAndHolds(1));
  EXPECT_EQ(CountRows("exports"), 0);
  EXPECT_EQ(CountRows("kept_keys"), 0);
}

// --------------------------------------------------------- damaged rows

TEST_F(LedgerTest, ADamagedDescriptionIsSaid) {
  Put(Entry(1), {});
  ASSERT_THAT(database_->Run("UPDATE exports SET description = x'0a05'"),
              IsOk());
  const auto expected =
      StatusIs(absl::StatusCode::kDataLoss,
               absl::StrCat(database_->path(),
                            ": the description of an export is damaged"));
  EXPECT_THAT(ledger_->Entries(TrustSigner()), expected);
  EXPECT_THAT(ledger_->Expire(0, 0), expected);
  ASSERT_THAT(database_->Run("UPDATE exports SET description = NULL"), IsOk());
  EXPECT_THAT(ledger_->Entries(TrustSigner()), expected);
}

TEST_F(LedgerTest, DamagedKeysAreSaid) {
  const int64_t id = Put(Entry(1), Keys(2, 1));
  const auto expected =
      StatusIs(absl::StatusCode::kDataLoss,
               absl::StrCat(database_->path(), ": kept keys are damaged"));
  ASSERT_THAT(database_->Run("UPDATE exports SET heard = x'01ff'"), IsOk());
  EXPECT_THAT(ledger_->Entries(TrustSigner()), expected);
  ASSERT_THAT(database_->Run("UPDATE kept_keys SET keys = x'00'"), IsOk());
  EXPECT_THAT(ledger_->ReadKept(
                  id, {}, [](const KeyBlock&) { return absl::OkStatus(); }),
              expected);
}

// Bytes anywhere in a row that are other bytes, as in a file that is damaged:
// DATA_LOSS, or other keys, and never an end of the process.
TEST_F(LedgerTest, AnyDamageOfABlob) {
  LedgerEntry entry = Entry(1);
  entry.heard = {Keys(1, 1)[0]};
  const int64_t id = Put(entry, Keys(2, 1));
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
      for (const absl::Status& status :
           {ledger_->Entries(TrustSigner()).status(),
            ledger_->ReadKept(
                id, {}, [](const KeyBlock&) { return absl::OkStatus(); })}) {
        if (status.ok()) continue;
        ++num_refused;
        ASSERT_THAT(status, StatusIs(absl::StatusCode::kDataLoss,
                                     HasSubstr(database_->path())));
      }
    }
    ASSERT_THAT(update->BindBlob(1, bytes).Run(), IsOk());
  }
  EXPECT_GT(num_refused, 50);
}

}  // namespace
}  // namespace tekmatch
