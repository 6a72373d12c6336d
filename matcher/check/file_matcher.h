// Reads and matches export files on a fixed number of threads. As many of them
// as there are files, the caller's first, read a file as long as there is one
// to read, and otherwise match blocks that others have read, as all threads do;
// where blocks lie ready in number, readers match too. So the threads are busy
// whether the files are many or one, and few blocks are in memory.
#ifndef TEKMATCH_MATCHER_CHECK_FILE_MATCHER_H_
#define TEKMATCH_MATCHER_CHECK_FILE_MATCHER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "keyformat/hash_tables.h"
#include "keyformat/key_block.h"
#include "matcher/check/export_files.h"
#include "matcher/check/tek_prefixes.h"
#include "matcher/exposure/key_publications.h"
#include "matcher/join/match.h"
#include "matcher/join/match_engine.h"

namespace tekmatch {

// What one file says and gives. Without `file.accepted` it gives nothing.
struct MatchedFile {
  ExportFileResult file;
  std::vector<Match> candidates;  // in no order; most duplicates are dropped
  FilePublications publications;  // of keys with a candidate, as often as there
  TekPrefixes teks;               // of all keys, or given up (most_noted_teks)
  // Positions of sightings at the wrong time (MatchBatch::outside_tolerance).
  HashSet<uint32_t> outside_tolerance;
  uint64_t num_own_keys = 0;
  uint64_t num_compared = 0;    // MatchBatch::num_compared
  uint64_t num_duplicates = 0;  // of candidates, dropped
};

struct FileMatcherOptions {
  // At least 1; the caller's is one of them, and where the system has no more
  // threads, fewer work.
  int num_threads = 1;
  // How many keys of all files together MatchedFile::teks may note, 4 bytes
  // each, as they are matched; those of files that are refused later count,
  // too. A file with a key beyond them gives its own up. 0: for a caller who
  // never asks.
  uint64_t most_noted_teks = std::numeric_limits<uint64_t>::max();
  // If not empty, called with the position of a file and each block of its
  // keys, before it is matched: in the file's order, by one thread at a time of
  // one file; of a single file, the caller's. They are not to be believed yet.
  // What it returns, if not OK, ends the work.
  std::function<absl::Status(size_t, const KeyBlock&)> read;
  // If not empty, called with the numbers of files begun and of keys read so
  // far, by one thread at a time.
  std::function<void(size_t, uint64_t)> progress;
  // If not empty, asked before each file and at each block, by one thread at
  // a time; true ends the work.
  std::function<bool()> cancelled;
};

// The same positions as `paths`, which is also what Match::source says.
// CANCELLED: `cancelled` said so. INTERNAL: a function of `how` threw.
// RESOURCE_EXHAUSTED: there was no memory. Others are those of `how.read`.
// Files' defects are in the result.
absl::StatusOr<std::vector<MatchedFile>> MatchFiles(
    const std::vector<std::string>& paths, const MatchEngine& engine,
    const ExportFileOptions& options, const FileMatcherOptions& how);

// Keys of a block with which so many threads are fast and stay within some
// 40 MiB together.
size_t BlockKeysFor(const MatchEngine& engine, int num_threads);

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_FILE_MATCHER_H_
