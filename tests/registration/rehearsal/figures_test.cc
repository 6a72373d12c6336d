#include "registration/rehearsal/figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

TEST(FiguresTest, SpreadIsByRank) {
  std::vector<absl::Duration> values;
  for (int i = 100; i > 0; --i) values.push_back(absl::Milliseconds(i));
  const Spread spread = SpreadOf(values);
  EXPECT_EQ(spread.count, 100);
  EXPECT_EQ(spread.p50, absl::Milliseconds(50));
  EXPECT_EQ(spread.p95, absl::Milliseconds(95));
  EXPECT_EQ(spread.p99, absl::Milliseconds(99));
  EXPECT_EQ(spread.most, absl::Milliseconds(100));
}

TEST(FiguresTest, SpreadOfFew) {
  EXPECT_EQ(SpreadOf({}).count, 0);
  EXPECT_EQ(SpreadOf({}).most, absl::ZeroDuration());
  const Spread one = SpreadOf({absl::Seconds(3)});
  EXPECT_EQ(one.p50, absl::Seconds(3));
  EXPECT_EQ(one.p99, absl::Seconds(3));
  const Spread two = SpreadOf({absl::Seconds(3), absl::Seconds(1)});
  EXPECT_EQ(two.p50, absl::Seconds(1));
  EXPECT_EQ(two.p95, absl::Seconds(3));
}

Tek MakeTek(uint8_t n) {
  Tek tek;
  tek.bytes.fill(n);
  return tek;
}

TEST(FiguresTest, CountsWhatWasWrittenDown) {
  RehearsalConfig config;
  config.speed = 60;
  LedgerData data;
  data.num_issued = 3;
  data.num_reissued = 1;
  data.num_messages = 4;
  data.registered_at = {absl::Minutes(10), absl::Minutes(70)};
  data.registered_after = {absl::Minutes(5), absl::Minutes(9)};
  data.queue = {
      {.at = absl::Minutes(1), .age = absl::Minutes(1)},
      {.at = absl::Minutes(8), .age = absl::Minutes(7)},
      {.at = absl::Minutes(9), .age = absl::Minutes(2), .by_mail = true}};
  data.puts = {{.at = {}, .took = absl::Milliseconds(10), .status = 200},
               {.at = {}, .took = absl::Milliseconds(20), .status = 200},
               {.at = {}, .took = absl::Seconds(5), .status = 406},
               {.at = {}, .took = absl::Milliseconds(1), .status = 503},
               {.at = {}, .took = absl::Milliseconds(1), .status = 0},
               {.at = {},
                .took = absl::Milliseconds(3),
                .status = 406,
                .by_attacker = true}};
  data.wrong_at = {absl::Minutes(1), absl::Minutes(61), absl::Minutes(62)};
  data.most_live = 5000;
  data.kills = {{.role = "server", .at = {}, .recovery = absl::Seconds(1)}};
  const Figures figures =
      ComputeFigures(config, data,
                     {PersonEnd::kRegistered, PersonEnd::kRegistered,
                      PersonEnd::kTooManyIssues, PersonEnd::kNeverTyped},
                     {}, {});
  EXPECT_EQ(figures.num_persons, 4);
  EXPECT_EQ(figures.ends.at("registered"), 2);
  EXPECT_EQ(figures.locked_out, 1);
  EXPECT_EQ(figures.issued, 3);
  EXPECT_EQ(figures.reissued, 1);
  EXPECT_EQ(figures.sent, 4);
  EXPECT_EQ(figures.redeemed, 2);
  EXPECT_EQ(figures.sms_queue.count, 2);
  EXPECT_EQ(figures.sms_queue.most, absl::Minutes(7));
  EXPECT_EQ(figures.mail_queue.most, absl::Minutes(2));
  EXPECT_EQ(figures.put_right.count, 2);
  EXPECT_EQ(figures.put_right.p99, absl::Milliseconds(20));
  EXPECT_EQ(figures.put_wrong.most, absl::Seconds(5));
  EXPECT_EQ(figures.put_attacker.count, 1);
  EXPECT_EQ(figures.puts_busy, 1);
  EXPECT_EQ(figures.puts_unanswered, 1);
  // An hour of the day is a minute of the machine's.
  EXPECT_EQ(figures.registering_real, absl::Minutes(1));
  EXPECT_DOUBLE_EQ(figures.registrations_per_real_hour, 120);
  EXPECT_EQ(figures.best_ten_minutes_per_real_hour, 0);
  EXPECT_EQ(figures.most_wrong_an_hour, 2);
  EXPECT_NEAR(figures.hit_probability, 1e-4, 1e-6);
  EXPECT_EQ(figures.recovery.at("server").most, absl::Seconds(1));
  ASSERT_EQ(figures.steps.size(), 15);  // of five minutes
  EXPECT_EQ(figures.steps[2].registered, 1);
  EXPECT_EQ(figures.steps[1].oldest_in_queue, absl::Minutes(7));
}

TEST(FiguresTest, TimeToPublicationAndNotice) {
  const absl::Time nine = absl::FromUnixSeconds(1593043200);
  LedgerData data;
  data.accepted = {{MakeTek(1), nine}, {MakeTek(2), nine}};
  data.fetched[0] = {nine + absl::Minutes(90), nine + absl::Minutes(30)};
  RehearsalWorld world;
  Match match;
  match.sighting.device = 0;
  world.expected[MakeTek(1)] = {match};
  match.sighting.device = 1;  // whose phone never fetched
  world.expected[MakeTek(2)] = {match};
  const Figures figures =
      ComputeFigures({}, data, {},
                     {{MakeTek(1), nine + absl::Minutes(60)},
                      {MakeTek(2), nine + absl::Minutes(120)}},
                     world);
  EXPECT_EQ(figures.registered_to_published.count, 2);
  EXPECT_EQ(figures.oldest_unpublished, absl::Minutes(120));
  EXPECT_EQ(figures.registered_to_notice.count, 1);
  EXPECT_EQ(figures.registered_to_notice.most, absl::Minutes(90));
}

}  // namespace
}  // namespace tekmatch
