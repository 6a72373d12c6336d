// Plan: the database is read to its live records; each is a contact of one RPI,
// with a sighting for each of its records; what it lost is dropped or refused.
#include "tools/sightings/sightings_leveldb.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "tools/sightings/contact_record.pb.h"
#include "tools/sightings/leveldb_store.h"
#include "tools/sightings/sighting_fields.h"

namespace tekmatch {
namespace {

constexpr size_t kDayBytes = 2;
// Some 2,000 sightings of an RPI, which lives for twenty minutes. An empty one
// takes two bytes, and fifty times as many once it is parsed.
constexpr size_t kMaxValueBytes = 64 << 10;

// Checks every reading that the mean is made of.
absl::Status SetMeanRssi(const wire::SightingRecord& record,
                         Sighting* sighting) {
  int64_t sum = 0;
  int num_readings = 0;
  for (const int32_t reading : record.rssi_values()) {
    if (reading == kRssiNotAvailable) continue;
    TEKMATCH_RETURN_IF_ERROR(SetRssi(reading, sighting));
    sum += reading;
    ++num_readings;
  }
  if (num_readings == 0) return SetRssi(kRssiNotAvailable, sighting);
  return SetRssi(std::lround(static_cast<double>(sum) / num_readings),
                 sighting);
}

absl::Status SetRssiOf(const wire::SightingRecord& record, Sighting* sighting) {
  const bool has_values = !record.rssi_values().empty();
  if (!record.has_rssi() && !has_values) {
    return absl::InvalidArgumentError("rssi: missing");
  }
  if (has_values &&
      (!record.has_rssi() || record.rssi() == kRssiNotAvailable)) {
    return SetMeanRssi(record, sighting);
  }
  return SetRssi(record.rssi(), sighting);
}

const std::string& EncryptedMetadata(const wire::ContactRecord& contact,
                                     const wire::SightingRecord& record) {
  if (record.has_encrypted_metadata()) return record.encrypted_metadata();
  if (record.has_associated_encrypted_metadata()) {
    return record.associated_encrypted_metadata();
  }
  return contact.encrypted_metadata();
}

absl::Status ParseSighting(const wire::ContactRecord& contact,
                           const wire::SightingRecord& record,
                           Sighting* sighting, DroppedSightingFields* dropped) {
  if (!record.has_epoch_seconds()) {
    return absl::InvalidArgumentError("time: missing");
  }
  TEKMATCH_RETURN_IF_ERROR(SetTime(record.epoch_seconds(), sighting));
  const std::string& aem = EncryptedMetadata(contact, record);
  if (aem.size() != kAemBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("aem: ", aem.size(), " bytes, ", kAemBytes, " wanted"));
  }
  std::copy(aem.begin(), aem.end(), sighting->aem.bytes.begin());
  TEKMATCH_RETURN_IF_ERROR(SetRssiOf(record, sighting));
  if (!SetPreviousScan(record.previous_scan_epoch_seconds(), sighting)) {
    ++dropped->previous_scan;
  }
  return absl::OkStatus();
}

absl::Status ReadRecord(const std::string& key, const std::string& value,
                        absl::FunctionRef<std::string()> place,
                        const SightingsReaderOptions& options,
                        SightingsFile* file) {
  if (key.size() != kDayBytes + kRpiBytes) {
    return BadRow(place,
                  absl::StrCat("its key has ", key.size(), " bytes, ",
                               kDayBytes + kRpiBytes, " wanted"),
                  options, file);
  }
  if (value.size() > kMaxValueBytes) {
    return BadRow(place,
                  absl::StrCat("its value has ", value.size(),
                               " bytes, at most ", kMaxValueBytes, " allowed"),
                  options, file);
  }
  wire::ContactRecord contact;
  if (!contact.ParseFromString(value)) {
    return BadRow(place, "not a ContactRecord", options, file);
  }
  for (const wire::SightingRecord& record : contact.sighting_records()) {
    Sighting sighting;
    std::copy_n(key.data() + kDayBytes, kRpiBytes, sighting.rpi.bytes.begin());
    if (absl::Status s =
            ParseSighting(contact, record, &sighting, &file->dropped);
        s.ok()) {
      file->sightings.push_back(sighting);
    } else if (absl::Status bad = BadRow(place, s.message(), options, file);
               !bad.ok()) {
      return bad;
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SightingsFile> ReadLevelDbSightings(
    const std::string& path, const SightingsReaderOptions& options) {
  TEKMATCH_ASSIGN_OR_RETURN(LevelDbContent content, ReadLevelDb(path));
  SightingsFile file;
  file.format = SightingsFormat::kLevelDb;
  for (LevelDbLoss& loss : content.losses) {
    if (!options.skip_bad && loss.code != absl::StatusCode::kDataLoss) {
      return absl::Status(loss.code,
                          absl::StrCat(loss.file, ": ", loss.reason));
    }
    TEKMATCH_RETURN_IF_ERROR(LosePart(
        {std::move(loss.file), std::move(loss.reason)}, options, &file));
  }
  uint64_t number = 0;
  for (const auto& [key, value] : content.records) {
    ++number;
    if (options.progress) {
      options.progress(
          {.done = number, .total = content.records.size(), .unit = "records"});
    }
    TEKMATCH_RETURN_IF_ERROR(ReadRecord(
        key, value, [&] { return absl::StrCat(path, ": record ", number); },
        options, &file));
  }
  return file;
}

}  // namespace tekmatch
