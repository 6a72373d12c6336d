// Plan: 64 places hold paths, without locks; a handler for every signal that
// ends the process removes them; one class takes a place and frees it, another
// holds the signals back.
#include "tools/files/cleanup_on_signal.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <mutex>

namespace tekmatch {
namespace {

// Everything the handler touches is static and lock-free, and it calls nothing
// but system calls: a signal can come in the middle of malloc.
enum SlotState : int { kFree, kBeingFilled, kInUse };

struct Slot {
  std::atomic<int> state = kFree;
  CleanupOnSignal::What what = CleanupOnSignal::What::kAll;
  std::array<char, PATH_MAX> path{};
};
static_assert(std::atomic<int>::is_always_lock_free);

// All zeros, which the system gives for nothing: no start of a process writes
// this quarter of a megabyte.
constinit std::array<Slot, 64> g_slots = {};

// As the kernel fills it (getdents64(2)); readdir would allocate.
struct KernelDirent {
  uint64_t inode;
  int64_t offset;
  uint16_t length;
  uint8_t type;
  char name[1];
};

void RemoveFolder(const char* path) {
  const int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (folder < 0) return;
  alignas(KernelDirent) std::array<char, 4096> buffer;
  while (true) {
    const long size =  // NOLINT(google-runtime-int): syscall's type
        syscall(SYS_getdents64, folder, buffer.data(), buffer.size());
    if (size <= 0) break;
    for (long at = 0; at < size;) {  // NOLINT(google-runtime-int)
      const auto* entry =
          reinterpret_cast<const KernelDirent*>(buffer.data() + at);
      unlinkat(folder, entry->name, 0);  // fails, harmlessly, for "." and ".."
      at += entry->length;
    }
  }
  close(folder);
  rmdir(path);
}

extern "C" void CleanUpAndDie(int signal_number) {
  RemoveRegisteredPaths();
  // SA_RESETHAND has put the default action back.
  raise(signal_number);
}

// Those whose default action ends the process (signal(7)), without SIGKILL.
constexpr std::array kEndingSignals = {
    SIGINT,    SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGALRM, SIGVTALRM, SIGPROF,
    SIGUSR1,   SIGUSR2, SIGIO,  SIGPWR,  SIGXCPU, SIGXFSZ, SIGSYS,    SIGTRAP,
    SIGSTKFLT, SIGABRT, SIGBUS, SIGFPE,  SIGILL,  SIGSEGV};

template <typename Do>
void ForEachEndingSignal(Do act) {
  for (const int signal_number : kEndingSignals) act(signal_number);
  // Real-time signals end the process too. The C library keeps the first ones
  // for itself, and says only at run time how many.
  for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) act(number);
}

void InstallHandlers() {
  ForEachEndingSignal([](int signal_number) {
    struct sigaction old {};
    sigaction(signal_number, nullptr, &old);
    // A process started by nohup, say, is not to be ended by that signal.
    if (old.sa_handler != SIG_DFL) return;
    struct sigaction action {};
    action.sa_handler = CleanUpAndDie;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(signal_number, &action, nullptr);
  });
}

}  // namespace

void RemoveRegisteredPaths() {
  using What = CleanupOnSignal::What;
  for (Slot& slot : g_slots) {
    if (slot.state.load() != kInUse || slot.what != What::kAll) continue;
    if (unlink(slot.path.data()) != 0) RemoveFolder(slot.path.data());
  }
  for (const Slot& slot : g_slots) {
    if (slot.state.load() != kInUse || slot.what != What::kEmptyFolder) {
      continue;
    }
    rmdir(slot.path.data());
  }
}

CleanupOnSignal::CleanupOnSignal(const std::string& path, What what) {
  static std::once_flag once;
  std::call_once(once, InstallHandlers);
  if (path.size() >= PATH_MAX) return;
  for (size_t i = 0; i < g_slots.size(); ++i) {
    Slot& slot = g_slots[i];
    int expected = kFree;
    if (!slot.state.compare_exchange_strong(expected, kBeingFilled)) continue;
    slot.what = what;
    std::memcpy(slot.path.data(), path.c_str(), path.size() + 1);
    slot.state.store(kInUse);
    slot_ = static_cast<int>(i);
    return;
  }
}

CleanupOnSignal::~CleanupOnSignal() {
  if (slot_ >= 0) g_slots[static_cast<size_t>(slot_)].state.store(kFree);
}

HeldSignals::HeldSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  ForEachEndingSignal(
      [&signals](int signal_number) { sigaddset(&signals, signal_number); });
  pthread_sigmask(SIG_BLOCK, &signals, &before_);
}

HeldSignals::~HeldSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

}  // namespace tekmatch
