// The two frames are published ones (citruz/beacontools#48): one of an Android
// phone, one of an iPhone, which sends flags before the service.
#include "tools/sightings/sightings_capture.h"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_files.h"
#include "tools/files/hex.h"
#include "tools/sightings/sightings_reader.h"
#include "tools/sightings/sightings_text.h"

namespace tekmatch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kAndroid[] =
    "043E2802010301BB7EB52B86791C03036FFD17166FFD2CFB0DE02B33D20C5C27611238E2D1"
    "0742B56EE5B8";
constexpr char kIphone[] =
    "043E2B0201030108E6AE330B3F1F02011A03036FFD17166FFDE932E8B0688DFAEC0062B7D6"
    "D35EEFB5EEAA91ACBA";
constexpr char kAndroidRow[] =
    "1598500000,2cfb0de02b33d20c5c27611238e2d107,42b56ee5,-72\n";
constexpr char kIphoneRow[] =
    "1598500001,e932e8b0688dfaec0062b7d6d35eefb5,eeaa91ac,-70\n";
constexpr uint32_t kTime = 1598500000;

std::string Bytes(const std::string& hex) {
  return absl::HexStringToBytes(hex);
}

std::string Number(uint64_t value, int num_bytes, bool big_endian) {
  std::string bytes;
  for (int i = 0; i < num_bytes; ++i) {
    const int shift = 8 * (big_endian ? num_bytes - 1 - i : i);
    bytes += static_cast<char>(value >> shift & 0xFF);
  }
  return bytes;
}
std::string Le(uint64_t value, int num_bytes) {
  return Number(value, num_bytes, false);
}
std::string Be(uint64_t value, int num_bytes) {
  return Number(value, num_bytes, true);
}

std::string Pcap(uint32_t link_type, const std::vector<std::string>& packets,
                 bool big_endian = false, uint32_t magic = 0xA1B2C3D4,
                 size_t snaplen = 65535) {
  const auto n = [&](uint64_t value, int num_bytes) {
    return Number(value, num_bytes, big_endian);
  };
  std::string bytes = n(magic, 4) + n(2, 2) + n(4, 2) + n(0, 8) +
                      n(snaplen, 4) + n(link_type, 4);
  for (size_t i = 0; i < packets.size(); ++i) {
    const std::string kept = packets[i].substr(0, snaplen);
    bytes += n(kTime + i, 4) + n(999999, 4) + n(kept.size(), 4) +
             n(packets[i].size(), 4) + kept;
  }
  return bytes;
}

std::string Btsnoop(uint32_t link, const std::vector<std::string>& packets,
                    uint32_t flags, uint32_t drops = 0) {
  std::string bytes = std::string("btsnoop\0", 8) + Be(1, 4) + Be(link, 4);
  for (size_t i = 0; i < packets.size(); ++i) {
    bytes += Be(packets[i].size(), 4) + Be(packets[i].size(), 4) +
             Be(flags, 4) + Be(drops, 4) +
             Be(0x00dcddb30f2f8000 + (kTime + i) * 1000000ULL + 999999, 8) +
             packets[i];
  }
  return bytes;
}

std::string Block(uint32_t type, const std::string& body, bool big_endian) {
  const std::string filled = body + std::string((4 - body.size() % 4) % 4, 0);
  const std::string size = Number(filled.size() + 12, 4, big_endian);
  return Number(type, 4, big_endian) + size + filled + size;
}

std::string Pcapng(uint16_t link_type, const std::vector<std::string>& packets,
                   bool big_endian, const std::string& options,
                   uint64_t units_a_second) {
  const auto n = [&](uint64_t value, int num_bytes) {
    return Number(value, num_bytes, big_endian);
  };
  std::string bytes = Block(
      0x0A0D0D0A, n(0x1A2B3C4D, 4) + n(1, 2) + n(0, 2) + n(-1, 8), big_endian);
  bytes += Block(5, "statistics..", big_endian);  // passed over
  bytes +=
      Block(1, n(link_type, 2) + n(0, 2) + n(65535, 4) + options, big_endian);
  for (size_t i = 0; i < packets.size(); ++i) {
    const uint64_t time = (kTime + i) * units_a_second + units_a_second / 2;
    bytes += Block(6,
                   n(0, 4) + n(time >> 32, 4) + n(time & 0xFFFFFFFF, 4) +
                       n(packets[i].size(), 4) + n(packets[i].size(), 4) +
                       packets[i],
                   big_endian);
  }
  return bytes;
}

std::string WithDirection(const std::string& h4) { return Be(1, 4) + h4; }

// A frame of the link layer with its header (256).
std::string Frame(const std::string& pdu, uint16_t flags = 0x0013,
                  int8_t signal = -72) {
  return Le(37, 1) + Le(static_cast<uint8_t>(signal), 1) + Le(0x80, 1) +
         Le(0, 1) + Le(0x8E89BED6, 4) + Le(flags, 2) + Le(0x8E89BED6, 4) + pdu +
         Le(0, 3);
}
std::string Advertisement(uint8_t type, const std::string& data) {
  return Le(0x40 | type, 1) + Le(6 + data.size(), 1) + Bytes("BB7EB52B8679") +
         data;
}
// A packet of the nRF sniffer (272), as its version 1, 2 or 3 writes it.
std::string Nordic(const std::string& pdu, int version, uint8_t flags = 0x01,
                   int rssi = 72) {
  const std::string frame = Le(0x8E89BED6, 4) + pdu + Le(0, 3);
  const std::string lengths = version == 1 ? Le(6, 1) + Le(10 + frame.size(), 1)
                                           : Le(10 + frame.size(), 2);
  return Le(4, 1) + lengths + Le(version, 1) + Le(7, 2) +
         Le(version == 3 ? 2 : 6, 1) + Le(10, 1) + Le(flags, 1) + Le(37, 1) +
         Le(rssi, 1) + Le(0, 2) + Le(1000, 4) + frame;
}
// Service and its data, as the Android phone sent them.
std::string Data() { return Bytes(kAndroid).substr(14, 0x1C); }

absl::StatusOr<SightingsFile> Read(const std::string& bytes,
                                   bool skip_bad = false) {
  return ReadSightings(WriteTemp("capture", bytes),
                       {.skip_bad = skip_bad, .progress = nullptr});
}

std::vector<std::string> Rows(const std::string& bytes) {
  const auto file = Read(bytes);
  EXPECT_THAT(file, IsOk());
  std::vector<std::string> rows;
  if (!file.ok()) return rows;
  for (const Sighting& sighting : file->sightings) {
    rows.push_back(CsvRow(sighting));
  }
  EXPECT_EQ(file->conversion.num_addresses, rows.size());
  return rows;
}

TEST(SightingsCaptureTest, PcapOfHci) {
  const std::vector<std::string> h4 = {Bytes(kAndroid), Bytes(kIphone)};
  const std::vector<std::string> with_direction = {WithDirection(h4[0]),
                                                   WithDirection(h4[1])};
  for (const bool big_endian : {false, true}) {
    for (const uint32_t magic : {0xA1B2C3D4U, 0xA1B23C4DU}) {
      EXPECT_THAT(Rows(Pcap(201, with_direction, big_endian, magic)),
                  ElementsAre(kAndroidRow, kIphoneRow));
    }
    EXPECT_THAT(Rows(Pcap(187, h4, big_endian)),
                ElementsAre(kAndroidRow, kIphoneRow));
  }
}

TEST(SightingsCaptureTest, BtsnoopOfAllThreeLinks) {
  const std::vector<std::string> h4 = {Bytes(kAndroid), Bytes(kIphone)};
  const std::vector<std::string> hci = {h4[0].substr(1), h4[1].substr(1)};
  EXPECT_THAT(Rows(Btsnoop(1002, h4, 3)), ElementsAre(kAndroidRow, kIphoneRow));
  EXPECT_THAT(Rows(Btsnoop(1001, hci, 3)),
              ElementsAre(kAndroidRow, kIphoneRow));
  EXPECT_THAT(Rows(Btsnoop(1001, hci, 1)), IsEmpty());  // data, not an event
  EXPECT_THAT(Rows(Btsnoop(2001, hci, 0x00010003)),
              ElementsAre(kAndroidRow, kIphoneRow));
  EXPECT_THAT(Rows(Btsnoop(2001, hci, 0x00010002)), IsEmpty());
  EXPECT_THAT(Read(Btsnoop(1003, h4, 3)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("link 1003")));
  const auto lossy = Read(Btsnoop(1002, h4, 3, 7));
  ASSERT_THAT(lossy, IsOk());
  ASSERT_THAT(lossy->conversion.doubts, SizeIs(1));
  EXPECT_THAT(lossy->conversion.doubts[0].reason, HasSubstr("recorded: 7"));
}

TEST(SightingsCaptureTest, PcapngInUnitsOfItsOwn) {
  const std::vector<std::string> packets = {WithDirection(Bytes(kAndroid)),
                                            WithDirection(Bytes(kIphone))};
  for (const bool big_endian : {false, true}) {
    const auto n = [&](uint64_t value, int num_bytes) {
      return Number(value, num_bytes, big_endian);
    };
    EXPECT_THAT(Rows(Pcapng(201, packets, big_endian, "", 1000000)),
                ElementsAre(kAndroidRow, kIphoneRow));
    const std::string nanos = n(9, 2) + n(1, 2) + "\x09" + std::string(3, 0);
    EXPECT_THAT(Rows(Pcapng(201, packets, big_endian, nanos, 1000000000)),
                ElementsAre(kAndroidRow, kIphoneRow));
    const std::string binary = n(2, 2) + n(3, 2) + "eth" + std::string(1, 0) +
                               n(9, 2) + n(1, 2) + "\x8A" + std::string(3, 0) +
                               n(0, 4);
    EXPECT_THAT(Rows(Pcapng(201, packets, big_endian, binary, 1024)),
                ElementsAre(kAndroidRow, kIphoneRow));
  }
  EXPECT_THAT(Read(Pcapng(1, packets, false, "", 1000000)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("link type 1")));
}

TEST(SightingsCaptureTest, FramesOfTheLinkLayer) {
  for (const uint8_t type : {0, 2, 4, 6}) {
    EXPECT_THAT(Rows(Pcap(256, {Frame(Advertisement(type, Data()))})),
                ElementsAre(kAndroidRow))
        << int{type};
  }
  // Extended: its header, here of two bytes, stands before the data.
  const std::string extended = Le(2, 1) + Le(0, 2) + Data();
  EXPECT_THAT(
      Rows(Pcap(256, {Frame(Le(7, 1) + Le(extended.size(), 1) + extended)})),
      ElementsAre(kAndroidRow));
  // A scan request, a wrong checksum, whitened bits, noise, another channel.
  const std::string good = Advertisement(2, Data());
  std::string other = Frame(good);
  other[10] ^= 1;
  EXPECT_THAT(Rows(Pcap(256, {Frame(Advertisement(3, Data())),
                              Frame(good, 0x0413), Frame(good, 0x0012),
                              Frame(good).substr(0, 40), other, ""})),
              IsEmpty());
  EXPECT_THAT(Rows(Pcap(256, {Frame(good, 0x0C13)})), ElementsAre(kAndroidRow));
  EXPECT_THAT(Read(Pcap(256, {Frame(good, 0x0011)})),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("packet 1: rssi: 127 means not available")));
  EXPECT_THAT(Read(Pcap(251, {good})),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("which has no signal strength")));
}

TEST(SightingsCaptureTest, SeveralReportsInAnEvent) {
  const std::string android = Bytes(kAndroid);
  const std::string iphone = Bytes(kIphone);
  const std::string reports = android.substr(5) + iphone.substr(5);
  const std::string event =
      Bytes("043E") + Le(2 + reports.size(), 1) + Bytes("0202") + reports;
  const auto file = Read(Pcap(187, {event}));
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, SizeIs(2));
  EXPECT_EQ(file->sightings[1].rssi, -70);
}

TEST(SightingsCaptureTest, ExtendedReports) {
  const auto report = [](uint8_t rssi) {
    return Le(0x13, 2) + Le(1, 1) + Bytes("BB7EB52B8679") + Le(1, 1) +
           Le(0, 1) + Le(0xFF, 1) + Le(0x7F, 1) + Le(rssi, 1) + Le(0, 2) +
           Le(0, 1) + Le(0, 6) + Le(Data().size(), 1) + Data();
  };
  const std::string two = report(0xB8) + report(0xB7);
  const auto file = Read(
      Pcap(187, {Bytes("043E") + Le(2 + two.size(), 1) + Bytes("0D02") + two}));
  ASSERT_THAT(file, IsOk());
  ASSERT_THAT(file->sightings, SizeIs(2));
  EXPECT_EQ(CsvRow(file->sightings[0]), kAndroidRow);
  EXPECT_EQ(file->sightings[1].rssi, -73);
  const std::string none = report(0x7F);
  EXPECT_THAT(Read(Pcap(187, {Bytes("043E") + Le(2 + none.size(), 1) +
                              Bytes("0D01") + none})),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("rssi: 127")));
}

TEST(SightingsCaptureTest, OtherPacketsArePassedOver) {
  std::string other_service = Bytes(kAndroid);
  other_service[20] = '\x0A';
  EXPECT_THAT(Rows(Pcap(187, {Bytes("040E0401030C00"), Bytes("01030C00"), "",
                              Bytes("04"), Bytes("043E"), other_service})),
              IsEmpty());
}

TEST(SightingsCaptureTest, WhatIsNoSightingIsRefusedAtItsPacket) {
  // A structure of another length, its event's lengths made right.
  std::string shorter = Bytes(kAndroid);
  shorter[18] = 0x16;
  shorter.erase(40, 1);
  shorter[13] = 0x1B;
  EXPECT_THAT(
      Read(Pcap(187, {Bytes(kAndroid), shorter})),
      StatusIs(absl::StatusCode::kDataLoss,
               HasSubstr("packet 2: service data: 19 bytes, 20 wanted")));
  std::string beyond = Bytes(kAndroid);
  beyond[13] = 0x7F;
  EXPECT_THAT(Read(Pcap(187, {beyond})),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("a report ends beyond its packet")));
  const std::string cut =
      Pcap(187, {Bytes(kAndroid)}, false, 0xA1B2C3D4, /*snaplen=*/40);
  EXPECT_THAT(Read(cut), StatusIs(absl::StatusCode::kDataLoss,
                                  HasSubstr("cut by the capture (snaplen)")));
  const auto rest = Read(cut, /*skip_bad=*/true);
  ASSERT_THAT(rest, IsOk());
  EXPECT_EQ(rest->bad_reasons.at("cut by the capture (snaplen)"), 1U);
  EXPECT_THAT(
      Read(Pcap(256, {Frame(Advertisement(2, Data()))}, false, 0xA1B2C3D4, 40)),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("cut by the capture")));
}

// Cut anywhere: what was whole is there, and that something is missing is said.
TEST(SightingsCaptureTest, ACutFileIsALoss) {
  const std::vector<std::string> packets = {Bytes(kAndroid), Bytes(kIphone)};
  const std::string files[] = {Pcap(187, packets), Btsnoop(1002, packets, 3),
                               Pcapng(187, packets, false, "", 1000000)};
  for (const std::string& whole : files) {
    for (size_t size = 8; size < whole.size(); ++size) {
      const auto file = Read(whole.substr(0, size), /*skip_bad=*/true);
      ASSERT_THAT(file, IsOk()) << size;
      EXPECT_LE(file->sightings.size(), 1U);
      EXPECT_LE(file->losses.size(), 1U);
      // Between two packets nobody can see it.
      if (file->losses.empty()) continue;
      EXPECT_THAT(Read(whole.substr(0, size)),
                  StatusIs(absl::StatusCode::kDataLoss,
                           HasSubstr("ends within a packet")));
    }
  }
}

TEST(SightingsCaptureTest, LengthsThatNoPacketHasEndTheReading) {
  std::string pcap = Pcap(187, {Bytes(kAndroid), Bytes(kIphone)});
  const size_t second = 24 + 16 + Bytes(kAndroid).size();
  pcap.replace(second + 8, 4, Le(0x7FFFFFFF, 4));
  const auto file = Read(pcap, /*skip_bad=*/true);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->sightings, SizeIs(1));
  ASSERT_THAT(file->losses, SizeIs(1));
  EXPECT_THAT(file->losses[0].reason,
              HasSubstr("after packet 1 stands a length that none has"));
}

// Every byte changed: an answer, in bounds, and the sanitizers' silence.
TEST(SightingsCaptureTest, AnyByteMayBeWrong) {
  const std::vector<std::string> packets = {Bytes(kAndroid), Bytes(kIphone)};
  const std::string files[] = {Pcap(187, packets), Btsnoop(1002, packets, 3),
                               Pcapng(187, packets, true, "", 1000000),
                               Pcap(256, {Frame(Advertisement(2, Data())),
                                          Frame(Advertisement(7, Data()))})};
  for (const std::string& whole : files) {
    for (size_t i = 0; i < whole.size(); ++i) {
      for (const int bits : {0x01, 0x80, 0xFF}) {
        std::string bytes = whole;
        bytes[i] = static_cast<char>(bytes[i] ^ bits);
        const auto source = MemorySource("capture", bytes);
        const auto file =
            ReadCapture(*source, {.skip_bad = true, .progress = nullptr});
        EXPECT_TRUE(!file.ok() || file->sightings.size() <= 2) << i;
      }
    }
  }
}

TEST(SightingsCaptureTest, TheNrfSniffer) {
  for (const int version : {1, 2, 3}) {
    EXPECT_THAT(Rows(Pcap(272, {Nordic(Advertisement(2, Data()), version)})),
                ElementsAre(kAndroidRow))
        << version;
  }
  // A checksum that was wrong; a data channel, which is no advertisement.
  EXPECT_THAT(Rows(Pcap(272, {Nordic(Advertisement(2, Data()), 3, 0x00)})),
              IsEmpty());
  std::string data_channel = Nordic(Advertisement(2, Data()), 3);
  data_channel[17] = 1;
  EXPECT_THAT(Rows(Pcap(272, {data_channel})), IsEmpty());
  // Flags of version 3 say that the packet is coded; those of 2 do not.
  EXPECT_THAT(Rows(Pcap(272, {Nordic(Advertisement(2, Data()), 3, 0x21)})),
              IsEmpty());
  EXPECT_THAT(Rows(Pcap(272, {Nordic(Advertisement(2, Data()), 2, 0x21)})),
              ElementsAre(kAndroidRow));
  // Every length that a capture may keep is read, or passed over, or bad.
  const std::string whole = Nordic(Advertisement(2, Data()), 3);
  for (size_t n = 0; n < whole.size(); ++n) {
    EXPECT_THAT(Read(Pcap(272, {whole}, false, 0xA1B2C3D4, n), true), IsOk());
  }
  EXPECT_THAT(
      Read(Pcap(272, {whole}, false, 0xA1B2C3D4, 40)),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("cut by the capture")));
}

// What tshark says of the same files. A skip, which CI counts as a failure.
TEST(SightingsCaptureTest, AgreesWithTshark) {
  if (std::system("command -v tshark > /dev/null 2>&1") != 0) {
    GTEST_SKIP() << "needs tshark: run tools/dev/setup.sh --checks";
  }
  const std::vector<std::string> h4 = {Bytes(kAndroid), Bytes(kIphone)};
  const std::pair<const char*, std::string> files[] = {
      {"a.btsnoop", Btsnoop(1002, h4, 3)},
      {"h4.pcap", Pcap(201, {WithDirection(h4[0]), WithDirection(h4[1])})},
      {"h4.pcapng", Pcapng(201, {WithDirection(h4[0]), WithDirection(h4[1])},
                           false, "", 1000000)},
      {"ll.pcap", Pcap(256, {Frame(Advertisement(2, Data()))})},
      {"nrf1.pcap", Pcap(272, {Nordic(Advertisement(2, Data()), 1)})},
      {"nrf2.pcap", Pcap(272, {Nordic(Advertisement(2, Data()), 2)})},
      {"nrf3.pcap", Pcap(272, {Nordic(Advertisement(2, Data()), 3)})},
  };
  for (const auto& [name, bytes] : files) {
    const std::string path = WriteTemp(name, bytes);
    const std::string out = TempPath("tshark.txt");
    const std::string command = absl::StrCat(
        "tshark -r '", path,
        "' -T fields -e bluetooth.gaen.rpi -e bluetooth.gaen.aemd "
        "-e bthci_evt.rssi -e btle_rf.signal_dbm -e nordic_ble.rssi "
        "-e frame.time_epoch > '",
        out, "' 2> /dev/null");
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
    const auto file = Read(bytes);
    ASSERT_THAT(file, IsOk());
    const std::vector<std::string> lines =
        absl::StrSplit(ReadFile(out), '\n', absl::SkipEmpty());
    ASSERT_EQ(lines.size(), file->sightings.size()) << name;
    for (size_t i = 0; i < lines.size(); ++i) {
      const Sighting& sighting = file->sightings[i];
      const std::string line = absl::StrReplaceAll(lines[i], {{":", ""}});
      EXPECT_THAT(line, HasSubstr(EncodeHex(sighting.rpi.bytes)));
      EXPECT_THAT(line, HasSubstr(EncodeHex(sighting.aem.bytes)));
      EXPECT_THAT(line, HasSubstr(absl::StrCat("\t", sighting.rssi, "\t")));
      EXPECT_THAT(
          line, HasSubstr(absl::StrCat("\t", int64_t{sighting.unix_seconds})));
    }
  }
}

}  // namespace
}  // namespace tekmatch
