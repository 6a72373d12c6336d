#include "tests/faults/fault_plan.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace tekmatch {
namespace {

constexpr std::array<std::string_view, static_cast<size_t>(Kind::kNumKinds)>
    kNames = {"open",     "read", "write", "sync",   "rename",   "remove",
              "truncate", "make", "map",   "thread", "allocate", "stat",
              "seek",     "lock", "close", "mode"};

std::atomic<bool> counting = false;
Report* report = nullptr;
Kind failing = Kind::kNumKinds;
uint64_t first = 0;
bool lasting = false;
bool is_short = false;
int error = 0;

// What is before the next colon.
std::string_view Take(std::string_view& text) {
  const size_t n = std::min(text.find(':'), text.size());
  const std::string_view taken = text.substr(0, n);
  text.remove_prefix(std::min(n + 1, text.size()));
  return taken;
}

// Nothing here may allocate, or call what is counted.
uint64_t Number(std::string_view digits) {
  uint64_t number = 0;
  for (const char c : digits)
    number = number * 10 + static_cast<uint64_t>(c - '0');
  return number;
}

[[noreturn]] void Unusable(std::string_view what) {
  syscall(SYS_write, STDERR_FILENO, what.data(), what.size());
  _exit(97);
}

}  // namespace

void StartCounting() {
  if (const char* const path = std::getenv("TEKMATCH_FAULT_REPORT")) {
    const auto fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    const long memory = syscall(SYS_mmap, nullptr, kReportBytes,
                                PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || memory == -1) Unusable("TEKMATCH_FAULT_REPORT\n");
    syscall(SYS_close, fd);
    // What the system call says is a number.
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    report = reinterpret_cast<Report*>(memory);
  }
  if (const char* const plan = std::getenv("TEKMATCH_FAULT")) {
    std::string_view text = plan;
    const std::string_view kind = Take(text);
    const auto* const found = std::find(kNames.begin(), kNames.end(), kind);
    if (found == kNames.end()) Unusable("TEKMATCH_FAULT\n");
    failing = static_cast<Kind>(found - kNames.begin());
    first = Number(Take(text));
    const std::string_view how = Take(text);
    is_short = how == "short";
    error = is_short ? 0 : static_cast<int>(Number(how));
    lasting = text == "lasting";
  }
  counting = report != nullptr;
}

Fate FateOf(Kind kind, const char* function) {
  if (!counting) return Fate::kDone;
  const uint64_t n = ++report->calls[static_cast<size_t>(kind)];
  if (kind != failing || n < first || (n > first && !lasting)) {
    return Fate::kDone;
  }
  if (report->num_failed.fetch_add(1) == 0) {
    std::strncpy(report->first_failed.data(), function,
                 report->first_failed.size() - 1);
  }
  if (is_short) return Fate::kShort;
  errno = error;
  return Fate::kFails;
}

}  // namespace tekmatch
