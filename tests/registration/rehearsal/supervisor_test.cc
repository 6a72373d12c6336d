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

// A shell that plays a role.
ChildOptions Shell(const std::string& script) {
  return {.program = "/bin/sh",
          .arguments = {"-c", script},
          .stderr_path = TempPath("stderr"),
          .num_ready_lines = 1,
          .ready_within = absl::Seconds(30)};
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
  EXPECT_EQ(child.End(absl::Seconds(30)), 3);
  EXPECT_FALSE(child.IsRunning());
  EXPECT_EQ(child.End(absl::Seconds(30)), std::nullopt);
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
  options.ready_within = absl::Milliseconds(500);
  Child child(options);
  EXPECT_THAT(child.Start(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  int pid = 0;
  std::ifstream(TempPath("pid")) >> pid;
  ASSERT_GT(pid, 0);
  EXPECT_FALSE(Exists(pid));
}

TEST(SupervisorTest, SaysThatItEndedByItself) {
  Child child(Shell("echo ready"));
  ASSERT_THAT(child.Start(), IsOk());
  const absl::Time end = absl::Now() + absl::Seconds(30);
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
  const absl::Time end = absl::Now() + absl::Seconds(30);
  while (child->IsRunning() && absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  EXPECT_FALSE(child->IsRunning());
}

TEST(SupervisorTest, FilesThatMayNotGrow) {
  const std::string path = WriteTemp("file", "");
  // In steps that do not meet the limit by themselves.
  Child child(Shell("echo ready; while true; do head -c 300 /dev/zero >>" +
                    path + " 2>/dev/null; sleep 0.02; done"));
  const auto size_becomes = [&path](uint64_t least) {
    const absl::Time end = absl::Now() + absl::Seconds(60);
    while (std::filesystem::file_size(path) < least && absl::Now() < end) {
      absl::SleepFor(absl::Milliseconds(5));
    }
    return std::filesystem::file_size(path);
  };
  ASSERT_THAT(child.LimitFiles(1), IsOk());  // nobody is there yet
  ASSERT_THAT(child.Start(), IsOk());
  ASSERT_THAT(child.LimitFiles(1'000'000), IsOk());
  const uint64_t size = size_becomes(1);
  ASSERT_THAT(child.LimitFiles(size + 1000), IsOk());
  EXPECT_EQ(size_becomes(size + 1000), size + 1000);
  EXPECT_TRUE(child.IsRunning());
  ASSERT_THAT(child.LimitFiles(std::nullopt), IsOk());
  EXPECT_GT(size_becomes(size + 1001), size + 1000);
}

}  // namespace
}  // namespace tekmatch
