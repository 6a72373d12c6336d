// Random histories of keys against two models. One says what this project's
// rules say (key_publications.h, report_type_history.h). The other works
// through the publications one by one as the platform does (DOMAIN.md, section
// 2): a key with a stored result only moves its report type; one that was
// attempted with another rolling period is skipped, and so is a recursive one;
// otherwise it is matched, and has a result if something was heard.
//
// They differ in one thing, on purpose: the first publication that counts
// decides here although nothing was heard in its time, and a contact in the
// time that a later one gives is none. The platform, which keeps nothing of a
// key without a result, then takes the later one, unless the period changed.
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "matcher/exposure/key_publications.h"

namespace tekmatch {
namespace {

constexpr int kWorlds = 20000;
constexpr EnIntervalNumber kStart = 2677968;
using Rng = std::mt19937_64;

int Random(Rng& rng, int low, int high) {
  return low + static_cast<int>(rng() % static_cast<uint64_t>(high - low + 1));
}

// What is told of a key: nothing, or the intervals in which it was heard, its
// report type and the metadata that it has.
struct Told {
  std::set<EnIntervalNumber> intervals;
  ReportType type = ReportType::kUnknown;
  std::optional<int8_t> days_since_onset;

  bool operator==(const Told&) const = default;
};

struct World {
  // Of one key, in the order of publication, one a list of a file.
  std::vector<KeyPublication> publications;
  std::set<EnIntervalNumber> heard;
  ReportType when_missing = ReportType::kConfirmedTest;
};

World RandomWorld(Rng& rng) {
  World world;
  world.when_missing = static_cast<ReportType>(Random(rng, 1, 3));
  for (int n = Random(rng, 1, 6), source = 0; n > 0; --n) {
    KeyPublication publication;
    DiagnosisKey& key = publication.key;
    key.rolling_start = kStart + static_cast<EnIntervalNumber>(
                                     Random(rng, 0, 4) == 0 ? 144 : 0);
    key.rolling_period =
        static_cast<uint8_t>(Random(rng, 0, 3) == 0 ? 72 : 144);
    if (const int type = Random(rng, -1, 5); type >= 0) {
      key.metadata.report_type = static_cast<ReportType>(type);
    }
    key.metadata.days_since_onset = static_cast<int8_t>(n);
    // Each file has one in keys, in revised_keys, or in both.
    key.metadata.revised = Random(rng, 0, 1) == 1;
    const bool same_file = !world.publications.empty() &&
                           key.metadata.revised &&
                           !world.publications.back().key.metadata.revised;
    source += same_file ? 0 : 1;
    publication.source = static_cast<uint32_t>(source);
    world.publications.push_back(publication);
  }
  for (int n = Random(rng, 0, 3); n > 0; --n) {
    world.heard.insert(
        kStart + static_cast<EnIntervalNumber>(Random(rng, 0, 2 * 144 - 1)));
  }
  return world;
}

std::set<EnIntervalNumber> HeardIn(const World& world, EnIntervalNumber start,
                                   int period) {
  std::set<EnIntervalNumber> intervals;
  for (const EnIntervalNumber i : world.heard) {
    if (i >= start && i < start + static_cast<EnIntervalNumber>(period)) {
      intervals.insert(i);
    }
  }
  return intervals;
}

ReportType TypeOf(const KeyPublication& publication, const World& world) {
  const ReportType type =
      publication.key.metadata.report_type.value_or(ReportType::kUnknown);
  return type == ReportType::kUnknown ? world.when_missing : type;
}

bool MayMove(ReportType from, ReportType to) {
  static const std::set<std::pair<ReportType, ReportType>> kLegal = {
      {ReportType::kSelfReport, ReportType::kConfirmedTest},
      {ReportType::kSelfReport, ReportType::kConfirmedClinicalDiagnosis},
      {ReportType::kSelfReport, ReportType::kRevoked},
      {ReportType::kConfirmedClinicalDiagnosis, ReportType::kConfirmedTest},
      {ReportType::kConfirmedClinicalDiagnosis, ReportType::kRevoked}};
  return kLegal.contains({from, to});
}

// Also says whether anything was heard in the first publication's time.
Told ByTheRules(const World& world, bool* first_is_heard, int* num_moves,
                int* num_ignored) {
  std::vector<KeyPublication> counting;
  for (const KeyPublication& publication : world.publications) {
    if (TypeOf(publication, world) != ReportType::kRecursive) {
      counting.push_back(publication);
    }
  }
  *first_is_heard = false;
  *num_moves = 0;
  *num_ignored = 0;
  if (counting.empty()) return {};
  Told told;
  told.type = TypeOf(counting[0], world);
  told.days_since_onset = counting[0].key.metadata.days_since_onset;
  told.intervals = HeardIn(world, counting[0].key.rolling_start,
                           counting[0].key.rolling_period);
  for (size_t i = 1; i < counting.size(); ++i) {
    const ReportType type = TypeOf(counting[i], world);
    if (type == told.type) continue;
    if (*num_moves == 0 && MayMove(told.type, type)) {
      told.type = type;
      ++*num_moves;
    } else {
      ++*num_ignored;
    }
  }
  *first_is_heard = !told.intervals.empty();
  if (told.intervals.empty() || told.type == ReportType::kRevoked) return {};
  return told;
}

Told ByThePlatform(const World& world) {
  std::optional<Told> result;
  int num_moves = 0;
  std::optional<int> attempted_period;
  for (const KeyPublication& publication : world.publications) {
    const DiagnosisKey& key = publication.key;
    const ReportType type = TypeOf(publication, world);
    if (result.has_value()) {
      if (num_moves == 0 && MayMove(result->type, type)) {
        result->type = type;
        ++num_moves;
      }
      continue;
    }
    if (attempted_period.has_value() &&
        *attempted_period != key.rolling_period) {
      continue;
    }
    if (type == ReportType::kRecursive) continue;
    if (!HeardIn(world, key.rolling_start, 144).empty()) {
      attempted_period = key.rolling_period;
    }
    const auto intervals =
        HeardIn(world, key.rolling_start, key.rolling_period);
    if (!intervals.empty()) {
      result = {intervals, type, key.metadata.days_since_onset};
    }
  }
  if (!result.has_value() || result->type == ReportType::kRevoked) return {};
  return *result;
}

Told ByTheProduct(const World& world, Rng& rng, KeyHistories* histories) {
  std::vector<KeyPublication> shuffled = world.publications;
  std::shuffle(shuffled.begin(), shuffled.end(), rng);
  *histories = ResolvePublications(shuffled, world.when_missing);
  // What the engine gives: each publication's candidates.
  std::vector<Match> matches;
  for (const KeyPublication& publication : shuffled) {
    for (const EnIntervalNumber interval :
         HeardIn(world, publication.key.rolling_start,
                 publication.key.rolling_period)) {
      Match match;
      match.interval = interval;
      match.metadata = publication.key.metadata;
      matches.push_back(match);
    }
  }
  ApplyHistories(*histories, matches);
  DropUnreported(matches);
  Told told;
  for (const Match& match : matches) {
    told.intervals.insert(match.interval);
    told.type = *match.metadata.report_type;
    told.days_since_onset = match.metadata.days_since_onset;
  }
  return told;
}

TEST(KeyHistoriesModelTest, RandomHistories) {
  int num_told = 0;
  int num_apart = 0;
  int num_revisions = 0;
  for (int seed = 0; seed < kWorlds; ++seed) {
    SCOPED_TRACE(absl::StrCat("history ", seed));
    Rng rng(static_cast<uint64_t>(seed));
    const World world = RandomWorld(rng);
    KeyHistories histories;
    const Told product = ByTheProduct(world, rng, &histories);
    bool first_is_heard = false;
    int num_moves = 0;
    int num_ignored = 0;
    const Told rules =
        ByTheRules(world, &first_is_heard, &num_moves, &num_ignored);
    ASSERT_TRUE(product == rules);
    ASSERT_EQ(histories.num_revisions, static_cast<uint64_t>(num_moves));
    ASSERT_EQ(histories.num_ignored_revisions,
              static_cast<uint64_t>(num_ignored));

    const Told platform = ByThePlatform(world);
    if (!(product == platform)) {
      // The one difference.
      ASSERT_FALSE(first_is_heard);
      ASSERT_TRUE(product == Told());
      ++num_apart;
    }
    num_told += product.intervals.empty() ? 0 : 1;
    num_revisions += num_moves;
  }
  EXPECT_GT(num_told, kWorlds / 5);
  EXPECT_GT(num_apart, kWorlds / 100);
  EXPECT_LT(num_apart, kWorlds / 10);
  EXPECT_GT(num_revisions, kWorlds / 10);
}

}  // namespace
}  // namespace tekmatch
