// Plan: FileCandidates gathers what one file gives. Run shares the work among
// threads: a reader reads the next file while few blocks lie ready, or else
// matches a block. MatchFiles starts the threads, as many as the system gives.
#include "matcher/check/file_matcher.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "keyformat/key_block.h"
#include "keyformat/status_macros.h"
#include "matcher/join/match_resolver.h"

namespace tekmatch {
namespace {

// What one file contributed so far. A hostile file can repeat matching keys a
// million times before its signature is seen to be wrong. The engine finds what
// stands near in a block once (distinct_keys.h); of what blocks repeat,
// duplicates go as the candidates grow: memory is bounded by the sightings.
class FileCandidates {
 public:
  // nullopt: the file's prefixes are given up.
  void Add(MatchBatch batch, std::optional<std::vector<uint32_t>> prefixes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (discarded_) return;
    found_.num_own_keys += batch.num_own_keys;
    found_.num_compared += batch.num_compared;
    found_.num_duplicates += batch.num_duplicates;
    if (found_.candidates.empty()) {
      found_.candidates = std::move(batch.candidates);
    } else {
      found_.candidates.insert(found_.candidates.end(),
                               batch.candidates.begin(),
                               batch.candidates.end());
    }
    for (const KeyPublication& publication : batch.publications) {
      found_.publications.Add(publication.key);
    }
    if (prefixes.has_value()) {
      found_.teks.Add(*std::move(prefixes));
    } else {
      found_.teks.GiveUp();
    }
    found_.outside_tolerance.insert(batch.outside_tolerance.begin(),
                                    batch.outside_tolerance.end());
    if (found_.candidates.size() >= compact_at_) {
      found_.num_duplicates += DropDuplicates(found_.candidates);
      compact_at_ = std::max(kCompactAt, 2 * found_.candidates.size());
    }
  }

  // What the file says of itself; if it is refused, what it gave and will give
  // is forgotten.
  void SetFile(ExportFileResult file) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!file.accepted) {
      discarded_ = true;
      found_ = {};
    }
    found_.file = std::move(file);
  }

  // Once all is matched.
  MatchedFile Take() { return std::move(found_); }

 private:
  static constexpr size_t kCompactAt = 1 << 16;

  std::mutex mutex_;
  MatchedFile found_;
  size_t compact_at_ = kCompactAt;
  bool discarded_ = false;
};

class Run {
 public:
  Run(const std::vector<std::string>& paths, const MatchEngine& engine,
      const ExportFileOptions& options, const FileMatcherOptions& how)
      : paths_(paths),
        engine_(engine),
        options_(options),
        max_queued_(
            how.num_threads == 1 ? 0 : static_cast<size_t>(how.num_threads)),
        how_(how),
        files_(paths.size()) {}

  // The work of one thread: returns when there is none left. One that is no
  // reader only matches. An exception ends the run as an error does: in a
  // thread it would end the process. It is the standard library's, which has
  // no memory, or one of `how_`'s functions'.
  void Work(bool is_reader) {
    try {
      WorkUntilDone(is_reader);
    } catch (const std::bad_alloc&) {
      Settle(no_memory_);
    } catch (const std::length_error&) {
      Settle(no_memory_);
    } catch (...) {
      Settle(exception_);
    }
  }

  absl::StatusOr<std::vector<MatchedFile>> Take() {
    if (!status_.ok()) return status_;
    std::vector<MatchedFile> matched;
    matched.reserve(files_.size());
    for (FileCandidates& file : files_) matched.push_back(file.Take());
    return matched;
  }

 private:
  struct Job {
    std::unique_ptr<KeyBlock> block;
    size_t file = 0;
  };

  void WorkUntilDone(bool is_reader) {
    MatchScratch scratch;
    std::unique_lock<std::mutex> lock(mutex_);
    while (status_.ok()) {
      const bool is_file_left = next_file_ < paths_.size();
      const bool may_read =
          is_reader && (jobs_.empty() || jobs_.size() < max_queued_);
      if (is_file_left && may_read) {
        if (how_.cancelled && how_.cancelled()) {
          status_ = absl::CancelledError("the check was cancelled");
          changed_.notify_all();
          return;
        }
        const size_t i = next_file_++;
        ++num_readers_;
        lock.unlock();
        Settle(Read(i, &scratch));
        lock.lock();
        --num_readers_;
        changed_.notify_all();
      } else if (!jobs_.empty()) {
        Job job = TakeJob();
        lock.unlock();
        Settle(Match(*job.block, job.file, &scratch));
        lock.lock();
        spares_.push_back(std::move(job.block));
      } else if (num_readers_ > 0 || is_file_left) {
        changed_.wait(lock);
      } else {
        return;
      }
    }
  }

  // The mutex is held.
  Job TakeJob() {
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    return job;
  }

  // The first error stays, and ends the run.
  void Settle(absl::Status status) {
    if (status.ok()) return;
    const std::lock_guard<std::mutex> lock(mutex_);
    if (status_.ok()) status_ = std::move(status);
    changed_.notify_all();
  }

  absl::Status Read(size_t i, MatchScratch* scratch) {
    absl::StatusOr<ExportFileResult> file = ReadExportFile(
        paths_[i], options_, [&](std::unique_ptr<KeyBlock>& block) {
          return Submit(block, i, scratch);
        });
    if (!file.ok()) return file.status();
    files_[i].SetFile(*std::move(file));
    return absl::OkStatus();
  }

  // Leaves a block to others, with one that was matched in its place, or
  // matches it where too many lie ready.
  absl::Status Submit(std::unique_ptr<KeyBlock>& block, size_t file,
                      MatchScratch* scratch) {
    if (how_.read) TEKMATCH_RETURN_IF_ERROR(how_.read(file, *block));
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!status_.ok()) return status_;
      num_keys_read_ += block->size();
      if (how_.progress) how_.progress(next_file_, num_keys_read_);
      if (how_.cancelled && how_.cancelled()) {
        return absl::CancelledError("the check was cancelled");
      }
      if (jobs_.size() < max_queued_) {
        jobs_.push_back({std::move(block), file});
        if (!spares_.empty()) {
          block = std::move(spares_.back());
          spares_.pop_back();
        }
        changed_.notify_one();
        return absl::OkStatus();
      }
    }
    return Match(*block, file, scratch);
  }

  absl::Status Match(const KeyBlock& block, size_t file,
                     MatchScratch* scratch) {
    MatchBatch batch;
    TEKMATCH_RETURN_IF_ERROR(engine_.MatchBlock(
        block, static_cast<uint32_t>(file), scratch, &batch));
    std::optional<std::vector<uint32_t>> prefixes;
    if (MayNote(block.size())) prefixes = TekPrefixes::Of(block.teks());
    files_[file].Add(std::move(batch), std::move(prefixes));
    return absl::OkStatus();
  }

  // Whether there may be notes of so many keys more.
  bool MayNote(uint64_t num) {
    return num_notes_asked_.fetch_add(num) + num <= how_.most_noted_teks;
  }

  const std::vector<std::string>& paths_;
  const MatchEngine& engine_;
  const ExportFileOptions& options_;
  const size_t max_queued_;
  const FileMatcherOptions& how_;
  std::deque<FileCandidates> files_;  // never moved
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  // Blocks that are matched, to be filled anew: fresh memory costs the system's
  // zeroing. There are no more of them than were in work at a time.
  std::vector<std::unique_ptr<KeyBlock>> spares_;
  size_t next_file_ = 0;
  int num_readers_ = 0;
  uint64_t num_keys_read_ = 0;
  std::atomic<uint64_t> num_notes_asked_ = 0;
  absl::Status status_;
  // Made while there is memory.
  const absl::Status no_memory_ =
      absl::ResourceExhaustedError("not enough memory to match the files");
  const absl::Status exception_ =
      absl::InternalError("an exception while the files were matched");
};

// A thread that works, or none where the system has no more.
std::optional<std::thread> StartThread(Run& run, bool is_reader) {
  try {
    return std::thread([&run, is_reader] { run.Work(is_reader); });
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace

absl::StatusOr<std::vector<MatchedFile>> MatchFiles(
    const std::vector<std::string>& paths, const MatchEngine& engine,
    const ExportFileOptions& options, const FileMatcherOptions& how) {
  Run run(paths, engine, options, how);
  std::vector<std::thread> others;
  others.reserve(static_cast<size_t>(how.num_threads - 1));
  for (int i = 1; i < how.num_threads; ++i) {
    // As many readers as files, the caller's thread among them. So one file is
    // read by the caller's, always: what `how.read` allocates, and gives back,
    // stays in the memory of one thread, while the C library would keep some
    // of it free for each thread that did so.
    const bool is_reader = static_cast<size_t>(i) < paths.size();
    std::optional<std::thread> thread = StartThread(run, is_reader);
    if (!thread.has_value()) break;
    others.push_back(*std::move(thread));
  }
  run.Work(/*is_reader=*/true);
  for (std::thread& thread : others) thread.join();
  return run.Take();
}

size_t BlockKeysFor(const MatchEngine& engine, int num_threads) {
  // A block of n keys takes 30 n bytes; a thread has one in the queue, one
  // being read and one being matched, and up to 40 n bytes to match it in.
  constexpr size_t kAllThreads = size_t{1} << 18;
  const size_t share = kAllThreads / static_cast<size_t>(num_threads);
  // A block's room is a power of two.
  return std::bit_floor(std::min(std::max(share, KeyBlock::kDefaultCapacity),
                                 engine.block_keys()));
}

}  // namespace tekmatch
