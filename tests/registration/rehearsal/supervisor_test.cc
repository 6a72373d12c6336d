#include "registration/rehearsal/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <string>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Within which what has to happen does, on whatever machine.
constexpr absl::Duration kPatience = absl::Minutes(4);

// A shell that plays a role.
ChildOptions Shell(const std::string& script) {
  return {.program = "/bin/sh",
          .arguments = {"-c", script},
          .stderr_path = TempPath("stderr"),
          .num_ready_lines = 1,
          .ready_within = kPatience};
}

bool Exists(pid_t pid) { return kill(pid, 0) == 0; }

pid_t PidSaid(const Child& child) {
  int pid = 0;
  EXPECT_TRUE(absl::SimpleAtoi(child.ready_lines().at(0), &pid));
  return pid;
}

TEST(SupervisorTest, StartsKillsAndStartsAgain) {
  Child child(Shell("echo $$; exec sleep 1000"));
  EXPECT_FALSE(child.IsRunning());
  ASSERT_THAT(child.Start(), IsOk());
  const pid_t first = PidSaid(child);
  EXPECT_TRUE(child.IsRunning());
  EXPECT_THAT(child.Start(), StatusIs(absl::StatusCode::kFailedPrecondition));
  child.Kill();
  EXPECT_FALSE(child.IsRunning());
  EXPECT_FALSE(Exists(first));
  child.Kill();
  ASSERT_THAT(child.Start(), IsOk());
  EXPECT_NE(PidSaid(child), first);
}

TEST(SupervisorTest, ReadsAllReadyLines) {
  ChildOptions options = Shell("echo one; echo two; exec sleep 1000");
  options.num_ready_lines = 2;
  Child child(options);
  ASSERT_THAT(child.Start(), IsOk());
  EXPECT_THAT(child.ready_lines(), ElementsAre("one", "two"));
}

TEST(SupervisorTest, EndsWithItsStatus) {
  Child child(
      Shell("trap 'exit 3' TERM; echo ready; "
            "while true; do sleep 0.05; done"));
  ASSERT_THAT(child.Start(), IsOk());
  EXPECT_EQ(child.End(kPatience), 3);
  EXPECT_FALSE(child.IsRunning());
  EXPECT_EQ(child.End(kPatience), std::nullopt);
}

TEST(SupervisorTest, WhoDoesNotEndIsKilled) {
  Child child(
      Shell("trap '' TERM; echo $$; "
            "while true; do sleep 0.05; done"));
  ASSERT_THAT(child.Start(), IsOk());
  const pid_t pid = PidSaid(child);
  EXPECT_EQ(child.End(absl::Milliseconds(200)), std::nullopt);
  EXPECT_FALSE(Exists(pid));
}

TEST(SupervisorTest, WhoEndsBeforeItIsReady) {
  Child child(Shell("echo no luck >&2; exit 1"));
  EXPECT_THAT(child.Start(),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("no luck")));
  EXPECT_FALSE(child.IsRunning());
}

TEST(SupervisorTest, WhoIsNotReadyInTimeIsKilled) {
  ChildOptions options =
      Shell("echo $$ >" + TempPath("pid") + "; exec sleep 1000");
  // As much as the machine needs for it to say who it is.
  int pid = 0;
  for (const int seconds : {1, 10, 100}) {
    options.ready_within = absl::Seconds(seconds);
    Child child(options);
    EXPECT_THAT(child.Start(), StatusIs(absl::StatusCode::kDeadlineExceeded));
    std::ifstream(TempPath("pid")) >> pid;
    if (pid > 0) break;
  }
  ASSERT_GT(pid, 0);
  EXPECT_FALSE(Exists(pid));
}

TEST(SupervisorTest, SaysThatItEndedByItself) {
  Child child(Shell("echo ready"));
  ASSERT_THAT(child.Start(), IsOk());
  const absl::Time end = absl::Now() + kPatience;
  while (child.IsRunning() && absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  EXPECT_FALSE(child.IsRunning());
}

TEST(SupervisorTest, NobodyOutlivesTheThreadThatStartedIt) {
  pid_t pid = 0;
  auto child = std::make_unique<Child>(Shell("echo $$; exec sleep 1000"));
  std::thread starter([&] {
    ASSERT_THAT(child->Start(), IsOk());
    pid = PidSaid(*child);
  });
  starter.join();
  const absl::Time end = absl::Now() + kPatience;
  while (child->IsRunning() && absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  EXPECT_FALSE(child->IsRunning());
}

TEST(SupervisorTest, FilesThatMayNotGrow) {
  const std::string path = WriteTemp("file", "");
  // Once it is told to, in steps that do not meet the limit by themselves.
  const std::string told = TempPath("told");
  Child child(Shell("echo ready; while test ! -e " + told +
                    "; do sleep 0.02; done; while true; do "
                    "head -c 300 /dev/zero >>" +
                    path + " 2>/dev/null; sleep 0.02; done"));
  const auto size_becomes = [&path](uint64_t least) {
    const absl::Time end = absl::Now() + kPatience;
    while (std::filesystem::file_size(path) < least && absl::Now() < end) {
      absl::SleepFor(absl::Milliseconds(5));
    }
    return std::filesystem::file_size(path);
  };
  ASSERT_THAT(child.LimitFiles(1), IsOk());  // nobody is there yet
  ASSERT_THAT(child.Start(), IsOk());
  ASSERT_THAT(child.LimitFiles(1'000'000), IsOk());
  ASSERT_THAT(child.LimitFiles(1000), IsOk());
  WriteFile(told, "");
  EXPECT_EQ(size_becomes(1000), 1000);
  EXPECT_TRUE(child.IsRunning());
  ASSERT_THAT(child.LimitFiles(std::nullopt), IsOk());
  EXPECT_GT(size_becomes(1001), 1000);
}

}  // namespace
}  // namespace tekmatch
