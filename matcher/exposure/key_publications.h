// What several publications of one key mean together. Servers publish a key
// again: in the batch of another day, in another country, or to revise it; and
// what they say then need not be what they said before.
//
// A file publishes a key once among its keys and once among its revised keys.
// Where it repeats the key in one of them, the least by (rolling start, rolling
// period, metadata) counts.
//
// Publications are in the order of their files, which the caller has numbered
// in the order of publication, and in a file keys come before revised keys. Of
// those that count,
// (a) the first one decides rolling start, rolling period and metadata, whether
//     or not its RPIs were heard: a contact in an interval that only a later
//     one covers is none;
// (b) all of them make the report type (report_type_history.h), whatever else
//     they say;
// (c) a contact counts by a transmission window if it does by any one of
//     them.
// Recursive publications do not count. Of a key that has a publication in a
// signed file, those in unsigned files do not count: what anybody could have
// made up neither revokes nor changes what an authority said. Revisions of an
// authority (a revoked key is one, in either list) count for keys that it
// published itself: where others did and it did not, they are ignored.
//
// Source: google/exposure-notifications-internals aaada6c,
// ExposureMatchingTracer.java (traceWithJava): a key with a result is skipped
// but for its report type. (c) is the rule of transmission_window.h, that of
// what is known the value counts that lets more contacts count.
#ifndef TEKMATCH_MATCHER_EXPOSURE_KEY_PUBLICATIONS_H_
#define TEKMATCH_MATCHER_EXPOSURE_KEY_PUBLICATIONS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "keyformat/diagnosis_key.h"
#include "keyformat/hash_tables.h"
#include "matcher/exposure/transmission_window.h"
#include "matcher/join/key_publication.h"
#include "matcher/join/match.h"

namespace tekmatch {

// The publications of some keys in one file. Bounded by the number of keys,
// however often the file repeats them.
class FilePublications {
 public:
  void Add(const DiagnosisKey& key);

  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }

  // Takes in what was noted of the same file elsewhere (VisitAll), of the same
  // publications or of some of them: of a key in both the greater number stays.
  void Unite(const KeyPublication& publication, uint64_t num);

  // Calls `sink` with each publication, without source, and with how often it
  // was added; by key, those among the revised keys last.
  void VisitAll(
      absl::FunctionRef<void(const KeyPublication&, uint64_t)> sink) const;

  // How often each key was added.
  HashMap<Tek, uint64_t> CountKeys() const;

  // Appends them, as of a file of that number and authority.
  void AppendTo(uint32_t source, bool is_unsigned, uint32_t authority,
                std::vector<KeyPublication>* publications) const;

 private:
  struct Entry {
    KeyPublication publication;  // without source
    uint64_t num = 0;
  };
  HashMap<std::pair<Tek, bool>, Entry> entries_;  // by revised
};

// What the publications of one key make it.
struct KeyHistory {
  // As the first publication has it, but for the report type, which is the one
  // that stands: never unknown, kRecursive if no publication counts.
  DiagnosisKey key;
  uint32_t source = 0;  // of the first publication
  // Those that count, in their order; all of them if none counts.
  std::vector<KeyPublication> publications;
};

struct KeyHistories {
  HashMap<Tek, KeyHistory> by_key;
  uint64_t num_revisions = 0;
  uint64_t num_ignored_revisions = 0;
  // Keys whose publications disagree, by field. One that lacks a value
  // disagrees with one that has it.
  std::array<uint64_t, kNumPublishedFields> num_conflicts{};
};

// `publications` in any order; repeated ones count once. A missing or unknown
// report type is `when_missing`, a type other than kUnknown.
KeyHistories ResolvePublications(std::vector<KeyPublication> publications,
                                 ReportType when_missing);

// Gives the match what its key's history says of the key. One without a history
// stays as it is.
void GiveHistory(const KeyHistories& histories, Match& match);

// Does so with every match, and drops those of intervals that do not belong to
// the key by (a). Returns how many went. `dropped` is told
// "outside_first_publication".
uint64_t ApplyHistories(const KeyHistories& histories,
                        std::vector<Match>& matches,
                        const DropSink& dropped = {});

struct ReportTypeCounts {
  uint64_t num_revoked = 0;  // matches dropped
  uint64_t num_recursive = 0;
};

// Drops the matches of revoked and recursive keys. `dropped` is told
// "revoked_key" or "recursive_key".
ReportTypeCounts DropUnreported(std::vector<Match>& matches,
                                const DropSink& dropped = {});

// Whether a contact with the key counts by rule (c), each publication judged as
// a whole: its rolling start, its days since onset and the timestamps of its
// file. If by none, why not by the first. `times` is by KeyPublication::
// source; the policy is valid.
WindowDecision JudgeContact(const KeyHistory& history,
                            absl::Span<const ExportTimes> times,
                            int64_t contact_unix_seconds,
                            const TransmissionWindowPolicy& policy,
                            absl::TimeZone zone);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_EXPOSURE_KEY_PUBLICATIONS_H_
