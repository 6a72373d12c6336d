// Plan: rates; then a part of the figures each: requests, throughput, times to
// publication and notice, steps of the day; last all of them.
#include "registration/rehearsal/figures.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "registration/rules/guess_budget.h"

namespace tekmatch {
namespace {

constexpr size_t kMostSteps = 48;

// The most in any window of that length.
int64_t MostWithin(std::vector<absl::Duration> times, absl::Duration window) {
  std::sort(times.begin(), times.end());
  size_t most = 0;
  for (size_t first = 0, last = 0; last < times.size(); ++last) {
    while (times[last] - times[first] >= window) ++first;
    most = std::max(most, last - first + 1);
  }
  return static_cast<int64_t>(most);
}

double PerHour(int64_t count, absl::Duration time) {
  return time <= absl::ZeroDuration()
             ? 0
             : static_cast<double>(count) / absl::ToDoubleHours(time);
}

void AddPuts(const LedgerData& data, Figures& figures) {
  std::vector<absl::Duration> right;
  std::vector<absl::Duration> wrong;
  std::vector<absl::Duration> attacker;
  int64_t num_answered = 0;
  for (const PutRecord& put : data.puts) {
    if (put.status == 0) {
      ++figures.puts_unanswered;
      continue;
    }
    ++num_answered;
    if (put.status == 429 || put.status == 503) {
      ++figures.puts_busy;
    } else if (put.by_attacker) {
      attacker.push_back(put.took);
    } else if (put.status == 200) {
      right.push_back(put.took);
    } else if (put.status == 406) {
      wrong.push_back(put.took);
    }
  }
  figures.wrong_rate = num_answered == 0
                           ? 0
                           : static_cast<double>(data.wrong_at.size()) /
                                 static_cast<double>(num_answered);
  figures.put_right = SpreadOf(std::move(right));
  figures.put_wrong = SpreadOf(std::move(wrong));
  figures.put_attacker = SpreadOf(std::move(attacker));
}

void AddThroughput(const RehearsalConfig& config, const LedgerData& data,
                   Figures& figures) {
  std::vector<absl::Duration> times = data.registered_at;
  std::sort(times.begin(), times.end());
  figures.keys_accepted = static_cast<int64_t>(data.accepted.size());
  if (times.size() < 2) return;
  const absl::Duration real = (times.back() - times.front()) / config.speed;
  figures.registering_real = real;
  figures.registrations_per_real_hour =
      PerHour(static_cast<int64_t>(times.size()), real);
  figures.keys_per_real_hour = PerHour(figures.keys_accepted, real);
  const absl::Duration ten = absl::Minutes(10);
  if (real >= ten) {
    figures.best_ten_minutes_per_real_hour =
        PerHour(MostWithin(times, ten * config.speed), ten);
  }
}

void AddPublication(const LedgerData& data,
                    const std::map<Tek, absl::Time>& created,
                    const RehearsalWorld& world, Figures& figures) {
  std::vector<absl::Duration> to_published;
  std::vector<absl::Duration> to_notice;
  // Not in order where the clock was set back.
  std::map<int, std::vector<absl::Time>> fetched = data.fetched;
  for (auto& [phone, times] : fetched) std::sort(times.begin(), times.end());
  for (const auto& [tek, accepted] : data.accepted) {
    const auto found = created.find(tek);
    if (found == created.end()) continue;
    to_published.push_back(found->second - accepted);
    const auto met = world.expected.find(tek);
    if (met == world.expected.end()) continue;
    for (const Match& match : met->second) {
      const auto fetches =
          fetched.find(static_cast<int>(match.sighting.device));
      if (fetches == fetched.end()) continue;
      const auto first = std::lower_bound(fetches->second.begin(),
                                          fetches->second.end(), found->second);
      if (first != fetches->second.end()) {
        to_notice.push_back(*first - accepted);
      }
    }
  }
  figures.registered_to_published = SpreadOf(std::move(to_published));
  figures.oldest_unpublished = figures.registered_to_published.most;
  figures.registered_to_notice = SpreadOf(std::move(to_notice));
}

void AddSteps(const LedgerData& data, Figures& figures) {
  absl::Duration last;
  for (const QueueRecord& record : data.queue) last = std::max(last, record.at);
  for (const absl::Duration at : data.registered_at) last = std::max(last, at);
  // As many minutes as leave a plot readable.
  figures.step = absl::Minutes(5);
  while (last / figures.step >= static_cast<double>(kMostSteps)) {
    figures.step *= 2;
  }
  figures.steps.resize(static_cast<size_t>(last / figures.step) + 1);
  for (const QueueRecord& record : data.queue) {
    DayStep& step =
        figures.steps[static_cast<size_t>(record.at / figures.step)];
    step.oldest_in_queue = std::max(step.oldest_in_queue, record.age);
  }
  for (const absl::Duration at : data.registered_at) {
    ++figures.steps[static_cast<size_t>(at / figures.step)].registered;
  }
}

}  // namespace

Spread SpreadOf(std::vector<absl::Duration> values) {
  Spread spread;
  if (values.empty()) return spread;
  std::sort(values.begin(), values.end());
  const auto at = [&values](double share) {
    const auto rank = static_cast<size_t>(
        std::ceil(share * static_cast<double>(values.size())));
    return values[std::min(values.size(), std::max<size_t>(rank, 1)) - 1];
  };
  spread.count = static_cast<int64_t>(values.size());
  spread.p50 = at(0.50);
  spread.p95 = at(0.95);
  spread.p99 = at(0.99);
  spread.most = values.back();
  return spread;
}

Figures ComputeFigures(const RehearsalConfig& config, const LedgerData& data,
                       const std::vector<PersonEnd>& ends,
                       const std::map<Tek, absl::Time>& created,
                       const RehearsalWorld& world) {
  Figures figures;
  figures.num_persons = static_cast<int64_t>(ends.size());
  for (const PersonEnd end : ends) {
    ++figures.ends[PersonEndName(end)];
    if (end == PersonEnd::kOpen || end == PersonEnd::kTooManyIssues ||
        end == PersonEnd::kRegisteredBefore || end == PersonEnd::kRefused) {
      ++figures.locked_out;
    }
  }
  figures.issued = data.num_issued;
  figures.reissued = data.num_reissued;
  figures.sent = data.num_messages;
  figures.arrived = data.num_arrived;
  figures.redeemed = static_cast<int64_t>(data.registered_at.size());
  figures.expired = data.num_expired;
  std::vector<absl::Duration> sms;
  std::vector<absl::Duration> mail;
  for (const QueueRecord& record : data.queue) {
    (record.by_mail ? mail : sms).push_back(record.age);
  }
  figures.sms_queue = SpreadOf(std::move(sms));
  figures.mail_queue = SpreadOf(std::move(mail));
  figures.registered_after = SpreadOf(data.registered_after);
  AddPuts(data, figures);
  figures.refusals = data.refusals;
  AddThroughput(config, data, figures);

  AddPublication(data, created, world, figures);

  figures.guesses = data.num_guesses;
  figures.guess_hits = data.num_guess_hits;
  figures.mistyped = data.num_mistyped;
  figures.passed_on = data.num_passed_on;
  figures.most_wrong_an_hour = MostWithin(data.wrong_at, absl::Hours(1));
  figures.most_live = data.most_live;
  figures.hit_probability =
      HitProbabilityPerHour(figures.most_wrong_an_hour, figures.most_live);

  std::map<std::string, std::vector<absl::Duration>> recovery;
  for (const KillRecord& kill : data.kills) {
    recovery[kill.role].push_back(kill.recovery);
  }
  for (auto& [role, times] : recovery) {
    figures.recovery[role] = SpreadOf(std::move(times));
  }
  figures.issue_retries = data.num_issue_retries;
  figures.put_retries = data.num_retries;
  AddSteps(data, figures);
  return figures;
}

}  // namespace tekmatch
