// Plan: devices that sent an identifier are read into memory; where their rows
// do not say when they were seen last, a first walk over the locations does; a
// second one makes sightings.
#include "tools/sightings/sightings_ramble.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "keyformat/status_macros.h"
#include "tools/sightings/sighting_fields.h"
#include "tools/sightings/sightings_sqlite_rows.h"

namespace tekmatch {
namespace {

using Type = ForeignRows::Type;

constexpr absl::string_view kDevices = "devices";
constexpr absl::string_view kLocations = "locations";
// Longer than an RPI lives.
constexpr int64_t kIdentifierSeconds = int64_t{30} * 60;
constexpr size_t kMaxIdBytes = 64;

struct Device {
  Rpi rpi;
  Aem aem;
  int64_t last_seen = INT64_MIN;
};
// By id, as text: its type is not known.
using Devices = absl::flat_hash_map<std::string, Device>;

bool Has(const std::vector<std::string>& columns, absl::string_view name) {
  return std::find(columns.begin(), columns.end(), name) != columns.end();
}

// An integer, or a text that is one.
absl::Status GetNumber(absl::string_view field, const ForeignRows& rows,
                       int column, int64_t* value) {
  if (rows.TypeOf(column) == Type::kText &&
      absl::SimpleAtoi(rows.Bytes(column), value)) {
    return absl::OkStatus();
  }
  return GetInteger(field, rows, column, value);
}

absl::StatusOr<std::string> GetId(absl::string_view field,
                                  const ForeignRows& rows, int column) {
  int64_t number = 0;
  if (GetNumber(field, rows, column, &number).ok()) {
    return absl::StrCat(number);
  }
  if (rows.TypeOf(column) == Type::kText &&
      rows.Bytes(column).size() <= kMaxIdBytes) {
    return std::string(rows.Bytes(column));
  }
  return absl::InvalidArgumentError(absl::StrCat(field, ": no number"));
}

// Columns: id, service_data, last_seen.
absl::Status ReadDevice(const ForeignRows& rows, Devices* devices) {
  if (rows.TypeOf(1) != Type::kText) return absl::OkStatus();
  absl::string_view data = rows.Bytes(1);
  // Other devices send other services, or none.
  if (!absl::StartsWithIgnoreCase(data, "fd6f:")) return absl::OkStatus();
  data.remove_prefix(5);
  TEKMATCH_ASSIGN_OR_RETURN(const std::string id, GetId("id", rows, 0));
  constexpr size_t kDigits = 2 * (kRpiBytes + kAemBytes);
  if (data.size() != kDigits) {
    return absl::InvalidArgumentError(absl::StrCat(
        "service_data: ", data.size(), " characters, ", kDigits, " wanted"));
  }
  Sighting fields;
  TEKMATCH_RETURN_IF_ERROR(SetRpi(data.substr(0, 2 * kRpiBytes), &fields));
  TEKMATCH_RETURN_IF_ERROR(SetAem(data.substr(2 * kRpiBytes), &fields));
  Device device = {.rpi = fields.rpi, .aem = fields.aem};
  if (rows.TypeOf(2) != Type::kNull) {
    TEKMATCH_RETURN_IF_ERROR(
        GetNumber("last_seen", rows, 2, &device.last_seen));
    TEKMATCH_RETURN_IF_ERROR(SetTime(device.last_seen, &fields));
  }
  if (!devices->try_emplace(id, device).second) {
    return absl::InvalidArgumentError("id: another row has it, too");
  }
  return absl::OkStatus();
}

// The device of a row of locations; null: one that sent no identifier.
Device* FindDevice(const ForeignRows& rows, Devices* devices) {
  const absl::StatusOr<std::string> id = GetId("device_id", rows, 0);
  if (!id.ok()) return nullptr;
  const auto found = devices->find(*id);
  return found == devices->end() ? nullptr : &found->second;
}

// Columns: device_id, timestamp, rssi, and whether there is a position.
absl::Status ReadLocation(const ForeignRows& rows, bool has_addresses,
                          Devices* devices, SightingsFile* file) {
  const Device* device = FindDevice(rows, devices);
  if (device == nullptr) return absl::OkStatus();
  Sighting sighting;
  int64_t number = 0;
  TEKMATCH_RETURN_IF_ERROR(GetNumber("timestamp", rows, 1, &number));
  TEKMATCH_RETURN_IF_ERROR(SetTime(number, &sighting));
  TEKMATCH_RETURN_IF_ERROR(GetNumber("rssi", rows, 2, &number));
  TEKMATCH_RETURN_IF_ERROR(SetRssi(number, &sighting));
  if (device->last_seen > sighting.unix_seconds + kIdentifierSeconds) {
    ++file->conversion.num_overwritten;
    return absl::OkStatus();
  }
  sighting.rpi = device->rpi;
  sighting.aem = device->aem;
  if (has_addresses) ++file->conversion.num_addresses;
  if (rows.Integer(3) != 0) ++file->conversion.num_positions;
  file->sightings.push_back(sighting);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> HasRambleSightings(ForeignDatabase& database) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<std::string> devices,
                            database.Columns(kDevices));
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<std::string> locations,
                            database.Columns(kLocations));
  return Has(devices, "id") && Has(devices, "service_data") &&
         Has(locations, "device_id") && Has(locations, "timestamp") &&
         Has(locations, "rssi");
}

absl::Status ReadRambleSightings(ForeignDatabase& database,
                                 const SightingsReaderOptions& options,
                                 SightingsFile* file) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<std::string> columns,
                            database.Columns(kDevices));
  Devices devices;
  TEKMATCH_RETURN_IF_ERROR(ForEachForeignRow(
      database, kDevices,
      absl::StrCat("SELECT id, service_data, ",
                   Has(columns, "last_seen") ? "last_seen" : "NULL",
                   " FROM main.", kDevices),
      options, file,
      [&](const ForeignRows& rows) { return ReadDevice(rows, &devices); }));
  TEKMATCH_ASSIGN_OR_RETURN(const std::vector<std::string> of_locations,
                            database.Columns(kLocations));
  const bool has_positions =
      Has(of_locations, "latitude") && Has(of_locations, "longitude");
  const std::string query = absl::StrCat(
      "SELECT device_id, timestamp, rssi, ",
      has_positions ? "latitude IS NOT NULL AND longitude IS NOT NULL" : "0",
      " FROM main.", kLocations);
  if (!Has(columns, "last_seen")) {
    // What is wrong with a row is said below, once.
    SightingsFile ignored;
    SightingsReaderOptions quiet = options;
    quiet.skip_bad = true;
    TEKMATCH_RETURN_IF_ERROR(ForEachForeignRow(
        database, kLocations, query, quiet, &ignored,
        [&](const ForeignRows& rows) {
          Device* device = FindDevice(rows, &devices);
          int64_t time = 0;
          Sighting unused;
          if (device != nullptr &&
              GetNumber("timestamp", rows, 1, &time).ok() &&
              SetTime(time, &unused).ok()) {
            device->last_seen = std::max(device->last_seen, time);
          }
          return absl::OkStatus();
        }));
  }
  const bool has_addresses = Has(columns, "address");
  return ForEachForeignRow(
      database, kLocations, query, options, file, [&](const ForeignRows& rows) {
        return ReadLocation(rows, has_addresses, &devices, file);
      });
}

}  // namespace tekmatch
