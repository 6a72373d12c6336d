// Plan: a folder is a LevelDB; the first bytes of a file say whether it is a
// .tksight, a database or a capture; the first line of a text, whether it is
// CSV or JSON lines, or what else it may be (row_reader.h reads their rows).
#include "tools/sightings/sightings_reader.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/byte_source.h"
#include "keyformat/status_macros.h"
#include "keyformat/system_error.h"
#include "tools/files/input_stream.h"
#include "tools/files/line_reader.h"
#include "tools/sightings/csv_layout.h"
#include "tools/sightings/foreign_database.h"
#include "tools/sightings/row_reader.h"
#include "tools/sightings/scanner_csv.h"
#include "tools/sightings/sightings_capture.h"
#include "tools/sightings/sightings_leveldb.h"
#include "tools/sightings/sightings_sqlite.h"
#include "tools/sightings/sightings_text.h"
#include "tools/sightings/sightings_tksight.h"
#include "tools/sightings/tksight_layout.h"

namespace tekmatch {
namespace {

// Sightings that are given to a sink at once, of a scanner's rows.
constexpr size_t kMostOfPiece = 4096;

bool IsBlank(const LineReader::Line& line) {
  return !line.too_long && absl::StripAsciiWhitespace(line.text).empty();
}

// What a file that begins so may be, and what to do with it.
std::string WhatElse(absl::string_view first_line) {
  constexpr struct {
    absl::string_view begin;
    absl::string_view words;
  } kKinds[] = {
      {"SQLite format 3",
       "an SQLite database, which cannot come through a pipe: its newest rows "
       "may be in the file -wal beside it; give the file itself"},
      {"btsnoop", "a Bluetooth capture; give the file itself, no pipe"},
      {"[", "a JSON array; one object a line is wanted (jq -c '.[]')"},
      {"\x1f\x8b", "gzip; unpack it (gunzip -c FILE | tekmatch ... -)"},
      {"PK\x03\x04", "a zip; unpack it"},
      {"\xFF\xFE", "text in UTF-16; save it as UTF-8"},
      {"\xFE\xFF", "text in UTF-16; save it as UTF-8"},
  };
  for (const auto& kind : kKinds) {
    if (absl::StartsWith(first_line, kind.begin)) {
      return std::string(kind.words);
    }
  }
  if (IsCapture(first_line)) {
    return "a Bluetooth capture; give the file itself, no pipe";
  }
  if (BeginsLikeDump(first_line)) return "SQL; give the file itself, no pipe";
  return absl::StrCat("neither CSV with the header ", kSightingsCsvHeader,
                      ", nor JSON lines, a LevelDB folder, a database of "
                      "microG or RaMBLE, or a Bluetooth capture");
}

// What a person has who was asked for the contacts of a phone, and which is
// JSON of many lines. Empty: none of it.
std::string WhatLog(absl::string_view begin) {
  const auto has = [&](absl::string_view name) {
    return absl::StrContains(begin, absl::StrCat("\"", name, "\""));
  };
  if (has("ExposureChecks") || (has("hash") && has("keyCount"))) {
    return "a log of exposure checks; it holds no sightings (tekmatch log "
           "reads it)";
  }
  if (has("daily_summaries") || has("exposure_windows")) {
    return "COCOA's exposure data; it holds no sightings (tekmatch log reads "
           "it)";
  }
  return "";
}

// 0 of what is no regular file.
uint64_t SizeOf(const std::string& path) {
  struct stat info {};
  const bool is_file =
      !IsStdin(path) && stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
  return is_file ? static_cast<uint64_t>(info.st_size) : 0;
}

// The rows after the first header.
absl::StatusOr<SightingsFile> ReadScannerCsv(
    LineReader& reader, absl::string_view header, const std::string& path,
    const SightingsReaderOptions& options) {
  SightingsFile file;
  file.format = SightingsFormat::kForeign;
  ScannerCsv csv(header);
  SightingsProgress progress = {.total = SizeOf(path)};
  LineReader::Line line;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool more, reader.Next(&line));
    if (!more) return file;
    progress.done = reader.num_bytes();
    if (options.progress) options.progress(progress);
    if (file.sightings.size() >= kMostOfPiece) {
      TEKMATCH_RETURN_IF_ERROR(HandOver(options, &file));
    }
    if (IsBlank(line)) continue;
    const absl::Status status =
        line.too_long ? absl::InvalidArgumentError("the line is too long")
                      : csv.ReadRow(line.text, &file);
    if (status.ok()) continue;
    TEKMATCH_RETURN_IF_ERROR(BadRow([&reader] { return reader.Place(); },
                                    status.message(), options, &file));
  }
}

absl::StatusOr<SightingsFile> ReadTextSightings(
    const std::string& path, const InputStream& stream,
    const SightingsReaderOptions& options) {
  const auto reader = LineReader::Over(path, stream);
  SightingsFile file;
  LineReader::Line line;
  bool more = false;
  do {
    TEKMATCH_ASSIGN_OR_RETURN(more, reader->Next(&line));
  } while (more && IsBlank(line));
  if (!more) return absl::DataLossError(absl::StrCat(path, ": is empty"));

  const bool is_json =
      absl::StartsWith(absl::StripLeadingAsciiWhitespace(line.text), "{");
  std::optional<CsvLayout> layout;
  if (!is_json && ScannerCsv::IsHeader(line.text)) {
    return ReadScannerCsv(*reader, line.text, path, options);
  }
  if (!is_json) {
    absl::StatusOr<CsvLayout> parsed = CsvLayout::Parse(line.text);
    if (absl::IsInvalidArgument(parsed.status())) {
      return absl::DataLossError(
          absl::StrCat(reader->Place(), ": ", parsed.status().message()));
    }
    if (!parsed.ok()) {
      return absl::DataLossError(absl::StrCat(path, ": ", WhatElse(line.text)));
    }
    layout = *std::move(parsed);
    file.may_name_devices = layout->columns().device;
  }
  if (is_json) {
    file.format = SightingsFormat::kJsonLines;
    TEKMATCH_RETURN_IF_ERROR(ReadRow(*reader, line, layout, options, &file));
  }
  TEKMATCH_RETURN_IF_ERROR(
      ReadRows(*reader, layout, SizeOf(path), options, &file));
  return file;
}

// What is read once, from front to back; of a text, also a regular file.
absl::StatusOr<SightingsFile> ReadStream(
    const std::string& path, const SightingsReaderOptions& options) {
  TEKMATCH_ASSIGN_OR_RETURN(InputStream stream, OpenInputStream(path));
  if (const absl::Status s = ReadAhead(path, kTksightBegin.size(), &stream);
      !s.ok()) {
    close(stream.fd);
    return s;
  }
  return IsTksight(stream.first) ? ReadTksight(path, std::move(stream), options)
                                 : ReadTextSightings(path, stream, options);
}

// The first bytes of a regular file, as many as tell what it is.
absl::StatusOr<std::string> BeginOf(const std::string& path) {
  constexpr uint64_t kBytes = 1024;
  TEKMATCH_ASSIGN_OR_RETURN(const auto source, OpenFileSource(path));
  std::string begin(std::min(kBytes, source->size()), '\0');
  TEKMATCH_RETURN_IF_ERROR(source->ReadAt(
      0,
      absl::MakeSpan(reinterpret_cast<uint8_t*>(begin.data()), begin.size())));
  return begin;
}

absl::StatusOr<SightingsFile> ReadAny(const std::string& path,
                                      const SightingsReaderOptions& options) {
  if (IsStdin(path)) return ReadStream(path, options);
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    return SystemError(errno, absl::StrCat(path, ": cannot be opened"));
  }
  if (S_ISDIR(info.st_mode)) return ReadLevelDbSightings(path, options);
  if (!S_ISREG(info.st_mode)) return ReadStream(path, options);
  TEKMATCH_ASSIGN_OR_RETURN(const std::string begin, BeginOf(path));
  // First of all: an RPI may hold any bytes, also those of other formats.
  if (IsTksight(begin)) return ReadStream(path, options);
  if (absl::StartsWith(begin, kSqliteMagic)) {
    return ReadSqliteSightings(path, /*is_dump=*/false, options);
  }
  if (IsCapture(begin)) return ReadCaptureSightings(path, options);
  if (BeginsLikeDump(begin)) {
    return ReadSqliteSightings(path, /*is_dump=*/true, options);
  }
  if (const std::string log = WhatLog(begin); !log.empty()) {
    return absl::DataLossError(absl::StrCat(path, ": ", log));
  }
  return ReadStream(path, options);
}

}  // namespace

absl::StatusOr<SightingsFile> ReadSightings(
    const std::string& path, const SightingsReaderOptions& options) {
  TEKMATCH_ASSIGN_OR_RETURN(SightingsFile file, ReadAny(path, options));
  TEKMATCH_RETURN_IF_ERROR(HandOver(options, &file));
  return file;
}

}  // namespace tekmatch
