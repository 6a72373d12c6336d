#include "tools/match_run.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "matcher/kernels/dispatch.h"
#include "matcher/match_engine.h"

namespace tekmatch {
namespace {

// What one file contributed. A hostile file can repeat one matching key a
// million times before its signature is seen to be wrong, so duplicates go as
// the candidates grow: memory is bounded by the sightings.
class FileCandidates {
 public:
  void Add(MatchBatch batch) {
    const std::lock_guard<std::mutex> lock(mutex_);
    num_own_keys_ += batch.num_own_keys;
    if (discarded_) return;
    candidates_.insert(candidates_.end(), batch.candidates.begin(),
                       batch.candidates.end());
    publications_.insert(batch.publications.begin(), batch.publications.end());
    if (candidates_.size() >= compact_at_) {
      num_duplicates_ += DropDuplicates(candidates_);
      compact_at_ = std::max(kCompactAt, 2 * candidates_.size());
    }
  }

  // The file was refused: forget what it gave and what it will give.
  void Discard() {
    const std::lock_guard<std::mutex> lock(mutex_);
    discarded_ = true;
    candidates_ = {};
    publications_ = {};
  }

  // Once all blocks are matched.
  std::vector<Match>& candidates() { return candidates_; }
  const std::set<KeyPublication>& publications() const { return publications_; }
  uint64_t num_own_keys() const { return num_own_keys_; }
  uint64_t num_duplicates() const { return num_duplicates_; }

 private:
  static constexpr size_t kCompactAt = 1 << 16;

  std::mutex mutex_;
  std::vector<Match> candidates_;
  std::set<KeyPublication> publications_;  // a few for each matched key
  size_t compact_at_ = kCompactAt;
  uint64_t num_duplicates_ = 0;
  uint64_t num_own_keys_ = 0;
  bool discarded_ = false;
};

// Matches blocks on threads of its own, or, for one thread, on the caller's.
class BlockMatcher {
 public:
  BlockMatcher(const MatchEngine& engine, int num_threads) : engine_(engine) {
    if (num_threads == 1) return;
    max_queued_ = 2 * static_cast<size_t>(num_threads);
    for (int i = 0; i < num_threads; ++i) {
      workers_.emplace_back([this] { Work(); });
    }
  }
  ~BlockMatcher() { (void)Finish(); }

  // Waits while the queue is full. An error of any block before ends the run.
  absl::Status Submit(std::unique_ptr<KeyBlock> block, uint32_t source,
                      FileCandidates& out) {
    Job job{std::move(block), source, &out};
    if (workers_.empty()) return Match(job);
    std::unique_lock<std::mutex> lock(mutex_);
    room_.wait(lock, [this] { return jobs_.size() < max_queued_; });
    if (!error_.ok()) return error_;
    jobs_.push_back(std::move(job));
    lock.unlock();
    work_.notify_one();
    return absl::OkStatus();
  }

  // Waits until every block is matched; the first error, if any.
  absl::Status Finish() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      closed_ = true;
    }
    work_.notify_all();
    for (std::thread& worker : workers_) {
      if (worker.joinable()) worker.join();
    }
    return error_;
  }

 private:
  struct Job {
    std::unique_ptr<KeyBlock> block;
    uint32_t source;
    FileCandidates* out;
  };

  absl::Status Match(const Job& job) {
    MatchBatch batch;
    if (absl::Status s = engine_.MatchBlock(*job.block, job.source, &batch);
        !s.ok()) {
      return s;
    }
    job.out->Add(std::move(batch));
    return absl::OkStatus();
  }

  void Work() {
    while (true) {
      std::unique_lock<std::mutex> lock(mutex_);
      work_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      const Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      room_.notify_one();
      if (absl::Status s = Match(job); !s.ok()) {
        const std::lock_guard<std::mutex> relock(mutex_);
        if (error_.ok()) error_ = std::move(s);
      }
    }
  }

  const MatchEngine& engine_;
  size_t max_queued_ = 0;
  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable work_;
  std::deque<Job> jobs_;
  bool closed_ = false;
  absl::Status error_;
};

// An export's timestamps. Absent ones are 0; absurd ones stand for no date.
ExportWindow WindowOf(const ExportMetadata& metadata) {
  constexpr uint64_t kYear10000 = 253402300800;
  ExportWindow window;
  if (metadata.start_timestamp > 0 && metadata.start_timestamp < kYear10000) {
    window.start_seconds = static_cast<int64_t>(metadata.start_timestamp);
  }
  if (metadata.end_timestamp > 0 && metadata.end_timestamp < kYear10000) {
    window.end_seconds = static_cast<int64_t>(metadata.end_timestamp);
  }
  return window;
}

// Drops the matches that do not count by the policy.
void ApplyWindowPolicy(const MatchRunOptions& options, MatchRunResult& run) {
  std::vector<ExportWindow> windows;
  windows.reserve(run.files.size());
  for (const ExportFileResult& file : run.files) {
    windows.push_back(WindowOf(file.report.metadata));
  }
  std::vector<Match> kept;
  for (const Match& match : run.result.matches) {
    const WindowDecision decision =
        JudgeContact(match.rolling_start, match.metadata, windows[match.source],
                     match.sighting.unix_seconds, options.window_policy,
                     options.window_zone);
    if (decision.counts) {
      kept.push_back(match);
    } else {
      ++run.num_outside_window[static_cast<size_t>(decision.reason)];
    }
  }
  run.result.matches = std::move(kept);
}

}  // namespace

absl::StatusOr<MatchRunResult> RunMatch(
    std::vector<std::string> paths, std::shared_ptr<const SightingIndex> index,
    const MatchRunOptions& options) {
  if (options.num_threads < 1) {
    return absl::InvalidArgumentError("num_threads must be at least 1");
  }
  if (absl::Status s = Validate(options.window_policy); !s.ok()) return s;
  const absl::StatusOr<MatchEngine> engine = MatchEngine::Create(
      std::move(index), options.policy, options.own_keys,
      options.kernels != nullptr ? *options.kernels : DefaultKernels());
  if (!engine.ok()) return engine.status();

  std::sort(paths.begin(), paths.end());
  MatchRunResult run;
  std::deque<FileCandidates> candidates;  // as run.files; never moved
  BlockMatcher matcher(*engine, options.num_threads);
  uint64_t num_keys_read = 0;
  for (const std::string& path : paths) {
    const uint32_t source = static_cast<uint32_t>(run.files.size());
    FileCandidates& out = candidates.emplace_back();
    absl::StatusOr<ExportFileResult> file = ReadExportFile(
        path, options.files, [&](std::unique_ptr<KeyBlock> block) {
          num_keys_read += block->size();
          if (options.progress) options.progress(num_keys_read);
          return matcher.Submit(std::move(block), source, out);
        });
    if (!file.ok()) return file.status();
    if (!file->accepted) out.Discard();
    run.files.push_back(*std::move(file));
  }
  if (absl::Status s = matcher.Finish(); !s.ok()) return s;

  RefuseIncompleteBatches(run.files);
  run.complete =
      options.skip_bad_files ||
      std::all_of(run.files.begin(), run.files.end(),
                  [](const ExportFileResult& file) { return file.accepted; });
  if (!run.complete) return run;

  std::vector<Match> all;
  std::vector<KeyPublication> publications;
  uint64_t num_duplicates = 0;
  for (size_t i = 0; i < run.files.size(); ++i) {
    if (!run.files[i].accepted) continue;
    const DecodeCounts& counts = run.files[i].report.counts;
    run.num_keys += counts.keys + counts.revised_keys;
    run.num_rejected += counts.num_rejected();
    run.num_own_keys += candidates[i].num_own_keys();
    num_duplicates += candidates[i].num_duplicates();
    all.insert(all.end(), candidates[i].candidates().begin(),
               candidates[i].candidates().end());
    for (KeyPublication publication : candidates[i].publications()) {
      publication.published_seconds =
          run.files[i].report.metadata.end_timestamp;
      publications.push_back(publication);
    }
    candidates[i].Discard();
  }
  run.result = ResolveMatches(std::move(all), options.policy);
  run.result.num_duplicates += num_duplicates;
  const ReportTypes types = ResolveReportTypes(
      std::move(publications), options.report_type_when_missing);
  run.num_revisions = types.num_revisions;
  run.num_ignored_revisions = types.num_ignored_revisions;
  run.report_types = ApplyReportTypes(types, run.result.matches);
  ApplyWindowPolicy(options, run);
  return run;
}

}  // namespace tekmatch
