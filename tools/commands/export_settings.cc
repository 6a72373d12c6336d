#include "tools/commands/export_settings.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "keyformat/status_macros.h"
#include "tools/commands/command.h"

namespace tekmatch {
namespace {

absl::Status CheckRange(absl::string_view option, uint64_t value, uint64_t low,
                        uint64_t high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(option, ": not in ", low, "..", high));
}

absl::Status SetCounts(const ExportSettings& settings,
                       ExportWriterOptions* writer) {
  for (const absl::Status& status :
       {CheckRange("--min-keys", settings.min_keys, 0, kMostKeysOnPhones),
        CheckRange("--padding-range", settings.padding_range, 0,
                   kMostKeysOnPhones),
        CheckRange("--max-keys", settings.max_keys, 1, kMostKeysOnPhones)}) {
    if (!status.ok()) return status;
  }
  // Each is small by now: the sum does not overflow.
  if (settings.max_keys < settings.min_keys + settings.padding_range) {
    return absl::InvalidArgumentError(
        "--max-keys: less than --min-keys and --padding-range together");
  }
  writer->min_keys = settings.min_keys;
  writer->padding_range = settings.padding_range;
  writer->max_keys = settings.max_keys;
  return absl::OkStatus();
}

absl::Status SetWindow(const ExportSettings& settings, absl::Time now,
                       ExportWriterOptions* writer) {
  absl::StatusOr<absl::Time> end =
      absl::UnixEpoch() + absl::Floor(now - absl::UnixEpoch(), absl::Hours(1));
  if (!settings.end.empty()) end = ParseTime("--end", settings.end);
  if (!end.ok()) return end.status();
  absl::StatusOr<absl::Time> start = *end - absl::Hours(24);
  if (!settings.start.empty()) start = ParseTime("--start", settings.start);
  if (!start.ok()) return start.status();
  if (*start < absl::UnixEpoch()) {
    return absl::InvalidArgumentError("--start: before 1970");
  }
  if (absl::ToUnixSeconds(*end) <= absl::ToUnixSeconds(*start)) {
    return absl::InvalidArgumentError("--end: not after --start");
  }
  writer->start_timestamp = static_cast<uint64_t>(absl::ToUnixSeconds(*start));
  writer->end_timestamp = static_cast<uint64_t>(absl::ToUnixSeconds(*end));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ExportWriterOptions> WriterOptions(
    const ExportSettings& settings, absl::Time now) {
  ExportWriterOptions writer;
  TEKMATCH_RETURN_IF_ERROR(SetCounts(settings, &writer));
  TEKMATCH_RETURN_IF_ERROR(SetWindow(settings, now, &writer));
  writer.region = settings.region;
  writer.split =
      settings.split == "batch" ? ExportSplit::kBatch : ExportSplit::kWindows;
  writer.order =
      settings.order == "random" ? KeyOrder::kRandom : KeyOrder::kSorted;
  return writer;
}

}  // namespace tekmatch
