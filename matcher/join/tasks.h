// Work that falls into parts, for whoever has threads to do them on. What takes
// a TaskRunner starts no threads by itself, and does the same whatever runner
// it is given.
#ifndef TEKMATCH_MATCHER_JOIN_TASKS_H_
#define TEKMATCH_MATCHER_JOIN_TASKS_H_

#include <cstddef>

#include "absl/functional/function_ref.h"

namespace tekmatch {

class TaskRunner {
 public:
  virtual ~TaskRunner() = default;

  // How many tasks run at a time, at most: 1 or more.
  virtual size_t num_threads() const = 0;
  // Calls task(0) to task(num_tasks - 1), each once, in any order and some of
  // them at a time; returns when all have returned. Throws what a task threw,
  // when no other one runs any more; the rest may then be left out.
  virtual void Run(size_t num_tasks,
                   absl::FunctionRef<void(size_t)> task) const = 0;
};

// One after the other, on the caller's thread.
class InTurn : public TaskRunner {
 public:
  size_t num_threads() const override { return 1; }
  void Run(size_t num_tasks,
           absl::FunctionRef<void(size_t)> task) const override {
    for (size_t i = 0; i < num_tasks; ++i) task(i);
  }
};

// The i-th of `num_parts` parts of [0, size), which differ by one at most.
struct Part {
  size_t begin;
  size_t end;
};
inline Part PartOf(size_t size, size_t i, size_t num_parts) {
  const size_t each = size / num_parts;
  const size_t longer = size % num_parts;
  const size_t begin = i * each + (i < longer ? i : longer);
  return {begin, begin + each + (i < longer ? 1 : 0)};
}

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_JOIN_TASKS_H_
