// The bytes of a .tksight file: sightings in a form that costs little to read.
// Numbers are little-endian.
//
//   header      28 bytes:
//                0   8  magic: 89 54 4B 53 0D 0A 1A 0A ("\x89TKS\r\n\x1a\n"),
//                       which a transfer as text damages
//                8   4  version: 1
//               12   4  flags: 1, records have previous_scan; 2, device; no
//                       others
//               16   8  number of sightings, at most 4,294,967,295
//               24   4  check, of the 24 bytes before
//   blocks      of 4,096 records, the last one of those that are left; after
//               each its check, 4 bytes
//
//   record      25, 29 or 33 bytes, nothing between them:
//                0  16  RPI
//               16   4  time, Unix seconds, at most 4,102,444,800 (the end of
//                       2099)
//               20   4  AEM
//               24   1  RSSI, dBm, signed, -128..20
//                    4  previous_scan, if there: seconds since the scan before
//                       began; FF FF FF FF: not known
//                    4  device, if there: which one heard it
//
// A check is the CRC-32C (crc32c.h) of all bytes of the file before it, other
// checks left out: so a block that is changed, missing, doubled or moved shows.
// It is against accidents; who can write a file can write its checks.
//
// Records are in the order of their RPIs' bytes, then of time, AEM (as bytes),
// RSSI, previous_scan and device: TksightOrder. So the same sightings are the
// same bytes, and a reader need not sort.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_TKSIGHT_LAYOUT_H_
#define TEKMATCH_TOOLS_SIGHTINGS_TKSIGHT_LAYOUT_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <tuple>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "matcher/join/sighting.h"

namespace tekmatch {

inline constexpr absl::string_view kTksightMagic("\x89TKS\r\n\x1a\n", 8);
// What is left of the magic after a transfer as text.
inline constexpr absl::string_view kTksightBegin = kTksightMagic.substr(0, 4);
inline constexpr uint32_t kTksightVersion = 1;
inline constexpr size_t kTksightHeaderBytes = 28;
inline constexpr size_t kTksightCheckBytes = 4;
inline constexpr size_t kTksightBlockRecords = 4096;
inline constexpr size_t kMaxTksightRecordBytes = 33;
inline constexpr uint64_t kMaxTksightSightings = 0xFFFFFFFF;

struct TksightHeader {
  bool previous_scan = false;
  bool device = false;
  uint64_t num_sightings = 0;  // at most kMaxTksightSightings

  size_t record_bytes() const {
    return size_t{25} + (previous_scan ? 4 : 0) + (device ? 4 : 0);
  }
  // Of the whole file.
  uint64_t file_bytes() const {
    const uint64_t num_blocks =
        (num_sightings + kTksightBlockRecords - 1) / kTksightBlockRecords;
    return kTksightHeaderBytes + num_sightings * record_bytes() +
           num_blocks * kTksightCheckBytes;
  }
};

inline void StoreTksightNumber(uint32_t number, char* to) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<char>(number >> 8 * i);
}
inline uint32_t LoadTksightNumber(const char* from) {
  uint32_t number = 0;
  for (int i = 4; i-- > 0;) {
    number = number << 8 | static_cast<uint8_t>(from[i]);
  }
  return number;
}

// kTksightHeaderBytes, with their check.
std::string EncodeTksightHeader(const TksightHeader& header);
// Of as many bytes. DATA_LOSS with a reason ("is damaged in its header"): they
// are none, or of another version.
absl::StatusOr<TksightHeader> DecodeTksightHeader(absl::string_view bytes);

// header.record_bytes(). Time, RSSI and scan before are what a record has room
// for (WriteTksight asks); a sighting's store is not in it.
void EncodeTksightRecord(const Sighting& sighting, const TksightHeader& header,
                         char* to);

// Of any bytes: whether time and RSSI are possible is the caller's to ask.
inline Sighting DecodeTksightRecord(const char* from,
                                    const TksightHeader& header) {
  Sighting sighting;
  std::memcpy(sighting.rpi.bytes.data(), from, kRpiBytes);
  sighting.unix_seconds = LoadTksightNumber(from + 16);
  std::memcpy(sighting.aem.bytes.data(), from + 20, kAemBytes);
  const int rssi = static_cast<uint8_t>(from[24]);
  sighting.rssi = static_cast<int16_t>(rssi < 128 ? rssi : rssi - 256);
  const char* next = from + 25;
  if (header.previous_scan) {
    sighting.seconds_since_previous_scan = LoadTksightNumber(next);
    next += 4;
  }
  if (header.device) sighting.device = LoadTksightNumber(next);
  return sighting;
}

// By all that a record has, and nothing else: sightings that differ in their
// store alone are equal. Of one store it is the order of
// SightingIndex::sightings().
inline bool TksightOrder(const Sighting& a, const Sighting& b) {
  const auto first_bytes = [](const Sighting& sighting) {
    uint64_t number = 0;
    std::memcpy(&number, sighting.rpi.bytes.data(), sizeof(number));
    if constexpr (std::endian::native == std::endian::little) {
      number = __builtin_bswap64(number);
    }
    return number;
  };
  // RPIs are ciphertext: these nearly always decide.
  if (first_bytes(a) != first_bytes(b)) return first_bytes(a) < first_bytes(b);
  return std::tie(a.rpi, a.unix_seconds, a.aem, a.rssi,
                  a.seconds_since_previous_scan,
                  a.device) < std::tie(b.rpi, b.unix_seconds, b.aem, b.rssi,
                                       b.seconds_since_previous_scan, b.device);
}

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_TKSIGHT_LAYOUT_H_
