#include "tools/sightings_text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "tools/hex.h"
#include "tools/sighting_fields.h"

namespace tekmatch {
namespace {

using ::nlohmann::json;

// Takes the field before the next comma off `rest`; false if there is none.
bool TakeField(absl::string_view* rest, absl::string_view* field) {
  const size_t comma = rest->find(',');
  if (comma == absl::string_view::npos) return false;
  *field = rest->substr(0, comma);
  rest->remove_prefix(comma + 1);
  return true;
}

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
  if (absl::Status s = FindMember(row, name, &member); !s.ok()) return s;
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
  if (absl::Status s = FindMember(row, name, &member); !s.ok()) return s;
  if (!member->is_string()) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": not a string"));
  }
  *value = member->get_ref<const std::string&>();
  return absl::OkStatus();
}

std::string FourFields(const Sighting& sighting) {
  return absl::StrCat(sighting.unix_seconds, ",", EncodeHex(sighting.rpi.bytes),
                      ",", EncodeHex(sighting.aem.bytes), ",", sighting.rssi);
}

// Unix seconds; the scan before is known.
int64_t PreviousScan(const Sighting& sighting) {
  return sighting.unix_seconds - sighting.seconds_since_previous_scan;
}

}  // namespace

absl::Status ParseCsvRow(absl::string_view line, Sighting* sighting) {
  absl::string_view time;
  absl::string_view rpi;
  absl::string_view aem;
  absl::string_view rssi = line;
  if (!TakeField(&rssi, &time) || !TakeField(&rssi, &rpi) ||
      !TakeField(&rssi, &aem) || rssi.find(',') != absl::string_view::npos) {
    return absl::InvalidArgumentError("not four fields");
  }
  int64_t seconds = 0;
  int64_t dbm = 0;
  if (absl::Status s = ParseInteger("time", time, &seconds); !s.ok()) return s;
  if (absl::Status s = SetTime(seconds, sighting); !s.ok()) return s;
  if (absl::Status s = SetRpi(rpi, sighting); !s.ok()) return s;
  if (absl::Status s = SetAem(aem, sighting); !s.ok()) return s;
  if (absl::Status s = ParseInteger("rssi", rssi, &dbm); !s.ok()) return s;
  return SetRssi(dbm, sighting);
}

absl::Status ParseScansCsvRow(absl::string_view line, Sighting* sighting) {
  const size_t comma = line.rfind(',');
  if (std::count(line.begin(), line.end(), ',') != 4) {
    return absl::InvalidArgumentError("not five fields");
  }
  if (absl::Status s = ParseCsvRow(line.substr(0, comma), sighting); !s.ok()) {
    return s;
  }
  const absl::string_view text = line.substr(comma + 1);
  if (text.empty()) return absl::OkStatus();
  int64_t previous = 0;
  if (absl::Status s = ParseInteger("previous_scan", text, &previous);
      !s.ok()) {
    return s;
  }
  return SetPreviousScan(previous, sighting);
}

absl::Status ParseJsonRow(absl::string_view line, Sighting* sighting) {
  const json row = json::parse(line.begin(), line.end(), nullptr,
                               /*allow_exceptions=*/false);
  if (!row.is_object()) {
    return absl::InvalidArgumentError("not a JSON object");
  }
  int64_t seconds = 0;
  int64_t dbm = 0;
  absl::string_view rpi;
  absl::string_view aem;
  if (absl::Status s = IntegerMember(row, "time", &seconds); !s.ok()) return s;
  if (absl::Status s = SetTime(seconds, sighting); !s.ok()) return s;
  if (absl::Status s = StringMember(row, "rpi", &rpi); !s.ok()) return s;
  if (absl::Status s = SetRpi(rpi, sighting); !s.ok()) return s;
  if (absl::Status s = StringMember(row, "aem", &aem); !s.ok()) return s;
  if (absl::Status s = SetAem(aem, sighting); !s.ok()) return s;
  if (absl::Status s = IntegerMember(row, "rssi", &dbm); !s.ok()) return s;
  if (absl::Status s = SetRssi(dbm, sighting); !s.ok()) return s;
  if (!row.contains("previous_scan")) return absl::OkStatus();
  int64_t previous = 0;
  if (absl::Status s = IntegerMember(row, "previous_scan", &previous);
      !s.ok()) {
    return s;
  }
  return SetPreviousScan(previous, sighting);
}

std::string CsvRow(const Sighting& sighting) {
  return FourFields(sighting) + "\n";
}

std::string ScansCsvRow(const Sighting& sighting) {
  std::string row = FourFields(sighting) + ",";
  if (sighting.seconds_since_previous_scan != kNoPreviousScan) {
    absl::StrAppend(&row, PreviousScan(sighting));
  }
  return row + "\n";
}

std::string JsonRow(const Sighting& sighting) {
  std::string row = absl::StrCat("{\"time\":", sighting.unix_seconds,
                                 ",\"rpi\":\"", EncodeHex(sighting.rpi.bytes),
                                 "\",\"aem\":\"", EncodeHex(sighting.aem.bytes),
                                 "\",\"rssi\":", sighting.rssi);
  if (sighting.seconds_since_previous_scan != kNoPreviousScan) {
    absl::StrAppend(&row, ",\"previous_scan\":", PreviousScan(sighting));
  }
  return row + "}\n";
}

}  // namespace tekmatch
