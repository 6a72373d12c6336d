// Plan: a packet is taken apart by its kind, down to the advertisement; its
// structures, of which one may be the service; the service becomes a sighting.
#include "tools/sightings/capture_packets.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "keyformat/status_macros.h"
#include "tools/sightings/sighting_fields.h"

namespace tekmatch {
namespace {

using Bytes = absl::Span<const uint8_t>;

}  // namespace

absl::Status PacketSink::Add(const CapturedPacket& packet) {
  PacketReader reader(packet.bytes);
  constexpr uint8_t kH4Event = 4;
  switch (packet.kind) {
    case CapturedPacket::Kind::kH4Header:
      reader.Take(4);  // the direction
      [[fallthrough]];
    case CapturedPacket::Kind::kH4:
      // H4 carries commands and data, too; only events have reports.
      if (reader.U8() != kH4Event) return absl::OkStatus();
      [[fallthrough]];
    case CapturedPacket::Kind::kHciEvent:
      return AddEvent(reader, packet);
    case CapturedPacket::Kind::kLinkLayer:
      return AddFrame(reader, packet);
    case CapturedPacket::Kind::kNordic:
      return AddNordic(reader, packet);
    case CapturedPacket::Kind::kOther:
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status PacketSink::Bad(const CapturedPacket& packet,
                             absl::string_view reason) {
  return BadRow([&] { return absl::StrCat(name_, ": packet ", packet.number); },
                reason, options_, file_);
}

absl::Status PacketSink::AddEvent(PacketReader& reader,
                                  const CapturedPacket& packet) {
  constexpr uint8_t kLeMeta = 0x3E;
  constexpr uint8_t kReport = 0x02;
  constexpr uint8_t kExtendedReport = 0x0D;
  if (reader.U8() != kLeMeta) return absl::OkStatus();
  reader.U8();  // the length, which the packet has, too
  const uint8_t subevent = reader.U8();
  if (subevent != kReport && subevent != kExtendedReport) {
    return absl::OkStatus();
  }
  // The RSSI stands after the data in a report, before them in an extended
  // one.
  for (int left = reader.U8(); left > 0; --left) {
    int8_t rssi = 0;
    Bytes data;
    if (subevent == kReport) {
      reader.Take(1 + 1 + 6);  // type, address type, address
      data = reader.Take(reader.U8());
      rssi = reader.I8();
    } else {
      reader.Take(2 + 1 + 6 + 1 + 1 + 1 + 1);  // ... phys, sid, power
      rssi = reader.I8();
      reader.Take(2 + 1 + 6);  // period, direct address
      data = reader.Take(reader.U8());
    }
    // The count may claim more reports than the packet has.
    if (!reader.ok()) break;
    TEKMATCH_RETURN_IF_ERROR(AddAdvertisement(data, rssi, packet));
  }
  return reader.ok()
             ? absl::OkStatus()
             : Bad(packet, packet.is_cut ? "cut by the capture (snaplen)"
                                         : "a report ends beyond its packet");
}

absl::Status PacketSink::AddFrame(PacketReader& reader,
                                  const CapturedPacket& packet) {
  constexpr uint16_t kDewhitened = 0x0001;
  constexpr uint16_t kHasSignal = 0x0002;
  constexpr uint16_t kCrcChecked = 0x0400;
  constexpr uint16_t kCrcValid = 0x0800;
  reader.Take(1);  // the channel
  const int8_t signal = reader.I8();
  reader.Take(1 + 1 + 4);  // noise, access address and its faults
  // A header that is too short has flags of 0, and is passed over below.
  const uint16_t flags = reader.U16();
  const bool is_damaged =
      (flags & kCrcChecked) != 0 && (flags & kCrcValid) == 0;
  // Whitened bytes are scrambled. A frame without a checksum's verdict is
  // taken: some sniffers do not give one.
  if ((flags & kDewhitened) == 0 || is_damaged) return absl::OkStatus();
  // Without a signal it becomes a bad row, since SetRssi refuses this value.
  return AddLinkLayer(
      reader, (flags & kHasSignal) != 0 ? signal : kRssiNotAvailable, packet);
}

// The header of the nRF sniffer: the board; lengths and version, which are in
// another order in each version, and together 3 bytes in all; counter (2), id,
// length of what follows; flags, channel, RSSI without its sign, event counter
// (2), time (4).
absl::Status PacketSink::AddNordic(PacketReader& reader,
                                   const CapturedPacket& packet) {
  constexpr uint8_t kCrcIsRight = 0x01;
  constexpr uint8_t kPhyVersion = 3;  // the first one that says it
  constexpr uint8_t kCoded = 2;
  reader.Take(1 + 2);
  const uint8_t version = reader.U8();
  reader.Take(2 + 1 + 1);
  // A header that is too short has flags of 0, and is passed over.
  const uint8_t flags = reader.U8();
  reader.Take(1);
  const int64_t rssi = -int64_t{reader.U8()};
  reader.Take(2 + 4);
  if ((flags & kCrcIsRight) == 0) return absl::OkStatus();
  // Such a packet has one more byte; phones send none.
  const int phy = flags >> 4 & 7;
  if (version >= kPhyVersion && phy == kCoded) return absl::OkStatus();
  return AddLinkLayer(reader, rssi, packet);
}

absl::Status PacketSink::AddLinkLayer(PacketReader& reader, int64_t rssi,
                                      const CapturedPacket& packet) {
  constexpr uint32_t kAdvertising = 0x8E89BED6;
  constexpr size_t kCrcBytes = 3;
  if (reader.U32() != kAdvertising) return absl::OkStatus();
  const uint8_t type = reader.U8() & 0x0F;
  const size_t num_bytes = reader.U8();
  // A capture may cut off the checksum, which is not needed. The body is.
  if (packet.is_cut) {
    if (reader.rest().size() < num_bytes) {
      return Bad(packet, "cut by the capture (snaplen)");
    }
  } else if (reader.rest().size() < num_bytes + kCrcBytes) {
    return absl::OkStatus();  // noise: no frame ends so
  }
  PacketReader body(reader.Take(num_bytes));
  constexpr uint8_t kAdvInd = 0;
  constexpr uint8_t kAdvNonconnInd = 2;
  constexpr uint8_t kScanRsp = 4;
  constexpr uint8_t kAdvScanInd = 6;
  constexpr uint8_t kAdvExtInd = 7;
  if (type == kAdvExtInd) {
    // Six bits are the length; the two above them are the mode.
    body.Take(body.U8() & 0x3F);  // its own header
  } else if (type == kAdvInd || type == kAdvNonconnInd || type == kScanRsp ||
             type == kAdvScanInd) {
    body.Take(6);  // the address
  } else {
    return absl::OkStatus();
  }
  return AddAdvertisement(body.rest(), rssi, packet);
}

// `data` are structures of a length, a type and what it says. A length of 0
// ends them early: the rest is padding. So does one beyond the end. That is
// no bad row: any device may send such bytes, and they are no sighting.
absl::Status PacketSink::AddAdvertisement(Bytes data, int64_t rssi,
                                          const CapturedPacket& packet) {
  constexpr uint8_t kServiceData = 0x16;
  constexpr uint16_t kExposureNotification = 0xFD6F;
  while (!data.empty() && data[0] != 0 && data.size() > data[0]) {
    PacketReader structure(data.subspan(1, data[0]));
    data.remove_prefix(size_t{1} + data[0]);
    if (structure.U8() != kServiceData ||
        structure.U16() != kExposureNotification || !structure.ok()) {
      continue;
    }
    TEKMATCH_RETURN_IF_ERROR(AddService(structure.rest(), rssi, packet));
  }
  return absl::OkStatus();
}

absl::Status PacketSink::AddService(Bytes service, int64_t rssi,
                                    const CapturedPacket& packet) {
  if (service.size() != kRpiBytes + kAemBytes) {
    return Bad(packet,
               absl::StrCat("service data: ", service.size(), " bytes, ",
                            kRpiBytes + kAemBytes, " wanted"));
  }
  if (!packet.unix_seconds.has_value()) return Bad(packet, "time: missing");
  Sighting sighting;
  std::copy_n(service.begin(), kRpiBytes, sighting.rpi.bytes.begin());
  std::copy_n(service.begin() + kRpiBytes, kAemBytes,
              sighting.aem.bytes.begin());
  if (absl::Status s = SetTime(*packet.unix_seconds, &sighting); !s.ok()) {
    return Bad(packet, s.message());
  }
  if (absl::Status s = SetRssi(rssi, &sighting); !s.ok()) {
    return Bad(packet, s.message());
  }
  ++file_->conversion.num_addresses;
  file_->sightings.push_back(sighting);
  return absl::OkStatus();
}

}  // namespace tekmatch
