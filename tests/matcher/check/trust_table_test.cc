// Plan: every signature list under every trust and every option, through the
// check, the stored check and the reader of files; files beside each other;
// batches; then every bit of a signed export changed.
//
// No way leads from bytes that no trusted key signed to a match, unless it was
// asked for. What has to come of each combination is said by a rule of the
// test's own (tests/trust_table.h).
#include "tests/trust_table.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "matcher/check/exposure_check.h"
#include "matcher/check/stored_check.h"
#include "matcher/store/database.h"
#include "matcher/store/sighting_store.h"
#include "tests/memory_folder.h"
#include "tests/sanitized.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"

namespace tekmatch {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr bool kBoth[] = {false, true};

std::string BinOf(std::vector<DiagnosisKey> keys) {
  return ZipEntry(WriteTestExport(std::move(keys)), "export.bin");
}

// Sheets of files that lie beside others: one for each kind of outcome.
std::vector<SignatureSheet> SomeSheets() {
  using Kind = SignatureSheet::Kind;
  return {{Kind::kMissing, {}},
          {Kind::kDamaged, {}},
          {Kind::kList, {}},
          {Kind::kList, {Mark::kFirst}},
          {Kind::kList, {Mark::kSecond}},
          {Kind::kList, {Mark::kOther}},
          {Kind::kList, {Mark::kOther, Mark::kFirst}},
          {Kind::kList, {Mark::kStranger}},
          {Kind::kList, {Mark::kForged}}};
}

// Three keys, each heard once, in an export.
class TrustTableTest : public ::testing::Test {
 protected:
  TrustTableTest() {
    std::vector<Sighting> heard;
    heard.reserve(keys_.size() + more_keys_.size());
    for (const DiagnosisKey& key : keys_) {
      heard.push_back(HearKey(key, kTestDaySeconds + 3600));
    }
    for (const DiagnosisKey& key : more_keys_) {
      heard.push_back(HearKey(key, kTestDaySeconds + 3600));
    }
    sightings_ = heard;
    auto index = IndexSightings(std::move(heard));
    EXPECT_THAT(index, IsOk());
    index_ = *std::move(index);
  }

  void Ask(Trusts trusts, bool allow_unsigned, bool no_verify) {
    options_.files.trusted = world_.Trusted(trusts);
    options_.files.allow_unsigned = allow_unsigned;
    options_.files.no_verify = no_verify;
  }
  void Source(const std::string& name, const std::string& bytes) {
    options_.files.sources[name] = MemorySource(name, bytes);
  }

  // The matched keys of a check over these names; in order.
  std::vector<Tek> MatchedBy(const std::vector<std::string>& names) {
    const auto checked = CheckExposure(names, index_, options_);
    EXPECT_THAT(checked, IsOk());
    if (!checked.ok()) return {};
    last_ = *checked;
    return KeysOf(last_);
  }
  static std::vector<Tek> KeysOf(const ExposureCheckResult& result) {
    std::set<Tek> found;
    for (const Match& match : result.result.matches) found.insert(match.tek);
    return {found.begin(), found.end()};
  }
  static std::vector<Tek> TeksOf(const std::vector<DiagnosisKey>& keys) {
    std::vector<Tek> teks;
    teks.reserve(keys.size());
    for (const DiagnosisKey& key : keys) teks.push_back(key.tek);
    std::sort(teks.begin(), teks.end());
    return teks;
  }

  TrustWorld world_;
  const std::vector<DiagnosisKey> keys_ = TestKeys(3, 1);
  const std::vector<DiagnosisKey> more_keys_ = TestKeys(2, 2);
  const std::string bin_ = BinOf(keys_);
  const std::string more_bin_ = BinOf(more_keys_);
  std::vector<Sighting> sightings_;
  std::shared_ptr<const SightingIndex> index_;
  ExposureCheckOptions options_;
  ExposureCheckResult last_;
};

// 135 lists of up to two signatures, 7 trusts, both options, both ways to treat
// a file that is refused.
TEST_F(TrustTableTest, TheCheckFollowsTheRule) {
  const std::vector<Tek> all = TeksOf(keys_);
  int num_accepted = 0;
  int num_cases = 0;
  for (const SignatureSheet& sheet : AllSheets(2)) {
    Source("a.zip", world_.Zip(bin_, sheet));
    for (const Trusts trusts : kAllTrusts) {
      for (const bool allow_unsigned : kBoth) {
        for (const bool no_verify : kBoth) {
          SCOPED_TRACE(testing::Message()
                       << sheet.Text() << ", trust " << static_cast<int>(trusts)
                       << allow_unsigned << no_verify);
          const Verdict want =
              RuleFor(sheet, trusts, allow_unsigned, no_verify);
          Ask(trusts, allow_unsigned, no_verify);
          ++num_cases;
          num_accepted += want.is_accepted ? 1 : 0;
          for (const bool skip_bad_files : kBoth) {
            options_.skip_bad_files = skip_bad_files;
            ASSERT_EQ(MatchedBy({"a.zip"}),
                      want.is_accepted ? all : std::vector<Tek>());
            const ExportFileResult& file = last_.files.at(0);
            ASSERT_EQ(file.accepted, want.is_accepted) << file.verdict;
            ASSERT_EQ(file.is_verified(), want.is_valid) << file.verdict;
            ASSERT_EQ(last_.complete, want.is_accepted || skip_bad_files);
            ASSERT_EQ(last_.num_keys,
                      want.is_accepted ? keys_.size() : size_t{0});
            const std::set<std::string> ids(
                file.report.signature.signer_ids.begin(),
                file.report.signature.signer_ids.end());
            ASSERT_EQ(ids, want.authorities);
          }
        }
      }
    }
  }
  EXPECT_EQ(num_cases, 135 * 7 * 4);
  // Of either kind there are many.
  EXPECT_GT(num_accepted, 500);
  EXPECT_GT(num_cases - num_accepted, 500);
}

// 1,331 lists of three signatures in every order.
TEST_F(TrustTableTest, ThreeSignaturesInEveryOrder) {
  const std::vector<SignatureSheet> sheets = AllSheets(3);
  ASSERT_THAT(sheets, SizeIs(3 + 11 + 121 + 1331));
  const size_t step = ShareOf(4) == 4 ? 1 : 7;
  for (size_t i = 3 + 11 + 121; i < sheets.size(); i += step) {
    Source("a.zip", world_.Zip(bin_, sheets[i]));
    for (const Trusts trusts : kAllTrusts) {
      const bool no_verify = i % 2 == 1;
      const Verdict want = RuleFor(sheets[i], trusts, true, no_verify);
      Ask(trusts, true, no_verify);
      const auto file = ReadExportFile(
          "a.zip", options_.files,
          [](std::unique_ptr<KeyBlock>&) { return absl::OkStatus(); });
      ASSERT_THAT(file, IsOk());
      ASSERT_EQ(file->accepted, want.is_accepted)
          << sheets[i].Text() << ", trust " << static_cast<int>(trusts);
      ASSERT_EQ(file->is_verified(), want.is_valid);
    }
  }
}

// The list beside a bare export.bin is judged as one in a zip.
TEST_F(TrustTableTest, ABareFileWithItsListBeside) {
  for (const SignatureSheet& sheet : AllSheets(1)) {
    options_.files.sources.clear();
    Source("1.bin", bin_);
    if (sheet.kind != SignatureSheet::Kind::kMissing) {
      Source("1.sig", world_.List(bin_, sheet));
    }
    for (const Trusts trusts : kAllTrusts) {
      for (const bool allow_unsigned : kBoth) {
        for (const bool no_verify : kBoth) {
          Ask(trusts, allow_unsigned, no_verify);
          const Verdict want =
              RuleFor(sheet, trusts, allow_unsigned, no_verify);
          ASSERT_EQ(MatchedBy({"1.bin"}),
                    want.is_accepted ? TeksOf(keys_) : std::vector<Tek>())
              << sheet.Text() << ", trust " << static_cast<int>(trusts);
        }
      }
    }
  }
}

// Files of different keys side by side: each adds its own, or nothing.
TEST_F(TrustTableTest, FilesBesideEachOther) {
  for (const SignatureSheet& one : SomeSheets()) {
    for (const SignatureSheet& other : SomeSheets()) {
      Source("a.zip", world_.Zip(bin_, one));
      Source("b.zip", world_.Zip(more_bin_, other));
      for (const bool allow_unsigned : kBoth) {
        for (const bool no_verify : kBoth) {
          SCOPED_TRACE(one.Text() + other.Text());
          Ask(Trusts::kFirstOrSecond, allow_unsigned, no_verify);
          const bool counts[] = {
              RuleFor(one, Trusts::kFirstOrSecond, allow_unsigned, no_verify)
                  .is_accepted,
              RuleFor(other, Trusts::kFirstOrSecond, allow_unsigned, no_verify)
                  .is_accepted};
          std::vector<DiagnosisKey> wanted;
          if (counts[0]) wanted = keys_;
          if (counts[1]) {
            wanted.insert(wanted.end(), more_keys_.begin(), more_keys_.end());
          }
          options_.skip_bad_files = true;
          ASSERT_EQ(MatchedBy({"a.zip", "b.zip"}), TeksOf(wanted));
          ASSERT_EQ(MatchedBy({"b.zip", "a.zip"}), TeksOf(wanted));
          options_.skip_bad_files = false;
          ASSERT_EQ(MatchedBy({"a.zip", "b.zip"}), counts[0] && counts[1]
                                                       ? TeksOf(wanted)
                                                       : std::vector<Tek>());
        }
      }
    }
  }
}

// A copy of an export.bin counts by its own signature.
TEST_F(TrustTableTest, CopiesBesideEachOther) {
  options_.skip_bad_files = true;
  for (const SignatureSheet& one : SomeSheets()) {
    for (const SignatureSheet& other : SomeSheets()) {
      Source("a.zip", world_.Zip(bin_, one));
      Source("b.zip", world_.Zip(bin_, other));
      for (const Trusts trusts : {Trusts::kFirst, Trusts::kEach}) {
        Ask(trusts, false, false);
        const bool counts = RuleFor(one, trusts, false, false).is_accepted ||
                            RuleFor(other, trusts, false, false).is_accepted;
        ASSERT_EQ(MatchedBy({"a.zip", "b.zip"}),
                  counts ? TeksOf(keys_) : std::vector<Tek>())
            << one.Text() << other.Text();
      }
    }
  }
}

// The halves of a batch count together, where one authority signed both or
// where nobody did, and that was asked for.
TEST_F(TrustTableTest, HalvesOfABatch) {
  ExportWriterOptions batch = TestExportOptions();
  batch.max_keys = 2;
  const std::vector<std::string> zips = WriteTestBatch(keys_, batch);
  ASSERT_THAT(zips, SizeIs(2));
  const std::string bins[] = {ZipEntry(zips[0], "export.bin"),
                              ZipEntry(zips[1], "export.bin")};
  options_.skip_bad_files = true;
  int num_whole = 0;
  for (const SignatureSheet& one : SomeSheets()) {
    for (const SignatureSheet& other : SomeSheets()) {
      Source("a.zip", world_.Zip(bins[0], one));
      Source("b.zip", world_.Zip(bins[1], other));
      for (const Trusts trusts : {Trusts::kEach, Trusts::kFirst}) {
        for (const bool allow_unsigned : kBoth) {
          for (const bool no_verify : kBoth) {
            SCOPED_TRACE(testing::Message()
                         << one.Text() << other.Text() << ", trust "
                         << static_cast<int>(trusts) << allow_unsigned
                         << no_verify);
            Ask(trusts, allow_unsigned, no_verify);
            const Verdict a = RuleFor(one, trusts, allow_unsigned, no_verify);
            const Verdict b = RuleFor(other, trusts, allow_unsigned, no_verify);
            std::vector<std::string> common;
            std::set_intersection(a.authorities.begin(), a.authorities.end(),
                                  b.authorities.begin(), b.authorities.end(),
                                  std::back_inserter(common));
            const bool is_whole = a.is_accepted && b.is_accepted &&
                                  (!common.empty() || (a.authorities.empty() &&
                                                       b.authorities.empty()));
            num_whole += is_whole ? 1 : 0;
            ASSERT_EQ(MatchedBy({"a.zip", "b.zip"}),
                      is_whole ? TeksOf(keys_) : std::vector<Tek>());
            // A half alone never counts.
            ASSERT_THAT(MatchedBy({"a.zip"}), IsEmpty());
          }
        }
      }
    }
  }
  EXPECT_GT(num_whole, 50);
}

// The check over a store, as an app's and the registration's phone has it. What
// was taken in under one trust is judged anew by another: a key that was
// withdrawn takes its exports with it.
TEST_F(TrustTableTest, AStoreFollowsTheTrustOfEachCheck) {
  const MemoryFolder memory;
  int num_stores = 0;
  std::vector<SignatureSheet> sheets = AllSheets(1);
  sheets.push_back({SignatureSheet::Kind::kList, {Mark::kFirst, Mark::kOther}});
  sheets.push_back(
      {SignatureSheet::Kind::kList, {Mark::kForged, Mark::kFirst}});
  for (const SignatureSheet& sheet : sheets) {
    for (const Trusts before : kAllTrusts) {
      SCOPED_TRACE(testing::Message()
                   << sheet.Text() << ", trust " << static_cast<int>(before));
      auto database = Database::Open(
          memory.At(absl::StrCat("store", num_stores++)), OpenMode::kCreate);
      ASSERT_THAT(database, IsOk());
      StoredCheckOptions options;
      options.check.skip_bad_files = true;
      options.check.now =
          absl::FromUnixSeconds(kTestDaySeconds + int64_t{5} * 86400);
      options.check.files.sources["a.zip"] =
          MemorySource("a.zip", world_.Zip(bin_, sheet));
      auto store = SightingStore::Create(**database, options.retention);
      ASSERT_THAT(store, IsOk());
      ASSERT_THAT(store->Add(sightings_, options.check.now), IsOk());

      const bool taken = RuleFor(sheet, before, false, false).is_valid;
      options.check.files.trusted = world_.Trusted(before);
      const auto first = CheckStored(**database, {"a.zip"}, options);
      ASSERT_THAT(first, IsOk());
      ASSERT_EQ(KeysOf(first->checked),
                taken ? TeksOf(keys_) : std::vector<Tek>());
      ASSERT_EQ(first->num_exports, taken ? 1 : 0);
      if (!taken) continue;
      for (const Trusts after : kAllTrusts) {
        options.check.files.trusted = world_.Trusted(after);
        const auto later = CheckStored(**database, {}, options);
        ASSERT_THAT(later, IsOk());
        ASSERT_EQ(KeysOf(later->checked),
                  RuleFor(sheet, after, false, false).is_valid
                      ? TeksOf(keys_)
                      : std::vector<Tek>())
            << "then trust " << static_cast<int>(after);
      }
    }
  }
}

// Every bit of a zip, and of a bare export.bin and its list: refused, or the
// same result. Never another one.
TEST_F(TrustTableTest, NoBitChangesTheResult) {
  const SignatureSheet sheet = {SignatureSheet::Kind::kList, {Mark::kFirst}};
  const std::string zip = world_.Zip(bin_, sheet);
  const std::string list = world_.List(bin_, sheet);
  Ask(Trusts::kFirst, false, false);
  options_.skip_bad_files = true;
  const std::vector<Tek> all = TeksOf(keys_);
  Source("a.zip", zip);
  ASSERT_EQ(MatchedBy({"a.zip"}), all);
  const ExposureCheckResult whole = last_;
  const size_t step = ShareOf(4) == 4 ? 1 : 5;
  size_t num_refused = 0;
  const auto expect = [&](const std::string& path) {
    const std::vector<Tek> found = MatchedBy({path});
    if (last_.files[0].accepted) {
      ASSERT_EQ(last_.result.matches, whole.result.matches);
      ASSERT_TRUE(last_.files[0].is_verified());
    } else {
      ++num_refused;
      ASSERT_THAT(found, IsEmpty());
      ASSERT_EQ(last_.num_keys, 0);
    }
  };
  // flips BYTES: each of their bits in turn.
  const auto flip = [&](const std::string& name, const std::string& bytes,
                        const std::string& path) {
    num_refused = 0;
    for (size_t bit = 0; bit < 8 * bytes.size(); bit += step) {
      SCOPED_TRACE(testing::Message() << name << ", bit " << bit);
      std::string changed = bytes;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
      Source(name, changed);
      expect(path);
      if (HasFatalFailure()) return;
    }
    Source(name, bytes);
  };
  flip("a.zip", zip, "a.zip");
  Source("1.bin", bin_);
  Source("1.sig", list);
  flip("1.bin", bin_, "1.bin");
  // All of it is signed.
  EXPECT_EQ(num_refused, (8 * bin_.size() + step - 1) / step);
  flip("1.sig", list, "1.bin");
  EXPECT_GT(num_refused, 8 * list.size() / step / 2);
}

}  // namespace
}  // namespace tekmatch
