#include "matcher/check/thread_tasks.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace tekmatch {
namespace {

TEST(ThreadTasksTest, CallsEachTaskOnce) {
  for (const size_t num_threads : {1, 2, 5}) {
    const ThreadTasks tasks(num_threads);
    EXPECT_EQ(tasks.num_threads(), num_threads);
    for (const size_t num_tasks : {0, 1, 2, 3, 100}) {
      std::vector<std::atomic<int>> calls(num_tasks);
      tasks.Run(num_tasks, [&](size_t i) { ++calls[i]; });
      for (const std::atomic<int>& num : calls) EXPECT_EQ(num, 1);
    }
  }
}

TEST(ThreadTasksTest, OneThreadIsTheCallers) {
  const std::thread::id callers = std::this_thread::get_id();
  std::vector<size_t> order;
  ThreadTasks(1).Run(9, [&](size_t i) {
    EXPECT_EQ(std::this_thread::get_id(), callers);
    order.push_back(i);
  });
  std::vector<size_t> wanted(9);
  std::iota(wanted.begin(), wanted.end(), 0);
  EXPECT_EQ(order, wanted);
}

TEST(ThreadTasksTest, StartsNoMoreThreadsThanAskedFor) {
  std::mutex mutex;
  std::set<std::thread::id> threads;
  ThreadTasks(3).Run(1000, [&](size_t) {
    const std::lock_guard<std::mutex> lock(mutex);
    threads.insert(std::this_thread::get_id());
  });
  EXPECT_LE(threads.size(), 3U);
  EXPECT_GE(threads.size(), 1U);
}

// Each of two tasks waits for the other one.
TEST(ThreadTasksTest, TasksRunBesideEachOther) {
  std::atomic<int> num_there = 0;
  ThreadTasks(2).Run(2, [&](size_t) {
    ++num_there;
    while (num_there < 2) std::this_thread::yield();
  });
  EXPECT_EQ(num_there, 2);
}

TEST(ThreadTasksTest, ThrowsWhatATaskThrew) {
  for (const size_t num_threads : {1, 4}) {
    std::atomic<int> num_calls = 0;
    EXPECT_THROW(ThreadTasks(num_threads)
                     .Run(100,
                          [&](size_t i) {
                            ++num_calls;
                            if (i == 7) {
                              throw std::length_error("");
                            }
                          }),
                 std::length_error);
    EXPECT_GE(num_calls, 8);
    EXPECT_LE(num_calls, 100);
  }
}

}  // namespace
}  // namespace tekmatch
