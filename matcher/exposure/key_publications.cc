// Plan: FilePublications keeps one publication of each key and list of a file,
// and what the others in that list differ in. ResolvePublications sorts all
// publications by key and order, and makes each key's run of them a KeyHistory.
// The functions after it apply histories to matches.
#include "matcher/exposure/key_publications.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "matcher/exposure/report_type_history.h"

namespace tekmatch {
namespace {

using FieldFlags = std::array<bool, kNumPublishedFields>;

FieldFlags Differences(const DiagnosisKey& a, const DiagnosisKey& b) {
  FieldFlags differ{};
  const auto set = [&differ](PublishedField field, bool value) {
    differ[static_cast<size_t>(field)] = value;
  };
  const KeyMetadata& m = a.metadata;
  const KeyMetadata& n = b.metadata;
  set(PublishedField::kRollingStart, a.rolling_start != b.rolling_start);
  set(PublishedField::kRollingPeriod, a.rolling_period != b.rolling_period);
  set(PublishedField::kTransmissionRisk,
      m.transmission_risk != n.transmission_risk);
  set(PublishedField::kDaysSinceOnset,
      m.days_since_onset != n.days_since_onset);
  set(PublishedField::kVariantOfConcern,
      m.variant_of_concern != n.variant_of_concern);
  return differ;
}

void SetAlso(const FieldFlags& more, FieldFlags* flags) {
  for (size_t i = 0; i < flags->size(); ++i) (*flags)[i] |= more[i];
}

// By key, then in the order of publication; in one list the least first.
bool InOrder(const KeyPublication& a, const KeyPublication& b) {
  return std::tie(a.key.tek, a.source, a.key.metadata.revised, a.key) <
         std::tie(b.key.tek, b.source, b.key.metadata.revised, b.key);
}

// One publication for each list of a file. `publications` are in order.
void MergeLists(std::vector<KeyPublication>* publications) {
  size_t num_merged = 0;
  for (const KeyPublication& publication : *publications) {
    if (num_merged > 0) {
      KeyPublication& last = (*publications)[num_merged - 1];
      if (last.key.tek == publication.key.tek &&
          last.source == publication.source &&
          last.key.metadata.revised == publication.key.metadata.revised) {
        SetAlso(publication.disagrees, &last.disagrees);
        SetAlso(Differences(last.key, publication.key), &last.disagrees);
        continue;
      }
    }
    (*publications)[num_merged++] = publication;
  }
  publications->resize(num_merged);
}

bool Revises(const KeyPublication& publication) {
  return publication.key.metadata.revised ||
         publication.key.metadata.report_type == ReportType::kRevoked;
}

// Drops the revisions by authorities that did not publish the key, if another
// one did. Returns how many went.
uint64_t DropForeignRevisions(std::vector<KeyPublication>* publications) {
  std::vector<uint32_t> publishers;
  for (const KeyPublication& p : *publications) {
    if (!Revises(p)) publishers.push_back(p.authority);
  }
  if (publishers.empty()) return 0;
  return std::erase_if(*publications, [&publishers](const KeyPublication& p) {
    return Revises(p) && std::find(publishers.begin(), publishers.end(),
                                   p.authority) == publishers.end();
  });
}

// Of the publications of one key, those that count; all if none does.
void KeepWhatCounts(std::vector<KeyPublication>* publications) {
  const auto keep = [publications](auto counts) {
    if (std::none_of(publications->begin(), publications->end(), counts)) {
      return;
    }
    publications->erase(
        std::remove_if(publications->begin(), publications->end(),
                       [counts](const auto& p) { return !counts(p); }),
        publications->end());
  };
  keep([](const KeyPublication& p) { return !p.is_unsigned; });
  keep([](const KeyPublication& p) {
    return p.key.metadata.report_type != ReportType::kRecursive;
  });
}

// `publications` are of one key, in order and not empty, their report types
// known.
void AddHistory(std::vector<KeyPublication> publications,
                KeyHistories* histories) {
  KeepWhatCounts(&publications);
  histories->num_ignored_revisions += DropForeignRevisions(&publications);
  ReportTypeHistory types;
  FieldFlags conflicts{};
  const DiagnosisKey& first = publications.front().key;
  for (const KeyPublication& publication : publications) {
    types.Add(*publication.key.metadata.report_type);
    SetAlso(publication.disagrees, &conflicts);
    SetAlso(Differences(first, publication.key), &conflicts);
  }
  histories->num_revisions += types.num_revisions();
  histories->num_ignored_revisions += types.num_ignored_revisions();
  for (size_t i = 0; i < conflicts.size(); ++i) {
    histories->num_conflicts[i] += conflicts[i] ? 1 : 0;
  }
  KeyHistory& history = histories->by_key[first.tek];
  history.key = first;
  history.key.metadata.report_type =
      types.type().value_or(ReportType::kRecursive);
  history.source = publications.front().source;
  history.publications = std::move(publications);
}

}  // namespace

void FilePublications::Add(const DiagnosisKey& key) {
  const auto [entry, is_new] =
      entries_.try_emplace({key.tek, key.metadata.revised});
  ++entry->second.num;
  KeyPublication& publication = entry->second.publication;
  if (is_new) {
    publication.key = key;
    return;
  }
  SetAlso(Differences(publication.key, key), &publication.disagrees);
  publication.key = std::min(publication.key, key);
}

void FilePublications::Unite(const KeyPublication& publication, uint64_t num) {
  const DiagnosisKey& key = publication.key;
  const auto [found, is_new] =
      entries_.try_emplace({key.tek, key.metadata.revised});
  Entry& entry = found->second;
  entry.num = std::max(entry.num, num);
  KeyPublication& known = entry.publication;
  if (is_new) {
    known.key = key;
    known.disagrees = publication.disagrees;
    return;
  }
  SetAlso(publication.disagrees, &known.disagrees);
  SetAlso(Differences(known.key, key), &known.disagrees);
  known.key = std::min(known.key, key);
}

void FilePublications::VisitAll(
    absl::FunctionRef<void(const KeyPublication&, uint64_t)> sink) const {
  std::vector<const Entry*> in_order;
  in_order.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) in_order.push_back(&entry);
  std::sort(in_order.begin(), in_order.end(),
            [](const Entry* a, const Entry* b) {
              return InOrder(a->publication, b->publication);
            });
  for (const Entry* entry : in_order) sink(entry->publication, entry->num);
}

HashMap<Tek, uint64_t> FilePublications::CountKeys() const {
  HashMap<Tek, uint64_t> counts;
  for (const auto& [id, entry] : entries_) counts[id.first] += entry.num;
  return counts;
}

void FilePublications::AppendTo(
    uint32_t source, bool is_unsigned, uint32_t authority,
    std::vector<KeyPublication>* publications) const {
  for (const auto& [id, entry] : entries_) {
    publications->push_back(entry.publication);
    publications->back().source = source;
    publications->back().is_unsigned = is_unsigned;
    publications->back().authority = authority;
  }
}

KeyHistories ResolvePublications(std::vector<KeyPublication> publications,
                                 ReportType when_missing) {
  std::sort(publications.begin(), publications.end(), InOrder);
  MergeLists(&publications);
  for (KeyPublication& publication : publications) {
    std::optional<ReportType>& type = publication.key.metadata.report_type;
    if (type.value_or(ReportType::kUnknown) == ReportType::kUnknown) {
      type = when_missing;
    }
  }
  KeyHistories histories;
  for (auto begin = publications.begin(); begin != publications.end();) {
    const auto end = std::find_if(
        begin, publications.end(), [begin](const KeyPublication& publication) {
          return publication.key.tek != begin->key.tek;
        });
    AddHistory({begin, end}, &histories);
    begin = end;
  }
  return histories;
}

void GiveHistory(const KeyHistories& histories, Match& match) {
  const auto found = histories.by_key.find(match.tek);
  if (found == histories.by_key.end()) return;
  const DiagnosisKey& key = found->second.key;
  match.rolling_start = key.rolling_start;
  match.rolling_period = key.rolling_period;
  match.metadata = key.metadata;
  match.source = found->second.source;
}

uint64_t ApplyHistories(const KeyHistories& histories,
                        std::vector<Match>& matches, const DropSink& dropped) {
  for (Match& match : matches) GiveHistory(histories, match);
  return std::erase_if(matches, [&dropped](const Match& match) {
    if (match.interval >= match.rolling_start &&
        match.interval - match.rolling_start < match.rolling_period) {
      return false;
    }
    if (dropped) dropped(match, "outside_first_publication");
    return true;
  });
}

ReportTypeCounts DropUnreported(std::vector<Match>& matches,
                                const DropSink& dropped) {
  ReportTypeCounts counts;
  std::erase_if(matches, [&](const Match& match) {
    const auto type = match.metadata.report_type;
    if (type != ReportType::kRevoked && type != ReportType::kRecursive) {
      return false;
    }
    const bool is_revoked = type == ReportType::kRevoked;
    ++(is_revoked ? counts.num_revoked : counts.num_recursive);
    if (dropped) dropped(match, is_revoked ? "revoked_key" : "recursive_key");
    return true;
  });
  return counts;
}

WindowDecision JudgeContact(const KeyHistory& history,
                            absl::Span<const ExportTimes> times,
                            int64_t contact_unix_seconds,
                            const TransmissionWindowPolicy& policy,
                            absl::TimeZone zone) {
  std::optional<WindowDecision> first;
  for (const KeyPublication& publication : history.publications) {
    KeyMetadata metadata = publication.key.metadata;
    metadata.report_type = history.key.metadata.report_type;
    const WindowDecision decision = JudgeContact(
        publication.key.rolling_start, metadata, times[publication.source],
        contact_unix_seconds, policy, zone);
    if (decision.counts) return decision;
    if (!first.has_value()) first = decision;
  }
  return first.value_or(WindowDecision());
}

}  // namespace tekmatch
