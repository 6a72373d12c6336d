// LevelDB's files built by hand from its format documents, so that a test can
// say what no LevelDB would write. Independent of tools/leveldb_*.
#ifndef TEKMATCH_TESTS_TOOLS_SIGHTINGS_TEST_LEVELDB_H_
#define TEKMATCH_TESTS_TOOLS_SIGHTINGS_TEST_LEVELDB_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tekmatch {

std::string Fixed32(uint32_t value);
std::string Fixed64(uint64_t value);
std::string Varint(uint64_t value);
// With its length in front.
std::string Sized(const std::string& bytes);

// The CRC-32C of the bytes as LevelDB stores it.
uint32_t MaskedCrc(const std::string& bytes);

// One fragment of a log: header and data.
std::string LogFragment(int type, const std::string& data);
// A whole log of these records.
std::string LogOf(const std::vector<std::string>& records);

// A batch that puts one value under each key.
std::string Batch(uint64_t sequence,
                  const std::vector<std::pair<std::string, std::string>>& puts);

// An edit of a MANIFEST: comparator, log, next file and last sequence number.
std::string FirstEdit(uint64_t log, uint64_t last_sequence);
std::string AddTable(uint64_t number, uint64_t size);

// The key of a table's entry.
std::string InternalKey(const std::string& key, uint64_t sequence,
                        bool deletes = false);
// The content of a block; keys are not shortened.
std::string BlockOf(
    const std::vector<std::pair<std::string, std::string>>& entries);
// Content, compression and checksum.
std::string SealedBlock(const std::string& content, char compression = 0);
// A whole table of these contents of blocks. An index of its own, if it is not
// empty, takes the place of the right one.
std::string TableOf(const std::vector<std::string>& contents,
                    const std::string& index = "");
std::string Footer(uint64_t index_offset, uint64_t index_size);

}  // namespace tekmatch

#endif  // TEKMATCH_TESTS_TOOLS_SIGHTINGS_TEST_LEVELDB_H_
