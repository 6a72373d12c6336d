// The processes of a rehearsal: each is this same program, started, killed, and
// started again.
//
// None outlives the rehearsal, however that ends: the kernel kills each when
// the thread that started it ends (PR_SET_PDEATHSIG). So one thread that lives
// as long as the rehearsal starts those that stay.
//
// A role is ready when it has said its line on stdout; what else it says there
// is dropped. stderr goes to a file.
#ifndef TEKMATCH_REGISTRATION_REHEARSAL_SUPERVISOR_H_
#define TEKMATCH_REGISTRATION_REHEARSAL_SUPERVISOR_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tekmatch {

struct ChildOptions {
  std::string program;  // a path; "" is this program
  std::vector<std::string> arguments;
  std::string stderr_path;  // appended to
  // Lines that it says once it is ready.
  int num_ready_lines = 1;
  absl::Duration ready_within = absl::Seconds(60);
};

// One process that stays. For one thread.
class Child {
 public:
  explicit Child(ChildOptions options) : options_(std::move(options)) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  // Kills it.
  ~Child();

  // Starts it and waits until it is ready. FAILED_PRECONDITION: it is running.
  // DEADLINE_EXCEEDED: it is not ready in time. ABORTED: it ended before. Both
  // with the last words of stderr; no process is left. Others are the system's.
  absl::Status Start();
  // Lines that it said.
  const std::vector<std::string>& ready_lines() const { return ready_lines_; }

  bool IsRunning();
  // kill -9; returns when it is gone.
  void Kill();
  // SIGTERM; after `grace` SIGKILL. Its exit status; nullopt: by a signal.
  std::optional<int> End(absl::Duration grace);
  // No file of it grows beyond that from now on (EFBIG): as a full disk.
  // nullopt: as before.
  absl::Status LimitFiles(std::optional<uint64_t> bytes);

 private:
  absl::Status Fail(const absl::Status& status);
  void CloseOutput();

  const ChildOptions options_;
  pid_t pid_ = -1;
  int output_ = -1;
  std::vector<std::string> ready_lines_;
};

struct CommandResult {
  int exit_status = -1;  // -1: by a signal, or killed after the time
  std::string output;    // of stdout and stderr, at most 64 KiB
};

// Runs this program once with `input` on stdin, 16 KiB at most. The caller
// ignores SIGPIPE. Errors are the system's.
absl::StatusOr<CommandResult> RunCommand(
    const std::vector<std::string>& arguments, absl::string_view input,
    absl::Duration timeout);

}  // namespace tekmatch

#endif  // TEKMATCH_REGISTRATION_REHEARSAL_SUPERVISOR_H_
