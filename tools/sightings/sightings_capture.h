// Reads the sightings in a capture of Bluetooth Low Energy: the service data of
// the Exposure Notification (0xFD6F) in advertisements, with their RSSI.
//
//   pcap     link types 187 and 201 (HCI, H4), 256 (link layer with a header)
//            and 272 (the nRF sniffer); both byte orders, micro- and
//            nanoseconds
//   pcapng   interfaces of these link types
//   btsnoop  of HCI (1001), H4 (1002: Android's btsnoop_hci.log) and Linux
//            (2001: btmon -w)
//
// From HCI the events LE Advertising Report and LE Extended Advertising Report
// are read, each with any number of reports. What is no advertisement with that
// service data is passed over; so is a frame of the link layer whose checksum
// was found wrong. A service that has another length than 20 bytes, or comes
// without an RSSI, is a bad row, named by its packet's number, from 1.
//
// By hand, since libpcap reads no btsnoop, and wants a file of its own; and
// with bounded memory, whatever lengths a file claims. Addresses are not kept.
//
// Source: www.tcpdump.org/linktypes.html; draft-ietf-opsawg-pcap and -pcapng;
// RFC 1761 and frontline's btsnoop, as of Wireshark's wiretap/btsnoop.c. Of the
// packets: capture_packets.h.
#ifndef TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_CAPTURE_H_
#define TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_CAPTURE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "keyformat/byte_source.h"
#include "tools/sightings/sightings_file.h"

namespace tekmatch {

// Whether a file that begins so is a capture of one of these kinds.
bool IsCapture(absl::string_view begin);

// As ReadSightings. DATA_LOSS: a link type without what is needed; with
// skip_bad losses: the file ends within a packet, or claims lengths that no
// packet has, so that the rest cannot be found.
absl::StatusOr<SightingsFile> ReadCaptureSightings(
    const std::string& path, const SightingsReaderOptions& options);
// The same of any bytes.
absl::StatusOr<SightingsFile> ReadCapture(
    const ByteSource& source, const SightingsReaderOptions& options);

}  // namespace tekmatch

#endif  // TEKMATCH_TOOLS_SIGHTINGS_SIGHTINGS_CAPTURE_H_
