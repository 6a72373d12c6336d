#include "registration/hersys/login_gate.h"

#include <algorithm>
#include <cstdint>

namespace tekmatch {
namespace {

// More are counted as this many: it bounds memory.
constexpr size_t kMostFailures = 100'000;
constexpr absl::Duration kHoldEach = absl::Milliseconds(50);
constexpr absl::Duration kLongestHold = absl::Seconds(5);

absl::Duration WaitAfter(int num_failures) {
  if (num_failures < LoginGate::kFree) return absl::ZeroDuration();
  const int doublings = std::min(num_failures - LoginGate::kFree, 6);
  return std::min(LoginGate::kLongestWait,
                  absl::Seconds(int64_t{1} << doublings));
}

}  // namespace

// Under the mutex.
void LoginGate::Forget(absl::Time now) {
  while (!failures_.empty() && now - failures_.front() >= kForgotten) {
    failures_.pop_front();
  }
  if (names_.size() < kMostNames) return;
  std::erase_if(names_, [now](const auto& name) {
    return now - name.second.last >= kForgotten;
  });
  if (names_.size() < kMostNames) return;
  names_.erase(std::min_element(names_.begin(), names_.end(),
                                [](const auto& a, const auto& b) {
                                  return a.second.last < b.second.last;
                                }));
}

LoginGate::Verdict LoginGate::Try(const std::string& login, absl::Time now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Forget(now);
  Name& name = names_[login];
  if (now - name.last >= kForgotten) name = Name();
  if (now < name.next) {
    return {.wait = name.next - now, .hold = absl::ZeroDuration()};
  }
  ++name.num_failures;
  name.last = now;
  name.next = now + WaitAfter(name.num_failures);
  if (failures_.size() < kMostFailures) failures_.push_back(now);
  const size_t beyond =
      failures_.size() > kFreeOfAll ? failures_.size() - kFreeOfAll : 0;
  return {
      .wait = absl::ZeroDuration(),
      .hold = std::min(kLongestHold, kHoldEach * static_cast<int64_t>(beyond))};
}

void LoginGate::Succeeded(const std::string& login) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto name = names_.find(login);
  if (name == names_.end()) return;
  names_.erase(name);
  // It was counted by Try; which of them it was is all the same.
  if (!failures_.empty()) failures_.pop_back();
}

size_t LoginGate::NumFailures(absl::Time now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Forget(now);
  return failures_.size();
}

}  // namespace tekmatch
