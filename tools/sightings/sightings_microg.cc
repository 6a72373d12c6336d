// Plan: the fields of a row, each of the type that it has to have; a span's
// sightings; all rows; own keys.
#include "tools/sightings/sightings_microg.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "keyformat/status_macros.h"
#include "tools/sightings/sighting_fields.h"
#include "tools/sightings/sightings_sqlite_rows.h"

namespace tekmatch {
namespace {

using Type = ForeignRows::Type;

constexpr absl::string_view kTable = "advertisements";
constexpr absl::string_view kKeyTable = "tek";
constexpr int64_t kMillis = 1000;
constexpr int64_t kMaxSpanMillis = int64_t{24} * 60 * 60 * kMillis;

// The columns of the query.
enum Column : int { kRpi, kAem, kTimestamp, kRssi, kDuration };

// Sets all but the time, and gives the span in milliseconds.
absl::Status ParseRow(const ForeignRows& rows, Sighting* sighting,
                      int64_t* begin, int64_t* duration) {
  TEKMATCH_RETURN_IF_ERROR(
      SetBlob("rpi", rows, kRpi, absl::MakeSpan(sighting->rpi.bytes)));
  TEKMATCH_RETURN_IF_ERROR(
      SetBlob("aem", rows, kAem, absl::MakeSpan(sighting->aem.bytes)));
  int64_t rssi = 0;
  TEKMATCH_RETURN_IF_ERROR(GetInteger("timestamp", rows, kTimestamp, begin));
  TEKMATCH_RETURN_IF_ERROR(GetInteger("rssi", rows, kRssi, &rssi));
  TEKMATCH_RETURN_IF_ERROR(GetInteger("duration", rows, kDuration, duration));
  if (*begin < 0) {
    return absl::InvalidArgumentError("timestamp: before 1970");
  }
  if (*duration < 0 || *duration > kMaxSpanMillis) {
    return absl::InvalidArgumentError("duration: not within a day");
  }
  if (rssi == 0 && *duration > 0) {
    return absl::InvalidArgumentError(
        "rssi: 0 over a span, a fault of the app's version 11");
  }
  return SetRssi(rssi, sighting);
}

absl::Status ReadRow(const ForeignRows& rows, SightingsFile* file) {
  Sighting sighting;
  int64_t begin = 0;
  int64_t duration = 0;
  TEKMATCH_RETURN_IF_ERROR(ParseRow(rows, &sighting, &begin, &duration));
  Sighting last = sighting;
  TEKMATCH_RETURN_IF_ERROR(SetTime(begin / kMillis, &sighting));
  // It cannot overflow: begin is at most 2100 in milliseconds by now.
  TEKMATCH_RETURN_IF_ERROR(SetTime((begin + duration) / kMillis, &last));
  ++file->conversion.num_spans;
  ++file->conversion.num_of_spans;
  file->sightings.push_back(sighting);
  if (last.unix_seconds > sighting.unix_seconds) {
    ++file->conversion.num_of_spans;
    file->sightings.push_back(last);
  }
  return absl::OkStatus();
}

bool Has(const std::vector<std::string>& columns, absl::string_view name) {
  return std::find(columns.begin(), columns.end(), name) != columns.end();
}

}  // namespace

absl::StatusOr<bool> HasMicroGSightings(ForeignDatabase& database) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<std::string> columns,
                            database.Columns(kTable));
  return Has(columns, "rpi") && Has(columns, "aem") &&
         Has(columns, "timestamp") && Has(columns, "rssi");
}

absl::Status ReadMicroGSightings(ForeignDatabase& database,
                                 const SightingsReaderOptions& options,
                                 SightingsFile* file) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<std::string> columns,
                            database.Columns(kTable));
  return ForEachForeignRow(
      database, kTable,
      absl::StrCat("SELECT rpi, aem, timestamp, rssi, ",
                   Has(columns, "duration") ? "duration" : "0", " FROM main.",
                   kTable),
      options, file,
      [file](const ForeignRows& rows) { return ReadRow(rows, file); });
}

absl::StatusOr<std::vector<Tek>> ReadMicroGOwnKeys(const std::string& path) {
  TEKMATCH_ASSIGN_OR_RETURN(const auto database, ForeignDatabase::Open(path));
  for (const SightingsLoss& loss : database->losses()) {
    return absl::DataLossError(absl::StrCat(loss.file, ": ", loss.reason));
  }
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<std::string> columns,
                            database->Columns(kKeyTable));
  if (!Has(columns, "keydata")) {
    return absl::DataLossError(absl::StrCat(
        path, ": an SQLite database without microG's table ", kKeyTable));
  }
  TEKMATCH_RETURN_IF_ERROR(database->CheckPages(kKeyTable));
  TEKMATCH_ASSIGN_OR_RETURN(
      ForeignRows rows,
      database->Select(absl::StrCat("SELECT keyData FROM main.", kKeyTable)));
  std::vector<Tek> teks;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool more, rows.Next());
    if (!more) return teks;
    Tek tek;
    const absl::Status status =
        SetBlob("keyData", rows, 0, absl::MakeSpan(tek.bytes));
    if (!status.ok()) {
      return absl::DataLossError(absl::StrCat(path, ": ", kKeyTable, " row ",
                                              teks.size() + 1, ": ",
                                              status.message()));
    }
    teks.push_back(tek);
  }
}

}  // namespace tekmatch
