#include "tools/sightings_reader.h"

#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "keyformat/system_error.h"
#include "tools/input_stream.h"
#include "tools/line_reader.h"
#include "tools/sightings_leveldb.h"
#include "tools/sightings_text.h"

namespace tekmatch {
namespace {

// Without columns, the line is a JSON object.
absl::Status ParseRow(const LineReader::Line& line,
                      const std::optional<CsvColumns>& columns,
                      Sighting* sighting, DroppedSightingFields* dropped) {
  if (line.too_long) return absl::InvalidArgumentError("the line is too long");
  if (!columns.has_value()) return ParseJsonRow(line.text, sighting, dropped);
  // A CSV ends in a number. Of -77 a file that was cut can leave -7, which is a
  // number, too; a JSON object shows it by its missing brace.
  if (!line.has_end) {
    return absl::InvalidArgumentError(
        "the last line has no line end: the file may be cut there");
  }
  return ParseCsvRow(line.text, *columns, sighting, dropped);
}

absl::Status ReadRow(const LineReader& reader, const LineReader::Line& line,
                     const std::optional<CsvColumns>& columns,
                     const SightingsReaderOptions& options,
                     SightingsFile* file) {
  Sighting sighting;
  const absl::Status status =
      ParseRow(line, columns, &sighting, &file->dropped);
  if (!status.ok()) {
    return BadRow(reader.Place(), status.message(), options, file);
  }
  file->sightings.push_back(sighting);
  return absl::OkStatus();
}

bool IsBlank(const LineReader::Line& line) {
  return !line.too_long && absl::StripAsciiWhitespace(line.text).empty();
}

absl::StatusOr<SightingsFile> ReadTextSightings(
    const std::string& path, const SightingsReaderOptions& options) {
  const auto reader = LineReader::Open(path);
  if (!reader.ok()) return reader.status();
  SightingsFile file;
  LineReader::Line line;
  absl::StatusOr<bool> more = false;
  do {
    more = (*reader)->Next(&line);
    if (!more.ok()) return more.status();
  } while (*more && IsBlank(line));
  if (!*more) return absl::DataLossError(absl::StrCat(path, ": is empty"));

  const bool is_json =
      absl::StartsWith(absl::StripLeadingAsciiWhitespace(line.text), "{");
  const std::optional<CsvColumns> columns = ParseCsvHeader(line.text);
  if (!is_json && !columns.has_value()) {
    return absl::DataLossError(absl::StrCat(
        path, ": neither CSV with the header ", kSightingsCsvHeader,
        ", nor JSON lines, nor a LevelDB folder"));
  }
  if (is_json) {
    file.format = SightingsFormat::kJsonLines;
    if (absl::Status s = ReadRow(**reader, line, columns, options, &file);
        !s.ok()) {
      return s;
    }
  }
  while (true) {
    more = (*reader)->Next(&line);
    if (!more.ok()) return more.status();
    if (!*more) return file;
    if (IsBlank(line)) continue;
    if (absl::Status s = ReadRow(**reader, line, columns, options, &file);
        !s.ok()) {
      return s;
    }
  }
}

}  // namespace

absl::StatusOr<SightingsFile> ReadSightings(
    const std::string& path, const SightingsReaderOptions& options) {
  if (IsStdin(path)) return ReadTextSightings(path, options);
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    return SystemError(errno, absl::StrCat(path, ": cannot be opened"));
  }
  return S_ISDIR(info.st_mode) ? ReadLevelDbSightings(path, options)
                               : ReadTextSightings(path, options);
}

}  // namespace tekmatch
