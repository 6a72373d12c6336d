// Plan: an export's signature is verified over its fingerprint, by which it is
// then looked up (Give): both cost no keys.
// A new one is read and matched at once, on as many threads as the caller
// wants; meanwhile the thread that reads counts and keeps its keys (Sort). Its
// last transaction, after its signature was verified, puts it into the ledger
// (Process). What is refused is read for its verdict alone (Refuse).
#include "matcher/check/export_intake.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "matcher/check/file_matcher.h"
#include "matcher/join/match_engine.h"

namespace tekmatch {
namespace {

// In blocks that are read, of all threads together. A thread has up to four
// blocks (file_matcher.cc) of 30 bytes a key, and 40 bytes a key to match one
// in; and nobody is asked whether to go on while one is read or matched.
constexpr size_t kMostKeysAtOnce = size_t{1} << 14;
constexpr size_t kFewestKeysAtOnce = size_t{1} << 10;

// A bound for what an authority could publish and never does: real exports have
// some dozens of validities.
constexpr size_t kMostValidities = size_t{1} << 14;

// Keys of a block, so that all threads stay within some MiB.
size_t BlockShare(int num_threads) {
  const size_t share = kMostKeysAtOnce / static_cast<size_t>(num_threads);
  return std::bit_floor(std::max(share, kFewestKeysAtOnce));
}

ExportFileResult BeyondLimits(const std::string& path) {
  ExportFileResult file;
  file.path = path;
  file.verdict = "malformed";
  file.message =
      absl::StrCat(path, ": its keys are valid at more than ", kMostValidities,
                   " different times, the most that a store takes");
  return file;
}

}  // namespace

absl::Status ExportIntake::GiveAll(std::vector<GivenExport>& given) {
  for (GivenExport& one : given) {
    TEKMATCH_RETURN_IF_ERROR(Give(one));
  }
  return absl::OkStatus();
}

absl::Status ExportIntake::GiveAgain(std::vector<GivenExport>& given) {
  for (GivenExport& one : given) {
    const auto digest = digests_.find(one.path);
    if (digest == digests_.end()) continue;
    const LedgerEntry* entry = image_.Find(digest->second);
    if (entry != nullptr && entry->generation == kNeededAgain) {
      TEKMATCH_RETURN_IF_ERROR(Give(one));
    }
  }
  return absl::OkStatus();
}

absl::Status ExportIntake::Give(GivenExport& given) {
  TEKMATCH_RETURN_IF_ERROR(run_.limits.GoesOn());
  ++num_begun_;
  const absl::StatusOr<ExportFingerprint> print =
      FingerprintOf(given.path, run_.check.files,
                    [this]() -> absl::Status { return run_.limits.GoesOn(); });
  if (absl::IsCancelled(print.status())) return print.status();
  // What is wrong with it, reading it says.
  if (!print.ok()) return Refuse(given);
  // A file counts by its own signature, also where its content is known:
  // otherwise a copy that somebody tampered with would pass for a good one, and
  // the answer would depend on which came first. Nothing of a file that is not
  // trusted is written, and the entry of the good one stays as it is.
  const TrustedKeys& trusted = run_.check.files.trusted;
  const SignatureReport report =
      CheckSignatures(print->signatures, print->digests, trusted);
  if (report.verdict != SignatureVerdict::kValid) return Refuse(given);
  digests_[given.path] = print->digests.sha256;
  if (LedgerEntry* entry = image_.Find(print->digests.sha256);
      entry != nullptr) {
    if (AddSignatures(*print, trusted, entry->stored.file)) {
      TEKMATCH_RETURN_IF_ERROR(run_.ledger.Update({entry}, {}));
    }
    if (entry->stored.file.accepted && entry->generation == image_.generation) {
      // Given again, it stays what it was the first time.
      if (given.state == GivenState::kNotReached) {
        given.state = GivenState::kKnown;
      }
      return absl::OkStatus();
    }
  }
  return Process(given);
}

// Reads a file for its verdict alone.
absl::Status ExportIntake::Refuse(GivenExport& given) {
  TEKMATCH_ASSIGN_OR_RETURN(
      ExportFileResult file,
      ReadExportFile(given.path, run_.check.files,
                     [this](const std::unique_ptr<KeyBlock>&) {
                       return run_.limits.GoesOn();
                     }));
  if (file.accepted) {
    return absl::DataLossError(
        absl::StrCat(given.path, ": changed while it was read"));
  }
  given.state = GivenState::kRefused;
  refused_.push_back(std::move(file));
  return absl::OkStatus();
}

absl::Status ExportIntake::Process(GivenExport& given) {
  LedgerEntry entry;
  entry.kept = keep_keys_;
  entry.generation = image_.generation;
  entry.stored.first_day = horizon_.first_day;
  entry.stored.last_day = horizon_.last_day;
  // What is left of an export that is not finished goes with the next one.
  TEKMATCH_ASSIGN_OR_RETURN(
      entry.id, run_.ledger.Begin(horizon_.first_day, [this]() -> absl::Status {
        return run_.limits.GoesOn();
      }));
  TEKMATCH_ASSIGN_OR_RETURN(const MatchEngine engine,
                            run_.SearchEngine(index_));
  ExportFileOptions files = run_.check.files;
  files.reader.decode.block_capacity =
      run_.check.block_keys > 0
          ? run_.check.block_keys
          : std::min(BlockShare(run_.check.num_threads),
                     BlockKeysFor(engine, run_.check.num_threads));
  KeptKeysWriter writer(run_.ledger, entry.id);
  absl::StatusOr<std::vector<MatchedFile>> matched =
      MatchFiles({given.path}, engine, files,
                 {.num_threads = run_.check.num_threads,
                  .most_noted_teks = 0,
                  .read = [&](size_t, const KeyBlock& block) -> absl::Status {
                    AddIfIn(image_.heard, block, &entry.heard);
                    return Sort(block, entry, writer);
                  },
                  .progress =
                      [&](size_t, uint64_t num_keys) {
                        num_keys_of_file_ = num_keys;
                        SayProgress();
                      },
                  .cancelled = [&] { return !run_.limits.GoesOn().ok(); }});
  num_keys_read_ += std::exchange(num_keys_of_file_, 0);
  if (!matched.ok()) {
    if (entry.stored.validities.size() <= kMostValidities) {
      return matched.status();
    }
    refused_.push_back(BeyondLimits(given.path));
    given.state = GivenState::kRefused;
    return absl::OkStatus();
  }
  MatchedFile& file = matched->front();
  entry.stored.file = std::move(file.file);
  if (!entry.stored.file.accepted) {
    given.state = GivenState::kRefused;
    refused_.push_back(std::move(entry.stored.file));
    return absl::OkStatus();
  }
  TEKMATCH_RETURN_IF_ERROR(writer.Flush());

  HashSet<Tek> newly;
  for (const Match& match : file.candidates) {
    if (!image_.heard.contains(match.tek)) newly.insert(match.tek);
  }
  file = MatchedFile();
  // Kept keys are asked when all files are read (key_look_up.h).
  if (!newly.empty() && !entry.kept) {
    TEKMATCH_RETURN_IF_ERROR(ReadAgainFor(newly, given.path, files, &entry));
  }
  LedgerEntry* const same =
      image_.Find(entry.stored.file.report.digests.sha256);
  if (same != nullptr) {
    AddSignatures({.digests = same->stored.file.report.digests,
                   .signatures = same->stored.file.report.signatures},
                  run_.check.files.trusted, entry.stored.file);
  }
  TEKMATCH_RETURN_IF_ERROR(run_.ledger.Finish(entry, newly));
  given.state = GivenState::kProcessed;
  image_.TakeHeard(newly);
  image_.num_heard_when_read[entry.id] = image_.heard.size();
  if (same != nullptr) {
    image_.entries.erase(image_.entries.begin() +
                         (same - image_.entries.data()));
  }
  image_.entries.push_back(std::move(entry));
  return absl::OkStatus();
}

// Counts the keys of a new export, by when they are valid, and keeps those that
// are to be kept. CANCELLED: they are valid at too many times, or GoesOn said
// so. That one thread asks at a time follows from MatchFiles, in which this
// thread is the only one that reads.
absl::Status ExportIntake::Sort(const KeyBlock& block, LedgerEntry& entry,
                                KeptKeysWriter& writer) const {
  StoredExport& stored = entry.stored;
  uint64_t* num_keys = nullptr;
  Validity last;
  for (size_t i = 0; i < block.size(); ++i) {
    const Validity validity = {block.rolling_starts()[i],
                               block.rolling_periods()[i]};
    const bool is_own =
        !run_.own.of_all.empty() && run_.own.of_all.contains(block.teks()[i]);
    const DayNumber day = EndDay(validity);
    if (day < stored.first_day || day > stored.last_day) {
      (day < stored.first_day ? stored.before : stored.after)
          .Add(validity, 1, is_own ? 1 : 0);
      continue;
    }
    // Neighbours are often of one day.
    if (num_keys == nullptr || validity != last) {
      num_keys = &stored.validities[validity];
      last = validity;
    }
    ++*num_keys;
    if (entry.kept) {
      // A block can fill the packs of many days: each one is a transaction.
      const uint64_t num_writes = writer.num_writes();
      TEKMATCH_RETURN_IF_ERROR(writer.Add(block.key(i)));
      if (writer.num_writes() > num_writes) {
        TEKMATCH_RETURN_IF_ERROR(run_.limits.GoesOn());
      }
    } else if (is_own) {
      ++stored.own_validities[validity];
    }
  }
  if (stored.validities.size() <= kMostValidities) return absl::OkStatus();
  return absl::CancelledError("more validities than a store takes");
}

// What the file itself says of keys, where it is not kept.
absl::Status ExportIntake::ReadAgainFor(const HashSet<Tek>& teks,
                                        const std::string& path,
                                        const ExportFileOptions& files,
                                        LedgerEntry* entry) {
  TEKMATCH_ASSIGN_OR_RETURN(
      const ExportFileResult again,
      ReadExportFile(
          path, files,
          [&](const std::unique_ptr<KeyBlock>& block) -> absl::Status {
            TEKMATCH_RETURN_IF_ERROR(run_.limits.GoesOn());
            AddIfIn(teks, *block, &entry->heard);
            return absl::OkStatus();
          }));
  if (again.report.digests.sha256 == entry->stored.file.report.digests.sha256) {
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat(path, ": changed while it was read"));
}

void ExportIntake::SayProgress() const {
  if (run_.check.progress) {
    run_.check.progress(num_begun_, num_keys_read_ + num_keys_of_file_);
  }
}

}  // namespace tekmatch
