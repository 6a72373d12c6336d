// Plan: link types; a window of bounded size over the file; then pcap, btsnoop
// and pcapng, which give packets (capture_packets.h), one after another. A file
// may be hostile: what a length claims is compared with what is there before
// anything is read.
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
#include "tools/sightings/capture_packets.h"

namespace tekmatch {
namespace {

using Bytes = absl::Span<const uint8_t>;

// Of a packet: HCI's longest has 64 KiB. A longer one is a damaged length.
constexpr uint64_t kMaxPacketBytes = 256 << 10;
constexpr uint64_t kWindowBytes = 1 << 20;
static_assert(kMaxPacketBytes < kWindowBytes);

constexpr absl::string_view kBtsnoopMagic("btsnoop\0", 8);

// Of the registry of link types.
CapturedPacket::Kind KindOfLinkType(uint32_t link_type) {
  switch (link_type) {
    case 187:
      return CapturedPacket::Kind::kH4;
    case 201:
      return CapturedPacket::Kind::kH4Header;
    case 256:
      return CapturedPacket::Kind::kLinkLayer;
    case 272:
      return CapturedPacket::Kind::kNordic;
    default:
      return CapturedPacket::Kind::kOther;
  }
}

absl::Status WrongLinkType(absl::string_view name, uint32_t link_type) {
  return absl::DataLossError(
      absl::StrCat(name, ": a capture of link type ", link_type,
                   link_type == 251 ? ", which has no signal strength" : "",
                   "; Bluetooth's 187, 201, 256 and 272 are read"));
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
    PacketReader reader(
        Bytes(reinterpret_cast<const uint8_t*>(begin.data()), 4), big_endian);
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
  PacketReader header(head, big_endian);
  header.Take(kHeaderBytes - 4);
  // The upper bits tell of a checksum, which these link types do not have.
  const uint32_t link_type = header.U32() & 0x0FFFFFFF;
  if (!header.ok()) return capture.LoseEnd();
  const CapturedPacket::Kind kind = KindOfLinkType(link_type);
  if (kind == CapturedPacket::Kind::kOther) {
    return WrongLinkType(capture.source.name(), link_type);
  }
  for (uint64_t at = kHeaderBytes; at < capture.window.size();) {
    capture.ShowProgress(at);
    TEKMATCH_ASSIGN_OR_RETURN(const Bytes fields,
                              capture.window.At(at, kRecordBytes));
    if (fields.empty()) return capture.LoseEnd();
    PacketReader record(fields, big_endian);
    CapturedPacket packet = {.kind = kind, .unix_seconds = record.U32()};
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
  PacketReader header(head, /*big_endian=*/true);
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
    PacketReader record(fields, /*big_endian=*/true);
    const uint32_t whole = record.U32();
    const uint32_t kept = record.U32();
    const uint32_t flags = record.U32();
    // Each record has the sum of all losses so far.
    num_lost = std::max(num_lost, record.U32());
    const auto micros = static_cast<int64_t>(record.Number(8));
    if (kept > kMaxPacketBytes) return capture.LoseRest();
    CapturedPacket packet = {.is_cut = kept < whole};
    // Before 1970: SetTime refuses it, if it is a sighting.
    packet.unix_seconds = micros < kEpoch ? -1 : (micros - kEpoch) / kMicros;
    // HCI has no byte for the kind of packet; the flags tell: bit 0 received,
    // bit 1 a command or event. Of Linux they are an opcode, below the adapter.
    constexpr uint32_t kReceivedCommandOrEvent = 3;
    constexpr uint32_t kMonitorEvent = 3;
    if (link == kH4) {
      packet.kind = CapturedPacket::Kind::kH4;
    } else if (link == kHci ? (flags & 3) == kReceivedCommandOrEvent
                            : (flags & 0xFFFF) == kMonitorEvent) {
      packet.kind = CapturedPacket::Kind::kHciEvent;
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
  CapturedPacket::Kind kind = CapturedPacket::Kind::kOther;
  uint32_t link_type = 0;
  uint64_t units_a_second = 1'000'000;
  int64_t offset_seconds = 0;
};

// Two bytes of code, two of length, the value, filled up to four bytes.
void ReadInterfaceOptions(PacketReader& block, bool big_endian,
                          Interface* found) {
  constexpr uint16_t kResolution = 9;
  constexpr uint16_t kOffset = 14;
  while (block.ok() && !block.rest().empty()) {
    const uint16_t code = block.U16();
    const uint16_t num_bytes = block.U16();
    PacketReader value(block.Take(num_bytes), big_endian);
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
    if (PacketReader(head).U32() == kSection) {
      constexpr uint8_t kBigEndianMagic = 0x1A;
      big_endian = head[8] == kBigEndianMagic;
      interfaces.clear();
    }
    PacketReader start(head, big_endian);
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
      PacketReader block(whole.subspan(8, num_bytes - kFrameBytes), big_endian);
      if (type == kInterface) {
        // A file of nothing but interfaces must not fill the memory.
        if (interfaces.size() == kMaxInterfaces) return capture.LoseRest();
        Interface& added = interfaces.emplace_back();
        added.link_type = block.U16();
        added.kind = KindOfLinkType(added.link_type);
        any_known = any_known || added.kind != CapturedPacket::Kind::kOther;
        block.Take(2 + 4);  // reserved, snaplen
        ReadInterfaceOptions(block, big_endian, &added);
      } else {
        const uint32_t number = type == kEnhancedPacket ? block.U32() : 0;
        CapturedPacket packet = {.number = ++capture.num_packets};
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
