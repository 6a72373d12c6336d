// Plan: draws of numbers; names and contacts, which a search has to find again;
// persons; guesses; faults. Each kind has a random stream of its own, so that
// another setting of one leaves the others as they are.
#include "registration/rehearsal/day_plan.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tekmatch {
namespace {

enum class Stream : uint64_t { kPersons = 1, kTimes, kGuesses, kFaults };

RandomSource StreamOf(const RehearsalConfig& config, Stream stream) {
  return RandomSource::Seeded(static_cast<uint64_t>(config.seed) * 100 +
                              static_cast<uint64_t>(stream));
}

// In [0, 1).
double Unit(RandomSource& random) {
  return static_cast<double>(random.Below(uint64_t{1} << 53)) /
         static_cast<double>(uint64_t{1} << 53);
}

bool Happens(double share, RandomSource& random) {
  return Unit(random) < share;
}

// By Box and Muller.
double Normal(RandomSource& random) {
  constexpr double kTwoPi = 6.283185307179586;
  const double u = 1 - Unit(random);  // not 0
  return std::sqrt(-2 * std::log(u)) * std::cos(kTwoPi * Unit(random));
}

absl::Duration LogNormalMinutes(double median, double sigma,
                                RandomSource& random) {
  return absl::Minutes(median * std::exp(sigma * Normal(random)));
}

// Each once.
constexpr absl::string_view kSigns =
    "安井上江大岡加木久小佐坂島須関高田千津寺中西野橋東広藤星前松三村本森山"
    "吉青秋石岩内梅尾金川北国黒沢清杉竹谷土戸長永浜林原平福古堀宮水";
constexpr size_t kSignBytes = 3;
constexpr uint64_t kNumSigns = kSigns.size() / kSignBytes;

std::string Sign(uint64_t n) {
  return std::string(kSigns.substr((n % kNumSigns) * kSignBytes, kSignBytes));
}

// The person's number in these signs, so that all names differ, and are of one
// length. The last sign only ends it.
std::string NameOf(uint64_t n) {
  return absl::StrCat(Sign(n / kNumSigns), Sign(n), "　",
                      Sign(n / (kNumSigns * kNumSigns)), "子");
}

std::string ContactOf(uint64_t n, bool by_mail) {
  if (by_mail) return absl::StrFormat("person%06d@mail.example.jp", n);
  // 070, 080 or 090, a digit of 1 to 9, and seven that name the person.
  return absl::StrFormat("0%d0%d%07d", 7 + n % 3, 1 + n % 9, 1'000'003 + n * 7);
}

absl::Duration Jitter(absl::Duration most, RandomSource& random) {
  return most * Unit(random);
}

PersonPlan MakePerson(const RehearsalConfig& config, uint64_t n,
                      RandomSource& random, RandomSource& times) {
  PersonPlan person;
  person.name = NameOf(n);
  person.kana = "リハーサル　ハナコ";
  person.by_mail = Happens(config.mail_share, random);
  person.contact = ContactOf(n, person.by_mail);
  person.onset_days_ago = static_cast<int>(random.Below(8));
  const double story = Unit(random);
  person.never = story < config.never;
  person.installed_late =
      !person.never && story < config.never + config.installed_late;
  person.mistypes = Happens(config.mistype, random);
  person.full_width = Happens(config.full_width, random);
  person.double_tap = Happens(config.double_tap, random);
  person.passes_on = Happens(config.pass_on, random);
  person.by_page = Happens(config.by_page, random);
  for (size_t i = 0; i < kPlannedMessages; ++i) {
    person.delays[i] = LogNormalMinutes(config.sms_delay_median_minutes,
                                        config.sms_delay_sigma, times);
    const absl::Duration wait =
        LogNormalMinutes(config.wait_median_minutes, 1, times);
    person.waits[i] = std::clamp<absl::Duration>(
        wait, absl::Minutes(config.wait_least_minutes),
        absl::Minutes(config.wait_most_minutes));
  }
  return person;
}

std::vector<PersonPlan> MakePersons(const RehearsalConfig& config) {
  RandomSource random = StreamOf(config, Stream::kPersons);
  RandomSource times = StreamOf(config, Stream::kTimes);
  std::vector<PersonPlan> persons;
  persons.reserve(static_cast<size_t>(config.NumPersons()));
  absl::Duration begin;
  for (const int count : config.issues_per_step) {
    const absl::Duration step = absl::Minutes(config.step_minutes);
    for (int i = 0; i < count; ++i) {
      PersonPlan& person = persons.emplace_back(
          MakePerson(config, persons.size(), random, times));
      // Within its share of the step, so that they ascend.
      person.issue_at = begin + step * i / count + Jitter(step / count, times);
    }
    begin += step;
  }
  return persons;
}

std::vector<GuessPlan> MakeGuesses(const RehearsalConfig& config) {
  std::vector<GuessPlan> guesses;
  if (config.guesses_per_hour == 0) return guesses;
  RandomSource random = StreamOf(config, Stream::kGuesses);
  const absl::Duration between = absl::Hours(1) / config.guesses_per_hour;
  const absl::Duration end = absl::Minutes(config.IssueMinutes());
  for (absl::Duration at = between / 2; at < end; at += between) {
    guesses.push_back(
        {.at = at,
         .number = absl::StrFormat("%08d", random.Below(100'000'000)),
         .address = static_cast<int>(
             random.Below(static_cast<uint64_t>(config.addresses)))});
  }
  return guesses;
}

std::vector<FaultPlan> MakeFaults(const RehearsalConfig& config) {
  RandomSource random = StreamOf(config, Stream::kFaults);
  std::vector<FaultPlan> faults;
  if (config.kill_every_real_seconds > 0) {
    const absl::Duration between =
        absl::Seconds(config.kill_every_real_seconds) * config.speed;
    // People are about for a while after the last issue.
    const absl::Duration end =
        absl::Minutes(config.IssueMinutes() + config.wait_median_minutes);
    const int num_roles = config.phones > 0 ? kNumRoles : kNumRoles - 1;
    for (absl::Duration at = between; at < end; at += between) {
      // At any moment of the interval's second half; one role after the other,
      // so that each has its share.
      faults.push_back({.at = at - Jitter(between / 2, random),
                        .kind = FaultKind::kKill,
                        .role = static_cast<Role>(
                            faults.size() % static_cast<size_t>(num_roles)),
                        .length = {},
                        .step = {}});
    }
  }
  const auto add = [&faults](const std::vector<FaultSpan>& spans,
                             FaultKind kind) {
    for (const FaultSpan& span : spans) {
      faults.push_back({.at = absl::Minutes(span.at_minute),
                        .kind = kind,
                        .role = Role::kServer,
                        .length = absl::Minutes(span.minutes),
                        .step = {}});
    }
  };
  add(config.gateway_errors, FaultKind::kGatewayErrors);
  add(config.gateway_hangs, FaultKind::kGatewayHangs);
  add(config.disk_full, FaultKind::kDiskFull);
  for (const ClockStep& step : config.clock_steps) {
    faults.push_back({.at = absl::Minutes(step.at_minute),
                      .kind = FaultKind::kClockStep,
                      .role = Role::kServer,
                      .length = {},
                      .step = absl::Minutes(step.minutes)});
  }
  std::stable_sort(
      faults.begin(), faults.end(),
      [](const FaultPlan& a, const FaultPlan& b) { return a.at < b.at; });
  return faults;
}

}  // namespace

const char* RoleName(Role role) {
  switch (role) {
    case Role::kHersys:
      return "hersys";
    case Role::kServer:
      return "server";
    case Role::kPhone:
      break;
  }
  return "phone";
}

DayPlan MakeDayPlan(const RehearsalConfig& config) {
  return {.persons = MakePersons(config),
          .guesses = MakeGuesses(config),
          .faults = MakeFaults(config)};
}

std::string Mistyped(absl::string_view number, RandomSource& random) {
  std::string typed(number);
  const size_t at = static_cast<size_t>(random.Below(typed.size()));
  const auto digit = static_cast<uint64_t>(typed[at] - '0');
  typed[at] = static_cast<char>('0' + (digit + 1 + random.Below(9)) % 10);
  return typed;
}

std::string InFullWidth(absl::string_view number) {
  std::string typed;
  for (size_t i = 0; i < number.size(); ++i) {
    if (i == 4) typed += "－";
    // U+FF10 to U+FF19.
    typed += "\xEF\xBC";
    typed += static_cast<char>('\x90' + (number[i] - '0'));
  }
  return typed;
}

}  // namespace tekmatch
