// A partial: what one shard of a check found, as a file, until all shards are
// merged (shards.h). Equal findings give equal bytes.
//
//   "TEKPART\n"
//   uint32     kPartialVersion
//   32 bytes   SHA-256 of the plan
//   uint32     number of the shard
//   uint32     number of its files
//   uint64     number of the sightings that it was over
//   files      each with
//                uint32 its number among the plan's files
//                what the file says of itself (ExportFileResult)
//                uint64 own keys, compared keys, dropped duplicates
//                publications of keys with a candidate, each with how often
//                the file has it
//                positions of sightings outside the tolerance
//                candidates: before anything is resolved
//                the first four bytes of each of its keys (tek_prefixes.h)
//   32 bytes   SHA-256 of all before
//
// Fields are those of partial_fields.h. A file that is not accepted has nothing
// but its description. A partial holds keys, identifiers and times of contacts:
// it is as private as the matched sightings are.
//
// The checksum holds against accidents. Whoever can write a partial can write
// any result into it; what is read is checked so far that no bytes can do more.
#ifndef TEKMATCH_MATCHER_CHECK_PARTIAL_H_
#define TEKMATCH_MATCHER_CHECK_PARTIAL_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "keyformat/byte_source.h"
#include "keyformat/signature.h"
#include "matcher/check/export_files.h"
#include "matcher/check/file_matcher.h"
#include "matcher/check/partial_fields.h"
#include "matcher/join/match.h"

namespace tekmatch {

inline constexpr uint32_t kPartialVersion = 1;

struct PartialHeader {
  Sha256Digest plan{};
  uint32_t shard = 0;
  uint32_t num_files = 0;
  uint64_t num_sightings = 0;

  bool operator==(const PartialHeader&) const = default;
};

struct PartialFile {
  uint32_t number = 0;  // among the plan's files; Match::source is it, too
  MatchedFile matched;
};

// All that a file says of itself, as bytes: equal where it says the same.
absl::StatusOr<std::string> FileDescription(const ExportFileResult& file);

// Writes header.num_files files. Their candidates are sorted for it, and
// duplicates among them counted (DropDuplicates). Errors are those of `sink`.
absl::Status WritePartial(const PartialHeader& header,
                          std::vector<PartialFile>& files, ByteSink sink);

// Takes what a file has much of, one after another. By then PartialFile has the
// file's number and what it says of itself. An error ends the reading.
struct PartialSinks {
  std::function<absl::Status(const Match&)> candidate;
  std::function<absl::Status(uint32_t)> outside_tolerance;
  // Of all its keys, in pieces.
  std::function<absl::Status(absl::Span<const uint32_t>)> prefixes;
};

// Reads one file after another.
class PartialReader {
 public:
  // Reads all of it once, for its checksum, and its header. `source` outlives
  // the reader. DATA_LOSS: these are no partial, one of another version, or a
  // damaged one. What Next reads is digested again: who was given false by it
  // has read what the checksum is of, though somebody may write to the file.
  static absl::StatusOr<PartialReader> Open(const ByteSource& source);

  const PartialHeader& header() const { return header_; }

  // The next file; false after the last one, once. What `sinks` take is not in
  // it. DATA_LOSS, with the field and its place: something that no shard
  // writes; or, after the last file, the source has changed since Open, and
  // nothing that was read counts. Others are those of `sinks`.
  absl::StatusOr<bool> Next(PartialFile* file, const PartialSinks& sinks);
  // The same, with all of it in `file`.
  absl::StatusOr<bool> Next(PartialFile* file);

 private:
  PartialReader(const ByteSource& source, FieldReader fields,
                const Sha256Digest& digest)
      : source_(&source), fields_(std::move(fields)), digest_(digest) {}

  const ByteSource* source_;
  FieldReader fields_;
  Sha256Digest digest_;  // of what fields_ reads, when it was opened
  PartialHeader header_;
  uint32_t num_read_ = 0;
};

}  // namespace tekmatch

#endif  // TEKMATCH_MATCHER_CHECK_PARTIAL_H_
