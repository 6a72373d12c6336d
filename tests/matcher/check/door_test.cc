// What CheckExposure promises to those who link nothing else: no match of bytes
// that did not verify, nor of a key or contact that does not count; an answer
// of none only of what was compared; findings by device; an end when the caller
// wants one.
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "matcher/check/exposure_check.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Five keys of one export, and a device that was near each for 20 minutes.
class DoorTest : public ::testing::Test {
 protected:
  DoorTest() {
    for (const DiagnosisKey& key : keys_) Hear(key, 0, sightings_);
    options_.files.trusted = TrustTestSigner();
    options_.skip_bad_files = true;
    options_.keep_dropped = true;
    options_.config = *NamedExposureConfig("cocoa");
    options_.now = absl::FromUnixSeconds(kTestDaySeconds + 86400);
    options_.zone = absl::UTCTimeZone();
  }

  static void Hear(const DiagnosisKey& key, uint32_t device,
                   std::vector<Sighting>& sightings) {
    for (int64_t minute = 0; minute <= 20; minute += 5) {
      sightings.push_back(HearKey(key, kTestDaySeconds + 3600 + 60 * minute));
      sightings.back().device = device;
    }
  }

  // Of exports by name, not one of them a file.
  absl::StatusOr<ExposureCheckResult> Check(
      const std::map<std::string, std::string>& exports) {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : exports) {
      options_.files.sources[name] = MemorySource(name, bytes);
      if (!absl::EndsWith(name, ".sig")) names.push_back(name);
    }
    const auto index = IndexSightings(sightings_);
    EXPECT_THAT(index, IsOk());
    return CheckExposure(names, *index, options_);
  }

  static void ExpectNothing(const ExposureCheckResult& result,
                            const std::string& what) {
    EXPECT_THAT(result.result.matches, IsEmpty()) << what;
    EXPECT_THAT(result.dropped, IsEmpty()) << what;
    EXPECT_EQ(result.num_keys, 0) << what;
    for (const auto& [device, findings] : result.findings) {
      EXPECT_THAT(findings.windows, IsEmpty()) << what;
      EXPECT_EQ(findings.version_1.num_matched_keys, 0) << what;
    }
  }

  std::vector<DiagnosisKey> keys_ = TestKeys(5, 1);
  std::vector<Sighting> sightings_;
  ExposureCheckOptions options_;
};

TEST_F(DoorTest, NoMatchOfBytesThatDidNotVerify) {
  const std::string zip = StoredExport(WriteTestExport(keys_));
  const auto whole = Check({{"a.zip", zip}});
  ASSERT_THAT(whole, IsOk());
  ASSERT_THAT(whole->result.matches, SizeIs(25));
  int num_refused = 0;
  const auto expect_all_or_nothing = [&](const std::string& bytes,
                                         const std::string& what) {
    const auto checked = Check({{"a.zip", bytes}});
    ASSERT_THAT(checked, IsOk());
    if (checked->files[0].verdict == "valid") {
      EXPECT_EQ(checked->result.matches, whole->result.matches) << what;
    } else {
      ++num_refused;
      ExpectNothing(*checked, what);
    }
  };
  for (size_t i = 0; i < zip.size(); ++i) {
    std::string bytes = zip;
    bytes[i] = static_cast<char>(bytes[i] ^ 1);
    expect_all_or_nothing(bytes, "byte " + std::to_string(i));
    expect_all_or_nothing(zip.substr(0, i), "first " + std::to_string(i));
  }
  // Every cut, and most bytes: dates and the like in the zip are not signed.
  EXPECT_GT(num_refused, static_cast<int>(3 * zip.size() / 2));
}

TEST_F(DoorTest, NoMatchOfFilesThatNobodyTrustedSigned) {
  const std::string zip = WriteTestExport(keys_);
  const std::string bin = ZipEntry(zip, "export.bin");
  const std::string sig = ZipEntry(zip, "export.sig");
  const std::string forged =
      WriteTestExport(keys_, TestExportOptions({OtherSigner("440", "v1")}));
  using Exports = std::map<std::string, std::string>;
  const std::vector<std::pair<std::string, Exports>> refused = {
      {"no_signature_entry", {{"a.zip", StoredZip({{"export.bin", bin}})}}},
      {"no_signature_entry", {{"a.bin", bin}}},
      {"wrong_signature", {{"a.zip", forged}}},
      {"no_trusted_key",
       {{"a.zip",
         WriteTestExport(keys_, TestExportOptions({OtherSigner("9", "")}))}}},
      {"malformed", {{"a.zip", "not a zip"}}},
  };
  for (const auto& [verdict, exports] : refused) {
    for (const bool skip_bad_files : {true, false}) {
      options_.skip_bad_files = skip_bad_files;
      options_.files.sources.clear();
      const auto checked = Check(exports);
      ASSERT_THAT(checked, IsOk());
      EXPECT_EQ(checked->files[0].verdict, verdict);
      EXPECT_EQ(checked->complete, skip_bad_files);
      ExpectNothing(*checked, verdict);
    }
  }
  // The list beside a bare export.bin is looked for by its name.
  const auto bare = Check({{"b.bin", bin}, {"b.sig", sig}});
  ASSERT_THAT(bare, IsOk());
  EXPECT_EQ(bare->files[0].verdict, "valid");
  EXPECT_THAT(bare->result.matches, SizeIs(25));
}

TEST_F(DoorTest, NoMatchOfAKeyThatWasRevokedLater) {
  // What a program over engine and resolver alone reports as a contact.
  keys_[0].metadata.report_type = ReportType::kSelfReport;
  std::vector<DiagnosisKey> revoked = {keys_[0]};
  revoked[0].metadata.report_type = ReportType::kRevoked;
  revoked[0].metadata.revised = true;
  ExportWriterOptions first = TestExportOptions();
  first.start_timestamp = kTestDaySeconds;
  first.end_timestamp = kTestDaySeconds + 86400;
  ExportWriterOptions later = first;
  later.end_timestamp += 86400;
  const auto checked = Check({{"a.zip", WriteTestExport(keys_, first)},
                              {"b.zip", WriteTestExport(revoked, later)}});
  ASSERT_THAT(checked, IsOk());
  EXPECT_THAT(checked->result.matches, SizeIs(20));
  EXPECT_EQ(checked->report_types.num_revoked, 5);
  EXPECT_THAT(checked->findings.at(0).windows, SizeIs(4));
}

TEST_F(DoorTest, FindingsOfEachDevice) {
  sightings_.clear();
  Hear(keys_[0], 7, sightings_);
  Hear(keys_[1], 8, sightings_);
  Hear(keys_[2], 8, sightings_);
  const std::map<std::string, std::string> exports = {
      {"a.zip", WriteTestExport(keys_)}};
  const auto together = Check(exports);
  ASSERT_THAT(together, IsOk());
  EXPECT_THAT(together->findings, SizeIs(1));
  EXPECT_EQ(together->findings.at(0).num_contacts, 3);
  EXPECT_THAT(CheckCompared(*together), IsOk());

  options_.devices = {7, 8, 9};
  const auto apart = Check(exports);
  ASSERT_THAT(apart, IsOk());
  EXPECT_THAT(apart->findings, SizeIs(3));
  EXPECT_EQ(apart->findings.at(7).num_contacts, 1);
  EXPECT_EQ(apart->findings.at(8).num_contacts, 2);
  EXPECT_EQ(apart->findings.at(9).num_contacts, 0);
  EXPECT_THAT(CheckCompared(*apart, 3).message(),
              HasSubstr("no sighting of device 9 was compared: 15 of all "
                        "devices read, 3 left out"));

  options_.config.reset();
  const auto without = Check(exports);
  ASSERT_THAT(without, IsOk());
  EXPECT_THAT(without->findings, IsEmpty());
  EXPECT_EQ(without->result.matches, apart->result.matches);
}

TEST_F(DoorTest, NoAnswerOfWhatWasNotCompared) {
  const auto no_files = Check({});
  ASSERT_THAT(no_files, IsOk());
  EXPECT_TRUE(absl::IsDataLoss(CheckCompared(*no_files)));
  EXPECT_THAT(CheckCompared(*no_files).message(),
              HasSubstr("no key was compared: 0 of 0 files left out"));

  const std::map<std::string, std::string> exports = {
      {"a.zip", WriteTestExport(keys_)}};
  sightings_.clear();
  const auto no_sightings = Check(exports);
  ASSERT_THAT(no_sightings, IsOk());
  EXPECT_THAT(CheckCompared(*no_sightings, 2).message(),
              HasSubstr("no sighting was compared: 0 read, 2 left out"));

  Hear(TestKeys(1, 99)[0], 0, sightings_);
  const auto met_nobody = Check(exports);
  ASSERT_THAT(met_nobody, IsOk());
  EXPECT_THAT(met_nobody->result.matches, IsEmpty());
  EXPECT_THAT(CheckCompared(*met_nobody), IsOk());

  for (const DiagnosisKey& key : keys_)
    options_.own_keys.of_all.insert(key.tek);
  const auto all_own = Check(exports);
  ASSERT_THAT(all_own, IsOk());
  EXPECT_THAT(CheckCompared(*all_own).message(),
              HasSubstr("5 keys read, 0 of them rejected and 5 own"));
}

// The only device's own keys, whether or not they are said to be that device's.
TEST_F(DoorTest, NoAnswerOverOwnKeysAlone) {
  for (const DiagnosisKey& key : keys_) {
    options_.own_keys.of_device[0].insert(key.tek);
  }
  const std::map<std::string, std::string> exports = {
      {"a.zip", WriteTestExport(keys_)}};
  const auto only = Check(exports);
  ASSERT_THAT(only, IsOk());
  EXPECT_EQ(only->num_own_keys, 5);
  EXPECT_TRUE(absl::IsDataLoss(CheckCompared(*only)));
  options_.devices = {0};
  const auto named = Check(exports);
  ASSERT_THAT(named, IsOk());
  EXPECT_EQ(named->num_own_matches, 25);
  EXPECT_THAT(CheckCompared(*named).message(),
              HasSubstr("no key was compared for device 0: all 5 are its own"));
}

TEST_F(DoorTest, EndsWhenItIsCancelled) {
  std::map<std::string, std::string> exports;
  for (int i = 0; i < 3; ++i) {
    exports[std::to_string(i) + ".zip"] = WriteTestExport(TestKeys(20, i));
  }
  // Files are read again for the keys of the device.
  options_.devices = {0};
  for (const DiagnosisKey& key : TestKeys(20, 0)) {
    options_.own_keys.of_device[0].insert(key.tek);
  }
  options_.block_keys = 7;
  for (const int num_threads : {1, 3}) {
    options_.num_threads = num_threads;
    int num_asked = 0;
    options_.cancelled = [&num_asked] {
      ++num_asked;
      return false;
    };
    ASSERT_THAT(Check(exports), IsOk());
    // Three files of three blocks, and what follows.
    const int num_times = num_asked;
    EXPECT_GE(num_times, 15);
    for (int at = 1; at <= num_times; ++at) {
      num_asked = 0;
      options_.cancelled = [&num_asked, at] { return ++num_asked >= at; };
      EXPECT_EQ(Check(exports).status(),
                absl::CancelledError("the check was cancelled"))
          << at << " of " << num_times;
      num_asked = 0;
      options_.cancelled = [&num_asked, at]() -> bool {
        if (++num_asked >= at) throw std::runtime_error("secret");
        return false;
      };
      EXPECT_EQ(
          Check(exports).status(),
          absl::InternalError("an exception while the files were matched"))
          << at << " of " << num_times;
    }
  }
}

// What would silently be told of the wrong dates, or of nobody.
TEST_F(DoorTest, RefusesOptionsThatMislead) {
  const auto expect_refused = [this](const std::string& message) {
    EXPECT_EQ(Check({}).status(), absl::InvalidArgumentError(message));
  };
  const std::string no_time =
      "findings need the time that they are made for: set options.now or "
      "options.as_of";
  options_.now = absl::InfiniteFuture();
  expect_refused(no_time);
  options_.now = absl::InfinitePast();
  expect_refused(no_time);
  options_.as_of = absl::FromUnixSeconds(kTestDaySeconds);
  EXPECT_THAT(Check({}), IsOk());

  options_.zone.reset();
  expect_refused("findings need the zone of their dates: set options.zone");
  options_.config.reset();
  EXPECT_THAT(Check({}), IsOk());

  options_.window_policy = *NamedTransmissionWindowPolicy("civil");
  expect_refused(
      "a transmission window needs the zone of its dates: set "
      "options.window_zone");
  options_.window_zone = absl::UTCTimeZone();
  EXPECT_THAT(Check({}), IsOk());

  options_.devices = {1};
  expect_refused("a sighting is of device 0, which is not in options.devices");
  options_.devices = {0};
  EXPECT_THAT(Check({}), IsOk());

  options_.files.sources["a.zip"] = nullptr;
  expect_refused("a source in options.files is null");
}

TEST_F(DoorTest, SightingsOfNoTimeAreRefused) {
  sightings_[2].unix_seconds = 4102444800;
  EXPECT_THAT(IndexSightings(sightings_), IsOk());
  sightings_[2].unix_seconds = 4102444801;
  EXPECT_EQ(IndexSightings(sightings_).status(),
            absl::InvalidArgumentError("sighting 2: its time is after 2099"));
  sightings_[2].unix_seconds = kTestDaySeconds * 1000;
  EXPECT_FALSE(IndexSightings(sightings_).ok());
  sightings_[2].unix_seconds = -1;
  EXPECT_FALSE(IndexSightings(sightings_).ok());
}

}  // namespace
}  // namespace tekmatch
