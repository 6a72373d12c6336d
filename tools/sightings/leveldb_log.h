// Reads the records of a log of LevelDB: of its *.log files, which hold the
// newest changes, and of its MANIFEST.
//
// A log is whole when it ends right after a record. Whatever else stands at its
// end, or between two records, are bytes that a copy, a crash or damage took
// something from: a part of a record, one with a wrong checksum, a type that
// the format lacks, or zeros where a record should have begun. LevelDB passes
// over zeros silently, since it once wrote logs into memory-mapped files, which
// end so while they are open. Today's writes them with write(2), and then zeros
// are what a file system puts where it lost the data. Only the trailer of a
// block (at most six bytes, too few for a record) is nothing lost, as long as a
// record comes after it: a trailer is written together with that record.
//
// A log that lost whole records at its end, and nothing else, cannot be told
// from a whole one by itself (leveldb_store.h goes further).
//
// Source: LevelDB, doc/log_format.md.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_LEVELDB_LOG_H_
#define TEKMATCH_TOOLS_SIGHTINGS_LEVELDB_LOG_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "keyformat/byte_source.h"

namespace tekmatch {

class LevelDbLogReader {
 public:
  // `source` outlives this.
  explicit LevelDbLogReader(const ByteSource& source) : source_(source) {}

  // The next whole record; false at the end. After damage it goes on with the
  // next record whose place is known, which is the first of the next block of
  // 32 KiB where a header is damaged. DATA_LOSS: reading failed.
  absl::StatusOr<bool> Next(std::string* record);

  // Of the bytes up to the end of the last record, and at the end of the log of
  // all: those that are in no record.
  uint64_t lost_bytes() const { return lost_bytes_; }
  // At the end of the log, those after its last record.
  uint64_t lost_at_end() const { return size() - end_of_last_; }
  uint64_t size() const { return source_.size(); }

 private:
  struct Fragment {
    uint8_t type = 0;
    absl::string_view data;  // into block_
  };

  absl::Status ReadBlock();
  // The next fragment of the block; false where there is none, at its end or
  // since the rest of it is damaged.
  bool NextFragment(Fragment* fragment);
  // Counts a fragment as lost, and those of an unfinished record before it.
  void Lose(uint64_t num_bytes);
  void LosePartial();

  const ByteSource& source_;
  uint64_t offset_ = 0;  // of what follows block_
  std::string block_;
  size_t begin_ = 0;  // of what is not read of block_
  std::string partial_;
  uint64_t partial_bytes_ = 0;  // with headers; 0: no record is begun
  uint64_t lost_bytes_ = 0;
  uint64_t end_of_last_ = 0;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_LEVELDB_LOG_H_
