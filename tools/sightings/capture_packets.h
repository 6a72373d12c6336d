// Packets of Bluetooth Low Energy, whatever file they were captured in, become
// sightings: HCI events and frames of the link layer give advertisements, and
// these the service data of the Exposure Notification (0xFD6F).
//
// A packet may be hostile: what a length claims is compared with what is there
// before anything is read. Addresses are not kept.
//
// Source: Bluetooth Core Specification 5.2, volume 4, part E, 7.7.65 and volume
// 6, part B, 2.3; Exposure Notification, Bluetooth Specification v1.2;
// www.tcpdump.org/linktypes.html; the nRF sniffer's header (272), whose fields
// Wireshark's epan/dissectors/packet-nordic_ble.c describes.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_CAPTURE_PACKETS_H_
#define TEKMATCH_TOOLS_SIGHTINGS_CAPTURE_PACKETS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/sightings/sightings_file.h"

namespace tekmatch {

// Reads from the front of bytes. Beyond their end everything is 0 or empty, and
// `ok` is false from then on: a record is read field by field, and looked at
// once, at its end.
class PacketReader {
 public:
  explicit PacketReader(absl::Span<const uint8_t> bytes,
                        bool big_endian = false)
      : bytes_(bytes), big_endian_(big_endian) {}

  absl::Span<const uint8_t> Take(size_t n) {
    if (n > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const absl::Span<const uint8_t> taken = bytes_.first(n);
    bytes_.remove_prefix(n);
    return taken;
  }
  uint64_t Number(size_t num_bytes) {
    const absl::Span<const uint8_t> taken = Take(num_bytes);
    uint64_t number = 0;
    for (size_t i = 0; i < taken.size(); ++i) {
      number = number << 8 | taken[big_endian_ ? i : taken.size() - 1 - i];
    }
    return number;
  }
  uint8_t U8() { return static_cast<uint8_t>(Number(1)); }
  uint16_t U16() { return static_cast<uint16_t>(Number(2)); }
  uint32_t U32() { return static_cast<uint32_t>(Number(4)); }
  int8_t I8() { return static_cast<int8_t>(Number(1)); }
  absl::Span<const uint8_t> rest() const { return bytes_; }
  bool ok() const { return ok_; }

 private:
  absl::Span<const uint8_t> bytes_;
  bool big_endian_;
  bool ok_ = true;
};

// What is known of a packet beside its bytes.
struct CapturedPacket {
  enum class Kind : uint8_t {
    kOther,
    kHciEvent,
    kH4,
    kH4Header,
    kLinkLayer,
    kNordic
  };
  Kind kind = Kind::kOther;
  absl::Span<const uint8_t> bytes;
  bool is_cut = false;  // the capture kept only its beginning
  std::optional<int64_t> unix_seconds;
  uint64_t number = 0;  // from 1
};

// Turns packets into sightings of *file, which outlives it, as do `options`.
class PacketSink {
 public:
  // `name` is that of the capture, for messages.
  PacketSink(std::string name, const SightingsReaderOptions& options,
             SightingsFile* file)
      : name_(std::move(name)), options_(options), file_(file) {}

  // What is no advertisement with that service data is passed over; a service
  // that is none of a sighting is a bad row (sightings_file.h).
  absl::Status Add(const CapturedPacket& packet);

 private:
  absl::Status Bad(const CapturedPacket& packet, absl::string_view reason);
  absl::Status AddEvent(PacketReader& reader, const CapturedPacket& packet);
  absl::Status AddFrame(PacketReader& reader, const CapturedPacket& packet);
  absl::Status AddNordic(PacketReader& reader, const CapturedPacket& packet);
  // From the access address on; `rssi` is kRssiNotAvailable where there is
  // none.
  absl::Status AddLinkLayer(PacketReader& reader, int64_t rssi,
                            const CapturedPacket& packet);
  absl::Status AddAdvertisement(absl::Span<const uint8_t> data, int64_t rssi,
                                const CapturedPacket& packet);
  absl::Status AddService(absl::Span<const uint8_t> service, int64_t rssi,
                          const CapturedPacket& packet);

  const std::string name_;
  const SightingsReaderOptions& options_;
  SightingsFile* file_;
};

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_CAPTURE_PACKETS_H_
