// Publications of a few keys in a few files, out of the bytes: what they mean
// together is what a naive reading of the rules says (key_publications.h,
// report_type_history.h), of each key by itself, whatever order they are given
// in.
//
// Plan: one history against the table of the rules; publications of many keys
// against the same, put into their order by hand.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "keyformat/diagnosis_key.h"
#include "matcher/exposure/key_publications.h"
#include "matcher/exposure/report_type_history.h"
#include "tests/fuzz/fuzz_bytes.h"

namespace tekmatch {
namespace {

constexpr EnIntervalNumber kStart = 2677968;

// What stands, and how it came to that.
struct Standing {
  std::optional<ReportType> type;
  uint64_t num_revisions = 0;
  uint64_t num_ignored = 0;
};

// The table of the header, a row a type: to which it may move.
constexpr std::array<std::array<bool, kNumReportTypes>, kNumReportTypes> kMoves{
    {// unknown, test, clinical, self-report, recursive, revoked
     {false, false, false, false, false, false},
     {false, false, false, false, false, false},
     {false, true, false, false, false, true},
     {false, true, true, false, false, true},
     {false, false, false, false, false, false},
     {false, false, false, false, false, false}}};

Standing NaiveStanding(const std::vector<ReportType>& types) {
  Standing standing;
  for (const ReportType type : types) {
    if (!standing.type.has_value()) {
      if (type != ReportType::kRecursive) standing.type = type;
      continue;
    }
    if (type == *standing.type) continue;
    if (standing.num_revisions == 0 &&
        kMoves.at(static_cast<size_t>(*standing.type))
            .at(static_cast<size_t>(type))) {
      standing.type = type;
      ++standing.num_revisions;
    } else {
      ++standing.num_ignored;
    }
  }
  return standing;
}

ReportType KnownType(FuzzBytes& bytes) {
  return static_cast<ReportType>(1 + bytes.Below(kNumReportTypes - 1));
}

void CheckOneHistory(FuzzBytes& bytes) {
  std::vector<ReportType> types;
  ReportTypeHistory history;
  while (!bytes.empty()) {
    types.push_back(KnownType(bytes));
    history.Add(types.back());
    const Standing want = NaiveStanding(types);
    Require(history.type() == want.type);
    Require(history.num_revisions() == want.num_revisions);
    Require(history.num_ignored_revisions() == want.num_ignored);
  }
}

ReportType TypeOf(const KeyPublication& publication, ReportType when_missing) {
  const ReportType type =
      publication.key.metadata.report_type.value_or(ReportType::kUnknown);
  return type == ReportType::kUnknown ? when_missing : type;
}

// One a byte or two: file, key, list, type; and now and then another time.
std::vector<KeyPublication> Publications(FuzzBytes& bytes) {
  constexpr size_t kMost = 40;
  std::vector<KeyPublication> publications;
  while (!bytes.empty() && publications.size() < kMost) {
    KeyPublication publication;
    const uint8_t first = bytes.Next();
    const uint8_t second = bytes.Next();
    DiagnosisKey& key = publication.key;
    key.tek.bytes.fill(static_cast<uint8_t>(first % 3));
    publication.source = first / 3 % 8;
    key.metadata.revised = first / 24 % 2 == 1;
    key.rolling_start = kStart + (second & 1) * 144U;
    key.rolling_period = (second & 2) != 0 ? 72 : 144;
    if (const int type = second >> 2 & 7; type < kNumReportTypes) {
      key.metadata.report_type = static_cast<ReportType>(type);
    }
    if ((second & 32) != 0) {
      key.metadata.days_since_onset = static_cast<int8_t>(second >> 6);
    }
    publications.push_back(publication);
  }
  return publications;
}

// In the order of publication; of what a list of a file repeats, the least by
// (rolling start, rolling period, metadata).
std::vector<KeyPublication> InOrder(std::vector<KeyPublication> publications) {
  const auto place = [](const KeyPublication& p) {
    return std::make_tuple(p.source, p.key.metadata.revised,
                           p.key.rolling_start, p.key.rolling_period,
                           p.key.metadata);
  };
  std::sort(publications.begin(), publications.end(),
            [&](const KeyPublication& a, const KeyPublication& b) {
              return place(a) < place(b);
            });
  const auto is_repeated = [](const KeyPublication& a,
                              const KeyPublication& b) {
    return a.source == b.source &&
           a.key.metadata.revised == b.key.metadata.revised;
  };
  publications.erase(
      std::unique(publications.begin(), publications.end(), is_repeated),
      publications.end());
  return publications;
}

void CheckPublications(FuzzBytes& bytes) {
  const auto when_missing = static_cast<ReportType>(1 + bytes.Below(3));
  const std::vector<KeyPublication> publications = Publications(bytes);
  // As files are read: a file gives each key once a list.
  std::map<uint32_t, FilePublications> files;
  std::map<Tek, std::vector<KeyPublication>> by_key;
  for (const KeyPublication& publication : publications) {
    files[publication.source].Add(publication.key);
    by_key[publication.key.tek].push_back(publication);
  }
  std::vector<KeyPublication> given;
  for (const auto& [source, file] : files) {
    file.AppendTo(source, /*is_unsigned=*/false, /*authority=*/0, &given);
  }
  std::vector<KeyPublication> backwards(given.rbegin(), given.rend());
  const KeyHistories histories = ResolvePublications(given, when_missing);
  const KeyHistories same = ResolvePublications(backwards, when_missing);
  Require(histories.num_revisions == same.num_revisions);
  Require(histories.num_ignored_revisions == same.num_ignored_revisions);
  Require(histories.num_conflicts == same.num_conflicts);
  Require(histories.by_key.size() == by_key.size());
  Require(same.by_key.size() == by_key.size());

  uint64_t num_revisions = 0;
  uint64_t num_ignored = 0;
  for (const auto& [tek, all] : by_key) {
    const std::vector<KeyPublication> ordered = InOrder(all);
    std::vector<ReportType> types;
    std::optional<DiagnosisKey> first;
    for (const KeyPublication& publication : ordered) {
      const ReportType type = TypeOf(publication, when_missing);
      if (type == ReportType::kRecursive) continue;
      if (!first.has_value()) first = publication.key;
      types.push_back(type);
    }
    const Standing want = NaiveStanding(types);
    num_revisions += want.num_revisions;
    num_ignored += want.num_ignored;
    for (const KeyHistories* const found : {&histories, &same}) {
      const KeyHistory& history = found->by_key.at(tek);
      Require(history.key.metadata.report_type ==
              want.type.value_or(ReportType::kRecursive));
      if (!first.has_value()) continue;
      Require(history.key.rolling_start == first->rolling_start);
      Require(history.key.rolling_period == first->rolling_period);
      Require(history.key.metadata.days_since_onset ==
              first->metadata.days_since_onset);
      Require(history.publications.size() == types.size());
    }
  }
  Require(histories.num_revisions == num_revisions);
  Require(histories.num_ignored_revisions == num_ignored);
}

}  // namespace
}  // namespace tekmatch

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tekmatch::FuzzBytes bytes(data, size);
  if (bytes.Below(2) == 0) {
    tekmatch::CheckOneHistory(bytes);
  } else {
    tekmatch::CheckPublications(bytes);
  }
  return 0;
}
