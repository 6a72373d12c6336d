#include "tests/run_tekmatch.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

// Where Bazel puts a test's data.
constexpr char kBinary[] = "tools/tekmatch";

std::string TakeFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  std::remove(path.c_str());
  return text.str();
}

void Redirect(const char* path, int flags, int to) {
  const int fd = open(path, flags, 0600);
  if (fd < 0 || dup2(fd, to) < 0) _exit(126);
}

}  // namespace

TekmatchCommand::TekmatchCommand(const std::vector<std::string>& arguments)
    : words_{kBinary} {
  words_.insert(words_.end(), arguments.begin(), arguments.end());
  argv_.reserve(words_.size() + 1);
  for (std::string& word : words_) argv_.push_back(word.data());
  argv_.push_back(nullptr);
}

void TekmatchCommand::Exec() const {
  execv(kBinary, argv_.data());
  _exit(127);
}

RunningTekmatch::RunningTekmatch(const std::vector<std::string>& arguments) {
  static std::atomic<int> counter = 0;
  const std::string stem = absl::StrCat(::testing::TempDir(), "/tekmatch-",
                                        getpid(), "-", counter.fetch_add(1));
  out_path_ = stem + ".out";
  err_path_ = stem + ".err";
  const TekmatchCommand command(arguments);
  pid_ = fork();
  if (pid_ != 0) return;
  Redirect("/dev/null", O_RDONLY, STDIN_FILENO);
  Redirect(out_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
  Redirect(err_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
  command.Exec();
}

TekmatchRun RunningTekmatch::Wait() {
  TekmatchRun run;
  int status = 0;
  if (waitpid(pid_, &status, 0) == pid_) {
    if (WIFEXITED(status)) run.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) run.signal = WTERMSIG(status);
  }
  run.out = TakeFile(out_path_);
  run.err = TakeFile(err_path_);
  return run;
}

TekmatchRun RunTekmatch(const std::vector<std::string>& arguments) {
  return RunningTekmatch(arguments).Wait();
}

}  // namespace tekmatch
