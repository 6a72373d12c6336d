// Any bytes as what another app left: an SQLite database, one with its
// write-ahead log, or a dump. The first byte says as which; of a database with
// a log, two more say how many blocks of 512 bytes are the database's. The
// readers have to end with an answer, agree where nothing is bad, and leave the
// files as they were.
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "tools/files/scratch_folder.h"
#include "tools/sightings/foreign_database.h"
#include "tools/sightings/sightings_microg.h"
#include "tools/sightings/sightings_sqlite.h"

namespace tekmatch {
namespace {

void Write(const std::string& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << bytes;
  if (!out.flush()) std::abort();
}

std::string Read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void ReadDatabase(const std::string& path, bool is_dump) {
  const auto lenient =
      ReadSqliteSightings(path, is_dump, {.skip_bad = true, .progress = {}});
  const auto strict =
      ReadSqliteSightings(path, is_dump, {.skip_bad = false, .progress = {}});
  // Nothing was left out, so that there was nothing to skip.
  if (strict.ok() &&
      (!lenient.ok() || strict->sightings != lenient->sightings ||
       strict->num_bad != 0)) {
    __builtin_trap();
  }
}

void ReadOwnKeys(const std::string& path) {
  const auto keys = ReadMicroGOwnKeys(path);
  if (!keys.ok() && keys.status().message().empty()) __builtin_trap();
}

}  // namespace
}  // namespace tekmatch

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tekmatch;  // NOLINT(google-build-using-namespace)
  // Long files teach nothing that short ones do not, and take long.
  constexpr size_t kMostBytes = 64 << 10;
  constexpr size_t kBlockBytes = 512;
  if (size < 3 || size > kMostBytes) return 0;
  const auto folder = ScratchFolder::Make();
  if (!folder.ok()) std::abort();
  const std::string path = (*folder)->path() + "/foreign";
  const bool is_dump = data[0] == 'd';
  const bool has_log = data[0] == 'w';
  const size_t start = has_log ? 3 : 1;
  std::string main(reinterpret_cast<const char*>(data) + start, size - start);
  std::string log;
  if (has_log) {
    const size_t num_bytes =
        std::min((size_t{data[1]} << 8 | data[2]) * kBlockBytes, main.size());
    log = main.substr(num_bytes);
    main.resize(num_bytes);
    Write(path + "-wal", log);
  }
  Write(path, main);
  ReadDatabase(path, is_dump);
  if (!is_dump) ReadOwnKeys(path);
  if (Read(path) != main) __builtin_trap();
  if (has_log && Read(path + "-wal") != log) __builtin_trap();
  unlink((path + "-wal").c_str());
  unlink(path.c_str());
  return 0;
}
