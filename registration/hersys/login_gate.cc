// Plan: what a place is; the wait after failures; what is forgotten; a try from
// its begin to its end; the failures of all.
#include "registration/hersys/login_gate.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace tekmatch {
namespace {

// More are counted as this many: it bounds memory.
constexpr size_t kMostFailures = 100'000;
constexpr absl::Duration kBetweenAlarms = absl::Minutes(1);

std::string PlaceOf(const LoginTry& attempt) {
  if (!attempt.device.empty()) return absl::StrCat("device ", attempt.device);
  in6_addr address;
  if (inet_pton(AF_INET6, attempt.client.c_str(), &address) == 1 &&
      IN6_IS_ADDR_V4MAPPED(&address) == 0) {
    return absl::StrCat("net ",
                        absl::BytesToHexString(absl::string_view(
                            reinterpret_cast<const char*>(&address), 8)));
  }
  return absl::StrCat("at ", attempt.client);
}

// A login has no line feed that counts: what others type may have, and is
// counted as some name.
std::string NameOf(const LoginTry& attempt) {
  return absl::StrCat(PlaceOf(attempt), "\n", attempt.login);
}

absl::Duration WaitAfter(int num_failures) {
  if (num_failures < LoginGate::kFree) return absl::ZeroDuration();
  const int doublings = std::min(num_failures - LoginGate::kFree, 6);
  return std::min(LoginGate::kLongestWait,
                  absl::Seconds(int64_t{1} << doublings));
}

// Before a row is added: removes what is over, and one more where that is not
// enough.
template <typename Map, typename IsOver, typename IsOlder>
void MakeRoom(Map& map, const std::string& key, IsOver is_over,
              IsOlder is_older) {
  if (map.size() < LoginGate::kMostNames || map.count(key) > 0) return;
  std::erase_if(map, is_over);
  if (map.size() < LoginGate::kMostNames) return;
  map.erase(std::min_element(map.begin(), map.end(), is_older));
}

}  // namespace

// Under the mutex.
void LoginGate::Forget(absl::Time now) {
  while (!failures_.empty() && now - failures_.front() >= kForgotten) {
    failures_.pop_front();
  }
}

LoginGate::Verdict LoginGate::Begin(const LoginTry& attempt, absl::Time now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Forget(now);
  const std::string key = NameOf(attempt);
  const auto found = names_.find(key);
  Name name;
  if (found != names_.end() && now - found->second.last < kForgotten) {
    name = found->second;
  }
  if (now < name.next) return {.wait = name.next - now};
  if (attempt.device.empty()) {
    // Of a place one time is kept: each try moves it on by kEachOfAPlace. What
    // it is ahead of now, beyond the free tries, is the wait.
    const std::string place = PlaceOf(attempt);
    const auto full_at = places_.find(place);
    const absl::Time full =
        full_at == places_.end() ? now : std::max(now, full_at->second);
    const absl::Duration over =
        full - now - kEachOfAPlace * int64_t{kFreeOfAPlace - 1};
    if (over > absl::ZeroDuration()) return {.wait = over};
    if (num_judged_ == kMostAtOnce) {
      return {.wait = absl::ZeroDuration(), .is_busy = true};
    }
    ++num_judged_;
    MakeRoom(
        places_, place, [now](const auto& row) { return row.second <= now; },
        [](const auto& a, const auto& b) { return a.second < b.second; });
    places_[place] = full + kEachOfAPlace;
  }
  ++name.num_failures;
  name.last = now;
  name.next = now + WaitAfter(name.num_failures);
  MakeRoom(
      names_, key,
      [now](const auto& row) { return now - row.second.last >= kForgotten; },
      [](const auto& a, const auto& b) {
        return a.second.last < b.second.last;
      });
  names_[key] = name;
  if (failures_.size() < kMostFailures) failures_.push_back(now);
  return {.wait = absl::ZeroDuration()};
}

void LoginGate::End(const LoginTry& attempt, bool was_right) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (attempt.device.empty()) --num_judged_;
  if (!was_right) return;
  // What Begin counted.
  names_.erase(NameOf(attempt));
  const auto place = places_.find(PlaceOf(attempt));
  if (place != places_.end()) place->second -= kEachOfAPlace;
  // Which of them it was is all the same.
  if (!failures_.empty()) failures_.pop_back();
}

size_t LoginGate::NumFailures(absl::Time now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Forget(now);
  return failures_.size();
}

bool LoginGate::Alarms(absl::Time now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Forget(now);
  if (failures_.size() <= kFreeOfAll || now < next_alarm_) return false;
  next_alarm_ = now + kBetweenAlarms;
  return true;
}

}  // namespace tekmatch
