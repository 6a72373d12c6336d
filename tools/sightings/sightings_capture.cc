// Plan:
//   1. numbers out of bytes, of either byte order, never beyond their end;
//   2. packets become sightings: HCI events and frames of the link layer give
//      advertisements, and these service data;
//   3. pcap, btsnoop and pcapng give packets, one after another, through a
//      window of bounded size.
// Struct Packet is the wall between 2 and 3. A file may be hostile: what a
// length claims is compared with what is there before anything is read.
#include "tools/sightings/sightings_capture.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "keyformat/status_macros.h"
#include "tools/sightings/sighting_fields.h"

namespace tekmatch {
namespace {

using Bytes = absl::Span<const uint8_t>;

// Of a packet: HCI's longest has 64 KiB. A longer one is a damaged length.
constexpr uint64_t kMaxPacketBytes = 256 << 10;
constexpr uint64_t kWindowBytes = 1 << 20;
static_assert(kMaxPacketBytes < kWindowBytes);

constexpr absl::string_view kBtsnoopMagic("btsnoop\0", 8);

// Reads from the front of bytes. Beyond their end everything is 0 or empty, and
// `ok` is false from then on: a record is read field by field, and looked at
// once, at its end.
class Reader {
 public:
  explicit Reader(Bytes bytes, bool big_endian = false)
      : bytes_(bytes), big_endian_(big_endian) {}

  Bytes Take(size_t n) {
    if (n > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const Bytes taken = bytes_.first(n);
    bytes_.remove_prefix(n);
    return taken;
  }
  uint64_t Number(size_t num_bytes) {
    const Bytes taken = Take(num_bytes);
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
  Bytes rest() const { return bytes_; }
  bool ok() const { return ok_; }

 private:
  Bytes bytes_;
  bool big_endian_;
  bool ok_ = true;
};

// What is known of a packet beside its bytes.
struct Packet {
  enum class Kind : uint8_t { kOther, kHciEvent, kH4, kH4Header, kLinkLayer };
  Kind kind = Kind::kOther;
  Bytes bytes;
  bool is_cut = false;  // the capture kept only its beginning
  std::optional<int64_t> unix_seconds;
  uint64_t number = 0;  // from 1
};

// Turns packets into sightings of *file.
class PacketSink {
 public:
  PacketSink(std::string name, const SightingsReaderOptions& options,
             SightingsFile* file)
      : name_(std::move(name)), options_(options), file_(file) {}

  absl::Status Add(const Packet& packet) {
    Reader reader(packet.bytes);
    constexpr uint8_t kH4Event = 4;
    switch (packet.kind) {
      case Packet::Kind::kH4Header:
        reader.Take(4);  // the direction
        [[fallthrough]];
      case Packet::Kind::kH4:
        // H4 carries commands and data, too; only events have reports.
        if (reader.U8() != kH4Event) return absl::OkStatus();
        [[fallthrough]];
      case Packet::Kind::kHciEvent:
        return AddEvent(reader, packet);
      case Packet::Kind::kLinkLayer:
        return AddFrame(reader, packet);
      case Packet::Kind::kOther:
        return absl::OkStatus();
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Bad(const Packet& packet, absl::string_view reason) {
    return BadRow(
        [&] { return absl::StrCat(name_, ": packet ", packet.number); }, reason,
        options_, file_);
  }

  absl::Status AddEvent(Reader& reader, const Packet& packet) {
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

  absl::Status AddFrame(Reader& reader, const Packet& packet) {
    constexpr uint16_t kDewhitened = 0x0001;
    constexpr uint16_t kHasSignal = 0x0002;
    constexpr uint16_t kCrcChecked = 0x0400;
    constexpr uint16_t kCrcValid = 0x0800;
    constexpr uint32_t kAdvertising = 0x8E89BED6;
    constexpr size_t kCrcBytes = 3;
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
    Reader body(reader.Take(num_bytes));
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
    // Without a signal it becomes a bad row, since SetRssi refuses this value.
    const bool has_signal = (flags & kHasSignal) != 0;
    return AddAdvertisement(body.rest(),
                            has_signal ? signal : kRssiNotAvailable, packet);
  }

  // `data` are structures of a length, a type and what it says. A length of 0
  // ends them early: the rest is padding. So does one beyond the end. That is
  // no bad row: any device may send such bytes, and they are no sighting.
  absl::Status AddAdvertisement(Bytes data, int64_t rssi,
                                const Packet& packet) {
    constexpr uint8_t kServiceData = 0x16;
    constexpr uint16_t kExposureNotification = 0xFD6F;
    while (!data.empty() && data[0] != 0 && data.size() > data[0]) {
      Reader structure(data.subspan(1, data[0]));
      data.remove_prefix(size_t{1} + data[0]);
      if (structure.U8() != kServiceData ||
          structure.U16() != kExposureNotification || !structure.ok()) {
        continue;
      }
      TEKMATCH_RETURN_IF_ERROR(AddService(structure.rest(), rssi, packet));
    }
    return absl::OkStatus();
  }

  absl::Status AddService(Bytes service, int64_t rssi, const Packet& packet) {
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

  const std::string name_;
  const SightingsReaderOptions& options_;
  SightingsFile* file_;
};

// Of the registry of link types.
Packet::Kind KindOfLinkType(uint32_t link_type) {
  switch (link_type) {
    case 187:
      return Packet::Kind::kH4;
    case 201:
      return Packet::Kind::kH4Header;
    case 256:
      return Packet::Kind::kLinkLayer;
    default:
      return Packet::Kind::kOther;
  }
}

absl::Status WrongLinkType(absl::string_view name, uint32_t link_type) {
  return absl::DataLossError(
      absl::StrCat(name, ": a capture of link type ", link_type,
                   link_type == 251 ? ", which has no signal strength" : "",
                   "; Bluetooth's 187, 201 and 256 are read"));
}

// A part of the source that moves forward. It reads ahead, so that many small
// packets take one call; its size bounds the memory, whatever a file claims.
class Window {
 public:
  explicit Window(const ByteSource& source) : source_(source) {}

  uint64_t size() const { return source_.size(); }
  // n bytes at most kMaxPacketBytes, valid until the next call; empty where the
  // source ends before.
  absl::StatusOr<Bytes> At(uint64_t offset, uint64_t n) {
    // Not offset + n > size: the sum might wrap.
    if (offset > source_.size() || n > source_.size() - offset) return Bytes();
    if (offset < begin_ || offset + n > begin_ + bytes_.size()) {
      begin_ = offset;
      bytes_.resize(std::min(kWindowBytes, source_.size() - offset));
      TEKMATCH_RETURN_IF_ERROR(source_.ReadAt(offset, absl::MakeSpan(bytes_)));
    }
    return Bytes(bytes_).subspan(offset - begin_, n);
  }

 private:
  const ByteSource& source_;
  uint64_t begin_ = 0;
  std::vector<uint8_t> bytes_;
};

// What the readers of the three kinds share.
struct Capture {
  const ByteSource& source;
  const SightingsReaderOptions& options;
  SightingsFile* file;
  Window window;
  PacketSink sink;
  uint64_t num_packets = 0;

  absl::Status Lose(absl::string_view reason) const {
    return LosePart({source.name(), std::string(reason)}, options, file);
  }
  absl::Status LoseEnd() const {
    return Lose("ends within a packet: the newest ones may be missing");
  }
  // Records carry no mark to search for: behind a false length the next one
  // cannot be found.
  absl::Status LoseRest() const {
    return Lose(absl::StrCat("after packet ", num_packets,
                             " stands a length that none has: the rest is not "
                             "read"));
  }
  void ShowProgress(uint64_t offset) const {
    if (options.progress) {
      options.progress({.done = offset, .total = source.size()});
    }
  }
};

struct PcapOrder {
  bool is_pcap = false;
  bool big_endian = false;
};

// The magic number of micro- and of nanoseconds.
PcapOrder OrderOfPcap(absl::string_view begin) {
  for (const bool big_endian : {false, true}) {
    if (begin.size() < 4) break;
    Reader reader(Bytes(reinterpret_cast<const uint8_t*>(begin.data()), 4),
                  big_endian);
    const uint32_t magic = reader.U32();
    if (magic == 0xA1B2C3D4 || magic == 0xA1B23C4D) return {true, big_endian};
  }
  return {};
}

constexpr absl::string_view kPcapngMagic("\x0A\x0D\x0D\x0A", 4);

absl::Status ReadPcap(Capture& capture, bool big_endian) {
  constexpr uint64_t kHeaderBytes = 24;
  constexpr uint64_t kRecordBytes = 16;
  TEKMATCH_ASSIGN_OR_RETURN(const Bytes head,
                            capture.window.At(0, kHeaderBytes));
  Reader header(head, big_endian);
  header.Take(kHeaderBytes - 4);
  // The upper bits tell of a checksum, which these link types do not have.
  const uint32_t link_type = header.U32() & 0x0FFFFFFF;
  if (!header.ok()) return capture.LoseEnd();
  const Packet::Kind kind = KindOfLinkType(link_type);
  if (kind == Packet::Kind::kOther) {
    return WrongLinkType(capture.source.name(), link_type);
  }
  for (uint64_t at = kHeaderBytes; at < capture.window.size();) {
    capture.ShowProgress(at);
    TEKMATCH_ASSIGN_OR_RETURN(const Bytes fields,
                              capture.window.At(at, kRecordBytes));
    if (fields.empty()) return capture.LoseEnd();
    Reader record(fields, big_endian);
    Packet packet = {.kind = kind, .unix_seconds = record.U32()};
    record.U32();  // the fraction
    // First what the file has, then what there was on the air.
    const uint32_t kept = record.U32();
    packet.is_cut = kept < record.U32();
    if (kept > kMaxPacketBytes) return capture.LoseRest();
    TEKMATCH_ASSIGN_OR_RETURN(packet.bytes,
                              capture.window.At(at + kRecordBytes, kept));
    if (packet.bytes.size() != kept) return capture.LoseEnd();
    packet.number = ++capture.num_packets;
    TEKMATCH_RETURN_IF_ERROR(capture.sink.Add(packet));
    at += kRecordBytes + kept;
  }
  return absl::OkStatus();
}

absl::Status ReadBtsnoop(Capture& capture) {
  constexpr uint64_t kHeaderBytes = 16;
  constexpr uint64_t kRecordBytes = 24;
  // Microseconds from the year 0 to 1970.
  constexpr int64_t kEpoch = 0x00dcddb30f2f8000;
  constexpr int64_t kMicros = 1'000'000;
  TEKMATCH_ASSIGN_OR_RETURN(const Bytes head,
                            capture.window.At(0, kHeaderBytes));
  Reader header(head, /*big_endian=*/true);
  header.Take(kBtsnoopMagic.size());
  const uint32_t version = header.U32();
  const uint32_t link = header.U32();
  if (!header.ok()) return capture.LoseEnd();
  constexpr uint32_t kHci = 1001;
  constexpr uint32_t kH4 = 1002;
  constexpr uint32_t kMonitor = 2001;
  if (version != 1 || (link != kHci && link != kH4 && link != kMonitor)) {
    return absl::DataLossError(absl::StrCat(
        capture.source.name(), ": btsnoop of version ", version, " and link ",
        link, "; version 1 of 1001, 1002 and 2001 is read"));
  }
  uint32_t num_lost = 0;
  for (uint64_t at = kHeaderBytes; at < capture.window.size();) {
    capture.ShowProgress(at);
    TEKMATCH_ASSIGN_OR_RETURN(const Bytes fields,
                              capture.window.At(at, kRecordBytes));
    if (fields.empty()) return capture.LoseEnd();
    Reader record(fields, /*big_endian=*/true);
    const uint32_t whole = record.U32();
    const uint32_t kept = record.U32();
    const uint32_t flags = record.U32();
    // Each record has the sum of all losses so far.
    num_lost = std::max(num_lost, record.U32());
    const auto micros = static_cast<int64_t>(record.Number(8));
    if (kept > kMaxPacketBytes) return capture.LoseRest();
    Packet packet = {.is_cut = kept < whole};
    // Before 1970: SetTime refuses it, if it is a sighting.
    packet.unix_seconds = micros < kEpoch ? -1 : (micros - kEpoch) / kMicros;
    // HCI has no byte for the kind of packet; the flags tell: bit 0 received,
    // bit 1 a command or event. Of Linux they are an opcode, below the adapter.
    constexpr uint32_t kReceivedCommandOrEvent = 3;
    constexpr uint32_t kMonitorEvent = 3;
    if (link == kH4) {
      packet.kind = Packet::Kind::kH4;
    } else if (link == kHci ? (flags & 3) == kReceivedCommandOrEvent
                            : (flags & 0xFFFF) == kMonitorEvent) {
      packet.kind = Packet::Kind::kHciEvent;
    }
    TEKMATCH_ASSIGN_OR_RETURN(packet.bytes,
                              capture.window.At(at + kRecordBytes, kept));
    if (packet.bytes.size() != kept) return capture.LoseEnd();
    packet.number = ++capture.num_packets;
    TEKMATCH_RETURN_IF_ERROR(capture.sink.Add(packet));
    at += kRecordBytes + kept;
  }
  if (num_lost > 0) {
    capture.file->conversion.doubts.push_back(
        {capture.source.name(),
         absl::StrCat("packets that were lost while it was recorded: ",
                      num_lost)});
  }
  return absl::OkStatus();
}

// An interface of a section of pcapng.
struct Interface {
  Packet::Kind kind = Packet::Kind::kOther;
  uint32_t link_type = 0;
  uint64_t units_a_second = 1'000'000;
  int64_t offset_seconds = 0;
};

// Two bytes of code, two of length, the value, filled up to four bytes.
void ReadInterfaceOptions(Reader& block, bool big_endian, Interface* found) {
  constexpr uint16_t kResolution = 9;
  constexpr uint16_t kOffset = 14;
  while (block.ok() && !block.rest().empty()) {
    const uint16_t code = block.U16();
    const uint16_t num_bytes = block.U16();
    Reader value(block.Take(num_bytes), big_endian);
    block.Take((4 - num_bytes % 4) % 4);
    if (code == 0 || !block.ok()) return;
    if (code == kResolution) {
      // A negative exponent of 10, or of 2 where the highest bit is set.
      const uint8_t resolution = value.U8();
      const uint8_t exponent = resolution & 0x7F;
      const bool binary = (resolution & 0x80) != 0;
      uint64_t units = 1;
      // 10^19 and 2^63 are the greatest that fit.
      for (int i = 0; i < std::min<int>(exponent, binary ? 63 : 19); ++i) {
        units *= binary ? 2 : 10;
      }
      found->units_a_second = units;
    } else if (code == kOffset) {
      found->offset_seconds = static_cast<int64_t>(value.Number(8));
    }
  }
}

absl::Status ReadPcapng(Capture& capture) {
  constexpr uint32_t kSection = 0x0A0D0D0A;
  constexpr uint32_t kInterface = 1;
  constexpr uint32_t kSimplePacket = 3;
  constexpr uint32_t kEnhancedPacket = 6;
  constexpr uint64_t kFrameBytes = 12;  // type, and the length twice
  constexpr size_t kMaxInterfaces = 4096;
  bool big_endian = false;
  bool any_known = false;
  std::vector<Interface> interfaces;
  for (uint64_t at = 0; at < capture.window.size();) {
    capture.ShowProgress(at);
    TEKMATCH_ASSIGN_OR_RETURN(const Bytes head, capture.window.At(at, 12));
    if (head.empty()) return capture.LoseEnd();
    // This type reads the same in both byte orders, since it stands before the
    // magic number that tells them. Each section may have another order, and
    // numbers its interfaces anew.
    if (Reader(head).U32() == kSection) {
      constexpr uint8_t kBigEndianMagic = 0x1A;
      big_endian = head[8] == kBigEndianMagic;
      interfaces.clear();
    }
    Reader start(head, big_endian);
    const uint32_t type = start.U32();
    const uint64_t num_bytes = start.U32();
    if (num_bytes < kFrameBytes || num_bytes % 4 != 0) {
      return capture.LoseRest();
    }
    if (num_bytes > capture.window.size() - at) return capture.LoseEnd();
    // Other blocks are passed over unread, and may be of any size.
    const bool wanted =
        type == kInterface || type == kSimplePacket || type == kEnhancedPacket;
    if (wanted && num_bytes > kMaxPacketBytes) return capture.LoseRest();
    if (wanted) {
      TEKMATCH_ASSIGN_OR_RETURN(const Bytes whole,
                                capture.window.At(at, num_bytes));
      Reader block(whole.subspan(8, num_bytes - kFrameBytes), big_endian);
      if (type == kInterface) {
        // A file of nothing but interfaces must not fill the memory.
        if (interfaces.size() == kMaxInterfaces) return capture.LoseRest();
        Interface& added = interfaces.emplace_back();
        added.link_type = block.U16();
        added.kind = KindOfLinkType(added.link_type);
        any_known = any_known || added.kind != Packet::Kind::kOther;
        block.Take(2 + 4);  // reserved, snaplen
        ReadInterfaceOptions(block, big_endian, &added);
      } else {
        const uint32_t number = type == kEnhancedPacket ? block.U32() : 0;
        Packet packet = {.number = ++capture.num_packets};
        if (number >= interfaces.size()) return capture.LoseRest();
        const Interface& from = interfaces[number];
        packet.kind = from.kind;
        // A simple packet has no time, no interface but the first, and no
        // length of what was kept: it is the rest of the block, of which up to
        // three bytes fill it up.
        uint64_t kept =
            block.rest().size() - std::min<size_t>(4, block.rest().size());
        if (type == kEnhancedPacket) {
          const uint64_t high = block.U32();
          const uint64_t time = high << 32 | block.U32();
          const uint64_t seconds = time / from.units_a_second;
          // What does not fit is no time of ours.
          constexpr int64_t kFarAway = int64_t{1} << 40;
          const bool fits = seconds < kFarAway &&
                            from.offset_seconds > -kFarAway &&
                            from.offset_seconds < kFarAway;
          packet.unix_seconds =
              fits ? static_cast<int64_t>(seconds) + from.offset_seconds : -1;
          kept = block.U32();
        }
        const uint32_t original = block.U32();
        if (type == kSimplePacket) kept = std::min<uint64_t>(kept, original);
        packet.is_cut = kept < original;
        packet.bytes = block.Take(kept);
        if (!block.ok()) return capture.LoseRest();
        TEKMATCH_RETURN_IF_ERROR(capture.sink.Add(packet));
      }
    }
    at += num_bytes;
  }
  // A file of other interfaces only would else seem to be one in which nothing
  // was heard.
  if (any_known || interfaces.empty()) return absl::OkStatus();
  return WrongLinkType(capture.source.name(), interfaces.front().link_type);
}

}  // namespace

bool IsCapture(absl::string_view begin) {
  return absl::StartsWith(begin, kBtsnoopMagic) ||
         absl::StartsWith(begin, kPcapngMagic) || OrderOfPcap(begin).is_pcap;
}

absl::StatusOr<SightingsFile> ReadCapture(
    const ByteSource& source, const SightingsReaderOptions& options) {
  SightingsFile file;
  file.format = SightingsFormat::kForeign;
  Capture capture = {.source = source,
                     .options = options,
                     .file = &file,
                     .window = Window(source),
                     .sink = PacketSink(source.name(), options, &file)};
  TEKMATCH_ASSIGN_OR_RETURN(
      const Bytes begin,
      capture.window.At(0, std::min<uint64_t>(8, source.size())));
  const absl::string_view magic(reinterpret_cast<const char*>(begin.data()),
                                begin.size());
  if (absl::StartsWith(magic, kBtsnoopMagic)) {
    TEKMATCH_RETURN_IF_ERROR(ReadBtsnoop(capture));
  } else if (absl::StartsWith(magic, kPcapngMagic)) {
    TEKMATCH_RETURN_IF_ERROR(ReadPcapng(capture));
  } else if (const PcapOrder order = OrderOfPcap(magic); order.is_pcap) {
    TEKMATCH_RETURN_IF_ERROR(ReadPcap(capture, order.big_endian));
  } else {
    return absl::DataLossError(absl::StrCat(source.name(), ": no capture"));
  }
  return file;
}

absl::StatusOr<SightingsFile> ReadCaptureSightings(
    const std::string& path, const SightingsReaderOptions& options) {
  TEKMATCH_ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> source,
                            OpenFileSource(path));
  return ReadCapture(*source, options);
}

}  // namespace tekmatch
