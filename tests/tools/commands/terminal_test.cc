// What a person sees on a terminal: progress while it takes long, and nothing
// else that moves or has a colour. The real binary runs on pseudo-terminals.
//
// Plan: a run whose stdin the test holds, so that it takes more than a second
// without doing much; then what it wrote is held against what it should.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/run_tekmatch.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kWipe[] = "\r\x1b[K";

// A terminal that passes on every byte as it is.
class Terminal {
 public:
  // 0 columns: it does not say how wide it is.
  explicit Terminal(uint16_t columns = 0)
      : master_(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    EXPECT_GE(master_, 0);
    EXPECT_EQ(grantpt(master_), 0);
    EXPECT_EQ(unlockpt(master_), 0);
    slave_ = open(ptsname(master_), O_RDWR | O_NOCTTY | O_CLOEXEC);
    EXPECT_GE(slave_, 0);
    termios settings{};
    EXPECT_EQ(tcgetattr(slave_, &settings), 0);
    cfmakeraw(&settings);
    EXPECT_EQ(tcsetattr(slave_, TCSANOW, &settings), 0);
    winsize size{};
    size.ws_col = columns;
    EXPECT_EQ(ioctl(slave_, TIOCSWINSZ, &size), 0);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    Hangup();
    close(master_);
  }

  int slave() const { return slave_; }
  // From now on only the program has it.
  void Hangup() {
    if (slave_ >= 0) close(slave_);
    slave_ = -1;
  }
  // Waits for more; false when nobody can write any more.
  bool Read() {
    char piece[4096];
    ssize_t n = 0;
    do {
      n = read(master_, piece, sizeof piece);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) return false;
    text_.append(piece, static_cast<size_t>(n));
    return true;
  }
  const std::string& text() const { return text_; }

 private:
  int master_;
  int slave_ = -1;
  std::string text_;
};

// A run with stdout and stderr on a terminal each, and stdin a pipe.
class RunOnTerminal {
 public:
  explicit RunOnTerminal(const std::vector<std::string>& arguments,
                         const char* term = "xterm", uint16_t columns = 0)
      : out_(columns) {
    int pipe_ends[2];
    EXPECT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);
    const TekmatchCommand command(arguments);
    EXPECT_EQ(setenv("TERM", term, 1), 0);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(pipe_ends[0], STDIN_FILENO);
      dup2(out_.slave(), STDOUT_FILENO);
      dup2(err_.slave(), STDERR_FILENO);
      command.Exec();
    }
    close(pipe_ends[0]);
    stdin_ = pipe_ends[1];
    out_.Hangup();
    err_.Hangup();
  }
  RunOnTerminal(const RunOnTerminal&) = delete;
  RunOnTerminal& operator=(const RunOnTerminal&) = delete;
  ~RunOnTerminal() { CloseStdin(); }

  void Write(const std::string& bytes) const {
    EXPECT_EQ(write(stdin_, bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }
  // Until all is read that was written, and longer than progress waits.
  void PauseOnceItReads() const {
    int unread = 1;
    while (unread > 0) {
      EXPECT_EQ(ioctl(stdin_, FIONREAD, &unread), 0);
      absl::SleepFor(absl::Milliseconds(10));
    }
    absl::SleepFor(absl::Milliseconds(1200));
  }
  void CloseStdin() {
    if (stdin_ >= 0) close(stdin_);
    stdin_ = -1;
  }
  void WaitFor(const std::string& text) {
    while (!absl::StrContains(err_.text(), text) && err_.Read()) {
    }
  }
  void Interrupt() const { kill(pid_, SIGINT); }

  // Its exit code, or -1. Then all that it wrote is there.
  int Wait() {
    CloseStdin();
    while (err_.Read()) {
    }
    while (out_.Read()) {
    }
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  const std::string& out() const { return out_.text(); }
  const std::string& err() const { return err_.text(); }

 private:
  Terminal out_;
  Terminal err_;
  pid_t pid_ = -1;
  int stdin_ = -1;
};

class TerminalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 3; ++i) {
      rows_ += CsvRow(HearKey(keys_[0], kTestDaySeconds + 5 + i), {});
    }
    WriteFile(At("public.pem"), *TestSigner().key.PublicPem());
    WriteFile(At("a.zip"), WriteTestExport(keys_));
    WriteFile(At("b.zip"), WriteTestExport(TestKeys(3, 2)));
    WriteFile(At("s.csv"), CsvHeader({}) + "\n" + rows_);
  }
  static std::string At(const std::string& name) { return TempPath(name); }
  static std::string Trusted() { return "440:v1=" + At("public.pem"); }
  static std::vector<std::string> Match(const std::string& sightings) {
    return {"match",   At("a.zip"),   At("b.zip"), "--trusted-key",
            Trusted(), "--sightings", sightings};
  }

  const std::vector<DiagnosisKey> keys_ = TestKeys(3, 1);
  std::string rows_;
};

// stdin is empty for more than a second between two rows.
TEST_F(TerminalTest, MatchSaysHowFarEachStageIs) {
  RunOnTerminal run(Match("-"));
  run.Write(CsvHeader({}) + "\n");
  run.PauseOnceItReads();
  run.Write(rows_);
  EXPECT_EQ(run.Wait(), 0) << run.err();
  EXPECT_THAT(run.err(),
              StartsWith(absl::StrCat(kWipe, "reading sightings: ")));
  EXPECT_THAT(run.err(), ContainsRegex("reading sightings: [0-9]+ bytes"));
  EXPECT_THAT(run.err(),
              HasSubstr(absl::StrCat(kWipe, "indexing 3 sightings", kWipe,
                                     kWipe, "file 0 of 2, 0 keys read")));
  EXPECT_TRUE(absl::EndsWith(run.err(), kWipe)) << run.err();
  EXPECT_THAT(run.out(), StartsWith("Read 6 keys in 2 files"));
  EXPECT_THAT(run.out(), Not(HasSubstr("\x1b")));
}

// The line is wiped before a message.
TEST_F(TerminalTest, AMessageStandsAlone) {
  RunOnTerminal run({"sightings", "-", "--skip-bad-sightings"});
  run.Write(CsvHeader({}) + "\n");
  run.PauseOnceItReads();
  run.Write("1,2,3,4\n" + rows_);
  EXPECT_EQ(run.Wait(), 0) << run.err();
  EXPECT_THAT(run.err(), StartsWith(absl::StrCat(kWipe, "reading sightings")));
  EXPECT_THAT(run.err(), HasSubstr(absl::StrCat(" bytes", kWipe,
                                                "tekmatch: skipped -:2: ")));
  EXPECT_TRUE(absl::EndsWith(run.err(), "tekmatch: 3 sightings (1 skipped)\n"))
      << run.err();
  EXPECT_EQ(run.out(), CsvHeader({}) + "\n" + rows_);
}

TEST_F(TerminalTest, VerifyAndInspectSayWhichFileOfHowMany) {
  for (const char* command : {"verify", "inspect"}) {
    std::vector<std::string> arguments = {command, "-", At("b.zip")};
    if (command == std::string("verify")) {
      arguments.insert(arguments.end(), {"--trusted-key", Trusted()});
    }
    RunOnTerminal run(arguments);
    const std::string zip = ReadFile(At("a.zip"));
    run.Write(zip.substr(0, 100));
    run.PauseOnceItReads();
    run.Write(zip.substr(100));
    EXPECT_EQ(run.Wait(), 0) << run.err();
    EXPECT_THAT(run.err(),
                StartsWith(absl::StrCat(kWipe, "file 1 of 2, 3 keys read")));
    EXPECT_TRUE(absl::EndsWith(run.err(), kWipe)) << run.err();
    EXPECT_THAT(run.out(), Not(HasSubstr("\x1b")));
  }
}

size_t WidestLine(const std::string& text) {
  size_t widest = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    widest = std::max(widest, line.size());
  }
  return widest;
}

// Reports fit the terminal, by its own word or COLUMNS'; nothing has a colour.
TEST_F(TerminalTest, ReportsFitTheTerminal) {
  WriteFile(At("log.json"), R"({"ExportVersion":2,"ExposureChecks":[
    {"Timestamp":"2020-12-02 09:00:00 +0900","Files":[{"Hash":
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "KeyCount":3,"MatchCount":1,"Timestamp":"2020-12-02 09:00:00 +0900"}]}]})");
  const std::vector<std::string> log = {"log", At("log.json")};
  const std::string on_pipe = RunTekmatch(log).out;
  EXPECT_GT(WidestLine(on_pipe), 120u);
  EXPECT_THAT(on_pipe, HasSubstr("hash              keys  in file"));
  // The path is one word.
  const size_t path = At("log.json").size() + 1;
  for (const uint16_t columns : {40, 60, 0}) {
    RunOnTerminal run(log, "xterm", columns);
    EXPECT_EQ(run.Wait(), 0) << run.err();
    EXPECT_LE(WidestLine(run.out()),
              std::max<size_t>(columns == 0 ? 80 : columns, path));
    EXPECT_THAT(run.out(),
                HasSubstr("aaaaaaaaaaaaaaaa\n  keys            3\n"));
    EXPECT_THAT(run.out(), Not(HasSubstr("\x1b")));
  }
  RunOnTerminal wide(log, "xterm", 500);
  EXPECT_EQ(wide.Wait(), 0) << wide.err();
  EXPECT_EQ(wide.out(), on_pipe);
  EXPECT_EQ(setenv("COLUMNS", "500", 1), 0);
  RunOnTerminal by_variable(log, "xterm", 40);
  EXPECT_EQ(by_variable.Wait(), 0) << by_variable.err();
  EXPECT_EQ(unsetenv("COLUMNS"), 0);
  EXPECT_EQ(by_variable.out(), on_pipe);
  // JSON is for programs, wherever it goes.
  RunOnTerminal json({"log", At("log.json"), "--format", "json"}, "xterm", 40);
  EXPECT_EQ(json.Wait(), 0) << json.err();
  EXPECT_EQ(json.out(),
            RunTekmatch({"log", At("log.json"), "--format", "json"}).out);
}

// Bytes that are no text would do what they like there.
TEST_F(TerminalTest, NoTksightGoesToATerminal) {
  RunOnTerminal run({"sightings", At("s.csv"), "--format", "tksight"});
  EXPECT_EQ(run.Wait(), 2);
  EXPECT_EQ(run.out(), "");
  EXPECT_THAT(run.err(), HasSubstr("--format tksight is no text for a "
                                   "terminal: give --out"));
}

// It would take hours; the folder that it made is gone.
TEST_F(TerminalTest, GenerateSaysHowManyOfHowMany) {
  RunOnTerminal run({"generate", "--keys", "1000000000", "--sightings", "10",
                     "--met", "1", "--out", At("world")});
  run.WaitFor(" of 1000000000 keys made");
  run.Interrupt();
  EXPECT_EQ(run.Wait(), -1);
  EXPECT_THAT(run.err(), HasSubstr(" of 1000000000 keys made"));
  EXPECT_FALSE(std::filesystem::exists(At("world")));
}

// No colour, no movement: where nothing takes long, and where the terminal can
// wipe no line.
TEST_F(TerminalTest, NothingElseIsForTerminalsOnly) {
  for (const std::vector<std::string>& arguments :
       {Match(At("s.csv")),
        Match(At("no such file")),
        std::vector<std::string>{"--version"},
        {"help", "match"},
        {"mtach"},
        {"verify", At("a.zip"), At("s.csv"), "--trusted-key", Trusted()},
        {"inspect", At("a.zip")},
        {"sightings", At("s.csv")}}) {
    RunOnTerminal run(arguments);
    run.Wait();
    EXPECT_NE(run.out() + run.err(), "") << arguments[0];
    // On a slow machine progress may be due, of which the whole line is wiped.
    const std::string err = std::regex_replace(
        run.err(), std::regex("\r\x1b\\[K[^\r\x1b\n]*(?=\r\x1b\\[K)"), "");
    EXPECT_THAT(run.out(), Not(HasSubstr("\x1b")));
    EXPECT_THAT(std::regex_replace(err, std::regex("\r\x1b\\[K"), ""),
                Not(HasSubstr("\x1b")));
  }
  for (const char* term : {"dumb", ""}) {
    RunOnTerminal run(Match("-"), term);
    run.Write(CsvHeader({}) + "\n");
    run.PauseOnceItReads();
    run.Write(rows_);
    EXPECT_EQ(run.Wait(), 0) << run.err();
    EXPECT_EQ(run.err(), "");
  }
}

}  // namespace
}  // namespace tekmatch
