// Plan: texts become numbers; a row of CSV or of JSON becomes a sighting; and a
// sighting a row.
#include "tools/sightings/sightings_text.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "keyformat/status_macros.h"
#include "matcher/exposure/json_fields.h"
#include "tools/files/hex.h"
#include "tools/sightings/sighting_fields.h"

namespace tekmatch {
namespace {

using ::nlohmann::json;

absl::Status NotAnInteger(absl::string_view name) {
  return absl::InvalidArgumentError(absl::StrCat(name, ": not an integer"));
}

absl::Status ParseInteger(absl::string_view name, absl::string_view text,
                          int64_t* value) {
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, *value);
  if (result.ec != std::errc() || result.ptr != end) return NotAnInteger(name);
  return absl::OkStatus();
}

constexpr size_t kMostCsvFields = 6;

// The parts between commas, `num` of them; false: it has not so many. Millions
// of rows are split, most of which are read: no container is made for each.
bool SplitRow(absl::string_view line, size_t num,
              std::array<absl::string_view, kMostCsvFields>* fields) {
  for (size_t i = 0; i + 1 < num; ++i) {
    const size_t comma = line.find(',');
    if (comma == absl::string_view::npos) return false;
    (*fields)[i] = line.substr(0, comma);
    line.remove_prefix(comma + 1);
  }
  (*fields)[num - 1] = line;
  return line.find(',') == absl::string_view::npos;
}

// Whether a row begins and ends as an object does. What the parser says of a
// fault takes longer than a sighting, and a file has room for many short rows.
bool LooksLikeObject(absl::string_view row) {
  row = absl::StripAsciiWhitespace(row);
  if (!absl::ConsumePrefix(&row, "{") || !absl::ConsumeSuffix(&row, "}")) {
    return false;
  }
  row = absl::StripLeadingAsciiWhitespace(row);
  // The shortest member is "":0.
  return row.empty() || (row.front() == '"' && row.size() >= 4);
}

// The member of an object, or a status that it lacks.
absl::Status FindMember(const json& row, const char* name,
                        const json** member) {
  const auto found = row.find(name);
  if (found == row.end()) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": missing"));
  }
  *member = &*found;
  return absl::OkStatus();
}

absl::Status IntegerMember(const json& row, const char* name, int64_t* value) {
  const json* member = nullptr;
  TEKMATCH_RETURN_IF_ERROR(FindMember(row, name, &member));
  // An unsigned beyond int64_t would wrap.
  if (!member->is_number_integer() ||
      (member->is_number_unsigned() && member->get<uint64_t>() > INT64_MAX)) {
    return NotAnInteger(name);
  }
  *value = member->get<int64_t>();
  return absl::OkStatus();
}

absl::Status StringMember(const json& row, const char* name,
                          absl::string_view* value) {
  const json* member = nullptr;
  TEKMATCH_RETURN_IF_ERROR(FindMember(row, name, &member));
  if (!member->is_string()) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": not a string"));
  }
  *value = member->get_ref<const std::string&>();
  return absl::OkStatus();
}

// Unix seconds, or 0: not known. That is what a 0 says to a reader, so a scan
// in the first second of 1970 has no other.
int64_t PreviousScan(const Sighting& sighting) {
  return sighting.seconds_since_previous_scan == kNoPreviousScan
             ? 0
             : sighting.unix_seconds - sighting.seconds_since_previous_scan;
}

}  // namespace

std::string CsvHeader(const CsvColumns& columns) {
  return absl::StrCat(kSightingsCsvHeader,
                      columns.previous_scan ? ",previous_scan" : "",
                      columns.device ? ",device" : "");
}

CsvColumns ColumnsFor(absl::Span<const Sighting> sightings) {
  CsvColumns columns;
  for (const Sighting& s : sightings) {
    if (s.seconds_since_previous_scan != kNoPreviousScan) {
      columns.previous_scan = true;
    }
    if (s.device != 0) columns.device = true;
  }
  return columns;
}

absl::Status ParseCsvRow(absl::string_view line, const CsvColumns& columns,
                         Sighting* sighting, DroppedSightingFields* dropped) {
  const size_t num_fields =
      size_t{4} + (columns.previous_scan ? 1 : 0) + (columns.device ? 1 : 0);
  std::array<absl::string_view, kMostCsvFields> fields;
  if (!SplitRow(line, num_fields, &fields)) {
    return absl::InvalidArgumentError(
        absl::StrCat("not ", num_fields, " fields"));
  }
  int64_t number = 0;
  TEKMATCH_RETURN_IF_ERROR(ParseInteger("time", fields[0], &number));
  TEKMATCH_RETURN_IF_ERROR(SetTime(number, sighting));
  TEKMATCH_RETURN_IF_ERROR(SetRpi(fields[1], sighting));
  TEKMATCH_RETURN_IF_ERROR(SetAem(fields[2], sighting));
  TEKMATCH_RETURN_IF_ERROR(ParseInteger("rssi", fields[3], &number));
  TEKMATCH_RETURN_IF_ERROR(SetRssi(number, sighting));
  if (columns.device) {
    TEKMATCH_RETURN_IF_ERROR(
        ParseInteger("device", fields[num_fields - 1], &number));
    TEKMATCH_RETURN_IF_ERROR(SetDevice(number, sighting));
  }
  // Last, so that it counts only if the row is a sighting.
  if (columns.previous_scan && !fields[4].empty() &&
      (!ParseInteger("previous_scan", fields[4], &number).ok() ||
       !SetPreviousScan(number, sighting))) {
    ++dropped->previous_scan;
  }
  return absl::OkStatus();
}

absl::Status ParseJsonRow(absl::string_view line, Sighting* sighting,
                          DroppedSightingFields* dropped) {
  if (!LooksLikeObject(line)) {
    return absl::InvalidArgumentError("not a JSON object");
  }
  TEKMATCH_ASSIGN_OR_RETURN(const json row, ParseJsonObject(line));
  int64_t seconds = 0;
  int64_t dbm = 0;
  absl::string_view rpi;
  absl::string_view aem;
  TEKMATCH_RETURN_IF_ERROR(IntegerMember(row, "time", &seconds));
  TEKMATCH_RETURN_IF_ERROR(SetTime(seconds, sighting));
  TEKMATCH_RETURN_IF_ERROR(StringMember(row, "rpi", &rpi));
  TEKMATCH_RETURN_IF_ERROR(SetRpi(rpi, sighting));
  TEKMATCH_RETURN_IF_ERROR(StringMember(row, "aem", &aem));
  TEKMATCH_RETURN_IF_ERROR(SetAem(aem, sighting));
  TEKMATCH_RETURN_IF_ERROR(IntegerMember(row, "rssi", &dbm));
  TEKMATCH_RETURN_IF_ERROR(SetRssi(dbm, sighting));
  int64_t number = 0;
  if (row.contains("device")) {
    TEKMATCH_RETURN_IF_ERROR(IntegerMember(row, "device", &number));
    TEKMATCH_RETURN_IF_ERROR(SetDevice(number, sighting));
  }
  const auto previous_scan = row.find("previous_scan");
  if (previous_scan != row.end() && !previous_scan->is_null() &&
      (!IntegerMember(row, "previous_scan", &number).ok() ||
       !SetPreviousScan(number, sighting))) {
    ++dropped->previous_scan;
  }
  return absl::OkStatus();
}

std::string CsvRow(const Sighting& sighting, const CsvColumns& columns) {
  std::string row = absl::StrCat(
      int64_t{sighting.unix_seconds}, ",", EncodeHex(sighting.rpi.bytes), ",",
      EncodeHex(sighting.aem.bytes), ",", sighting.rssi);
  if (columns.previous_scan) {
    row += ",";
    const int64_t scan = PreviousScan(sighting);
    if (scan != 0) absl::StrAppend(&row, scan);
  }
  if (columns.device) absl::StrAppend(&row, ",", sighting.device);
  return row + "\n";
}

std::string JsonRow(const Sighting& sighting) {
  std::string row = absl::StrCat("{\"time\":", int64_t{sighting.unix_seconds},
                                 ",\"rpi\":\"", EncodeHex(sighting.rpi.bytes),
                                 "\",\"aem\":\"", EncodeHex(sighting.aem.bytes),
                                 "\",\"rssi\":", sighting.rssi);
  const int64_t scan = PreviousScan(sighting);
  if (scan != 0) absl::StrAppend(&row, ",\"previous_scan\":", scan);
  if (sighting.device != 0) {
    absl::StrAppend(&row, ",\"device\":", sighting.device);
  }
  return row + "}\n";
}

}  // namespace tekmatch
