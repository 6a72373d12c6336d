// What is to vanish when a signal ends the process: half-written files and
// scratch folders, which can hold contact data. That is every signal by which
// somebody or the system ends it, from Ctrl-C to a limit of CPU time or of a
// file's size, real-time signals too (but SIGKILL, which no process sees), and
// every fault that ends it by itself. The signal then takes its usual course,
// so that a shell sees what ended the process.
#ifndef TEKMATCH_TOOLS_FILES_CLEANUP_ON_SIGNAL_H_
#define TEKMATCH_TOOLS_FILES_CLEANUP_ON_SIGNAL_H_

#include <signal.h>

#include <cstdint>
#include <string>

namespace tekmatch {

// Registers a path for its life. When all 64 places are taken, or the path is
// longer than the system allows, it is not registered: a signal then leaves it
// behind, and nothing else goes wrong. Any thread.
class CleanupOnSignal {
 public:
  enum class What : uint8_t {
    kAll,         // a file, or a folder with nothing but files in it
    kEmptyFolder  // a folder, unless something is left in it then
  };
  explicit CleanupOnSignal(const std::string& path, What what = What::kAll);
  CleanupOnSignal(const CleanupOnSignal&) = delete;
  CleanupOnSignal& operator=(const CleanupOnSignal&) = delete;
  ~CleanupOnSignal();

 private:
  int slot_ = -1;
};

// Holds those signals back for its life, from the thread that makes it: for
// steps that have to follow each other. One that came meanwhile takes its
// course at the end. A fault of the thread's own ends the process at once, as
// SIGKILL does, and what is registered stays.
class HeldSignals {
 public:
  HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  ~HeldSignals();

 private:
  sigset_t before_;
};

// Removes all that is registered, for an end that runs no destructor: folders
// that have to be empty last. Calls system calls only.
void RemoveRegisteredPaths();

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_FILES_CLEANUP_ON_SIGNAL_H_
