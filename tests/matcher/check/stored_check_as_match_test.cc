// Where a store could answer otherwise than one CheckExposure over the same
// files and sightings, and does not: copies with another signature, batches
// that are not complete, sightings that are given more than once.
#include <openssl/sha.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "keyformat/export.pb.h"
#include "keyformat/signature.h"
#include "matcher/check/exposure_check.h"
#include "matcher/check/stored_check.h"
#include "matcher/exposure/exposure_config.h"
#include "matcher/store/database.h"
#include "matcher/store/sighting_store.h"
#include "tests/matcher/check/check_lines.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// The other authority that is trusted.
const ExportSigner& SecondSigner() {
  static const auto* const signer = new ExportSigner(OtherSigner("441", "v1"));
  return *signer;
}

// The export.bin of `zip`, with a signature by the key of `signer` and in its
// name. Only the list beside it differs: the content is the same.
std::string SignedAnew(const std::string& zip, const ExportSigner& signer) {
  const std::string bin = ZipEntry(zip, "export.bin");
  Sha256Digest digest{};
  SHA256(reinterpret_cast<const uint8_t*>(bin.data()), bin.size(),
         digest.data());
  const auto signature = signer.key.Sign(digest);
  EXPECT_THAT(signature, IsOk());
  wire::TEKSignatureList list;
  wire::TEKSignature* const one = list.add_signatures();
  one->mutable_signature_info()->set_verification_key_id(signer.id);
  one->mutable_signature_info()->set_verification_key_version(signer.version);
  one->mutable_signature_info()->set_signature_algorithm(
      std::string(kOidEcdsaSha256));
  one->set_batch_num(1);
  one->set_batch_size(1);
  one->set_signature(signature.value_or(""));
  return StoredZip(
      {{"export.bin", bin}, {"export.sig", list.SerializeAsString()}});
}

class AsMatchTest : public ::testing::Test {
 protected:
  AsMatchTest() {
    Open("store");
    for (const ExportSigner* signer : {&TestSigner(), &SecondSigner()}) {
      EXPECT_THAT(options_.check.files.trusted.AddSet({Trust(*signer)}),
                  IsOk());
    }
    options_.check.now =
        absl::FromUnixSeconds(kTestDaySeconds + int64_t{5} * 86400);
    options_.check.keep_dropped = true;
  }

  void Open(const std::string& name) {
    database_.reset();
    auto opened = Database::Open(TempPath(name), OpenMode::kCreate);
    ASSERT_THAT(opened, IsOk());
    database_ = *std::move(opened);
  }

  void Source(const std::string& name, const std::string& bytes) {
    options_.check.files.sources[name] = MemorySource(name, bytes);
  }

  // Adds them to the store, and to what one match is given.
  void Add(const std::vector<Sighting>& sightings) {
    auto store = SightingStore::Create(*database_);
    ASSERT_THAT(store, IsOk());
    ASSERT_THAT(store->Add(sightings, options_.check.now), IsOk());
    given_.insert(given_.end(), sightings.begin(), sightings.end());
  }

  StoredCheckResult Check(const std::vector<std::string>& names) {
    auto checked = CheckStored(*database_, names, options_);
    EXPECT_THAT(checked, IsOk());
    return checked.ok() ? *std::move(checked) : StoredCheckResult();
  }

  ExposureCheckResult Match(const std::vector<std::string>& names) {
    const auto index = IndexSightings(given_);
    EXPECT_THAT(index, IsOk());
    auto checked = CheckExposure(names, *index, options_.check);
    EXPECT_THAT(checked, IsOk());
    return checked.ok() ? *std::move(checked) : ExposureCheckResult();
  }

  // "path verdict", in the order of the result.
  static std::vector<std::string> Verdicts(const ExposureCheckResult& result) {
    std::vector<std::string> verdicts;
    for (const ExportFileResult& file : result.files) {
      verdicts.push_back(absl::StrCat(file.path, " ", file.verdict));
    }
    return verdicts;
  }

  const std::vector<DiagnosisKey> keys_ = TestKeys(4, 1);
  StoredCheckOptions options_;
  std::unique_ptr<Database> database_;
  std::vector<Sighting> given_;
};

// Whoever signed a copy may revoke its keys, whichever of the two is read
// first, and whatever they are called.
TEST_F(AsMatchTest, SignerOfACopyRevokes) {
  std::vector<DiagnosisKey> keys = keys_;
  for (DiagnosisKey& key : keys) {
    key.metadata.report_type = ReportType::kSelfReport;
  }
  DiagnosisKey revoked = keys[0];
  revoked.metadata.revised = true;
  revoked.metadata.report_type = ReportType::kRevoked;
  ExportWriterOptions later = TestExportOptions({SecondSigner()});
  later.start_timestamp += 86400;
  later.end_timestamp += 86400;
  const std::string original = WriteTestExport(keys);
  const std::string copy = SignedAnew(original, SecondSigner());
  Source("z.zip", WriteTestExport({revoked}, later));
  int number = 0;
  for (const bool copy_is_first : {false, true}) {
    Source("a.zip", copy_is_first ? copy : original);
    Source("b.zip", copy_is_first ? original : copy);
    for (const std::vector<std::string>& names :
         std::vector<std::vector<std::string>>{{"a.zip", "b.zip", "z.zip"},
                                               {"z.zip", "b.zip", "a.zip"},
                                               {"b.zip", "z.zip", "a.zip"}}) {
      Open(absl::StrCat("revoked", ++number));
      given_.clear();
      Add({HearKey(keys[0], kTestDaySeconds)});
      options_.check.skip_bad_files = true;
      for (const std::string& name : names) Check({name});
      options_.check.skip_bad_files = false;
      const ExposureCheckResult match = Match(names);
      EXPECT_EQ(match.report_types.num_revoked, 1U);
      EXPECT_THAT(match.result.matches, IsEmpty());
      const StoredCheckResult checked = Check(names);
      EXPECT_EQ(checked.checked.report_types.num_revoked, 1U);
      EXPECT_THAT(checked.checked.result.matches, IsEmpty());
    }
  }
}

TEST_F(AsMatchTest, ACopyCountsByItsOwnSignature) {
  const std::string good = WriteTestExport(keys_);
  Source("good.zip", good);
  Source("wrong.zip", SignedAnew(good, OtherSigner("440", "v1")));
  Source("unknown.zip", SignedAnew(good, OtherSigner("9", "v1")));
  Source("unsigned.zip",
         StoredZip({{"export.bin", ZipEntry(good, "export.bin")}}));
  Source("second.zip", SignedAnew(good, SecondSigner()));
  struct Case {
    std::string copy;
    bool is_good;
  };
  int number = 0;
  for (const Case& c :
       {Case{"wrong.zip", false}, Case{"unknown.zip", false},
        Case{"unsigned.zip", false}, Case{"second.zip", true}}) {
    for (const bool first : {false, true}) {
      SCOPED_TRACE(absl::StrCat(c.copy, first ? " first" : " second"));
      Open(absl::StrCat(++number));
      given_.clear();
      Add({HearKey(keys_[0], kTestDaySeconds)});
      std::vector<std::string> names = {"good.zip", c.copy};
      if (first) std::swap(names[0], names[1]);
      // One after another, and then both at once.
      for (int times = 0; times < 2; ++times) {
        for (const std::string& name : names) Check({name});
      }
      const StoredCheckResult checked = Check(names);
      const ExposureCheckResult match = Match(names);
      EXPECT_EQ(checked.checked.complete, match.complete);
      EXPECT_EQ(match.complete, c.is_good);
      EXPECT_EQ(checked.num_exports, 1U);
      for (const GivenExport& given : checked.given) {
        const bool is_known = given.path == "good.zip" || c.is_good;
        EXPECT_EQ(given.state,
                  is_known ? GivenState::kKnown : GivenState::kRefused)
            << given.path;
      }
      if (!c.is_good) {
        // The verdicts of match, in whatever order.
        EXPECT_THAT(Verdicts(checked.checked),
                    ::testing::UnorderedElementsAreArray(Verdicts(match)));
      }
      // The good one was not touched.
      EXPECT_THAT(Check({}).checked.result.matches, SizeIs(1));
    }
  }
}

TEST_F(AsMatchTest, AnIncompleteBatchGivesNoAnswerUntilTheRestComes) {
  ExportWriterOptions halves = TestExportOptions();
  halves.max_keys = 2;
  const std::vector<std::string> batch = WriteTestBatch(keys_, halves);
  ASSERT_THAT(batch, SizeIs(2));
  Source("1.zip", batch[0]);
  Source("2.zip", batch[1]);
  const std::vector<DiagnosisKey> others = TestKeys(3, 2);
  ExportWriterOptions later = TestExportOptions();
  later.end_timestamp += 86400;
  Source("other.zip", WriteTestExport(others, later));
  Add({HearKey(keys_[0], kTestDaySeconds), HearKey(keys_[3], kTestDaySeconds),
       HearKey(others[0], kTestDaySeconds)});

  // Each check is held against one match over the files seen by then.
  std::vector<std::string> seen;
  struct Step {
    std::string name;
    bool is_complete;
    size_t num_skipping;  // matches, where bad files are skipped
  };
  for (const Step& step : {Step{"1.zip", false, 0}, Step{"other.zip", false, 1},
                           Step{"2.zip", true, 3}}) {
    SCOPED_TRACE(step.name);
    seen.push_back(step.name);
    options_.check.skip_bad_files = false;
    const StoredCheckResult checked = Check({step.name});
    EXPECT_EQ(checked.given[0].state, GivenState::kProcessed);
    EXPECT_EQ(checked.checked.complete, step.is_complete);
    EXPECT_EQ(Verdicts(checked.checked), Verdicts(Match(seen)));
    EXPECT_EQ(CheckLines(checked.checked, options_.check, true),
              CheckLines(Match(seen), options_.check, true));
    options_.check.skip_bad_files = true;
    const StoredCheckResult skipping = Check({});
    EXPECT_THAT(skipping.checked.result.matches, SizeIs(step.num_skipping));
    EXPECT_EQ(CheckLines(skipping.checked, options_.check, true),
              CheckLines(Match(seen), options_.check, true));
    // What is published after it is still to be fetched, in any case.
    EXPECT_EQ(ReadLedgerStatus(*database_)->processed_until.has_value(),
              step.is_complete);
    if (step.is_complete) continue;
    EXPECT_EQ(skipping.checked.files[0].message,
              "1.zip: 1 of the 2 files of its batch is missing: number 2");
  }
}

// Files of sightings that share some, added one after another, and an export
// that repeats its keys: a match that has each sighting once, as a run over
// those files has (tools/sightings/sightings_stores.h), says the same.
TEST_F(AsMatchTest, EqualSightingsOfSeveralFilesCountOnce) {
  std::vector<DiagnosisKey> repeating = keys_;
  repeating.push_back(keys_[1]);
  Source("a.zip", StoredExport(WriteTestExport(repeating)));
  const std::vector<Sighting> heard = {HearKey(keys_[0], kTestDaySeconds),
                                       HearKey(keys_[1], kTestDaySeconds),
                                       HearKey(keys_[1], kTestDaySeconds + 60)};
  options_.check.config = *NamedExposureConfig("platform-default");
  options_.check.zone = absl::UTCTimeZone();
  Add(heard);
  Add({heard[0], heard[2]});
  given_ = heard;
  const StoredCheckResult checked = Check({"a.zip"});
  const ExposureCheckResult match = Match({"a.zip"});
  EXPECT_THAT(match.result.matches, SizeIs(3));
  ASSERT_THAT(match.findings, SizeIs(1));
  // Dates and exposure among them.
  EXPECT_EQ(CheckLines(checked.checked, options_.check, false),
            CheckLines(match, options_.check, false));
  // Of what the file repeats a match counts every copy.
  EXPECT_EQ(checked.checked.result.num_duplicates, 0U);
  EXPECT_GT(match.result.num_duplicates, 0U);
}

}  // namespace
}  // namespace tekmatch
