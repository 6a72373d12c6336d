// What a file says of itself, and what it is called, cannot move the terminal's
// cursor, forge a line of the program's, or stand in a notice to a person.
#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"
#include "tools/commands/key_lines.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A line that looks like the program's own; a color, C1, DEL, text that runs
// from right to left, a byte that is no UTF-8. FORGED is what an attacker wants
// to see at the begin of a line, and nowhere in a notice.
const std::string kWords =
    "x\nFORGED: valid\r\x1b[31m\xc2\x9b\x7f\xe2\x80\xae\xff y";

// Bytes that nothing printed may have, but for the end of a line.
bool IsClean(const std::string& text) {
  for (const std::string bad : {"\x7f", "\xff", "\xc2\x9b", "\xe2\x80\xae"}) {
    if (text.find(bad) != std::string::npos) return false;
  }
  return std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 || c == '\n';
  });
}

bool HasForgedLine(const std::string& text) {
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("FORGED")) return true;
  }
  return false;
}

class UntrustedTextTest : public testing::Test {
 protected:
  // A path of these words, too.
  std::string Write(const std::string& name, const std::string& bytes) {
    const std::string folder = TempPath(kWords);
    std::filesystem::create_directory(folder);
    WriteFile(folder + "/" + name, bytes);
    return folder + "/" + name;
  }

  TekmatchRun Run(const std::vector<std::string>& arguments) {
    TekmatchRun run = RunTekmatch(arguments);
    SCOPED_TRACE(testing::PrintToString(arguments));
    EXPECT_TRUE(IsClean(run.out)) << run.out;
    EXPECT_TRUE(IsClean(run.err)) << run.err;
    EXPECT_FALSE(HasForgedLine(run.out)) << run.out;
    EXPECT_FALSE(HasForgedLine(run.err)) << run.err;
    return run;
  }

  std::string WriteSightings(const DiagnosisKey& key) {
    return Write("s.csv", CsvHeader({}) + "\n" +
                              CsvRow(HearKey(key, kTestDaySeconds + 5), {}));
  }

  const std::vector<DiagnosisKey> keys_ = TestKeys(3, 1);
};

// Every way to show a file that is accepted, refused, damaged or not there.
TEST_F(UntrustedTextTest, NoCommandRepeatsItAsItIs) {
  const ExportSigner trusted = OtherSigner("440", kWords);
  const ExportSigner stranger = OtherSigner(kWords, kWords);
  ExportWriterOptions options = TestExportOptions({trusted});
  options.region = kWords;
  const std::string good = Write("good.zip", WriteTestExport(keys_, options));
  options.signers = {stranger};
  const std::string bad = Write("bad.zip", WriteTestExport(keys_, options));
  const std::string zip = WriteTestExport(keys_, TestExportOptions());
  const std::string extra =
      Write("extra.zip", StoredZip({{"export.bin", ZipEntry(zip, "export.bin")},
                                    {"export.sig", ZipEntry(zip, "export.sig")},
                                    {"a\xe2\x80\xae.txt", "FORGED"}}));
  const std::string damaged = Write("damaged.zip", "no zip");
  const std::string none = damaged + kWords;
  const std::string pem = Write("public.pem", *trusted.key.PublicPem());
  const std::string key = "440=" + pem;
  const std::string sightings = WriteSightings(keys_[0]);

  EXPECT_THAT(Run({"verify", good, "--trusted-key", key}).out,
              HasSubstr("good.zip: valid, signed by 440\n"));
  EXPECT_EQ(
      Run({"verify", good, bad, extra, damaged, none, "--trusted-key", key})
          .exit_code,
      1);
  for (const char* format : {"text", "json"}) {
    const TekmatchRun inspected =
        Run({"inspect", good, bad, extra, "--format", format});
    EXPECT_EQ(inspected.exit_code, 0) << inspected.err;
    EXPECT_THAT(inspected.out, HasSubstr("FORGED"));
    for (const std::vector<std::string>& more :
         {std::vector<std::string>{},
          {"--config", "cocoa"},
          {"--config", "cocoa", "--lang", "ja"},
          {"--config", "cocoa", "--explain", "2020-12-01"}}) {
      // JSON has no language.
      if (format == std::string("json") && more.size() == 4 &&
          more[2] == "--lang") {
        continue;
      }
      std::vector<std::string> arguments = {
          "match",         good,      bad,
          extra,           damaged,   none,
          "--trusted-key", key,       "--skip-bad-files",
          "--sightings",   sightings, "--format",
          format};
      arguments.insert(arguments.end(), more.begin(), more.end());
      const TekmatchRun matched = Run(arguments);
      EXPECT_EQ(matched.exit_code, 0) << matched.err;
    }
  }
  EXPECT_EQ(Run({"match", bad, "--trusted-key", key, "--sightings", sightings})
                .exit_code,
            1);
  EXPECT_EQ(Run({"verify", good, "--trusted-key", kWords}).exit_code, 2);
  EXPECT_EQ(Run({"verify", good, kWords + "--no-such"}).exit_code, 1);
  EXPECT_EQ(Run({"verify", good, "--no-such" + kWords}).exit_code, 2);
  EXPECT_EQ(Run({kWords}).exit_code, 2);
  EXPECT_EQ(Run({"match", good, "--trusted-key", key, "--sightings", sightings,
                 "--time-zone", kWords})
                .exit_code,
            2);
}

// The words are a folder's name; what a run that was killed began is named too.
TEST_F(UntrustedTextTest, NoFolderThatIsWrittenIsRepeatedAsItIs) {
  const std::string pem = Write("signing.pem", *TestSigner().key.PrivatePem());
  const std::string lines = Write("keys.jsonl", KeyLine(keys_[0]));
  const std::string out = TempPath(kWords) + "/" + kWords;
  std::vector<std::string> arguments = {
      "export",   "--keys",  lines,        "--signing-key", pem,
      "--key-id", "440",     "--region",   kWords,          "--out",
      out,        "--start", "1607000000", "--end",         "1607086400"};
  const TekmatchRun exported = Run(arguments);
  EXPECT_EQ(exported.exit_code, 0) << exported.err;
  EXPECT_THAT(exported.out, HasSubstr("/1607000000-1607086400-00001.zip: 1"));
  std::filesystem::create_directory(out + "/.tekmatch-publishing");
  std::filesystem::rename(out + "/index.txt",
                          out + "/.tekmatch-publishing/index.txt");
  const TekmatchRun again = Run(arguments);
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.err, HasSubstr(": completed what a run that was killed"));
  EXPECT_THAT(again.err, HasSubstr("-00001.zip: is published"));

  for (const char* phones : {"1", "2"}) {
    const TekmatchRun generated =
        Run({"generate", "--keys", "10", "--sightings", "20", "--met", "2",
             "--phones", phones, "--out", out + phones});
    EXPECT_EQ(generated.exit_code, 0) << generated.err;
    EXPECT_THAT(generated.out, HasSubstr("MATCHES is then the same as "));
    EXPECT_EQ(std::count(generated.out.begin(), generated.out.end(), '\n'), 3);
  }
  const TekmatchRun demo = Run({"demo", "--out", out + "demo"});
  EXPECT_EQ(demo.exit_code, 0) << demo.err;
  EXPECT_THAT(demo.out, HasSubstr("  tekmatch match "));
}

// The notice names a file that was left out, and says nothing that stands in
// it, not even made printable.
TEST_F(UntrustedTextTest, NoNoticeHasWordsOfAFile) {
  ExportWriterOptions options =
      TestExportOptions({OtherSigner("FORGED", "FORGED")});
  options.region = "FORGED";
  const std::string bad = TempPath("bad.zip");
  WriteFile(bad, WriteTestExport(keys_, options));
  const std::string good = TempPath("good.zip");
  options.signers = {TestSigner()};
  WriteFile(good, WriteTestExport(keys_, options));
  const std::string pem = TempPath("public.pem");
  WriteFile(pem, *TestSigner().key.PublicPem());
  const std::string sightings = WriteSightings(keys_[0]);
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"--lang", "en"},
        {"--lang", "ja"},
        {"--explain", "2020-12-01"}}) {
    std::vector<std::string> arguments = {"match",       good,
                                          bad,           "--trusted-key",
                                          "440=" + pem,  "--skip-bad-files",
                                          "--sightings", sightings,
                                          "--config",    "cocoa"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const TekmatchRun run = Run(arguments);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("no_trusted_key"));
    EXPECT_THAT(run.out, HasSubstr("bad.zip"));
    EXPECT_THAT(run.out, Not(HasSubstr("FORGED")));
  }
}

}  // namespace
}  // namespace tekmatch
