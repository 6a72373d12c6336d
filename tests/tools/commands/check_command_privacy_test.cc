// No message and no output of `check` holds a key, an identifier or a time of
// contact, whatever it is asked and however it fails: but for --matches-out and
// --explain, which are asked for them. Driven with values that are known, and
// looked for in every form in which they could be written.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;

using Arguments = std::vector<std::string>;

Arguments operator+(Arguments a, const Arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

class CheckCommandPrivacyTest : public ::testing::Test {
 protected:
  CheckCommandPrivacyTest() {
    WriteFile(At("public.pem"), *TestSigner().key.PublicPem());
    for (DiagnosisKey& key : keys_) {
      key.metadata.report_type = ReportType::kSelfReport;
      Plant(key.tek.bytes);
    }
    WriteFile(At("a.zip"), WriteTestExport(keys_));
    std::vector<DiagnosisKey> revoked = {keys_[1]};
    revoked[0].metadata.report_type = ReportType::kRevoked;
    revoked[0].metadata.revised = true;
    ExportWriterOptions later = TestExportOptions();
    later.end_timestamp += 86400;
    WriteFile(At("b.zip"), WriteTestExport(revoked, later));
    WriteFile(At("forged.zip"),
              WriteTestExport(TestKeys(3, 2),
                              TestExportOptions({OtherSigner("440", "v1")})));
    WriteFile(At("cut.zip"), ReadFile(At("a.zip")).substr(0, 300));
    for (const DiagnosisKey& key : TestKeys(3, 2)) Plant(key.tek.bytes);
    // 13:37:11 on that day, and 21:47:53 on it, and a minute more each time.
    for (const int64_t second : {49031, 78473}) {
      std::string csv = CsvHeader({}) + "\n";
      for (int minute = 0; minute < 20; minute += 4) {
        for (const DiagnosisKey& key : keys_) {
          const Sighting sighting = HearKey(
              key, kTestDaySeconds + second + int64_t{60} * minute, -30);
          csv += CsvRow(sighting);
          Plant(sighting.rpi.bytes);
          Plant(sighting.aem.bytes);
          PlantTime(sighting.unix_seconds);
        }
      }
      WriteFile(At(second < 50000 ? "early.csv" : "late.csv"), csv);
    }
    WriteFile(At("bad.csv"), ReadFile(At("early.csv")) + BadRow());
    WriteFile(At("own.jsonl"),
              absl::StrCat(R"({"tek":")", ToHex(keys_[2].tek.bytes), "\"}\n"));
  }

  // A row whose last field is no number, of things that are planted.
  std::string BadRow() const {
    std::string row = CsvRow(HearKey(keys_[0], kTestDaySeconds + 49031));
    return row.substr(0, row.rfind(',')) + ",near\n";
  }

  static std::string At(const std::string& name) { return TempPath(name); }
  static std::string DatabasePath() { return At("store") + "/tekmatch.sqlite"; }

  template <typename Bytes>
  static std::string ToHex(const Bytes& bytes) {
    return absl::BytesToHexString(absl::string_view(
        reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }

  template <typename Bytes>
  void Plant(const Bytes& bytes) {
    const absl::string_view raw(reinterpret_cast<const char*>(bytes.data()),
                                bytes.size());
    planted_.emplace_back(raw);
    // Metadata has 4 bytes, which a file has by chance.
    if (raw.size() == 16) identifiers_.emplace_back(raw);
    planted_.push_back(ToHex(bytes));
    // Without its end, which depends on what follows.
    planted_.push_back(absl::Base64Escape(raw).substr(0, 4 * raw.size() / 3));
  }

  void PlantTime(int64_t unix_seconds) {
    planted_.push_back(absl::StrCat(unix_seconds));
    for (const std::string zone : {"UTC", "Asia/Tokyo"}) {
      absl::TimeZone time_zone;
      ASSERT_TRUE(absl::LoadTimeZone(zone, &time_zone));
      planted_.push_back(absl::FormatTime(
          "%H:%M", absl::FromUnixSeconds(unix_seconds), time_zone));
    }
  }

  std::string FirstPlantedIn(const std::string& text) const {
    const std::string lower = absl::AsciiStrToLower(text);
    for (const std::string& planted : planted_) {
      if (absl::StrContains(text, planted) ||
          absl::StrContains(lower, planted)) {
        return planted;
      }
    }
    return "";
  }

  // The first key or identifier that can be read in a file of the folder.
  std::string FirstIdentifierIn(const std::string& folder) const {
    for (const auto& file : fs::recursive_directory_iterator(folder)) {
      const std::string bytes = ReadFile(file.path().string());
      for (const std::string& identifier : identifiers_) {
        if (absl::StrContains(bytes, identifier)) {
          return absl::BytesToHexString(identifier);
        }
      }
    }
    return "";
  }

  // Runs it and searches what it says; of files that it writes, too.
  TekmatchRun Run(const Arguments& more, int exit_code) {
    const Arguments arguments =
        Arguments{"check", "--store", At("store")} + more;
    SCOPED_TRACE(::testing::PrintToString(arguments));
    TekmatchRun run = RunTekmatch(arguments);
    EXPECT_EQ(run.exit_code, exit_code) << run.err;
    EXPECT_EQ(FirstPlantedIn(run.out), "") << run.out;
    EXPECT_EQ(FirstPlantedIn(run.err), "") << run.err;
    if (fs::exists(At("out"))) {
      EXPECT_EQ(FirstPlantedIn(ReadFile(At("out"))), "");
      fs::remove(At("out"));
    }
    ++num_runs_;
    num_bytes_ += run.out.size() + run.err.size();
    return run;
  }

  static Arguments Trusting() {
    return {"--trusted-key", "440:v1=" + At("public.pem"), "--now",
            "2020-12-05T00:00:00Z"};
  }

  std::vector<DiagnosisKey> keys_ = TestKeys(5, 1);
  std::vector<std::string> planted_;
  std::vector<std::string> identifiers_;
  int num_runs_ = 0;
  size_t num_bytes_ = 0;
};

TEST_F(CheckCommandPrivacyTest, WhatItSaysHoldsNothingOfAContact) {
  Run(Trusting() + Arguments{At("a.zip"), "--sightings", At("bad.csv")}, 1);
  Run(Trusting() + Arguments{At("a.zip"), "--max-seconds", "0"}, 1);
  Run(Trusting() + Arguments{At("a.zip"), "--sightings", At("early.csv")}, 0);
  Run(Trusting() +
          Arguments{"--sightings", At("bad.csv"), "--skip-bad-sightings"},
      0);
  Run(Trusting() + Arguments{At("b.zip"), "--sightings", At("late.csv")}, 0);
  for (const std::string zone : {"UTC", "Asia/Tokyo"}) {
    for (const Arguments& form :
         {Arguments{},
          {"--format", "json"},
          {"--config", "cocoa"},
          {"--config", "cocoa", "--format", "json"},
          {"--config", "cocoa", "--lang", "ja", "--dates", "long"},
          {"--config", "cocoa", "--out", At("out")},
          {"--policy", "cocoa-3", "--config", "platform-default", "--format",
           "json", "--out", At("out")},
          {"--own-keys", At("own.jsonl"), "--format", "json"},
          {At("forged.zip"), At("cut.zip"), "--skip-bad-files"},
          {At("forged.zip"), At("cut.zip"), "--skip-bad-files", "--format",
           "json"},
          {At("b.zip"), At("a.zip"), "--keep-no-keys"}}) {
      Run(Trusting() + form + Arguments{"--time-zone", zone}, 0);
    }
  }
  Run(Trusting() + Arguments{At("forged.zip"), At("cut.zip"), At("no.zip")}, 1);
  Run({"--now", "2020-12-05T00:00:00Z"}, 1);
  // A clock that is off.
  Run({"--trusted-key", "440:v1=" + At("public.pem"), "--now",
       "2021-12-05T00:00:00Z"},
      0);
  Run({"--status"}, 0);
  Run({"--status", "--format", "json"}, 0);
  // Without keys, needed again.
  fs::remove_all(At("store"));
  Run(Trusting() + Arguments{At("a.zip"), "--keep-no-keys", "--sightings",
                             At("early.csv")},
      0);
  Run(Trusting() + Arguments{"--keep-no-keys", "--sightings", At("late.csv")},
      1);
  Run(Trusting() + Arguments{"--keep-no-keys", "--skip-bad-files"}, 0);
  // Exports, results and stores that are not where they are said to be.
  for (const Arguments& wrong :
       {Arguments{At("no.zip")},
        {At("")},
        {At("a.zip"), "--out", At("")},
        {At("a.zip"), "--out", At("no") + "/folder/out"},
        {At("a.zip"), "--matches-out", At("no") + "/folder/matches"},
        {"--sightings", At("no.csv")},
        {"--sightings", At("a.zip")},
        {"--own-keys", At("early.csv")},
        {"--trusted-key", "440=" + At("own.jsonl")},
        {"--trusted-key", "440=" + At("early.csv")}}) {
    Run(Trusting() + wrong, 1);
  }
  for (const std::string& store :
       {At("early.csv"), At("early.csv") + "/below", At("a.zip")}) {
    for (const Arguments& work :
         {Trusting() + Arguments{At("b.zip"), "--sightings", At("late.csv")},
          {"--status"},
          {"--forget"},
          {"--set-aside"}}) {
      const TekmatchRun run =
          RunTekmatch(Arguments{"check", "--store", store} + work);
      EXPECT_EQ(run.exit_code, 1) << run.err;
      EXPECT_EQ(FirstPlantedIn(run.out + run.err), "");
      ++num_runs_;
    }
  }
  // A file that is damaged in the middle, everywhere in turn: whatever it says
  // of that.
  const std::string whole = ReadFile(DatabasePath());
  for (size_t at = 0; at < whole.size(); at += 512) {
    std::string damaged = whole;
    for (size_t i = at; i < std::min(at + 16, whole.size()); ++i) {
      damaged[i] = static_cast<char>(~damaged[i]);
    }
    WriteFile(DatabasePath(), damaged);
    for (const char* suffix : {"-wal", "-shm"}) {
      fs::remove(DatabasePath() + suffix);
    }
    const Arguments arguments = Arguments{"check", "--store", At("store")} +
                                Trusting() +
                                Arguments{At("a.zip"), At("b.zip")};
    const TekmatchRun run = RunTekmatch(arguments);
    EXPECT_TRUE(run.exit_code == 0 || run.exit_code == 1)
        << at << ": " << run.exit_code << " " << run.signal;
    EXPECT_EQ(FirstPlantedIn(run.out + run.err), "") << at;
    num_bytes_ += run.out.size() + run.err.size();
    ++num_runs_;
  }
  WriteFile(At("store") + "/tekmatch.sqlite", "damaged");
  Run({"--set-aside"}, 0);
  Run({"--status"}, 1);
  WriteFile(DatabasePath(), whole);
  EXPECT_NE(FirstIdentifierIn(At("store")), "");
  Run({"--forget"}, 0);
  EXPECT_EQ(FirstIdentifierIn(At("store")), "");
  Run({"--status"}, 0);
  RecordProperty("runs", num_runs_);
  EXPECT_GT(num_runs_, 50);
  EXPECT_GT(num_bytes_, 10'000U);
}

// That the search finds what there is.
TEST_F(CheckCommandPrivacyTest, WhatIsAskedForThemHoldsThem) {
  const TekmatchRun explained = RunTekmatch(
      Arguments{"check", "--store", At("store"), At("a.zip"), "--sightings",
                At("early.csv"), "--config", "cocoa", "--explain", "2020-12-01",
                "--matches-out", At("matches")} +
      Trusting());
  ASSERT_EQ(explained.exit_code, 0) << explained.err;
  EXPECT_NE(FirstPlantedIn(explained.out), "");
  EXPECT_NE(FirstPlantedIn(ReadFile(At("matches"))), "");
  EXPECT_EQ(FirstPlantedIn(explained.err), "");
}

}  // namespace
}  // namespace tekmatch
