// Signatures that lie beside a file or under other names, and files of which
// nobody can check the signature, over the real binary.
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

namespace fs = std::filesystem;
using ::nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kBroken[] = "test";

class TrustCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = TempPath("world");
    fs::remove_all(folder_);
    fs::create_directory(folder_);
    zip_ = WriteTestExport(keys_);
    bin_ = ZipEntry(zip_, "export.bin");
    sig_ = ZipEntry(zip_, "export.sig");
    WriteFile(At("public.pem"), *TestSigner().key.PublicPem());
    WriteFile(At("s.csv"),
              CsvHeader({}) + "\n" +
                  CsvRow(HearKey(keys_[0], kTestDaySeconds + 5), {}));
  }
  std::string At(const std::string& name) const { return folder_ + "/" + name; }
  std::string Trusted() const { return "440:v1=" + At("public.pem"); }

  TekmatchRun Verify(const std::string& path) const {
    return RunTekmatch({"verify", path, "--trusted-key", Trusted()});
  }
  // What `verify` says after the path: the verdict, and why it is not valid.
  void ExpectVerdict(const std::string& path, const std::string& verdict,
                     const std::string& reason) const {
    const TekmatchRun run = Verify(path);
    const bool valid = reason.empty();
    EXPECT_EQ(run.exit_code, valid ? 0 : 1) << path;
    EXPECT_EQ(run.out, absl::StrCat(path, ": ", verdict, valid ? "" : ": ",
                                    reason, "\n"));
    EXPECT_EQ(run.err, valid ? "" : "tekmatch: 1 of 1 file not valid\n");
  }
  TekmatchRun Match(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"match", "--sightings", At("s.csv")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunTekmatch(arguments);
  }
  json MatchJson(std::vector<std::string> more) const {
    more.insert(more.end(), {"--format", "json"});
    const TekmatchRun run = Match(more);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return run.exit_code == 0 ? json::parse(run.out) : json();
  }

  const std::vector<DiagnosisKey> keys_ = TestKeys(3, 1);
  std::string folder_;
  std::string zip_;
  std::string bin_;
  std::string sig_;
};

TEST_F(TrustCommandTest, TheSignatureBesideABareFile) {
  for (const std::string name : {"1", "export", "a.b"}) {
    WriteFile(At(name + ".bin"), bin_);
    ExpectVerdict(At(name + ".bin"), "no_signature_entry",
                  absl::StrCat("not signed: there is no ", At(name + ".sig")));
    WriteFile(At(name + ".sig"), sig_);
    ExpectVerdict(At(name + ".bin"), "valid, signed by 440:v1", "");
    EXPECT_EQ(MatchJson({At(name + ".bin"), "--trusted-key",
                         Trusted()})["keys_matched"],
              1);
  }
  // Of another name, or beside a zip, it is none of the file's.
  WriteFile(At("2.bin"), bin_);
  EXPECT_EQ(Verify(At("2.bin")).exit_code, 1);
  WriteFile(At("1.dat"), bin_);
  ExpectVerdict(At("1.dat"), "no_signature_entry",
                "not signed: there is no export.sig");
  WriteFile(At("3.bin"), zip_);
  WriteFile(At("3.sig"), kBroken);
  ExpectVerdict(At("3.bin"), "valid, signed by 440:v1", "");
}

// A file with a signature beside it is never an unsigned one.
TEST_F(TrustCommandTest, ABrokenSignatureBesideABareFile) {
  const std::string path = At("1.bin");
  WriteFile(path, bin_);
  WriteFile(At("1.sig"), kBroken);
  ExpectVerdict(path, "malformed_signature_list", At("1.sig") + " is damaged");
  EXPECT_EQ(Match({path, "--allow-unsigned"}).exit_code, 1);
  WriteFile(At("1.sig"), "");
  ExpectVerdict(
      path, "empty_signature_list",
      absl::StrCat("not signed: ", At("1.sig"), " lists no signature"));
  WriteFile(At("1.sig"), std::string(65537, 'x'));
  ExpectVerdict(path, "malformed",
                At("1.sig") + ": 65537 bytes, at most 65536 allowed");
  WriteFile(At("1.sig"), sig_);
  WriteFile(path, ZipEntry(WriteTestExport(TestKeys(3, 2)), "export.bin"));
  EXPECT_THAT(Verify(path).out, StartsWith(path + ": wrong_signature"));
  // What is there, but cannot be read.
  fs::remove(At("1.sig"));
  fs::create_directory(At("1.sig"));
  EXPECT_THAT(Verify(path).out, StartsWith(absl::StrCat(
                                    path, ": unreadable: its signature list: ",
                                    At("1.sig"), ": not a regular")));
  fs::remove(At("1.sig"));
  fs::create_symlink("nowhere", At("1.sig"));
  EXPECT_THAT(Verify(path).out, StartsWith(path + ": unreadable: "));
  EXPECT_EQ(Match({path, "--allow-unsigned"}).exit_code, 1);
}

TEST_F(TrustCommandTest, ThePairInAZip) {
  using Entries = std::vector<std::pair<std::string, std::string>>;
  const std::string path = At("e.zip");
  for (const Entries& entries :
       {Entries{{"1.bin", bin_}, {"1.sig", sig_}},
        Entries{{"1.sig", sig_}, {"readme.txt", "x"}, {"1.bin", bin_}}}) {
    WriteFile(path, StoredZip(entries));
    const TekmatchRun run = Verify(path);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(run.out, StartsWith(path + ": valid, signed by 440:v1"));
  }
  WriteFile(path, StoredZip({{"1.bin", bin_}, {"1.sig", kBroken}}));
  ExpectVerdict(path, "malformed_signature_list", "1.sig is damaged");
  for (const Entries& entries :
       {Entries{{"1.bin", bin_}, {"2.sig", sig_}}, Entries{{"1.bin", bin_}},
        Entries{{"1.bin", bin_}, {"2.bin", bin_}, {"1.sig", sig_}},
        Entries{{"1.bin", bin_}, {"1.sig", sig_}, {"export.sig", sig_}},
        Entries{{"a/1.bin", bin_}, {"a/1.sig", sig_}},
        Entries{{".bin", bin_}, {".sig", sig_}}}) {
    WriteFile(path, StoredZip(entries));
    ExpectVerdict(path, "malformed", "zip: no entry export.bin");
  }
  // With an export.bin, others are not looked at.
  WriteFile(path, StoredZip({{"export.bin", bin_}, {"1.sig", sig_}}));
  EXPECT_THAT(Verify(path).out, StartsWith(path + ": no_signature_entry"));
}

TEST_F(TrustCommandTest, NoOutputTakesTheSignaturesPlace) {
  WriteFile(At("1.bin"), bin_);
  WriteFile(At("1.sig"), sig_);
  const TekmatchRun run =
      RunTekmatch({"inspect", At("1.bin"), "--keys-out", At("1.sig")});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(ReadFile(At("1.sig")), sig_);
}

TEST_F(TrustCommandTest, TimestampsThatAreAbsent) {
  const std::string path = At("1.bin");
  // A header, and a key: no timestamps.
  std::string key;
  for (size_t i = 0; i < 16; ++i) key += 'k';
  WriteFile(path, std::string("EK Export v1    ") + "\x3a\x18\x0a\x10" + key +
                      "\x18\x90\xdf\xa1\x01\x20");
  std::string bytes = ReadFile(path);
  bytes += '\x64';  // rolling period 100
  bytes[17] = static_cast<char>(bytes.size() - 18);
  WriteFile(path, bytes);
  const TekmatchRun text = RunTekmatch({"inspect", path});
  ASSERT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("  start_timestamp: absent\n"
                                  "  end_timestamp: absent\n"));
  EXPECT_THAT(text.out, HasSubstr("  keys: 1\n"));
  EXPECT_THAT(text.out, Not(HasSubstr("1970")));
  const json report =
      json::parse(RunTekmatch({"inspect", path, "--format", "json"}).out);
  EXPECT_EQ(report[0]["start_timestamp"], nullptr);
  EXPECT_EQ(report[0]["end_timestamp"], nullptr);
}

// --- --no-verify ---

// Every output says what nobody checked, as of unsigned files.
TEST_F(TrustCommandTest, NotVerifiedIsSaidInEveryOutput) {
  const std::string path = At("old.zip");
  WriteFile(path, zip_);
  EXPECT_EQ(Match({path}).exit_code, 1);
  const TekmatchRun text = Match({path, "--no-verify"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_EQ(text.err, "");
  const std::string english =
      absl::StrCat("NOT VERIFIED (not_verified): ", path,
                   "\nKeys of files whose signature was not verified count "
                   "here: anybody could have\nmade them up.\n");
  EXPECT_THAT(text.out, StartsWith(english));
  const std::vector<std::string> notice = {path, "--no-verify", "--config",
                                           "cocoa"};
  EXPECT_THAT(Match(notice).out, StartsWith(english));
  std::vector<std::string> more = notice;
  more.insert(more.end(), {"--lang", "ja"});
  EXPECT_THAT(Match(more).out,
              StartsWith(absl::StrCat(
                  "署名を検証していないファイル（not_verified）：", path,
                  "\n署名を検証していない鍵も数えています。誰にでも作れるもので"
                  "す。\n")));
  more = notice;
  more.insert(more.end(), {"--explain", "2020-12-01"});
  const TekmatchRun explained = Match(more);
  EXPECT_THAT(explained.out, StartsWith(english));
  EXPECT_THAT(explained.out, HasSubstr(" (not_verified), "));
  const json report = MatchJson({path, "--no-verify"});
  EXPECT_EQ(report["all_files_signed"], false);
  EXPECT_EQ(report["files"][0]["verdict"], "not_verified");
  EXPECT_EQ(report["files"][0]["accepted"], true);
  EXPECT_EQ(report["files"][0]["signed_by"], json::array());
  EXPECT_EQ(report["keys_matched"], 1);
}

// What can be checked is checked, and what is not signed is unsigned.
TEST_F(TrustCommandTest, NoVerifyLetsInNothingElse) {
  const std::string path = At("e.zip");
  WriteFile(path, zip_);
  EXPECT_EQ(MatchJson({path, "--no-verify", "--trusted-key",
                       Trusted()})["files"][0]["verdict"],
            "valid");
  const struct {
    std::string sig;
    std::string verdict;
    bool accepted;
  } cases[] = {
      {SignatureList("1.2.3", "x"), "not_verified", true},
      {SignatureList("1.2.840.10045.4.3.2", std::string(64, 'x')),
       "not_verified", true},
      {SignatureList("1.2.840.10045.4.3.2", "x"), "not_verified", true},
      {kBroken, "malformed_signature_list", false},
      {"", "empty_signature_list", false},
      // Of a trusted key's name, and not by it.
      {ZipEntry(WriteTestExport(TestKeys(3, 2)), "export.sig"),
       "wrong_signature", false},
  };
  for (const auto& c : cases) {
    WriteFile(path, StoredZip({{"export.bin", bin_}, {"export.sig", c.sig}}));
    const TekmatchRun run =
        Match({path, "--no-verify", "--trusted-key", Trusted()});
    EXPECT_EQ(run.exit_code, c.accepted ? 0 : 1) << c.verdict;
    EXPECT_THAT(c.accepted ? run.out : run.err, HasSubstr(c.verdict));
  }
  WriteFile(path, StoredZip({{"export.bin", bin_}}));
  EXPECT_EQ(Match({path, "--no-verify"}).exit_code, 1);
  EXPECT_THAT(Match({path, "--no-verify", "--allow-unsigned"}).out,
              StartsWith("UNSIGNED (no_signature_entry): "));
  WriteFile(path, zip_.substr(0, zip_.size() / 2));
  EXPECT_EQ(Match({path, "--no-verify"}).exit_code, 1);
}

// A stranger revokes the key, and publishes it with another time: what a
// verified file gives stays, and what the stranger adds is added.
TEST_F(TrustCommandTest, AnUnverifiedFileTakesNothingAway) {
  WriteFile(At("good.zip"), zip_);
  DiagnosisKey revoked = keys_[0];
  revoked.metadata.report_type = ReportType::kRevoked;
  revoked.metadata.revised = true;
  DiagnosisKey moved = keys_[0];
  moved.rolling_start += 100;
  moved.rolling_period = 1;
  const DiagnosisKey added = TestKeys(1, 9)[0];
  WriteFile(At("revokes.zip"),
            WriteTestExport({revoked, added},
                            TestExportOptions({OtherSigner("999", "v1")})));
  ExportWriterOptions earlier = TestExportOptions({OtherSigner("999", "v1")});
  earlier.start_timestamp -= 86400;
  earlier.end_timestamp -= 86400;
  WriteFile(At("moves.zip"), WriteTestExport({moved}, earlier));
  WriteFile(At("s.csv"),
            CsvHeader({}) + "\n" +
                CsvRow(HearKey(keys_[0], kTestDaySeconds + 5), {}) +
                CsvRow(HearKey(added, kTestDaySeconds + 700), {}));
  const std::vector<std::string> trusted = {"--trusted-key", Trusted(),
                                            "--no-verify"};
  std::vector<std::string> arguments = trusted;
  arguments.push_back(At("good.zip"));
  EXPECT_EQ(MatchJson(arguments)["keys_matched"], 1);
  arguments.insert(arguments.end(), {At("revokes.zip"), At("moves.zip")});
  const json report = MatchJson(arguments);
  EXPECT_EQ(report["keys_matched"], 2);
  EXPECT_EQ(report["dropped"]["revoked_key"], 0);
  EXPECT_EQ(report["all_files_signed"], false);
}

}  // namespace
}  // namespace tekmatch
