#include "tools/sightings/scanner_csv.h"

#include <cstdint>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "keyformat/status_macros.h"
#include "tools/sightings/sighting_fields.h"

namespace tekmatch {
namespace {

constexpr absl::string_view kRawHeader = "Time;RPI;AEM;RSSI;BDADDR";
constexpr absl::string_view kSpanHeader =
    "StartTime;EndTime;RPI;AEM;MaxRSSI;BDADDR";
// 00:00:5E:00:53:00
constexpr size_t kAddressCharacters = 17;
// An RPI lives for twenty minutes; an address that comes again makes it longer.
constexpr int64_t kMaxSpanSeconds = int64_t{24} * 60 * 60;

absl::Status ParseNumber(absl::string_view name, absl::string_view text,
                         int64_t* value) {
  if (absl::SimpleAtoi(text, value)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, ": not an integer"));
}

}  // namespace

bool ScannerCsv::IsHeader(absl::string_view line) {
  line = absl::StripAsciiWhitespace(line);
  return absl::EqualsIgnoreCase(line, kRawHeader) ||
         absl::EqualsIgnoreCase(line, kSpanHeader);
}

ScannerCsv::ScannerCsv(absl::string_view header)
    : of_spans_(absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(header),
                                       kSpanHeader)) {}

absl::Status ScannerCsv::ReadRow(absl::string_view row,
                                 SightingsFile* file) const {
  if (IsHeader(row)) {
    if (ScannerCsv(row).of_spans_ == of_spans_) return absl::OkStatus();
    return absl::InvalidArgumentError("the header of another form");
  }
  const std::vector<absl::string_view> fields =
      absl::StrSplit(absl::StripAsciiWhitespace(row), absl::MaxSplits(';', 6));
  const size_t num_times = of_spans_ ? 2 : 1;
  if (fields.size() != num_times + 4) {
    return absl::InvalidArgumentError(
        absl::StrCat("not ", num_times + 4, " fields"));
  }
  Sighting first;
  int64_t begin = 0;
  int64_t end = 0;
  int64_t rssi = 0;
  TEKMATCH_RETURN_IF_ERROR(ParseNumber("time", fields[0], &begin));
  TEKMATCH_RETURN_IF_ERROR(ParseNumber("end", fields[num_times - 1], &end));
  TEKMATCH_RETURN_IF_ERROR(SetTime(begin, &first));
  if (end < begin || end - begin > kMaxSpanSeconds) {
    return absl::InvalidArgumentError("end: not within a day after the start");
  }
  TEKMATCH_RETURN_IF_ERROR(SetRpi(fields[num_times], &first));
  TEKMATCH_RETURN_IF_ERROR(SetAem(fields[num_times + 1], &first));
  TEKMATCH_RETURN_IF_ERROR(ParseNumber("rssi", fields[num_times + 2], &rssi));
  TEKMATCH_RETURN_IF_ERROR(SetRssi(rssi, &first));
  if (fields[num_times + 3].size() != kAddressCharacters) {
    return absl::InvalidArgumentError("bdaddr: no address, or cut");
  }
  Sighting last = first;
  TEKMATCH_RETURN_IF_ERROR(SetTime(end, &last));
  const uint64_t num_sightings = end > begin ? 2 : 1;
  file->sightings.push_back(first);
  if (end > begin) file->sightings.push_back(last);
  file->conversion.num_addresses += num_sightings;
  if (of_spans_) {
    ++file->conversion.num_spans;
    file->conversion.num_of_spans += num_sightings;
  }
  return absl::OkStatus();
}

}  // namespace tekmatch
