#include "matcher/store/sqlite_memory.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>

#include "matcher/store/wipe.h"

namespace tekmatch {
namespace {

// SQLite's own functions, which those below call. Set once, before SQLite
// starts.
sqlite3_mem_methods own_methods;

void Free(void* memory) {
  if (memory == nullptr) return;
  Wipe(memory, static_cast<size_t>(own_methods.xSize(memory)));
  own_methods.xFree(memory);
}

// The system's may move the bytes, and leave the old ones.
void* Reallocate(void* memory, int new_size) {
  const int old_size = own_methods.xSize(memory);
  void* const moved = own_methods.xMalloc(new_size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, memory, static_cast<size_t>(std::min(old_size, new_size)));
  Free(memory);
  return moved;
}

}  // namespace

bool MakeSqliteWipeMemory() {
  static const bool made = [] {
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &own_methods) != SQLITE_OK) {
      return false;
    }
    sqlite3_mem_methods wiping = own_methods;
    wiping.xFree = Free;
    wiping.xRealloc = Reallocate;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &wiping) == SQLITE_OK;
  }();
  return made;
}

}  // namespace tekmatch
