#include "tools/sightings/sightings_sqlite_rows.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"

namespace tekmatch {
namespace {

using Type = ForeignRows::Type;

// Sightings that are given to a sink at once.
constexpr size_t kMostOfPiece = 4096;

absl::Status Wrong(absl::string_view field, absl::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", reason));
}

// Damage is a loss where the rest is wanted; no memory and no disk never are.
absl::Status Lose(const ForeignDatabase& database, const absl::Status& status,
                  const SightingsReaderOptions& options, SightingsFile* file) {
  if (status.ok() || !absl::IsDataLoss(status)) return status;
  absl::string_view reason = status.message();
  reason.remove_prefix(std::min(database.path().size() + 2, reason.size()));
  return LosePart({database.path(), std::string(reason)}, options, file);
}

}  // namespace

absl::Status SetBlob(absl::string_view field, const ForeignRows& rows,
                     int column, absl::Span<uint8_t> out) {
  if (rows.TypeOf(column) == Type::kNull) return Wrong(field, "missing");
  if (rows.TypeOf(column) != Type::kBlob) return Wrong(field, "not a blob");
  const absl::string_view bytes = rows.Bytes(column);
  if (bytes.size() != out.size()) {
    return Wrong(field,
                 absl::StrCat(bytes.size(), " bytes, ", out.size(), " wanted"));
  }
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return absl::OkStatus();
}

absl::Status GetInteger(absl::string_view field, const ForeignRows& rows,
                        int column, int64_t* value) {
  if (rows.TypeOf(column) == Type::kNull) return Wrong(field, "missing");
  if (rows.TypeOf(column) != Type::kInteger) {
    return Wrong(field, "not an integer");
  }
  *value = rows.Integer(column);
  return absl::OkStatus();
}

absl::Status ForEachForeignRow(
    ForeignDatabase& database, absl::string_view table,
    const std::string& query, const SightingsReaderOptions& options,
    SightingsFile* file,
    absl::FunctionRef<absl::Status(const ForeignRows& rows)> read) {
  TEKMATCH_RETURN_IF_ERROR(
      Lose(database, database.CheckPages(table), options, file));
  absl::StatusOr<ForeignRows> rows = database.Select(query);
  if (!rows.ok()) return Lose(database, rows.status(), options, file);
  uint64_t number = 0;
  while (true) {
    const absl::StatusOr<bool> more = rows->Next();
    if (!more.ok()) return Lose(database, more.status(), options, file);
    if (!*more) return absl::OkStatus();
    ++number;
    if (options.progress) {
      options.progress({.done = number, .total = 0, .unit = "rows"});
    }
    if (file->sightings.size() >= kMostOfPiece) {
      TEKMATCH_RETURN_IF_ERROR(HandOver(options, file));
    }
    const absl::Status status = read(*rows);
    if (status.ok()) continue;
    TEKMATCH_RETURN_IF_ERROR(BadRow(
        [&] {
          return absl::StrCat(database.path(), ": ", table, " row ", number);
        },
        status.message(), options, file));
  }
}

}  // namespace tekmatch
