// Reads a table of LevelDB (*.ldb, or *.sst before 2013): the entries of its
// data blocks, in their order.
//
// Nothing in it is believed: every length is held against what is there before
// memory is taken for it, and blocks have to lie one after another, so that the
// time and memory that a table costs are bounded by its size. Of filters and
// other meta blocks nothing is read.
//
// Source: LevelDB, doc/table_format.md.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_LEVELDB_TABLE_H_
#define TEKMATCH_TOOLS_SIGHTINGS_LEVELDB_TABLE_H_

#include <cstddef>
#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "keyformat/byte_source.h"

namespace tekmatch {

// Longer user keys count as damage. Those of a contact database have 18 bytes;
// entries share parts of their keys, so that few bytes could stand for many
// long ones.
inline constexpr size_t kMaxLevelDbKeyBytes = 64;

// A change of a key.
struct LevelDbChange {
  absl::string_view key;  // the user's, without LevelDB's eight bytes
  uint64_t sequence = 0;  // the later change has the higher one
  bool deletes = false;
  absl::string_view value;
};

using LevelDbChangeSink = absl::FunctionRef<void(const LevelDbChange&)>;

struct LevelDbTableBlocks {
  uint64_t num_blocks = 0;
  uint64_t num_damaged = 0;  // their entries are not given, or not all
};

// Calls `sink` with each entry. DATA_LOSS, with the reason and without a name:
// footer or index are damaged, or reading failed; entries may have been given
// before.
absl::StatusOr<LevelDbTableBlocks> ReadLevelDbTable(const ByteSource& source,
                                                    LevelDbChangeSink sink);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_LEVELDB_TABLE_H_
