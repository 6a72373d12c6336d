#include "matcher/join/match_policy.h"

#include <gtest/gtest.h>

#include <limits>

#include "gmock/gmock.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

TEST(MatchPolicyTest, DefaultsAreThoseOfGoogle) {
  const MatchPolicy policy;
  EXPECT_EQ(policy.tolerance_intervals, 12);
  EXPECT_EQ(policy.replay_cut_seconds, 1200);
  EXPECT_EQ(policy.min_tx_power, -50);
  EXPECT_EQ(policy.max_tx_power, 20);
  EXPECT_THAT(Validate(policy), IsOk());
}

TEST(MatchPolicyTest, TakesTheEdges) {
  MatchPolicy policy;
  policy.tolerance_intervals = 0;
  policy.replay_cut_seconds = 0;
  policy.min_tx_power = -128;
  policy.max_tx_power = -128;
  EXPECT_THAT(Validate(policy), IsOk());
  policy.tolerance_intervals = std::numeric_limits<int32_t>::max();
  policy.replay_cut_seconds = std::numeric_limits<int64_t>::max();
  policy.max_tx_power = 127;
  EXPECT_THAT(Validate(policy), IsOk());
}

void ExpectRefused(const MatchPolicy& policy, const char* message) {
  const absl::Status status = Validate(policy);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, message));
}

TEST(MatchPolicyTest, NamesTheFieldThatIsWrong) {
  MatchPolicy policy;
  policy.tolerance_intervals = -1;
  ExpectRefused(policy, "MatchPolicy.tolerance_intervals is -1, less than 0");
  policy = {};
  policy.replay_cut_seconds = -1;
  ExpectRefused(policy, "MatchPolicy.replay_cut_seconds is -1, less than 0");
  policy = {};
  policy.min_tx_power = -129;
  ExpectRefused(policy,
                "MatchPolicy.min_tx_power is -129 dBm, not in -128..127");
  policy = {};
  policy.max_tx_power = 128;
  ExpectRefused(policy,
                "MatchPolicy.max_tx_power is 128 dBm, not in -128..127");
  policy = {};
  policy.min_tx_power = 21;
  ExpectRefused(policy,
                "MatchPolicy.min_tx_power is 21 dBm, greater than "
                "max_tx_power, which is 20");
}

}  // namespace
}  // namespace tekmatch
