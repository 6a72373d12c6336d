#include "registration/hersys/login_gate.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1607590800);

TEST(LoginGateTest, EachFailureWaitsLonger) {
  LoginGate gate;
  absl::Time now = kNow;
  for (const int seconds : {0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60}) {
    if (seconds > 0) {
      EXPECT_EQ(gate.Try("a", now).wait, absl::Seconds(seconds));
      // What comes too early makes it no longer.
      now += absl::Seconds(seconds) - absl::Milliseconds(1);
      EXPECT_EQ(gate.Try("a", now).wait, absl::Milliseconds(1));
      now += absl::Milliseconds(1);
    }
    EXPECT_EQ(gate.Try("a", now).wait, absl::ZeroDuration()) << seconds;
  }
  // Another login is another matter.
  EXPECT_EQ(gate.Try("b", now).wait, absl::ZeroDuration());
}

TEST(LoginGateTest, SuccessForgets) {
  LoginGate gate;
  for (int i = 0; i < 3; ++i) gate.Try("a", kNow);
  EXPECT_GT(gate.Try("a", kNow).wait, absl::ZeroDuration());
  gate.Succeeded("a");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(gate.Try("a", kNow).wait, absl::ZeroDuration());
  }
  EXPECT_GT(gate.Try("a", kNow).wait, absl::ZeroDuration());
  gate.Succeeded("nobody");
}

TEST(LoginGateTest, AnHourForgets) {
  LoginGate gate;
  for (int i = 0; i < 3; ++i) gate.Try("a", kNow);
  EXPECT_EQ(gate.NumFailures(kNow + absl::Hours(1) - absl::Seconds(1)), 3u);
  EXPECT_EQ(gate.NumFailures(kNow + absl::Hours(1)), 0u);
  const absl::Time later = kNow + absl::Hours(1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(gate.Try("a", later).wait, absl::ZeroDuration());
  }
  EXPECT_EQ(gate.Try("a", later).wait, absl::Seconds(1));
}

TEST(LoginGateTest, ManyFailuresHoldBackAll) {
  LoginGate gate;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(gate.Try(absl::StrCat("a", i), kNow).hold, absl::ZeroDuration());
  }
  EXPECT_EQ(gate.Try("b", kNow).hold, absl::Milliseconds(50));
  EXPECT_EQ(gate.Try("c", kNow).hold, absl::Milliseconds(100));
  for (int i = 0; i < 200; ++i) gate.Try(absl::StrCat("d", i), kNow);
  EXPECT_EQ(gate.Try("e", kNow).hold, absl::Seconds(5));
  EXPECT_EQ(gate.NumFailures(kNow), 303u);
  EXPECT_EQ(gate.Try("f", kNow + absl::Hours(1)).hold, absl::ZeroDuration());
}

TEST(LoginGateTest, MemoryIsBounded) {
  LoginGate gate;
  for (size_t i = 0; i < LoginGate::kMostNames; ++i) {
    gate.Try(absl::StrCat("a", i), kNow + absl::Milliseconds(i));
  }
  for (int i = 0; i < 3; ++i) gate.Try("b", kNow + absl::Minutes(1));
  // It is there, and the oldest gave way.
  EXPECT_GT(gate.Try("b", kNow + absl::Minutes(1)).wait, absl::ZeroDuration());
}

TEST(LoginGateTest, ManyAtOnceAreCountedEach) {
  LoginGate gate;
  std::atomic<int> num_judged = 0;
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        if (gate.Try("a", kNow).wait == absl::ZeroDuration()) ++num_judged;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(num_judged, LoginGate::kFree);
}

}  // namespace
}  // namespace tekmatch
