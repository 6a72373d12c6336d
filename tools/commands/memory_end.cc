#include "tools/commands/memory_end.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <new>

#include "tools/commands/command.h"
#include "tools/files/cleanup_on_signal.h"

namespace tekmatch {
namespace {

std::atomic<bool> g_ending = false;
const char* g_program = "";

// Calls nothing that allocates.
void End() {
  // Memory can end in several threads at once; one says so.
  while (g_ending.exchange(true)) pause();
  std::array<char, 80> sentence;
  const int size = std::snprintf(sentence.data(), sentence.size(),
                                 "%s: not enough memory\n", g_program);
  // Nobody is left to be told of a failure.
  [[maybe_unused]] const ssize_t written =
      write(STDERR_FILENO, sentence.data(),
            std::min(static_cast<size_t>(size), sentence.size() - 1));
  RemoveRegisteredPaths();
  _exit(kExitBadInput);
}

}  // namespace

void EndWhereMemoryEnds(const char* program) {
  g_program = program;
  std::set_new_handler(End);
}

}  // namespace tekmatch
