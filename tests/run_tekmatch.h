// Runs the command-line tool as a person does, for tests of the whole.
#ifndef TEKMATCH_TESTS_RUN_TEKMATCH_H_
#define TEKMATCH_TESTS_RUN_TEKMATCH_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace tekmatch {

struct TekmatchRun {
  int exit_code = -1;  // -1: it did not exit by itself
  int signal = 0;      // that ended it, if one did
  std::string out;     // stdout
  std::string err;     // stderr
};

// The binary and its arguments, made before a fork and executed after it.
class TekmatchCommand {
 public:
  explicit TekmatchCommand(const std::vector<std::string>& arguments);
  TekmatchCommand(const TekmatchCommand&) = delete;
  TekmatchCommand& operator=(const TekmatchCommand&) = delete;
  // Exits with 127 where that fails.
  [[noreturn]] void Exec() const;

 private:
  std::vector<std::string> words_;
  std::vector<char*> argv_;
};

// Runs the binary with the arguments and waits. stdin is /dev/null, stdout and
// stderr are pipes or files, never a terminal.
TekmatchRun RunTekmatch(const std::vector<std::string>& arguments);

// The same in two steps, for a test that does something meanwhile.
class RunningTekmatch {
 public:
  explicit RunningTekmatch(const std::vector<std::string>& arguments);
  RunningTekmatch(const RunningTekmatch&) = delete;
  RunningTekmatch& operator=(const RunningTekmatch&) = delete;
  pid_t pid() const { return pid_; }
  // Once.
  TekmatchRun Wait();

 private:
  pid_t pid_ = -1;
  std::string out_path_;
  std::string err_path_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_RUN_TEKMATCH_H_
