#include "matcher/check/thread_tasks.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace tekmatch {
namespace {

// Joins them also where starting one more fails.
class JoinedThreads {
 public:
  JoinedThreads() = default;
  JoinedThreads(const JoinedThreads&) = delete;
  JoinedThreads& operator=(const JoinedThreads&) = delete;
  ~JoinedThreads() {
    for (std::thread& thread : threads_) thread.join();
  }

  // As many as the system gives.
  void Start(size_t num_threads, absl::FunctionRef<void()> work) {
    try {
      threads_.reserve(num_threads);
      for (size_t i = 0; i < num_threads; ++i) threads_.emplace_back(work);
    } catch (const std::exception&) {
      // The others do it all.
    }
  }

 private:
  std::vector<std::thread> threads_;
};

}  // namespace

void ThreadTasks::Run(size_t num_tasks,
                      absl::FunctionRef<void(size_t)> task) const {
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr thrown;
  const auto work = [&] {
    try {
      for (size_t i = next++; i < num_tasks; i = next++) task(i);
    } catch (...) {
      next = num_tasks;
      const std::lock_guard<std::mutex> lock(mutex);
      if (thrown == nullptr) thrown = std::current_exception();
    }
  };
  {
    JoinedThreads others;
    const size_t num_threads = std::min(num_threads_, num_tasks);
    if (num_threads > 1) others.Start(num_threads - 1, work);
    work();
  }
  if (thrown != nullptr) std::rethrow_exception(thrown);
}

}  // namespace tekmatch
