// In what format a result is written that has a file: every command with
// --format and --out, as a person runs it.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
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
using ::testing::StartsWith;
using Arguments = std::vector<std::string>;

Arguments operator+(Arguments a, const Arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// What a file's first bytes are.
std::string KindOf(const std::string& bytes) {
  if (bytes.substr(0, 4) == "\x89TKS") return "tksight";
  if (json::accept(bytes)) return "json";
  const std::string line = bytes.substr(0, bytes.find('\n'));
  if (json::accept(line)) return "jsonl";
  // The headers of the tables: sightings, hashes of a log, totals.
  for (const absl::string_view header : {"time,", "sha256,", "table,"}) {
    if (line.substr(0, header.size()) == header) return "csv";
  }
  return "text";
}

class FormatOptionTest : public ::testing::Test {
 protected:
  FormatOptionTest() {
    const std::vector<DiagnosisKey> keys = TestKeys(3, 1);
    WriteFile(At("a.zip"), WriteTestExport(keys));
    WriteFile(At("public.pem"), *TestSigner().key.PublicPem());
    // Two: one JSON object would be JSON, too.
    WriteFile(At("heard"), CsvHeader({}) + "\n" +
                               CsvRow(HearKey(keys[0], kTestDaySeconds + 5)) +
                               CsvRow(HearKey(keys[1], kTestDaySeconds + 9)));
    WriteFile(At("log"),
              absl::StrCat(R"([{"hash":")", std::string(64, 'a'),
                           R"(","keyCount":3,"matchesCount":0,)",
                           R"("timestamp":"2020-12-02T00:00:00Z"}])"));
    WriteFile(At("keys"), absl::StrCat(R"({"tek":")", std::string(32, '0'),
                                       R"(","rolling_start":2678544})", "\n"));
  }
  static std::string At(const std::string& name) { return TempPath(name); }
  static Arguments Matched() {
    return {"--sightings", At("heard"), "--trusted-key",
            "440:v1=" + At("public.pem")};
  }

  // Each command that has both options, without them; what it writes, the
  // default first.
  struct Command {
    Arguments arguments;
    std::vector<std::string> formats;
  };
  static std::vector<Command> Commands() {
    const Arguments store = {"check", "--store", At("store")};
    return {
        {{"sightings", At("heard")}, {"csv", "jsonl", "tksight"}},
        {Arguments{"match", At("a.zip")} + Matched(), {"text", "json"}},
        {Arguments{"merge", "--plan", At("plan"), At("partial")},
         {"text", "json"}},
        {store + Arguments{At("a.zip"), "--now", "2020-12-05T00:00:00Z"} +
             Matched(),
         {"text", "json"}},
        {store + Arguments{"--status"}, {"text", "json"}},
        {{"verify", At("a.zip"), "--trusted-key", "440:v1=" + At("public.pem")},
         {"text", "json"}},
        {{"inspect", At("a.zip"), "--totals"}, {"text", "json", "csv"}},
        {{"log", At("log"), At("a.zip")}, {"text", "json", "csv"}},
        {{"window", "--keys", At("keys"), "--onset", "2020-12-10",
          "--registered", "2020-12-15T00:00:00Z", "--policy", "none"},
         {"text", "json"}},
    };
  }
  void MakePartial() const {
    Run(Arguments{"plan", At("a.zip"), "--by", "files", "--shards", "1",
                  "--out", At("plan")} +
        Matched());
    Run({"match", "--plan", At("plan"), "--shard", "1", "--partial",
         At("partial")});
  }
  static void Run(const Arguments& arguments) {
    const TekmatchRun run = RunTekmatch(arguments);
    ASSERT_EQ(run.exit_code, 0)
        << ::testing::PrintToString(arguments) << run.err;
  }
  // The format of what is in the file that the command wrote.
  static std::string Written(const Command& command, const std::string& name,
                             const Arguments& more = {}) {
    const std::string out = At(name);
    fs::remove(out);
    Run(command.arguments + Arguments{"--out", out} + more);
    return KindOf(ReadFile(out));
  }
  static void ExpectRefused(const Command& command, const Arguments& more,
                            const std::string& message) {
    const TekmatchRun run = RunTekmatch(command.arguments + more);
    EXPECT_EQ(run.exit_code, 2) << command.arguments[0];
    EXPECT_EQ(run.out, "");
    EXPECT_EQ(run.err, absl::StrCat("tekmatch: ", message, "\n"));
  }
};

TEST_F(FormatOptionTest, TheNameOfTheFileSaysIt) {
  MakePartial();
  for (const Command& command : Commands()) {
    SCOPED_TRACE(command.arguments[0]);
    for (const std::string& format : command.formats) {
      EXPECT_EQ(Written(command, "a." + format), format);
    }
  }
  const Command sightings = Commands()[0];
  EXPECT_EQ(Written(sightings, "A.TkSight"), "tksight");
  EXPECT_EQ(Written(sightings, "a.csv.jsonl"), "jsonl");
}

TEST_F(FormatOptionTest, OtherNamesSayNothing) {
  MakePartial();
  for (const Command& command : Commands()) {
    SCOPED_TRACE(command.arguments[0]);
    const std::string& usual = command.formats.front();
    for (const std::string name :
         {"a", "a.txt", ".json", "a.json.bak", "json"}) {
      EXPECT_EQ(Written(command, name), usual) << name;
    }
    for (const std::string& format : command.formats) {
      EXPECT_EQ(Written(command, "a", {"--format", format}), format);
      EXPECT_EQ(Written(command, "a.txt", {"--format", format}), format);
      EXPECT_EQ(Written(command, "a." + format, {"--format", format}), format);
    }
    // stdout has no name.
    const TekmatchRun run = RunTekmatch(command.arguments);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(KindOf(run.out), usual);
  }
}

TEST_F(FormatOptionTest, AFormatThatTheNameContradictsIsRefused) {
  for (const Command& command : Commands()) {
    SCOPED_TRACE(command.arguments[0]);
    for (const std::string& format : command.formats) {
      for (const std::string named : {"csv", "html", "json", "tksight"}) {
        if (named == format) continue;
        const std::string out = At("refused." + named);
        ExpectRefused(command, {"--out", out, "--format", format},
                      absl::StrCat("--format ", format, " and --out ", out,
                                   ": the file's name is that of another "
                                   "format, ",
                                   named));
        EXPECT_FALSE(fs::exists(out));
      }
    }
  }
  EXPECT_FALSE(fs::exists(At("store")));
}

TEST_F(FormatOptionTest, ANameOfWhatIsNotWrittenIsRefused) {
  const std::vector<Command> commands = Commands();
  const std::string page = At("a.html");
  ExpectRefused(commands[0], {"--out", At("a.json")},
                absl::StrCat("--out ", At("a.json"),
                             ": the file's name is that of json, and what is "
                             "written here is csv or jsonl or tksight"));
  for (const Command& command : commands) {
    const TekmatchRun run =
        RunTekmatch(command.arguments + Arguments{"--out", page});
    EXPECT_EQ(run.exit_code, 2) << command.arguments[0];
    EXPECT_THAT(run.err,
                StartsWith(absl::StrCat("tekmatch: --out ", page,
                                        ": the file's name is that of html")));
    EXPECT_FALSE(fs::exists(page));
  }
}

// What is written in one format has no --format, and the same rule.
TEST_F(FormatOptionTest, OutputsOfOneFormatAreHeldToTheirNames) {
  MakePartial();
  const Arguments inputs = Arguments{At("a.zip")} + Matched();
  struct Output {
    Arguments arguments;
    std::string flag;
    std::string written;
  };
  const Arguments store = {"check", "--store", At("store"), "--now",
                           "2020-12-05T00:00:00Z"};
  const Arguments merge = {"merge", "--plan", At("plan"), At("partial")};
  const Arguments window = {"window",
                            "--keys",
                            At("keys"),
                            "--onset",
                            "2020-12-10",
                            "--registered",
                            "2020-12-15T00:00:00Z",
                            "--policy",
                            "none"};
  const std::vector<Output> outputs = {
      {Arguments{"match"} + inputs, "--matches-out", "jsonl"},
      {Arguments{"match"} + inputs, "--html", "html"},
      {store + inputs, "--matches-out", "jsonl"},
      {store + inputs, "--html", "html"},
      {merge, "--matches-out", "jsonl"},
      {merge, "--html", "html"},
      {{"inspect", At("a.zip")}, "--keys-out", "jsonl"},
      {{"inspect", At("a.zip")}, "--html", "html"},
      {{"log", At("log"), At("a.zip")}, "--html", "html"},
      {window, "--html", "html"},
      {Arguments{"plan", "--by", "files", "--shards", "1"} + inputs, "--out",
       "json"},
      {{"match", "--plan", At("plan"), "--shard", "1"},
       "--partial",
       "a partial"},
      {{"demo"}, "--summary-out", "text"},
  };
  for (const Output& output : outputs) {
    SCOPED_TRACE(output.arguments[0] + " " + output.flag);
    for (const std::string named :
         {"csv", "html", "json", "jsonl", "TkSight"}) {
      const std::string path = At("output." + named);
      fs::remove(path);
      if (named == output.written) continue;
      ExpectRefused(
          {output.arguments, {}}, {output.flag, path},
          absl::StrCat(output.flag, " ", path, ": the file's name is that of ",
                       absl::AsciiStrToLower(named),
                       ", and what is written here is ", output.written));
      EXPECT_FALSE(fs::exists(path));
    }
    for (const std::string& name :
         {std::string("output"), std::string("output.txt"),
          "output." + output.written}) {
      const std::string path = At(name);
      fs::remove(path);
      Run(output.arguments + Arguments{output.flag, path});
      EXPECT_TRUE(fs::exists(path)) << name;
    }
  }
}

TEST_F(FormatOptionTest, ASummaryIsText) {
  const std::string summary = At("summary.json");
  const std::string why = absl::StrCat(
      "--summary-out ", summary,
      ": the file's name is that of json, and what is written here is text");
  ExpectRefused({{"generate", "--keys", "1", "--sightings", "1", "--met", "1",
                  "--out", At("world")},
                 {}},
                {"--summary-out", summary}, why);
  ExpectRefused(
      {{"export", "--keys", At("keys"), "--signing-key", At("none"), "--key-id",
        "440", "--region", "440", "--start", "2020-12-02T00:00:00Z", "--end",
        "2020-12-03T00:00:00Z", "--out", At("world")},
       {}},
      {"--summary-out", summary}, why);
  EXPECT_FALSE(fs::exists(At("world")));
}

// Its CSV is of totals alone, whoever asks for it.
TEST_F(FormatOptionTest, InspectWritesCsvOfTotals) {
  const Command inspect = {{"inspect", At("a.zip")}, {}};
  ExpectRefused(inspect, {"--out", At("a.csv")},
                "CSV has totals alone: give --totals, too");
}

}  // namespace
}  // namespace tekmatch
