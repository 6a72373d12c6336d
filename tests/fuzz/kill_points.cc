#include "tests/fuzz/kill_points.h"

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <filesystem>

#include "tests/fuzz/fuzz_bytes.h"

namespace tekmatch {
namespace {

struct Plan {
  uint64_t num_calls = 0;
  uint64_t call = 0;  // 0: none
  Cut cut = Cut::kBefore;
  bool is_reached = false;
  std::string folder;
  std::string copy;
};

Plan& ThePlan() {
  static auto* const plan = new Plan;
  return *plan;
}

// The -shm is left out: the first to open a database makes it anew.
void Copy(Plan& plan) {
  plan.call = 0;  // to copy makes calls of its own
  plan.is_reached = true;
  std::filesystem::create_directory(plan.copy);
  for (const auto& entry : std::filesystem::directory_iterator(plan.folder)) {
    if (entry.path().extension() == ".sqlite-shm") continue;
    std::filesystem::copy_file(entry.path(),
                               plan.copy / entry.path().filename());
  }
}

template <typename Call, typename Half>
auto Counted(const Call& call, const Half& half) -> decltype(call()) {
  Plan& plan = ThePlan();
  const bool is_last = ++plan.num_calls == plan.call;
  if (is_last && plan.cut == Cut::kBefore) Copy(plan);
  if (is_last && plan.cut == Cut::kHalf) {
    half();
    Copy(plan);
  }
  const auto result = call();
  if (is_last && plan.cut == Cut::kAfter) Copy(plan);
  return result;
}

template <typename Call>
auto Counted(const Call& call) -> decltype(call()) {
  return Counted(call, [] {});
}

}  // namespace

void KillAt(uint64_t call, Cut cut, const std::string& folder,
            const std::string& copy) {
  ThePlan() = {.num_calls = 0,
               .call = call,
               .cut = cut,
               .is_reached = false,
               .folder = folder,
               .copy = copy};
}

bool WasKilled() {
  const bool is_reached = ThePlan().is_reached;
  ThePlan() = Plan();
  return is_reached;
}

}  // namespace tekmatch

extern "C" ssize_t pwrite64(int fd, const void* bytes, size_t size,
                            off64_t at) {
  const auto write = [fd, bytes, at](size_t n) {
    return static_cast<ssize_t>(syscall(SYS_pwrite64, fd, bytes, n, at));
  };
  return tekmatch::Counted([&] { return write(size); },
                           [&] { write(size / 2); });
}
extern "C" int ftruncate64(int fd, off64_t size) noexcept {
  return tekmatch::Counted(
      [&] { return static_cast<int>(syscall(SYS_ftruncate, fd, size)); });
}
extern "C" int rename(const char* from, const char* to) noexcept {
  return tekmatch::Counted(
      [&] { return static_cast<int>(syscall(SYS_rename, from, to)); });
}
extern "C" int unlink(const char* path) noexcept {
  return tekmatch::Counted(
      [path] { return static_cast<int>(syscall(SYS_unlink, path)); });
}
extern "C" int fdatasync(int /*fd*/) { return 0; }
extern "C" int fsync(int /*fd*/) { return 0; }
