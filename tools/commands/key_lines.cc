// Plan: members of an object become a key's fields; each line's object goes to
// who reads keys, keys to publish, or own keys; keys become lines.
#include "tools/commands/key_lines.h"

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/report_type_name.h"
#include "keyformat/status_macros.h"
#include "matcher/exposure/json_fields.h"
#include "tools/files/hex.h"
#include "tools/files/line_reader.h"
#include "tools/sightings/sightings_microg.h"
#include "tools/sightings/sightings_sqlite.h"

namespace tekmatch {
namespace {

using ::nlohmann::json;

absl::Status Wrong(absl::string_view member, absl::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat(member, ": ", reason));
}

absl::Status ParseTek(const json& value, Tek* tek) {
  if (!value.is_string()) return Wrong("tek", "not a string");
  const absl::Status status = DecodeHex(value.get_ref<const std::string&>(),
                                        absl::MakeSpan(tek->bytes));
  return status.ok() ? status : Wrong("tek", status.message());
}

// An integer member within bounds.
template <typename T>
absl::Status ParseNumber(const std::string& member, const json& value,
                         int64_t low, int64_t high, T* out) {
  // A number above what int64_t holds is kept as an unsigned one, and get()
  // would make a negative one of it.
  const bool in_range =
      value.is_number_integer() &&
      !(value.is_number_unsigned() &&
        value.get<uint64_t>() > static_cast<uint64_t>(high)) &&
      value.get<int64_t>() >= low && value.get<int64_t>() <= high;
  if (!in_range) {
    return Wrong(member, absl::StrCat("not an integer in ", low, "..", high));
  }
  *out = static_cast<T>(value.get<int64_t>());
  return absl::OkStatus();
}

template <typename T>
absl::Status ParseNumber(const std::string& member, const json& value,
                         int64_t low, int64_t high, std::optional<T>* out) {
  T number{};
  absl::Status status = ParseNumber(member, value, low, high, &number);
  if (status.ok()) *out = number;
  return status;
}

absl::Status ParseMember(const std::string& member, const json& value,
                         DiagnosisKey* key) {
  KeyMetadata& metadata = key->metadata;
  if (member == "tek") return ParseTek(value, &key->tek);
  if (member == "rolling_start") {
    return ParseNumber(member, value, 1, std::numeric_limits<int32_t>::max(),
                       &key->rolling_start);
  }
  if (member == "rolling_period") {
    return ParseNumber(member, value, 1, kMaxRollingPeriod,
                       &key->rolling_period);
  }
  if (member == "transmission_risk") {
    return ParseNumber(member, value, 0, kMaxTransmissionRisk,
                       &metadata.transmission_risk);
  }
  if (member == "days_since_onset") {
    return ParseNumber(member, value, -kMaxDaysSinceOnset, kMaxDaysSinceOnset,
                       &metadata.days_since_onset);
  }
  if (member == "variant_of_concern") {
    return ParseNumber(member, value, 0, 255, &metadata.variant_of_concern);
  }
  if (member == "report_type") {
    if (value.is_string()) {
      metadata.report_type =
          ParseReportType(value.get_ref<const std::string&>());
    }
    return metadata.report_type.has_value() ? absl::OkStatus()
                                            : Wrong(member, "no such type");
  }
  if (member == "revised") {
    if (!value.is_boolean()) return Wrong(member, "neither true nor false");
    metadata.revised = value.get<bool>();
    return absl::OkStatus();
  }
  // Its name stands in a file, which messages do not repeat.
  return absl::InvalidArgumentError("an unknown member");
}

absl::Status ParseKey(const json& object, DiagnosisKey* key) {
  // First what is missing: "tek: missing" says more of a line of another kind
  // than "an unknown member" does.
  for (const char* required : {"tek", "rolling_start"}) {
    if (!object.contains(required)) return Wrong(required, "missing");
  }
  for (const auto& [member, value] : object.items()) {
    TEKMATCH_RETURN_IF_ERROR(ParseMember(member, value, key));
  }
  return absl::OkStatus();
}

// Members that it does not need are not looked at: a phone's own keys may come
// with metadata of any kind, which decides nothing here.
absl::Status AddOwnKey(const json& object, OwnKeys& own) {
  if (!object.contains("tek")) return Wrong("tek", "missing");
  Tek tek;
  TEKMATCH_RETURN_IF_ERROR(ParseTek(object["tek"], &tek));
  if (!object.contains("device")) {
    own.of_all.insert(tek);
    return absl::OkStatus();
  }
  uint32_t device = 0;
  TEKMATCH_RETURN_IF_ERROR(ParseNumber("device", object["device"], 0,
                                       std::numeric_limits<uint32_t>::max(),
                                       &device));
  own.of_device[device].insert(tek);
  return absl::OkStatus();
}

// Calls `parse` with the object of each line that is not blank.
absl::Status ForEachObject(
    const std::string& path,
    absl::FunctionRef<absl::Status(const json& object)> parse) {
  TEKMATCH_ASSIGN_OR_RETURN(const auto reader, LineReader::Open(path));
  LineReader::Line line;
  while (true) {
    TEKMATCH_ASSIGN_OR_RETURN(const bool more, reader->Next(&line));
    if (!more) return absl::OkStatus();
    // A line that is too long has no text, but is not blank.
    if (!line.too_long && absl::StripAsciiWhitespace(line.text).empty()) {
      continue;
    }
    const absl::StatusOr<json> object =
        line.too_long ? absl::InvalidArgumentError("the line is too long")
                      : ParseJsonObject(line.text);
    const absl::Status status = object.ok() ? parse(*object) : object.status();
    if (!status.ok()) {
      return absl::DataLossError(
          absl::StrCat(reader->Place(), ": ", status.message()));
    }
  }
}

}  // namespace

absl::StatusOr<std::vector<DiagnosisKey>> ReadKeyLines(
    const std::string& path) {
  std::vector<DiagnosisKey> keys;
  TEKMATCH_RETURN_IF_ERROR(ForEachObject(path, [&keys](const json& object) {
    return ParseKey(object, &keys.emplace_back());
  }));
  return keys;
}

absl::StatusOr<std::vector<DiagnosisKey>> ReadKeysToPublish(
    const std::string& path) {
  std::vector<DiagnosisKey> keys;
  absl::flat_hash_map<Tek, size_t> places;  // in `keys`
  absl::Status status = ForEachObject(path, [&](const json& object) {
    DiagnosisKey key;
    TEKMATCH_RETURN_IF_ERROR(ParseKey(object, &key));
    const auto [place, is_new] = places.emplace(key.tek, keys.size());
    if (is_new) {
      keys.push_back(key);
    } else if (keys[place->second] != key) {
      // Which of them is right is nobody's to guess.
      return Wrong("tek", "an earlier line says something else of this key");
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return keys;
}

absl::StatusOr<OwnKeys> ReadOwnKeys(const std::string& path) {
  OwnKeys own;
  TEKMATCH_ASSIGN_OR_RETURN(const bool is_database, IsSqliteFile(path));
  if (is_database) {
    TEKMATCH_ASSIGN_OR_RETURN(const std::vector<Tek> teks,
                              ReadMicroGOwnKeys(path));
    own.of_all.insert(teks.begin(), teks.end());
    return own;
  }
  TEKMATCH_RETURN_IF_ERROR(ForEachObject(
      path, [&own](const json& object) { return AddOwnKey(object, own); }));
  return own;
}

// By hand: an export may have a million keys, and nothing in them needs to be
// escaped. int{} keeps bytes from being written as characters.
std::string KeyLine(const DiagnosisKey& key) {
  const KeyMetadata& metadata = key.metadata;
  std::string line =
      absl::StrCat("{\"tek\":\"", EncodeHex(key.tek.bytes),
                   "\",\"rolling_start\":", key.rolling_start,
                   ",\"rolling_period\":", int{key.rolling_period});
  if (metadata.transmission_risk.has_value()) {
    absl::StrAppend(
        &line, ",\"transmission_risk\":", int{*metadata.transmission_risk});
  }
  if (metadata.report_type.has_value()) {
    absl::StrAppend(&line, ",\"report_type\":\"",
                    ReportTypeName(*metadata.report_type), "\"");
  }
  if (metadata.days_since_onset.has_value()) {
    absl::StrAppend(&line,
                    ",\"days_since_onset\":", int{*metadata.days_since_onset});
  }
  if (metadata.variant_of_concern.has_value()) {
    absl::StrAppend(
        &line, ",\"variant_of_concern\":", int{*metadata.variant_of_concern});
  }
  if (metadata.revised) absl::StrAppend(&line, ",\"revised\":true");
  return line + "}\n";
}

}  // namespace tekmatch
