// The MANIFEST of a LevelDB: which files belong to the database.
//
// It is a log (leveldb_log.h) of edits. An edit is a sequence of tagged values:
//   1 name of the comparator     string
//   2 number of the log          varint64
//   3 next number of a file      varint64
//   4 last sequence number       varint64
//   5 where compaction goes on   level, key
//   6 a table removed            level, number
//   7 a table added              level, number, size, first key, last key
//   9 number of the log before   varint64; 0: none
// with a level a varint32, other numbers varint64, keys strings. What an edit
// does not name stays as it was.
//
// Source: LevelDB, doc/impl.md and the tags in db/version_edit.cc.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_LEVELDB_MANIFEST_H_
#define TEKMATCH_TOOLS_SIGHTINGS_LEVELDB_MANIFEST_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "keyformat/byte_source.h"

namespace tekmatch {

struct LevelDbManifest {
  // The oldest log that is not in a table yet. Newer ones belong to the
  // database, too. 0: none is named.
  uint64_t log_number = 0;
  uint64_t previous_log_number = 0;
  // Of the newest change when the last edit was written.
  uint64_t last_sequence = 0;
  std::map<uint64_t, uint64_t> tables;  // sizes, by number
  // Not empty: the MANIFEST is damaged, and this is what was in force before
  // its first damaged byte.
  std::string damage;
};

// DATA_LOSS, with the reason and without a name: no state of a database that
// tekmatch can read comes before the end or the first damage.
absl::StatusOr<LevelDbManifest> ReadLevelDbManifest(const ByteSource& source);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_LEVELDB_MANIFEST_H_
