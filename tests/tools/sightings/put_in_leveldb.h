// Writes to a database as the phones' own LevelDB does.
#ifndef TEKMATCH_TESTS_TOOLS_SIGHTINGS_PUT_IN_LEVELDB_H_
#define TEKMATCH_TESTS_TOOLS_SIGHTINGS_PUT_IN_LEVELDB_H_

#include <leveldb/db.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace tekmatch {

// Opens a database, and puts these one by one. They lie in its log or, if
// `flush`, in a table.
inline void PutInLevelDb(
    const std::string& path,
    const std::vector<std::pair<std::string, std::string>>& puts,
    bool flush = false) {
  leveldb::Options options;
  options.create_if_missing = true;
  leveldb::DB* opened = nullptr;
  const leveldb::Status status = leveldb::DB::Open(options, path, &opened);
  ASSERT_TRUE(status.ok()) << status.ToString();
  const std::unique_ptr<leveldb::DB> db(opened);
  for (const auto& [key, value] : puts) {
    ASSERT_TRUE(db->Put({}, key, value).ok());
  }
  if (flush) db->CompactRange(nullptr, nullptr);
}

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_TOOLS_SIGHTINGS_PUT_IN_LEVELDB_H_
