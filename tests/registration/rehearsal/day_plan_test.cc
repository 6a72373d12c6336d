#include "registration/rehearsal/day_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "registration/rules/contact_address.h"
#include "registration/rules/issuance.h"
#include "registration/rules/processing_number.h"
#include "tests/status_matchers.h"

namespace tekmatch {
namespace {

RehearsalConfig Config(absl::string_view name) {
  return ParseRehearsalConfig(ShippedConfig(name)).value();
}

double ShareOf(const DayPlan& plan, bool PersonPlan::*member) {
  const auto count = std::count_if(
      plan.persons.begin(), plan.persons.end(),
      [member](const PersonPlan& person) { return person.*member; });
  return static_cast<double>(count) / static_cast<double>(plan.persons.size());
}

TEST(DayPlanTest, SeedDecidesAllOfIt) {
  RehearsalConfig config = Config("small");
  const DayPlan plan = MakeDayPlan(config);
  const DayPlan same = MakeDayPlan(config);
  ASSERT_EQ(plan.persons.size(), 60);
  for (size_t i = 0; i < plan.persons.size(); ++i) {
    EXPECT_EQ(plan.persons[i].issue_at, same.persons[i].issue_at);
    EXPECT_EQ(plan.persons[i].waits, same.persons[i].waits);
    EXPECT_EQ(plan.persons[i].contact, same.persons[i].contact);
  }
  config.seed = 2;
  const DayPlan other = MakeDayPlan(config);
  EXPECT_NE(plan.persons[0].waits, other.persons[0].waits);
  EXPECT_NE(plan.guesses[0].number, other.guesses[0].number);
}

TEST(DayPlanTest, IssuesFollowTheCurve) {
  const DayPlan plan = MakeDayPlan(Config("small"));
  EXPECT_TRUE(std::is_sorted(plan.persons.begin(), plan.persons.end(),
                             [](const PersonPlan& a, const PersonPlan& b) {
                               return a.issue_at < b.issue_at;
                             }));
  std::vector<int> per_step(4);
  for (const PersonPlan& person : plan.persons) {
    ++per_step.at(static_cast<size_t>(person.issue_at / absl::Minutes(30)));
  }
  EXPECT_THAT(per_step, ::testing::ElementsAre(10, 20, 20, 10));
}

TEST(DayPlanTest, SharesAreThoseOfTheConfiguration) {
  const DayPlan plan = MakeDayPlan(Config("prefecture"));
  EXPECT_NEAR(ShareOf(plan, &PersonPlan::mistypes), 0.20, 0.02);
  EXPECT_NEAR(ShareOf(plan, &PersonPlan::full_width), 0.05, 0.01);
  EXPECT_NEAR(ShareOf(plan, &PersonPlan::double_tap), 0.03, 0.01);
  EXPECT_NEAR(ShareOf(plan, &PersonPlan::never), 0.02, 0.01);
  EXPECT_NEAR(ShareOf(plan, &PersonPlan::installed_late), 0.02, 0.01);
  EXPECT_NEAR(ShareOf(plan, &PersonPlan::by_mail), 0.20, 0.02);
  for (const PersonPlan& person : plan.persons) {
    EXPECT_FALSE(person.never && person.installed_late);
    for (const absl::Duration wait : person.waits) {
      EXPECT_GE(wait, absl::Minutes(1));
      EXPECT_LE(wait, absl::Minutes(90));
    }
    for (const absl::Duration delay : person.delays) {
      EXPECT_GT(delay, absl::ZeroDuration());
    }
  }
}

TEST(DayPlanTest, MedianDelayIsTheConfigurations) {
  const DayPlan plan = MakeDayPlan(Config("prefecture"));
  std::vector<absl::Duration> delays;
  for (const PersonPlan& person : plan.persons) {
    delays.insert(delays.end(), person.delays.begin(), person.delays.end());
  }
  std::nth_element(delays.begin(), delays.begin() + delays.size() / 2,
                   delays.end());
  EXPECT_NEAR(absl::ToDoubleMinutes(delays[delays.size() / 2]), 0.5, 0.03);
}

// Each is one that the roles take, and no other person's.
TEST(DayPlanTest, NamesAndContactsAreGoodAndOnesOwn) {
  const DayPlan plan = MakeDayPlan(Config("prefecture"));
  std::set<std::string> names;
  std::set<std::string> contacts;
  for (const PersonPlan& person : plan.persons) {
    names.insert(person.name);
    contacts.insert(person.contact);
    EXPECT_EQ(person.name.size(), plan.persons[0].name.size());
    const auto contact = ContactAddress::Parse(person.contact);
    ASSERT_TRUE(contact.contact.has_value()) << person.contact;
    EXPECT_EQ(contact.contact->text(), person.contact);
    EXPECT_EQ(contact.contact->kind() == ContactKind::kMail, person.by_mail);
    EXPECT_EQ(NormalizeKana(person.kana), person.kana);
  }
  EXPECT_EQ(names.size(), plan.persons.size());
  EXPECT_EQ(contacts.size(), plan.persons.size());
}

TEST(DayPlanTest, GuessesComeAsLongAsNumbersAreIssued) {
  const RehearsalConfig config = Config("small");
  const DayPlan plan = MakeDayPlan(config);
  EXPECT_EQ(plan.guesses.size(), 20);  // ten an hour, for two hours
  for (const GuessPlan& guess : plan.guesses) {
    EXPECT_LT(guess.at, absl::Hours(2));
    EXPECT_TRUE(ProcessingNumber::Parse(guess.number).number.has_value());
    EXPECT_LT(guess.address, config.addresses);
  }
  RehearsalConfig none = config;
  none.guesses_per_hour = 0;
  EXPECT_TRUE(MakeDayPlan(none).guesses.empty());
}

TEST(DayPlanTest, KillsTakeTurnsAndOtherFaultsHaveTheirTimes) {
  RehearsalConfig config = Config("small");
  config.clock_steps = {{.at_minute = 5, .minutes = -120}};
  config.gateway_hangs = {{.at_minute = 50, .minutes = 3}};
  const DayPlan plan = MakeDayPlan(config);
  EXPECT_TRUE(std::is_sorted(
      plan.faults.begin(), plan.faults.end(),
      [](const FaultPlan& a, const FaultPlan& b) { return a.at < b.at; }));
  std::vector<Role> killed;
  for (const FaultPlan& fault : plan.faults) {
    switch (fault.kind) {
      case FaultKind::kKill:
        killed.push_back(fault.role);
        break;
      case FaultKind::kGatewayErrors:
        EXPECT_EQ(fault.at, absl::Minutes(40));
        EXPECT_EQ(fault.length, absl::Minutes(10));
        break;
      case FaultKind::kGatewayHangs:
        EXPECT_EQ(fault.at, absl::Minutes(50));
        break;
      case FaultKind::kDiskFull:
        EXPECT_EQ(fault.at, absl::Minutes(70));
        break;
      case FaultKind::kClockStep:
        EXPECT_EQ(fault.at, absl::Minutes(5));
        EXPECT_EQ(fault.step, absl::Minutes(-120));
        break;
    }
  }
  // Every 20 minutes of the day's: 2 seconds at 600 times the speed.
  ASSERT_EQ(killed.size(), 6);
  for (size_t i = 0; i < killed.size(); ++i) {
    EXPECT_EQ(killed[i], static_cast<Role>(i % 3));
  }
  config.phones = 0;
  for (const FaultPlan& fault : MakeDayPlan(config).faults) {
    EXPECT_FALSE(fault.kind == FaultKind::kKill && fault.role == Role::kPhone);
  }
}

TEST(DayPlanTest, MistypedIsAnotherNumberOfEightDigits) {
  RandomSource random = RandomSource::Seeded(1);
  for (int i = 0; i < 200; ++i) {
    const std::string typed = Mistyped("12345678", random);
    ASSERT_EQ(typed.size(), 8);
    int num_other = 0;
    for (size_t at = 0; at < typed.size(); ++at) {
      EXPECT_TRUE(typed[at] >= '0' && typed[at] <= '9');
      if (typed[at] != "12345678"[at]) ++num_other;
    }
    EXPECT_EQ(num_other, 1);
  }
}

TEST(DayPlanTest, FullWidthIsTheSameNumber) {
  const std::string typed = InFullWidth("01234567");
  EXPECT_EQ(typed, "０１２３－４５６７");
  const auto parsed = ProcessingNumber::Parse(typed);
  ASSERT_TRUE(parsed.number.has_value());
  EXPECT_EQ(parsed.number->digits(), "01234567");
}

}  // namespace
}  // namespace tekmatch
