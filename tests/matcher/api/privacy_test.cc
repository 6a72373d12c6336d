// Drives all of tekmatch.h, rightly and wrongly, with keys, identifiers and
// times that can be recognised, and looks for them in everything that it says.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "matcher/api/tekmatch.h"
#include "tests/matcher/api/c_world.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

absl::string_view AsText(const uint8_t* bytes, size_t n) {
  return {reinterpret_cast<const char*>(bytes), n};
}

// What must not be said, in every form that a program may give it.
class Secrets {
 public:
  void AddBytes(const uint8_t* bytes, size_t n) {
    const absl::string_view text = AsText(bytes, n);
    forms_.emplace_back(text);
    forms_.push_back(absl::BytesToHexString(text));
    forms_.push_back(absl::AsciiStrToUpper(absl::BytesToHexString(text)));
    forms_.push_back(absl::Base64Escape(text).substr(0, 20));
    forms_.push_back(absl::CHexEscape(text));
    // A part is as bad.
    forms_.emplace_back(text.substr(0, 8));
    forms_.push_back(absl::BytesToHexString(text.substr(4, 6)));
  }
  void AddTime(int64_t unix_seconds) {
    forms_.push_back(std::to_string(unix_seconds));
    forms_.push_back(std::to_string(unix_seconds / 600));
    const absl::Time time = absl::FromUnixSeconds(unix_seconds);
    absl::TimeZone tokyo;
    EXPECT_TRUE(absl::LoadTimeZone("Asia/Tokyo", &tokyo));
    for (const absl::TimeZone zone : {absl::UTCTimeZone(), tokyo}) {
      forms_.push_back(absl::FormatTime("%H:%M", time, zone));
    }
  }
  bool AnyIn(absl::string_view said) const {
    return std::any_of(forms_.begin(), forms_.end(),
                       [said](const std::string& form) {
                         return absl::StrContains(said, form);
                       });
  }
  void ExpectNoneIn(absl::string_view said, absl::string_view where) const {
    EXPECT_FALSE(AnyIn(said)) << where;
  }
  size_t size() const { return forms_.size(); }

 private:
  std::vector<std::string> forms_;
};

class PrivacyTest : public testing::Test {
 protected:
  PrivacyTest() {
    for (const DiagnosisKey& key : keys_) {
      secrets_.AddBytes(key.tek.bytes.data(), key.tek.bytes.size());
    }
    for (const Sighting& sighting : heard_) {
      secrets_.AddBytes(sighting.rpi.bytes.data(), sighting.rpi.bytes.size());
      secrets_.AddTime(sighting.unix_seconds);
    }
  }

  // The bytes of what was written, and what strings it points to.
  template <typename T>
  void LookAt(const T& written, const std::string& where) {
    secrets_.ExpectNoneIn(
        AsText(reinterpret_cast<const uint8_t*>(&written), sizeof(written)),
        where);
  }
  void LookAtMessage(const std::string& where) {
    secrets_.ExpectNoneIn(message_.str(), where);
    message_ = {};
  }

  void LookAtResult(const tekmatch_result* result) {
    EXPECT_NE(
        tekmatch_result_compared(result, 9, message_.data(), message_.size()),
        TEKMATCH_INVALID_ARGUMENT);
    LookAtMessage("compared");
    tekmatch_counts counts{};
    counts.struct_size = sizeof(counts);
    ASSERT_EQ(tekmatch_result_counts(&counts, result, nullptr, 0), TEKMATCH_OK);
    LookAt(counts, "counts");
    for (size_t i = 0; i < counts.num_files; ++i) {
      tekmatch_file file{};
      file.struct_size = sizeof(file);
      ASSERT_EQ(tekmatch_result_file(&file, result, i, nullptr, 0),
                TEKMATCH_OK);
      for (const char* text :
           {file.name, file.verdict, file.reason, file.copy_of}) {
        secrets_.ExpectNoneIn(text, "file");
      }
    }
    for (const auto& row :
         RowsInC<tekmatch_date_count>(tekmatch_result_dates, result)) {
      LookAt(row, "date");
    }
    for (const auto& row :
         RowsInC<tekmatch_day>(tekmatch_result_days, result)) {
      LookAt(row, "day");
    }
    for (const auto& row :
         RowsInC<tekmatch_window>(tekmatch_result_windows, result)) {
      LookAt(row, "window");
    }
    for (const auto& row :
         RowsInC<tekmatch_scan>(tekmatch_result_scans, result)) {
      LookAt(row, "scan");
    }
  }

  const std::vector<DiagnosisKey> keys_ = TestKeys(6, 77);
  const std::vector<Sighting> heard_ = HearForHalfAnHour(keys_);
  const std::string export_ = WriteTestExport(keys_);
  Secrets secrets_;
  const TrustHandle trust_ = TrustTestSignerInC();
  const IndexHandle index_ = IndexInC(heard_);
  Message message_;
};

TEST_F(PrivacyTest, ResultsHoldNoneOfThem) {
  ASSERT_GT(secrets_.size(), 100);
  // The search finds what is there.
  EXPECT_TRUE(secrets_.AnyIn("at " + std::to_string(heard_[0].unix_seconds)));
  EXPECT_TRUE(secrets_.AnyIn(absl::BytesToHexString(
      AsText(keys_[5].tek.bytes.data(), keys_[5].tek.bytes.size()))));

  for (const char* policy : {"none", "cocoa-1.2.1", "civil", "cocoa-3"}) {
    tekmatch_check_options options = CocoaOptions();
    options.policy = policy;
    const ResultHandle result =
        CheckInC(index_.get(), trust_.get(),
                 {MemorySourceInC("a.zip", export_)}, options);
    ASSERT_NE(result, nullptr);
    LookAtResult(result.get());
  }
}

TEST_F(PrivacyTest, DefectsOfFilesNameNoneOfThem) {
  const std::string bin = ZipEntry(export_, "export.bin");
  const std::string sig = ZipEntry(export_, "export.sig");
  std::vector<std::string> files = {
      bin, StoredZip({{"export.bin", bin}}), export_.substr(0, 100),
      export_ + "rest",
      WriteTestExport(keys_, TestExportOptions({OtherSigner("440", "v1")}))};
  // Damaged anywhere, above all within keys.
  for (size_t i = 0; i < bin.size(); i += 3) {
    std::string damaged = bin;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x5A);
    files.push_back(StoredZip({{"export.bin", damaged}, {"export.sig", sig}}));
  }
  tekmatch_check_options options = CocoaOptions();
  for (const std::string& file : files) {
    for (const uint32_t flags : {0U, TEKMATCH_SKIP_BAD_FILES}) {
      options.flags = flags;
      const ResultHandle result = CheckInC(
          index_.get(), trust_.get(), {MemorySourceInC("f", file)}, options);
      ASSERT_NE(result, nullptr);
      LookAtResult(result.get());
    }
  }
}

TEST_F(PrivacyTest, RefusedArgumentsAreNotRepeated) {
  const auto refused_sighting = [&](tekmatch_sighting sighting) {
    tekmatch_index* index = nullptr;
    EXPECT_EQ(tekmatch_index_create(&index, &sighting, 1, message_.data(),
                                    message_.size()),
              TEKMATCH_INVALID_ARGUMENT);
    LookAtMessage("index_create");
  };
  for (const Sighting& heard : heard_) {
    tekmatch_sighting sighting = SightingInC(heard);
    sighting.rssi = 127;
    refused_sighting(sighting);
    sighting.reserved = 1;
    refused_sighting(sighting);
  }
  // A key where a name should be.
  const std::string hex = absl::BytesToHexString(
      AsText(keys_[0].tek.bytes.data(), keys_[0].tek.bytes.size()));
  const tekmatch_trusted_key key = {"440", "v1", hex.data(), hex.size()};
  EXPECT_EQ(tekmatch_trust_add_set(trust_.get(), &key, 1, message_.data(),
                                   message_.size()),
            TEKMATCH_INVALID_ARGUMENT);
  LookAtMessage("trust_add_set");
  tekmatch_contact contact{};
  contact.struct_size = sizeof(contact);
  contact.rolling_start = keys_[0].rolling_start;
  contact.unix_seconds = heard_[0].unix_seconds;
  contact.report_type = 9;
  tekmatch_decision decision{};
  EXPECT_EQ(tekmatch_judge_contact(&decision, &contact, "civil", "UTC",
                                   message_.data(), message_.size()),
            TEKMATCH_INVALID_ARGUMENT);
  LookAtMessage("judge_contact");
}

}  // namespace
}  // namespace tekmatch
