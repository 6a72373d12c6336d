// Any bytes as the parts of a LevelDB. The first says as which; checksums are
// made right, since anybody can do that: a file, or a block, index or footer of
// a table, or an edit of a MANIFEST. The readers have to end with an answer,
// and what they hand out has to be within the limits that their headers
// promise.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "keyformat/byte_source.h"
#include "tests/tools/sightings/test_leveldb.h"
#include "tools/sightings/leveldb_log.h"
#include "tools/sightings/leveldb_manifest.h"
#include "tools/sightings/leveldb_table.h"

namespace tekmatch {
namespace {

void ReadTable(const std::string& bytes) {
  const auto source = MemorySource("fuzz", bytes);
  const auto blocks = ReadLevelDbTable(*source, [](const LevelDbChange& c) {
    if (c.key.size() > kMaxLevelDbKeyBytes || c.sequence >> 56 != 0) {
      __builtin_trap();
    }
  });
  if (blocks.ok() && blocks->num_damaged > blocks->num_blocks) __builtin_trap();
}

void ReadLog(const std::string& bytes) {
  const auto source = MemorySource("fuzz", bytes);
  LevelDbLogReader reader(*source);
  std::string record;
  size_t record_bytes = 0;
  while (*reader.Next(&record)) record_bytes += record.size() + 7;
  if (record_bytes + reader.lost_bytes() > bytes.size() ||
      reader.lost_at_end() > reader.lost_bytes()) {
    __builtin_trap();
  }
}

void ReadManifest(const std::string& bytes) {
  const auto source = MemorySource("fuzz", bytes);
  const auto manifest = ReadLevelDbManifest(*source);
  if (manifest.ok() && manifest->last_sequence >> 56 != 0) __builtin_trap();
}

}  // namespace
}  // namespace tekmatch

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tekmatch;  // NOLINT(google-build-using-namespace)
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'b':
      ReadTable(TableOf({bytes, bytes}));
      break;
    case 'i':
      ReadTable(TableOf({BlockOf({{InternalKey("k", 1), "v"}})}, bytes));
      break;
    case 's': {
      const std::string index = BlockOf({{"k", '\0' + Varint(bytes.size())}});
      const std::string block = SealedBlock(bytes, 1);
      ReadTable(block + SealedBlock(index) +
                Footer(block.size(), index.size()));
      break;
    }
    case 'e':
      ReadManifest(LogOf({FirstEdit(1, 2), bytes}));
      break;
    default:
      ReadTable(bytes);
      ReadLog(bytes);
      ReadManifest(bytes);
  }
  return 0;
}
