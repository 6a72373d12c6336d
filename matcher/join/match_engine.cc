// Plan: a block is worked on in chunks. A chunk's keys are planned
// (PlanKeys), derived, and probed in the filters, some hundred keys in one call
// of a kernel; candidates gather in CandidateLookup, which looks them up
// together in the index. A chunk with very many matches is worked on once more
// without what it repeats.
#include "matcher/join/match_engine.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/status_macros.h"
#include "matcher/join/distinct_keys.h"
#include "matcher/join/slice_filters.h"

namespace tekmatch {
namespace {

absl::Status KernelFailed(const Kernels& kernels) {
  return absl::InternalError(
      absl::StrCat("kernel ", kernels.name, ": BoringSSL failed"));
}

// Keys in one call of a kernel: their candidates are few, but there has to be
// room for all of their RPIs.
constexpr size_t kKeysAtOnce = 256;
// Candidates that are looked up together.
constexpr size_t kEnough = 256;
// Keys that are planned together: few, so that what is made of them stays in
// the core's own cache, but enough for the filters, which are loaded for them
// anew.
constexpr size_t kFewestKeys = size_t{1} << 14;
constexpr size_t kFilterBytesPerKey = 16;
// Matches of keys that are planned together. Honest keys seldom have as many;
// beyond it, the keys may repeat each other.
constexpr size_t kManyMatches = 4096;

// The keys of a block that are worked on together: as they stand, or with what
// they repeat taken out.
struct Chunk {
  const KeyBlock& block;
  size_t first = 0;
  size_t num = 0;
  const DistinctKeys* distinct = nullptr;  // of whose block() it is all
};

// Gathers candidates until looking them up pays, since each lookup waits for
// memory, and the waits of many overlap.
class CandidateLookup {
 public:
  CandidateLookup(const Chunk& chunk, uint32_t source,
                  const SightingIndex& index, const MatchPolicy& policy,
                  MatchScratch& scratch)
      : chunk_(chunk),
        source_(source),
        index_(index),
        policy_(policy),
        candidates_(RoomFor(kEnough + kKeysAtOnce * index.filters().length(),
                            scratch)) {}

  static RpiCandidate* RoomFor(size_t num, MatchScratch& scratch) {
    if (scratch.room_for_candidates < num) {
      scratch.candidates = std::make_unique_for_overwrite<RpiCandidate[]>(num);
      scratch.room_for_candidates = num;
    }
    return scratch.candidates.get();
  }

  // Where a kernel writes the candidates of kKeysAtOnce keys in a slice.
  RpiCandidate* room() { return candidates_ + num_candidates_; }

  // Takes them over. `positions` are those of the call's keys in the block.
  absl::Status Add(const uint32_t* positions, size_t num_candidates) {
    for (size_t i = 0; i < num_candidates; ++i) {
      RpiCandidate& candidate = room()[i];
      candidate.key = positions[candidate.key];
    }
    num_candidates_ += num_candidates;
    return num_candidates_ < kEnough ? absl::OkStatus() : LookUp();
  }

  // The keys have very many matches and were not freed of repeats: what is
  // found so far is worth nothing, and nothing more is looked for.
  bool gave_up() const { return gave_up_; }

  // Looks up what is left, and appends all that was found.
  absl::Status Finish(MatchBatch* out) {
    if (absl::Status status = LookUp(); !status.ok() || gave_up_) return status;
    std::set<Tek> published;
    for (const uint32_t k : matched_keys_) {
      if (chunk_.distinct == nullptr) {
        out->publications.push_back(
            {.key = chunk_.block.key(k), .source = source_});
      } else if (published.insert(chunk_.block.teks()[k]).second) {
        for (const DiagnosisKey& key : chunk_.distinct->Repeated(k)) {
          out->publications.push_back({.key = key, .source = source_});
        }
      }
    }
    out->candidates.insert(out->candidates.end(), matches_.begin(),
                           matches_.end());
    out->outside_tolerance.insert(out->outside_tolerance.end(),
                                  outside_tolerance_.begin(),
                                  outside_tolerance_.end());
    out->num_duplicates += num_duplicates_;
    return absl::OkStatus();
  }

 private:
  static Rpi RpiOf(const RpiCandidate& candidate) {
    Rpi rpi;
    std::copy_n(candidate.rpi, kRpiBytes, rpi.bytes.begin());
    return rpi;
  }

  absl::Status LookUp() {
    const absl::Span<const RpiCandidate> candidates(candidates_,
                                                    num_candidates_);
    num_candidates_ = 0;
    for (const RpiCandidate& c : candidates) index_.PrefetchBucket(RpiOf(c));
    for (const RpiCandidate& c : candidates) index_.PrefetchBytes(RpiOf(c));
    for (const RpiCandidate& c : candidates) {
      for (const Sighting& sighting : index_.Find(RpiOf(c))) {
        absl::Status status = AddIfNear(c, sighting);
        if (!status.ok()) return status;
        gave_up_ = chunk_.distinct == nullptr &&
                   matches_.size() + outside_tolerance_.size() > kManyMatches;
        if (gave_up_) return absl::OkStatus();
      }
    }
    return absl::OkStatus();
  }

  absl::Status AddIfNear(const RpiCandidate& candidate,
                         const Sighting& sighting) {
    const int64_t interval = candidate.interval;
    const int64_t sighted = sighting.unix_seconds / kIntervalSeconds;
    if (sighted < interval - policy_.tolerance_intervals ||
        sighted > interval + policy_.tolerance_intervals) {
      // A filter passes what was sighted anywhere in its slice, and near it.
      if (sighted >= interval - index_.max_tolerance_intervals() &&
          sighted <= interval + index_.max_tolerance_intervals()) {
        outside_tolerance_.push_back(index_.PositionOf(sighting));
      }
      return absl::OkStatus();
    }
    const DiagnosisKey key = chunk_.distinct == nullptr
                                 ? chunk_.block.key(candidate.key)
                                 : chunk_.distinct->Whole(candidate.key);
    if (!aemk_.has_value() || aemk_of_ != key.tek) {
      const absl::StatusOr<Aemk> derived = DeriveAemk(key.tek);
      if (!derived.ok()) return derived.status();
      aemk_ = *derived;
      aemk_of_ = key.tek;
    }
    const absl::StatusOr<BluetoothMetadata> bluetooth_metadata =
        DecryptAem(*aemk_, sighting.rpi, sighting.aem);
    if (!bluetooth_metadata.ok()) return bluetooth_metadata.status();

    Match& match = matches_.emplace_back();
    match.tek = key.tek;
    match.rolling_start = key.rolling_start;
    match.rolling_period = key.rolling_period;
    match.metadata = key.metadata;
    match.source = source_;
    match.interval = candidate.interval;
    match.sighting = sighting;
    match.sighting_position = index_.PositionOf(sighting);
    match.bluetooth_metadata = *bluetooth_metadata;
    match.tx_power = bluetooth_metadata->tx_power();
    match.attenuation =
        std::max<int32_t>(0, match.tx_power - int32_t{sighting.rssi});
    matched_keys_.insert(candidate.key);
    if (chunk_.distinct != nullptr) {
      num_duplicates_ +=
          chunk_.distinct->NumRepeats(candidate.key, candidate.interval);
    }
    return absl::OkStatus();
  }

  const Chunk& chunk_;
  const uint32_t source_;
  const SightingIndex& index_;
  const MatchPolicy& policy_;
  RpiCandidate* const candidates_;
  size_t num_candidates_ = 0;
  std::set<uint32_t> matched_keys_;
  std::vector<Match> matches_;
  std::vector<uint32_t> outside_tolerance_;
  uint64_t num_duplicates_ = 0;
  bool gave_up_ = false;
  // Often the same for several candidates in a row.
  std::optional<Aemk> aemk_;
  Tek aemk_of_;
};

// The kernels' view of keys and RPIs, which are arrays of bytes.
template <typename T>
const uint8_t* Bytes(const T* values) {
  return reinterpret_cast<const uint8_t*>(values);
}
template <typename T>
uint8_t* Bytes(T* values) {
  return reinterpret_cast<uint8_t*>(values);
}

// Brings a filter into the cache, in the order of its words: a third faster,
// with ten million sightings, than by the probes, which come to them in no
// order. Not where there are few of those.
void Prefetch(const RpiFilter& filter, uint64_t num_probes) {
  constexpr size_t kWordsOfLine = 64 / sizeof(uint32_t);
  const size_t num_words = size_t{1} << (32 - filter.shift);
  if (num_probes < num_words / kWordsOfLine) return;
  for (size_t i = 0; i < num_words; i += kWordsOfLine) {
    __builtin_prefetch(filter.words + i, /*rw=*/0, /*locality=*/2);
  }
}

// How many keys are planned together.
size_t NumAtOnce(const SliceFilters& filters) {
  return std::max(kFewestKeys, filters.filter_bytes() / kFilterBytesPerKey);
}

// Of the tasks from `first` on that have its slice.
uint64_t NumProbes(absl::Span<const ProbeTask> tasks, size_t first) {
  uint64_t num_probes = 0;
  for (size_t t = first;
       t < tasks.size() && tasks[t].slice == tasks[first].slice; ++t) {
    num_probes += uint64_t{tasks[t].num_keys} * tasks[t].num_intervals;
  }
  return num_probes;
}

// Derives the RPIKs of the plan's keys from *num_derived on, until at least the
// first num_needed are there: many at once, since kernels work on batches of
// keys.
bool DeriveUpTo(const Kernels& kernels, const KeyPlan& plan, size_t num_needed,
                std::vector<Rpik>* rpiks, size_t* num_derived) {
  if (*num_derived >= num_needed) return true;
  const size_t first = *num_derived;
  *num_derived =
      std::min(plan.num_keys, std::max(num_needed, first + kKeysAtOnce));
  return kernels.derive_rpiks(Bytes(plan.teks.data() + first),
                              *num_derived - first,
                              Bytes(rpiks->data() + first));
}

// Joins the keys of the lookup's chunk, until it gives up.
absl::Status MatchKeys(const Chunk& chunk, const HashSet<Tek>& own_keys,
                       const SliceFilters& filters, const Kernels& kernels,
                       MatchScratch* scratch, CandidateLookup* lookup) {
  const KeyPlan& plan = scratch->plan;
  absl::Status planned = PlanKeys(chunk.block, chunk.first, chunk.num, own_keys,
                                  filters, &scratch->plan);
  if (!planned.ok()) return planned;
  scratch->rpiks.resize(std::max(scratch->rpiks.size(), plan.num_keys));
  std::vector<Rpik>& rpiks = scratch->rpiks;
  size_t num_derived = 0;
  for (size_t t = 0; t < plan.tasks.size(); ++t) {
    const ProbeTask& task = plan.tasks[t];
    const RpiFilter filter = filters.filter(filters.slices()[task.slice]);
    if (t == 0 || task.slice != plan.tasks[t - 1].slice) {
      Prefetch(filter, NumProbes(plan.tasks, t));
    }
    for (size_t done = 0; done < task.num_keys; done += kKeysAtOnce) {
      const size_t at = task.first_key + done;
      const size_t num_keys = std::min(kKeysAtOnce, task.num_keys - done);
      size_t num_candidates = 0;
      if (!DeriveUpTo(kernels, plan, at + num_keys, &rpiks, &num_derived) ||
          !kernels.find_candidates(Bytes(rpiks.data() + at), num_keys,
                                   task.first_interval, task.num_intervals,
                                   &filter, lookup->room(), &num_candidates)) {
        return KernelFailed(kernels);
      }
      absl::Status status =
          lookup->Add(plan.positions.data() + at, num_candidates);
      if (!status.ok() || lookup->gave_up()) return status;
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<MatchEngine> MatchEngine::Create(
    std::shared_ptr<const SightingIndex> index, const MatchPolicy& policy,
    HashSet<Tek> own_keys, const Kernels& kernels) {
  if (index == nullptr) {
    return absl::InvalidArgumentError("the sighting index is null");
  }
  TEKMATCH_RETURN_IF_ERROR(Validate(policy));
  if (policy.tolerance_intervals > index->max_tolerance_intervals()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "MatchPolicy.tolerance_intervals is ", policy.tolerance_intervals,
        ", and the sighting index was made for at most ",
        index->max_tolerance_intervals()));
  }
  return MatchEngine(std::move(index), policy, std::move(own_keys), kernels);
}

MatchEngine::MatchEngine(std::shared_ptr<const SightingIndex> index,
                         const MatchPolicy& policy, HashSet<Tek> own_keys,
                         const Kernels& kernels)
    : index_(std::move(index)),
      policy_(policy),
      own_keys_(std::move(own_keys)),
      kernels_(&kernels) {}

size_t MatchEngine::block_keys() const {
  return std::min(kMostBlockKeys, NumAtOnce(index_->filters()));
}

absl::Status MatchEngine::MatchBlock(const KeyBlock& block, uint32_t source,
                                     MatchScratch* scratch,
                                     MatchBatch* out) const {
  MatchBatch found;
  const size_t num_at_once = NumAtOnce(index_->filters());
  const auto match = [&](const Chunk& chunk, bool* gave_up) {
    CandidateLookup lookup(chunk, source, *index_, policy_, *scratch);
    absl::Status status = MatchKeys(chunk, own_keys_, index_->filters(),
                                    *kernels_, scratch, &lookup);
    if (status.ok() && !lookup.gave_up()) status = lookup.Finish(&found);
    *gave_up = lookup.gave_up();
    return status;
  };
  for (size_t first = 0; first < block.size(); first += num_at_once) {
    const size_t num = std::min(num_at_once, block.size() - first);
    bool gave_up = false;
    absl::Status status = match({block, first, num}, &gave_up);
    if (!status.ok()) return status;
    found.num_own_keys += scratch->plan.num_own_keys;
    found.num_compared += scratch->plan.num_keys;
    if (!gave_up) continue;
    const DistinctKeys distinct(block, first, num);
    status = match({distinct.block(), 0, distinct.block().size(), &distinct},
                   &gave_up);
    if (!status.ok()) return status;
  }

  out->candidates.insert(out->candidates.end(), found.candidates.begin(),
                         found.candidates.end());
  out->publications.insert(out->publications.end(), found.publications.begin(),
                           found.publications.end());
  out->outside_tolerance.insert(out->outside_tolerance.end(),
                                found.outside_tolerance.begin(),
                                found.outside_tolerance.end());
  out->num_duplicates += found.num_duplicates;
  out->num_own_keys += found.num_own_keys;
  out->num_compared += found.num_compared;
  return absl::OkStatus();
}

}  // namespace tekmatch
