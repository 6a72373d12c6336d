#include "tools/commands/memory_end.h"

#include <unistd.h>

#include <atomic>
#include <new>
#include <string_view>

#include "tools/commands/command.h"
#include "tools/files/cleanup_on_signal.h"

namespace tekmatch {
namespace {

std::atomic<bool> g_ending = false;

// Calls nothing that allocates.
void End() {
  // Memory can end in several threads at once; one says so.
  while (g_ending.exchange(true)) pause();
  constexpr std::string_view kSentence = "tekmatch: not enough memory\n";
  // Nobody is left to be told of a failure.
  [[maybe_unused]] const ssize_t written =
      write(STDERR_FILENO, kSentence.data(), kSentence.size());
  RemoveRegisteredPaths();
  _exit(kExitBadInput);
}

}  // namespace

void EndWhereMemoryEnds() { std::set_new_handler(End); }

}  // namespace tekmatch
