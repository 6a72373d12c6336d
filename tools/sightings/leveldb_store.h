// Reads a LevelDB, a folder, and finds out what of it is missing.
//
// LevelDB itself cannot do this: it opens for writing only, takes a log that is
// missing or cut for one that ends there, and believes offsets and lengths.
// This reader opens files for reading and no others than those that belong to
// the database. What belongs to it, the MANIFEST says that CURRENT names:
//   - the tables that it lists, of the sizes that it lists;
//   - the log that it names, and the log before it if it names one;
//   - every newer log of the folder.
// All else is left over from earlier, is ignored, and never opened: other
// MANIFESTs, older logs, other tables.
//
// What is lost of these files is said file by file:
//   - one is missing, or is no regular file of the folder (links, FIFOs,
//     devices and folders are not opened), or is damaged;
//   - a log is cut or torn (leveldb_log.h);
//   - changes are missing. Sequence numbers count all changes, one by one, so a
//     number that is not there is a change that is not there. Within and
//     between logs there must be no gap; the first log goes on from the last
//     number in the MANIFEST, or begins before it; and if so, the logs reach
//     it.
//   - the MANIFEST is cut or torn, and so it is unknown what came after; or it
//     names no log, which it does only if LevelDB repaired the database and
//     threw away what it could not read.
// Nobody can see that changes at the very end were lost as whole records of the
// newest log, or that a second log newer than the named one is missing, if the
// MANIFEST was written before them.
//
// Source: LevelDB, doc/impl.md; sequence numbers, include/leveldb/write_batch.h
// and db/write_batch.cc.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_LEVELDB_STORE_H_
#define TEKMATCH_TOOLS_SIGHTINGS_LEVELDB_STORE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tekmatch {

struct LevelDbLoss {
  std::string file;    // with its folder
  std::string reason;  // "is missing: ...", what the file is or lacks
  // DATA_LOSS, or the system's for a file that is there and could not be read.
  absl::StatusCode code;
};

struct LevelDbContent {
  std::map<std::string, std::string> records;  // the newest value of each key
  std::vector<LevelDbLoss> losses;             // one a file at most
};

// Whatever can be read, with what is lost of it. Memory: that of the records,
// a few times the files' size at most.
//
// DATA_LOSS: the folder holds no database, or its CURRENT or MANIFEST is
// missing or damaged. Other codes: the system's, if it cannot list the folder
// or read one of these. Messages begin with the folder or file.
absl::StatusOr<LevelDbContent> ReadLevelDb(const std::string& folder);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_LEVELDB_STORE_H_
