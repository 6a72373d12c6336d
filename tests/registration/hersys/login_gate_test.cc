#include "registration/hersys/login_gate.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tekmatch {
namespace {

const absl::Time kNow = absl::UnixEpoch() + absl::Hours(3);

LoginTry Of(const std::string& login, const std::string& client = "192.0.2.1",
            const std::string& device = "") {
  return {.login = login, .client = client, .device = device};
}

// A try that is wrong; how long it has to wait where it is not judged.
absl::Duration Fail(LoginGate& gate, const LoginTry& attempt, absl::Time now) {
  const LoginGate::Verdict verdict = gate.Begin(attempt, now);
  EXPECT_FALSE(verdict.is_busy);
  if (verdict.may_try()) gate.End(attempt, false);
  return verdict.wait;
}

TEST(LoginGateTest, EachFailureWaitsLonger) {
  LoginGate gate;
  absl::Time now = kNow;
  for (const int seconds : {0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60}) {
    if (seconds > 0) {
      EXPECT_EQ(Fail(gate, Of("a"), now), absl::Seconds(seconds));
      // What comes too early makes it no longer.
      now += absl::Seconds(seconds) - absl::Milliseconds(1);
      EXPECT_EQ(Fail(gate, Of("a"), now), absl::Milliseconds(1));
      now += absl::Milliseconds(1);
    }
    EXPECT_EQ(Fail(gate, Of("a"), now), absl::ZeroDuration()) << seconds;
  }
  // Another login is another matter.
  EXPECT_EQ(Fail(gate, Of("b"), now), absl::ZeroDuration());
}

// Whoever guesses an operator's password elsewhere, without a pause, does not
// keep the operator out.
TEST(LoginGateTest, NobodyLocksAnOperatorOutFromAnotherPlace) {
  LoginGate gate;
  for (int i = 0; i < 1200; ++i) {
    Fail(gate, Of("a", "198.51.100.7"), kNow + i * absl::Milliseconds(500));
  }
  const absl::Time now = kNow + absl::Minutes(10);
  EXPECT_GT(Fail(gate, Of("a", "198.51.100.7"), now), absl::ZeroDuration());
  EXPECT_TRUE(gate.Begin(Of("a", "192.0.2.1"), now).may_try());
  // Nor at the same address, where the device is known.
  EXPECT_TRUE(gate.Begin(Of("a", "198.51.100.7", "0123"), now).may_try());
}

TEST(LoginGateTest, ADeviceHasTheWaitOfItsOwnFailures) {
  LoginGate gate;
  const LoginTry known = Of("a", "192.0.2.1", "0123");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Fail(gate, known, kNow), absl::ZeroDuration());
  }
  EXPECT_EQ(Fail(gate, known, kNow), absl::Seconds(1));
  EXPECT_EQ(Fail(gate, Of("a"), kNow), absl::ZeroDuration());
}

// Another name each time helps nobody, and no name gets a hash then.
TEST(LoginGateTest, APlaceHasTwentyFailuresThenOneEachFiveSeconds) {
  LoginGate gate;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Fail(gate, Of(absl::StrCat("a", i)), kNow), absl::ZeroDuration());
  }
  EXPECT_EQ(Fail(gate, Of("b"), kNow), absl::Seconds(5));
  EXPECT_EQ(gate.NumFailures(kNow), 20u);
  EXPECT_EQ(Fail(gate, Of("b"), kNow + absl::Seconds(5)), absl::ZeroDuration());
  EXPECT_EQ(Fail(gate, Of("c"), kNow + absl::Seconds(5)), absl::Seconds(5));
  // Others, and who was there before.
  EXPECT_EQ(Fail(gate, Of("b", "192.0.2.2"), kNow), absl::ZeroDuration());
  EXPECT_TRUE(gate.Begin(Of("d", "192.0.2.1", "0123"), kNow).may_try());
}

TEST(LoginGateTest, GoodLoginsTakeNothingFromAPlace) {
  LoginGate gate;
  for (int i = 0; i < 100; ++i) {
    const LoginTry attempt = Of(absl::StrCat("a", i));
    ASSERT_TRUE(gate.Begin(attempt, kNow).may_try());
    gate.End(attempt, true);
  }
  EXPECT_EQ(gate.NumFailures(kNow), 0u);
}

TEST(LoginGateTest, APersonHasManyAddressesOfIpv6) {
  LoginGate gate;
  for (int i = 0; i < 20; ++i) {
    Fail(gate, Of("a", absl::StrCat("2001:db8:1:2::", i)), kNow);
    Fail(gate, Of(absl::StrCat("b", i), "2001:db8:1:2::1"), kNow);
  }
  EXPECT_GT(Fail(gate, Of("c", "2001:db8:1:2:ffff::1"), kNow),
            absl::ZeroDuration());
  EXPECT_EQ(Fail(gate, Of("c", "2001:db8:1:3::1"), kNow), absl::ZeroDuration());
  // IPv4 within IPv6 is one person each.
  EXPECT_EQ(Fail(gate, Of("c", "::ffff:192.0.2.1"), kNow),
            absl::ZeroDuration());
  for (int i = 0; i < 20; ++i) {
    Fail(gate, Of(absl::StrCat("b", i), "::ffff:192.0.2.2"), kNow);
  }
  EXPECT_EQ(Fail(gate, Of("d", "::ffff:192.0.2.1"), kNow),
            absl::ZeroDuration());
}

TEST(LoginGateTest, TwoAreJudgedAtOnce) {
  LoginGate gate;
  const LoginTry a = Of("a");
  ASSERT_TRUE(gate.Begin(a, kNow).may_try());
  ASSERT_TRUE(gate.Begin(Of("b", "192.0.2.2"), kNow).may_try());
  EXPECT_TRUE(gate.Begin(Of("c", "192.0.2.3"), kNow).is_busy);
  // It was not judged, and counts as nothing.
  EXPECT_EQ(gate.NumFailures(kNow), 2u);
  EXPECT_TRUE(gate.Begin(Of("d", "192.0.2.3", "0123"), kNow).may_try());
  gate.End(a, false);
  EXPECT_TRUE(gate.Begin(Of("c", "192.0.2.3"), kNow).may_try());
}

TEST(LoginGateTest, SuccessForgets) {
  LoginGate gate;
  for (int i = 0; i < 3; ++i) Fail(gate, Of("a"), kNow);
  EXPECT_EQ(Fail(gate, Of("a"), kNow), absl::Seconds(1));
  const absl::Time later = kNow + absl::Seconds(1);
  ASSERT_TRUE(gate.Begin(Of("a"), later).may_try());
  gate.End(Of("a"), true);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Fail(gate, Of("a"), later), absl::ZeroDuration());
  }
  EXPECT_EQ(Fail(gate, Of("a"), later), absl::Seconds(1));
}

TEST(LoginGateTest, AnHourForgets) {
  LoginGate gate;
  for (int i = 0; i < 3; ++i) Fail(gate, Of("a"), kNow);
  EXPECT_EQ(gate.NumFailures(kNow + absl::Hours(1) - absl::Seconds(1)), 3u);
  EXPECT_EQ(gate.NumFailures(kNow + absl::Hours(1)), 0u);
  const absl::Time later = kNow + absl::Hours(1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Fail(gate, Of("a"), later), absl::ZeroDuration());
  }
  EXPECT_EQ(Fail(gate, Of("a"), later), absl::Seconds(1));
}

TEST(LoginGateTest, ManyFailuresAlarmOnceAMinute) {
  LoginGate gate;
  for (int i = 0; i < 100; ++i) {
    Fail(gate, Of("a", absl::StrCat("192.0.2.", i)), kNow);
  }
  EXPECT_FALSE(gate.Alarms(kNow));
  Fail(gate, Of("a", "198.51.100.1"), kNow);
  EXPECT_TRUE(gate.Alarms(kNow));
  EXPECT_FALSE(gate.Alarms(kNow));
  EXPECT_FALSE(gate.Alarms(kNow + absl::Seconds(59)));
  EXPECT_TRUE(gate.Alarms(kNow + absl::Seconds(60)));
  EXPECT_FALSE(gate.Alarms(kNow + absl::Hours(1)));
}

TEST(LoginGateTest, MemoryIsBounded) {
  LoginGate gate;
  const LoginTry oldest = Of("a", "first");
  for (int i = 0; i < 3; ++i) Fail(gate, oldest, kNow);
  const LoginTry known = Of("a", "second");
  for (int i = 0; i < 3; ++i) {
    Fail(gate, known, kNow + absl::Milliseconds(1));
  }
  for (size_t i = 0; i < LoginGate::kMostNames - 1; ++i) {
    Fail(gate, Of("a", absl::StrCat("at ", i)), kNow + absl::Milliseconds(2));
  }
  // The oldest gave way, and the next one is still there.
  EXPECT_GT(Fail(gate, known, kNow + absl::Milliseconds(2)),
            absl::ZeroDuration());
  EXPECT_EQ(Fail(gate, oldest, kNow + absl::Milliseconds(2)),
            absl::ZeroDuration());
}

TEST(LoginGateTest, ManyAtOnceAreCountedEach) {
  LoginGate gate;
  std::atomic<int> num_judged = 0;
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        if (gate.Begin(Of("a"), kNow).may_try()) {
          ++num_judged;
          gate.End(Of("a"), false);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(num_judged, LoginGate::kFree);
}

}  // namespace
}  // namespace tekmatch
