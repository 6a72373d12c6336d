#include "tools/sightings/sightings_sqlite.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/byte_source.h"
#include "keyformat/status_macros.h"
#include "tools/sightings/foreign_database.h"
#include "tools/sightings/sightings_microg.h"
#include "tools/sightings/sightings_ramble.h"

namespace tekmatch {

absl::StatusOr<bool> IsSqliteFile(const std::string& path) {
  struct stat info {};
  // What else there is to say of a file, its reader says.
  if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  TEKMATCH_ASSIGN_OR_RETURN(const auto source, OpenFileSource(path));
  std::array<uint8_t, kSqliteMagic.size()> begin{};
  if (source->size() < begin.size()) return false;
  TEKMATCH_RETURN_IF_ERROR(source->ReadAt(0, absl::MakeSpan(begin)));
  return std::equal(begin.begin(), begin.end(), kSqliteMagic.begin());
}

bool BeginsLikeDump(absl::string_view text) {
  text = absl::StripLeadingAsciiWhitespace(text);
  for (const absl::string_view word :
       {"pragma foreign_keys", "begin transaction", "create table", "-- "}) {
    if (absl::StartsWithIgnoreCase(text, word)) return true;
  }
  return false;
}

absl::StatusOr<SightingsFile> ReadSqliteSightings(
    const std::string& path, bool is_dump,
    const SightingsReaderOptions& options) {
  TEKMATCH_ASSIGN_OR_RETURN(
      const std::unique_ptr<ForeignDatabase> database,
      is_dump ? ForeignDatabase::LoadDump(path) : ForeignDatabase::Open(path));
  SightingsFile file;
  file.format = SightingsFormat::kForeign;
  file.conversion.doubts = database->doubts();
  for (const SightingsLoss& loss : database->losses()) {
    TEKMATCH_RETURN_IF_ERROR(LosePart(loss, options, &file));
  }
  TEKMATCH_ASSIGN_OR_RETURN(const bool is_microg,
                            HasMicroGSightings(*database));
  if (is_microg) {
    TEKMATCH_RETURN_IF_ERROR(ReadMicroGSightings(*database, options, &file));
    return file;
  }
  TEKMATCH_ASSIGN_OR_RETURN(const bool is_ramble,
                            HasRambleSightings(*database));
  if (is_ramble) {
    TEKMATCH_RETURN_IF_ERROR(ReadRambleSightings(*database, options, &file));
    return file;
  }
  return absl::DataLossError(absl::StrCat(
      path,
      ": an SQLite database, but neither microG's (table advertisements) nor "
      "RaMBLE's (tables devices and locations); write its table as CSV"));
}

}  // namespace tekmatch
