#include "tools/sightings/tksight_layout.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tools/sightings/crc32c.h"

namespace tekmatch {
namespace {

constexpr uint32_t kPreviousScanFlag = 1;
constexpr uint32_t kDeviceFlag = 2;

constexpr size_t kVersionAt = 8;
constexpr size_t kFlagsAt = 12;
constexpr size_t kNumberAt = 16;
constexpr size_t kCheckAt = 24;

}  // namespace

std::string EncodeTksightHeader(const TksightHeader& header) {
  std::string bytes(kTksightHeaderBytes, '\0');
  bytes.replace(0, kTksightMagic.size(), kTksightMagic.data(),
                kTksightMagic.size());
  StoreTksightNumber(kTksightVersion, &bytes[kVersionAt]);
  StoreTksightNumber((header.previous_scan ? kPreviousScanFlag : 0) |
                         (header.device ? kDeviceFlag : 0),
                     &bytes[kFlagsAt]);
  StoreTksightNumber(static_cast<uint32_t>(header.num_sightings),
                     &bytes[kNumberAt]);
  StoreTksightNumber(static_cast<uint32_t>(header.num_sightings >> 32),
                     &bytes[kNumberAt + 4]);
  StoreTksightNumber(Crc32c(absl::string_view(bytes).substr(0, kCheckAt)),
                     &bytes[kCheckAt]);
  return bytes;
}

absl::StatusOr<TksightHeader> DecodeTksightHeader(absl::string_view bytes) {
  if (!absl::StartsWith(kTksightMagic, bytes.substr(0, kTksightMagic.size()))) {
    return absl::DataLossError(
        absl::StartsWith(bytes, kTksightBegin)
            ? "is damaged: it went through a transfer as text"
            : "is no .tksight file");
  }
  if (bytes.size() < kTksightHeaderBytes) {
    return absl::DataLossError("is cut within its header");
  }
  // First: what comes after it may be another in another version.
  const uint32_t version = LoadTksightNumber(&bytes[kVersionAt]);
  if (version != kTksightVersion) {
    return absl::DataLossError(
        absl::StrCat("is of ", version > kTksightVersion ? "a newer" : "no",
                     " version of .tksight, ", version,
                     "; this tekmatch reads version ", kTksightVersion));
  }
  if (LoadTksightNumber(&bytes[kCheckAt]) !=
      Crc32c(bytes.substr(0, kCheckAt))) {
    return absl::DataLossError(
        "is damaged: the checksum of its header is wrong");
  }
  const uint32_t flags = LoadTksightNumber(&bytes[kFlagsAt]);
  if ((flags & ~(kPreviousScanFlag | kDeviceFlag)) != 0) {
    return absl::DataLossError(
        "has fields that version 1 of .tksight does not know");
  }
  TksightHeader header;
  header.previous_scan = (flags & kPreviousScanFlag) != 0;
  header.device = (flags & kDeviceFlag) != 0;
  header.num_sightings = LoadTksightNumber(&bytes[kNumberAt]) |
                         uint64_t{LoadTksightNumber(&bytes[kNumberAt + 4])}
                             << 32;
  if (header.num_sightings > kMaxTksightSightings) {
    return absl::DataLossError(absl::StrCat(
        "is said to have more than ", kMaxTksightSightings, " sightings"));
  }
  return header;
}

void EncodeTksightRecord(const Sighting& sighting, const TksightHeader& header,
                         char* to) {
  std::memcpy(to, sighting.rpi.bytes.data(), kRpiBytes);
  StoreTksightNumber(static_cast<uint32_t>(sighting.unix_seconds), to + 16);
  std::memcpy(to + 20, sighting.aem.bytes.data(), kAemBytes);
  to[24] = static_cast<char>(sighting.rssi);
  char* next = to + 25;
  if (header.previous_scan) {
    StoreTksightNumber(sighting.seconds_since_previous_scan, next);
    next += 4;
  }
  if (header.device) StoreTksightNumber(sighting.device, next);
}

}  // namespace tekmatch
