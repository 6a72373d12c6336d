// Tasks on threads of their own, which live as long as a call of Run.
#ifndef TEKMATCH_MATCHER_CHECK_THREAD_TASKS_H_
#define TEKMATCH_MATCHER_CHECK_THREAD_TASKS_H_

#include <cstddef>

#include "absl/functional/function_ref.h"
#include "matcher/join/tasks.h"

namespace tekmatch {

class ThreadTasks : public TaskRunner {
 public:
  // So many threads, the caller's among them; 1 or more.
  explicit ThreadTasks(size_t num_threads) : num_threads_(num_threads) {}

  size_t num_threads() const override { return num_threads_; }
  // Where the system gives fewer threads, those do all tasks.
  void Run(size_t num_tasks,
           absl::FunctionRef<void(size_t)> task) const override;

 private:
  size_t num_threads_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_THREAD_TASKS_H_
