// Plan: fork and exec, in which the child does nothing that is unsafe after a
// fork in a program with threads; a process that stays; a command that ends.
#include "registration/rehearsal/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "keyformat/printable.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"

namespace tekmatch {
namespace {

constexpr char kThisProgram[] = "/proc/self/exe";
constexpr size_t kMostOutput = 64 << 10;
constexpr off_t kLastWords = 500;
constexpr int kTickMilliseconds = 20;

struct Pipe {
  int read = -1;
  int write = -1;
};

absl::StatusOr<Pipe> MakePipe() {
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return SystemError(errno, "a pipe");
  return Pipe{.read = ends[0], .write = ends[1]};
}

// Starts a process whose stdin, stdout and stderr are these.
absl::StatusOr<pid_t> Spawn(const std::string& program,
                            const std::vector<std::string>& arguments, int in,
                            int out, int err) {
  // All memory before the fork: another thread may hold malloc's lock.
  std::vector<std::string> words = {"tekmatch-registry"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return SystemError(errno, "fork");
  if (pid > 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have ended before that.
  if (getppid() != parent) _exit(126);
  // A file that may not grow is an error of the call, and no death.
  std::signal(SIGXFSZ, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(126);
  execv(program.c_str(), argv.data());
  _exit(127);
}

absl::StatusOr<int> OpenFile(const std::string& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (fd < 0) return SystemError(errno, path);
  return fd;
}

// The exit status; nullopt: by a signal.
std::optional<int> Reap(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status)) return std::nullopt;
  return WEXITSTATUS(status);
}

// Whether it has ended, and is still to be reaped.
bool HasEnded(pid_t pid) {
  siginfo_t info = {};
  return waitid(P_PID, static_cast<id_t>(pid), &info,
                WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid;
}

std::string LastWordsOf(const std::string& path) {
  const absl::StatusOr<int> fd = OpenFile(path, O_RDONLY);
  if (!fd.ok()) return "";
  const absl::Cleanup closes = [&fd] { close(*fd); };
  const off_t size = lseek(*fd, 0, SEEK_END);
  lseek(*fd, size > kLastWords ? size - kLastWords : 0, SEEK_SET);
  std::array<char, kLastWords> bytes;
  const ssize_t n = read(*fd, bytes.data(), bytes.size());
  if (n <= 0) return "";
  return Printable({bytes.data(), static_cast<size_t>(n)});
}

int MillisecondsUntil(absl::Time end) {
  const int64_t left = absl::ToInt64Milliseconds(end - absl::Now());
  return static_cast<int>(left < 0 ? 0 : left);
}

}  // namespace

Child::~Child() { Kill(); }

void Child::CloseOutput() {
  if (output_ >= 0) close(output_);
  output_ = -1;
}

absl::Status Child::Fail(const absl::Status& status) {
  Kill();
  return absl::Status(
      status.code(),
      absl::StrCat(options_.arguments.empty() ? "" : options_.arguments[0],
                   ": ", status.message(), ": ",
                   LastWordsOf(options_.stderr_path)));
}

absl::Status Child::Start() {
  if (pid_ >= 0) return absl::FailedPreconditionError("it is running");
  ready_lines_.clear();
  TEKMATCH_ASSIGN_OR_RETURN(const int in, OpenFile("/dev/null", O_RDONLY));
  const absl::Cleanup close_in = [in] { close(in); };
  TEKMATCH_ASSIGN_OR_RETURN(
      const int err,
      OpenFile(options_.stderr_path, O_WRONLY | O_CREAT | O_APPEND));
  const absl::Cleanup close_err = [err] { close(err); };
  TEKMATCH_ASSIGN_OR_RETURN(const Pipe out, MakePipe());
  output_ = out.read;
  absl::StatusOr<pid_t> pid =
      Spawn(options_.program.empty() ? kThisProgram : options_.program,
            options_.arguments, in, out.write, err);
  close(out.write);
  if (!pid.ok()) {
    CloseOutput();
    return pid.status();
  }
  pid_ = *pid;

  const absl::Time end = absl::Now() + options_.ready_within;
  std::string said;
  while (static_cast<int>(ready_lines_.size()) < options_.num_ready_lines) {
    const size_t line_end = said.find('\n');
    if (line_end != std::string::npos) {
      ready_lines_.push_back(said.substr(0, line_end));
      said.erase(0, line_end + 1);
      continue;
    }
    pollfd wait = {.fd = output_, .events = POLLIN, .revents = 0};
    if (poll(&wait, 1, MillisecondsUntil(end)) <= 0) {
      if (absl::Now() < end) continue;
      return Fail(absl::DeadlineExceededError("not ready in time"));
    }
    std::array<char, 1024> bytes;
    const ssize_t n = read(output_, bytes.data(), bytes.size());
    if (n <= 0) return Fail(absl::AbortedError("ended before it was ready"));
    said.append(bytes.data(), static_cast<size_t>(n));
    if (said.size() > kMostOutput) {
      return Fail(absl::AbortedError("said too much"));
    }
  }
  return absl::OkStatus();
}

bool Child::IsRunning() { return pid_ >= 0 && !HasEnded(pid_); }

void Child::Kill() {
  if (pid_ >= 0) {
    kill(pid_, SIGKILL);
    Reap(pid_);
  }
  pid_ = -1;
  CloseOutput();
}

std::optional<int> Child::End(absl::Duration grace) {
  if (pid_ < 0) return std::nullopt;
  kill(pid_, SIGTERM);
  const absl::Time end = absl::Now() + grace;
  while (!HasEnded(pid_)) {
    if (absl::Now() >= end) {
      Kill();
      return std::nullopt;
    }
    poll(nullptr, 0, kTickMilliseconds);
  }
  const std::optional<int> status = Reap(pid_);
  pid_ = -1;
  CloseOutput();
  return status;
}

absl::Status Child::LimitFiles(std::optional<uint64_t> bytes) {
  if (pid_ < 0) return absl::OkStatus();
  rlimit limit = {};
  if (prlimit(pid_, RLIMIT_FSIZE, nullptr, &limit) != 0) {
    return SystemError(errno, "RLIMIT_FSIZE");
  }
  // The soft limit only, which may be raised again.
  limit.rlim_cur = bytes.has_value() ? *bytes : limit.rlim_max;
  if (prlimit(pid_, RLIMIT_FSIZE, &limit, nullptr) != 0) {
    return SystemError(errno, "RLIMIT_FSIZE");
  }
  return absl::OkStatus();
}

absl::StatusOr<CommandResult> RunCommand(
    const std::vector<std::string>& arguments, absl::string_view input,
    absl::Duration timeout) {
  const absl::Time end = absl::Now() + timeout;
  TEKMATCH_ASSIGN_OR_RETURN(const Pipe in, MakePipe());
  absl::Cleanup close_in = [in] { close(in.write); };
  const absl::StatusOr<Pipe> out = MakePipe();
  if (!out.ok()) {
    close(in.read);
    return out.status();
  }
  const absl::Cleanup close_out = [&out] { close(out->read); };
  const absl::StatusOr<pid_t> pid =
      Spawn(kThisProgram, arguments, in.read, out->write, out->write);
  close(in.read);
  close(out->write);
  TEKMATCH_RETURN_IF_ERROR(pid.status());
  // Small enough for a pipe's buffer, so that this never waits; SIGPIPE is
  // ignored by who runs this.
  const ssize_t written = write(in.write, input.data(), input.size());
  std::move(close_in).Invoke();

  CommandResult result;
  bool in_time = written == static_cast<ssize_t>(input.size());
  while (in_time) {
    pollfd wait = {.fd = out->read, .events = POLLIN, .revents = 0};
    if (poll(&wait, 1, MillisecondsUntil(end)) <= 0) {
      in_time = absl::Now() < end;
      continue;
    }
    std::array<char, 4096> bytes;
    const ssize_t n = read(out->read, bytes.data(), bytes.size());
    if (n <= 0) break;
    if (result.output.size() < kMostOutput) {
      result.output.append(bytes.data(), static_cast<size_t>(n));
    }
  }
  if (!in_time) kill(*pid, SIGKILL);
  result.exit_status = Reap(*pid).value_or(-1);
  return result;
}

}  // namespace tekmatch
